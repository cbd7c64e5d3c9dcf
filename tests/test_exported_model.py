"""An exported model is whole, or it is refused; its checksums are those of sha256sum."""

import shutil
import subprocess

import jax
import numpy as np
import pytest
from full_disk import files_of_at_most

from cic_jax import checkpoint, checksums, model, network, step

DESCRIPTION = model.describe("simplified", width=0.05)
NETWORK = network.create("simplified", width=0.05)


@pytest.fixture(scope="module")
def variables():
    state = step.init(jax.random.key(0), NETWORK, step.adam(1e-3))
    return jax.tree.map(np.asarray, state.trained)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, variables):
    path = tmp_path_factory.mktemp("exported") / "model"
    checkpoint.export(path, model.build(DESCRIPTION, variables))
    return path


@pytest.fixture
def exported(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "model")


def arrays(path):
    """The largest file of the arrays."""
    files = [file for file in (path / "variables").rglob("*") if file.is_file()]
    return max(files, key=lambda file: file.stat().st_size)


def flip_a_bit(path):
    file = arrays(path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return f"{file.relative_to(path)} was changed"


def change_description(path):
    file = path / "model.json"
    file.write_text(file.read_text().replace('"lightness_scale": 50.0', '"lightness_scale": 51.0'))
    return "model.json was changed"


def remove_arrays(path):
    file = arrays(path)
    file.unlink()
    return f"{file.relative_to(path)} is missing"


def remove_description(path):
    (path / "model.json").unlink()
    return "model.json is missing"


def remove_all_arrays(path):
    count = sum(file.is_file() for file in (path / "variables").rglob("*"))
    shutil.rmtree(path / "variables")
    return f"is missing and {count - 3} more"


def add_a_file(path):
    (path / "variables" / "d" / "more").write_text("x")
    return "variables/d/more does not belong there"


def spoil_checksums(path):
    file = path / checksums.NAME
    file.write_text(file.read_text() + "<<<<<<< ours\n")
    return f"line {len(file.read_text().splitlines())} of {checksums.NAME}"


@pytest.mark.parametrize(
    "harm",
    [
        flip_a_bit,
        change_description,
        remove_arrays,
        remove_description,
        remove_all_arrays,
        add_a_file,
        spoil_checksums,
    ],
)
def test_an_exported_model_that_was_harmed_is_refused(exported, harm):
    checkpoint.load(exported)
    said = harm(exported)
    with pytest.raises(checkpoint.CheckpointError) as error:
        checkpoint.load(exported)
    assert said in str(error.value)
    assert "restore the directory from version control" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_model_that_is_not_written_whole_is_not_there(tmp_path, variables, monkeypatch, error):
    def failing(*_):
        raise error

    monkeypatch.setattr(checksums, "write", failing)  # the last to be written
    expected = checkpoint.CheckpointError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        checkpoint.export(tmp_path / "model", model.build(DESCRIPTION, variables))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_model_for_which_the_disk_is_too_small_costs_one_line(tmp_path, variables, caplog):
    with files_of_at_most(2**14), pytest.raises(checkpoint.CheckpointError) as refused:
        checkpoint.export(tmp_path / "model", model.build(DESCRIPTION, variables))
    assert str(refused.value).startswith(f"{tmp_path / 'model'} could not be written: ")
    assert "\n" not in str(refused.value)
    assert not caplog.records
    assert list(tmp_path.iterdir()) == []


def test_an_exported_model_has_no_steps(exported):
    with pytest.raises(checkpoint.CheckpointError, match="leave out the step"):
        checkpoint.load(exported, step=3)


def test_a_released_name_is_verified(exported, monkeypatch):
    monkeypatch.setattr(checkpoint, "RELEASED", exported.parent)
    flip_a_bit(exported)
    with pytest.raises(checkpoint.CheckpointError, match="was changed"):
        checkpoint.load("model")


def test_what_lies_beside_an_exported_model_is_free(exported):
    (exported / "README.md").write_text("Notes.")
    checkpoint.load(exported)


def test_an_exported_model_of_before_the_checksums_loads(exported, variables):
    (exported / checksums.NAME).unlink()
    restored = checkpoint.load(exported).variables
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=0.01), restored, variables)


def test_checksums_are_those_of_sha256sum(exported):
    flip_a_bit(exported)
    written = (exported / checksums.NAME).read_text()
    assert sha256sum(exported).returncode == 1
    checksums.write(exported, [exported / line.split()[1] for line in written.splitlines()])
    assert (exported / checksums.NAME).read_text() != written
    done = sha256sum(exported)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == len(written.splitlines())


@pytest.mark.parametrize(
    "released",
    sorted(path.parent for path in checkpoint.RELEASED.glob("*/model.json")),
    ids=lambda path: path.name,
)
def test_every_release_is_as_its_checksums_say(released):
    assert (released / checksums.NAME).exists()
    checkpoint.load(released.name)


def test_checksums_name_no_file_outside_that_is_read(exported):
    outside = exported.parent / "secret"
    outside.write_text("x")
    file = exported / checksums.NAME
    file.write_text(file.read_text() + f"{'0' * 64}  ../secret\n")
    with pytest.raises(checkpoint.CheckpointError, match=r"\.\./secret is missing"):
        checkpoint.load(exported)


def sha256sum(directory):
    if shutil.which("sha256sum") is None:
        pytest.skip("this system has no sha256sum")
    command = ["sha256sum", "--strict", "-c", checksums.NAME]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
