"""The page of commands for a GPU machine names what exists; experiments/rehearse.py runs them."""

import re
import tomllib

from commands import ROOT

from cic_jax.configs import default, lite_gpu
from cic_jax.study import published
from cic_jax.train.config import check
from experiments import rehearse

GPU = ROOT / "docs/gpu"


def listed(name):
    """Packages of a list, each with its version or ""."""
    lines = [line.partition("#")[0].strip() for line in (GPU / name).read_text().splitlines()]
    parts = [re.split(r"==|\[", line) for line in lines if line]
    return {
        part[0]: part[-1] if "==" in line else ""
        for part, line in zip(parts, filter(None, lines), strict=True)
    }


def test_the_machine_and_the_wheels_have_all_that_the_package_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    machine, wheels = listed("machine.txt"), listed("wheels.txt")
    assert not needed - machine.keys() - wheels.keys()
    assert not machine.keys() & wheels.keys()
    lock = (ROOT / "requirements.lock").read_text()
    for name, version in wheels.items():
        assert f"\n{name}=={version} " in lock, name


def test_the_commands_train_the_nine_models_and_two_variants():
    commands = rehearse.ON_MACHINE.findall((ROOT / rehearse.PAGE).read_text())
    models = [
        model
        for line, script in commands
        if script == "study"
        for model in line.split()[1].split(",")
    ]
    assert set(published.MODELS) <= set(models) <= {*published.MODELS, *published.VARIANTS}
    assert len(models) == len({*models})
    for start, model in [(before, after) for after, before in published.STARTS_FROM.items()]:
        assert model not in models or models.index(start) < models.index(model)
    assert [script for _, script in commands].count("lite") == 1


def test_a_script_uses_the_flags_that_its_command_has():
    for path in GPU.glob("*.sh"):
        text = path.read_text().replace("\\\n", " ")
        for name, words in re.findall(r"python3? experiments/(\w+)\.py(.*)", text):
            script = (ROOT / f"experiments/{name}.py").read_text()
            for flag in re.findall(r"--([\w.]+)", words):
                known = f'"{flag}"' in script or flag.startswith("config")
                assert known, (path.name, flag)


def test_the_config_of_lite_is_one_that_trains():
    config = lite_gpu.get_config()
    check(config)
    assert 0 < config.train.encoder_rate < 1
    assert config.train.warmup_steps > 0
    assert config.keys() == default.get_config().keys()
