"""The package as others meet it: `import cic_jax`, and a wheel installed elsewhere."""

import subprocess
import sys

import pytest

import cic_jax

METHOD = ["lab", "bins", "prior", "loss", "target", "network", "step", "metrics"]
MODEL = ["model", "inference", "checkpoint", "pretrained", "train", "Colorizer"]


def test_importing_the_package_loads_nothing_else():
    script = "import sys, cic_jax; print(*{'jax', 'numpy', 'flax'} & set(sys.modules))"
    assert python(script) == ""


@pytest.mark.parametrize("name", [*METHOD, *MODEL])
def test_the_package_alone_reaches_its_parts(name):
    assert name in cic_jax.__all__
    assert name in dir(cic_jax)


def test_every_listed_name_resolves():
    script = "import cic_jax\nfor name in cic_jax.__all__: print(getattr(cic_jax, name))"
    assert len(python(script).splitlines()) == len(cic_jax.__all__)
    assert python("import cic_jax; print(cic_jax.train.train.__name__)") == "train"


def test_the_docstring_gives_the_reading_order():
    places = [cic_jax.__doc__.index(f"`{name}`") for name in METHOD]
    assert places == sorted(places)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lap'"):
        _ = cic_jax.lap


def python(script):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
