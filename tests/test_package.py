"""The package as others meet it: `import cic_jax`, and a wheel installed elsewhere."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import numpy as np
import photo_files
import pytest
from packaging.requirements import Requirement
from PIL import Image

import cic_jax
from cic_jax import checksums

ROOT = Path(__file__).parents[1]
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


@pytest.mark.parametrize(
    "module", ["cic_jax.machine", "cic_jax.images.file", "cic_jax.report.names", "cic_jax.cli.main"]
)
def test_light_modules_load_neither_jax_nor_matplotlib(module):
    assert python(f"import sys, {module}; print(*{{'jax', 'matplotlib'}} & set(sys.modules))") == ""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the package, built from a copy without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("cic_jax", "configs", "checkpoints"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / "source" / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    pip(sys.executable, "wheel", "--no-build-isolation", f"--wheel-dir={folder}", folder / "source")
    return next(folder.glob("*.whl"))


def test_a_wheel_has_the_package_and_the_released_weights_alone(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        file.extractall(tmp_path)
    version = f"cic_jax-{cic_jax.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"cic_jax", version}
    assert (tmp_path / version / "top_level.txt").read_text().split() == ["cic_jax"]
    released = ROOT / "checkpoints"
    assert (released / "simplified_final").is_dir()
    assert (released / "everyday").is_dir()
    for model in [path.parent for path in released.glob("*/model.json")]:
        packed = tmp_path / "cic_jax" / "checkpoints" / model.name
        files = [path for path in packed.rglob("*") if path.is_file()]
        own = (checksums.NAME, "README.md")
        assert checksums.differences(packed, [f for f in files if f.name not in own]) == []
        assert sorted(f.relative_to(packed) for f in files) == sorted(
            f.relative_to(model) for f in model.rglob("*") if f.is_file()
        )
    for folder, pattern in (("configs", "*.py"), ("cic_jax/tables", "*"), ("cic_jax", "**/*.py")):
        packed = {Path(name) for name in names}
        inside = Path("cic_jax") / folder.removeprefix("cic_jax").strip("/")
        for path in (ROOT / folder).glob(pattern):
            assert inside / path.relative_to(ROOT / folder) in packed
    assert not [name for name in names if "test" in Path(name).parts]
    assert "cic_jax/web/static/page.js" in names
    assert "cic_jax/py.typed" in names


def test_what_windows_lacks_is_not_required_there_and_the_paper_is_linked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (needed,) = (Requirement(x) for x in project["dependencies"] if x.startswith("array-record"))
    assert needed.marker
    assert not needed.marker.evaluate({"sys_platform": "win32"})
    assert needed.marker.evaluate({"sys_platform": "linux"})
    readme = (ROOT / "README.md").read_text()
    (paper,) = project["urls"].values()
    assert f"url       = {{{paper}}}" in readme
    assert f"version = {{{project['version']}}}" in readme


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of an environment with that wheel, and with this one's other packages."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    pip(folder / "bin" / "python", "install", wheel)
    site = next(folder.glob("lib/python*/site-packages"))
    # A path in a .pth file brings packages; the .pth files there, this editable one's, do not act.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.mark.slow
def test_an_installed_command_colours(installed, tmp_path):
    photo_files.picture(0).convert("L").save(tmp_path / "grey.png")
    away(installed, tmp_path, "cic-jax", "colorize", "grey.png", "--out=coloured")
    written = [path for path in (tmp_path / "coloured").iterdir() if path.suffix == ".png"]
    assert len(written) == 1
    coloured = np.asarray(Image.open(written[0]).convert("RGB")).astype(int)
    assert coloured.shape == (60, 80, 3)
    assert np.ptp(coloured, axis=-1).max() > 5


@pytest.mark.slow
def test_an_installed_package_colours(installed, tmp_path):
    script = """
import numpy as np
import cic_jax
print(cic_jax.__file__)
photo = cic_jax.Colorizer.restore("simplified_final")(np.full((40, 50), 128, np.uint8))
print(photo.shape, photo.dtype)
"""
    where, what = away(installed, tmp_path, "python", "-c", script).splitlines()
    assert Path(where).is_relative_to(installed)
    assert what == "(40, 50, 3) uint8"


@pytest.mark.slow
def test_an_installed_package_trains(installed, tmp_path):
    script = """
from cic_jax.configs import simplified
from cic_jax.train import train
config = simplified.get_config()
config.data.scenes, config.data.size, config.data.short_side = 30, 64, 64
config.data.data_dir = "prepared"
config.model.width, config.train.crop, config.train.batch_size = 0.05, 32, 2
config.train.epochs = 2 * config.train.batch_size / 24
print(sorted(train(config, "run"))[0])
"""
    away(installed, tmp_path, "python", "-c", script)
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["step"] == 2
    assert (tmp_path / "run" / "checkpoints").is_dir()


def python(script):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def pip(interpreter, command, *arguments):
    """Run pip for that interpreter, without an index and without dependencies."""
    program = [sys.executable, "-m", "pip", f"--python={interpreter}", command]
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    done = subprocess.run(
        [*program, *options, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def away(environment, folder, program, *arguments):
    """The output of a program of that environment, run in `folder` without the repository."""
    variables = {name: x for name, x in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [environment / "bin" / program, *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
