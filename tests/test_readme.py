"""What README and docs tell people to write works, and what they name exists."""

import ast
import importlib
import re
import shlex
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import optax
import pytest
from flax import linen as nn

from cic_jax import Colorizer
from cic_jax.cli.main import main
from cic_jax.configs import default
from cic_jax.step import TrainState
from cic_jax.target import Target

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "checkpoints/README.md", *sorted(ROOT.glob("docs/*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)
EXAMPLES = [code for language, code in BLOCKS if language in ("py", "python")]
COMMANDS = [
    words
    for language, code in BLOCKS
    if language in ("", "sh", "bash", "console")
    for line in code.replace("\\\n", " ").splitlines()
    if (words := shlex.split(line, comments=True))
]
SCRIPTS = [words for words in COMMANDS if words[0] == "python"]
LINKS = [
    (str(page.relative_to(ROOT)), link)
    for page in PAGES
    for link in re.findall(r"(?:\]\(|src=\")(?!\w+:)([^)#\"]+)", page.read_text())
]


def test_there_are_examples_and_commands():
    assert len(EXAMPLES) >= 4
    assert len(COMMANDS) >= 8
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs_and_all_that_it_makes_is_right(code):
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    made = {name: names[name] for name in assigned(code)}
    assert made
    for name, value in made.items():
        kinds = [check for kind, check in CHECKS if isinstance(value, kind)]
        assert kinds, f"{name}: nothing here checks a {type(value).__name__}"
        kinds[0](value, code)


def assigned(code):
    """The names that a script assigns at its top level."""
    targets = [
        target
        for statement in ast.parse(code).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]
    return {
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    }


def check_target(goal, code):
    """It has a loss with a gradient, and what it reads out is ab."""
    rng = np.random.default_rng(0)
    output = rng.normal(size=(2, 3, 4, goal.outputs)).astype(np.float32)
    ab = rng.uniform(-60, 60, (2, 3, 4, 2)).astype(np.float32)
    loss, slope = jax.device_get(jax.jit(jax.value_and_grad(goal.loss))(output, ab))
    assert loss.shape == ()
    assert 0 < loss < 1000
    assert np.isfinite(slope).all()
    assert np.any(slope != 0)
    assert jax.eval_shape(goal.to_ab, output).shape == ab.shape


def check_network(net, code):
    L = np.full((1, 16, 24, 1), 50.0, np.float32)
    variables = jax.eval_shape(net.init, jax.random.key(0), L)
    assert jax.eval_shape(net.apply, variables, L).shape == (1, 4, 6, net.outputs)


def check_state(state, code):
    """It is new, or has taken the step that the example shows."""
    assert state.step == ("train_step" in code)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state.params))


def check_colorizer(colorizer, code):
    assert colorizer(np.zeros((24, 32), np.uint8)).shape == (24, 32, 3)


def check_array(array, code):
    """A loss, or photographs."""
    if array.shape == ():
        assert 0 < array < 1000
    else:
        assert (array.dtype, array.shape[-1]) == (np.uint8, 3)
        assert np.ptp(array, axis=-1).max() > 0  # in colour


def check_function(function, code):
    """The example itself has called it, or what it is part of has been checked."""


CHECKS = [
    (Target, check_target),
    (nn.Module, check_network),
    (TrainState, check_state),
    (Colorizer, check_colorizer),
    ((np.ndarray, jax.Array), check_array),
    (optax.GradientTransformation, check_function),
    (type(jax.jit(abs)), check_function),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_names_what_exists(command):
    program, *words = command
    if program == "make":
        targets = (ROOT / "Makefile").read_text()
        assert [w for w in words if not re.search(rf"^{w}:", targets, re.MULTILINE)] == []
    for word in words:
        name = word.partition("=")[2] or word
        if name.startswith(("configs/", "checkpoints/", "experiments/", "docs/")):
            assert (ROOT / name).exists()


@pytest.mark.parametrize("command", SCRIPTS, ids=" ".join)
def test_a_script_has_the_flags_that_it_is_given(command):
    script = (ROOT / command[1]).read_text()
    for flag in [word[2:].partition("=")[0] for word in command[2:]]:
        if not flag.startswith("config."):  # those have a test of their own
            defined = rf'DEFINE_\w+\(\s*"{flag}"' if flag != "config" else "define_config"
            assert re.search(defined, script), flag


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] == "cic-jax"], ids=" ".join)
def test_the_command_has_the_options_that_it_is_given(command, capsys):
    with pytest.raises(SystemExit):
        main([command[1], "--help"])
    options = re.findall(r"^ +(?:-\w [^ ,]+, )?(--[\w-]+)", capsys.readouterr().out, re.MULTILINE)
    assert {word.partition("=")[0] for word in command if word.startswith("--")} <= {*options}


@pytest.mark.parametrize("flag", re.findall(r"--config\.([\w.]+)", TEXT))
def test_a_key_of_the_config_exists(flag):
    assert has(default.get_config(), flag)


def has(config, key):
    """Whether a config has this key, whose parts are separated by dots."""
    first, _, rest = key.partition(".")
    return first in config and (not rest or has(config[first], rest))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(cic_jax(?:\.\w+)+)", TEXT))))
def test_a_documented_name_exists(name):
    found = importlib.import_module("cic_jax")
    for part in name.split(".")[1:]:
        if not hasattr(found, part) and isinstance(found, ModuleType):
            importlib.import_module(f"{found.__name__}.{part}")
        found = getattr(found, part)


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_lead_somewhere(page, link):
    assert ((ROOT / page).parent / link).exists()
