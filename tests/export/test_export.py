"""`cic-jax export` writes files by which other programs, and this one, colour alike."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import photo_files
import pytest
import safetensors.numpy
from flax.traverse_util import unflatten_dict
from jax import export
from PIL import Image
from tiny_models import tiny_lite

from cic_jax import Colorizer, checkpoint, ciede2000, inference, lab, model, read_out
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.colorize import hints
from cic_jax.export import standalone
from cic_jax.hints import Hints
from cic_jax.images import resize

for name in ("flatbuffers", "onnx", "onnxruntime"):
    pytest.importorskip(name, reason=f"{name} is not installed")

SIZE = 32
HINT = "20,30,darkred"


@pytest.fixture(scope="module")
def built():
    return tiny_lite()


@pytest.fixture(scope="module")
def folder(built, tmp_path_factory):
    """What the command writes, and the checkpoint that it was written from."""
    folder = tmp_path_factory.mktemp("export")
    checkpoint.export(folder / "lite", built, "float32")
    assert main(["export", str(folder / "lite"), f"--out={folder / 'onnx'}"]) == console.DONE
    return folder


@pytest.fixture(scope="module")
def grey(folder):
    path = folder / "grey.png"
    photo_files.picture(5, (80, 60)).convert("L").save(path)
    return path


@pytest.fixture(scope="module")
def colored(built, grey):
    """The checkpoint's own colouring, with a hint."""
    return np.asarray(color(Colorizer(built, SIZE), grey))


def color(colorizer, path):
    photo = np.asarray(Image.open(path))
    return colorizer(photo, hints=[hints.parse(HINT, *photo.shape[::-1])])


def difference(one, other):
    """The mean CIEDE2000."""
    return np.mean(ciede2000.difference(*(lab.from_uint8(jnp.asarray(x)) for x in (one, other))))


@pytest.mark.parametrize("name", ["onnx", "onnx/model.onnx"])
def test_colorizer_runs_an_exported_file_or_folder(name, folder, grey, colored):
    same = color(Colorizer.restore(folder / name, SIZE), grey)
    assert np.ptp(colored, axis=-1).max() > 10  # it is not grey
    assert np.max(np.abs(np.int16(same) - colored)) <= 1


def test_an_exported_folder_is_said_to_be_no_checkpoint(folder, capsys):
    with pytest.raises(SystemExit):
        main(["info", str(folder / "onnx")])
    assert "model.onnx, which was exported from one" in capsys.readouterr().err


def test_the_script_colours_without_jax(folder, built, grey, tmp_path):
    for name in ("jax", "cic_jax"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('there is no {name}')")
    script, out = folder / "onnx" / "colorize.py", tmp_path / "out.png"
    subprocess.run(
        [sys.executable, script, grey, out, f"--size={SIZE}", f"--hint={HINT}"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=True,
    )
    colorizer, photo = Colorizer(built, SIZE), np.asarray(Image.open(grey))
    plain = colorizer.predict(photo)
    L = np.asarray(read_out.lightness(resize.pad(plain.seen, 64)))
    hint = hints.parse(HINT, *photo.shape[::-1])
    known = hints.arrange([hint], None, L, plain.size, built.target.centers)
    (answer,) = np.asarray(inference.compiled(built.network, built.variables)(L[None], known))
    i, j = plain.output.shape[:2]
    expected = colorizer.render(plain._replace(output=answer[:i, :j]))
    assert difference(expected, colorizer.render(plain)) > 0.1
    assert difference(expected, np.asarray(Image.open(out))) < 0.05


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.png", "out.png"], "none.png"),
        (["grey.png", "grey.png"], "grey.png is the photograph itself, which is not replaced"),
        (["grey.png", "out.xyz"], "expected a result such as photo.png or photo.jpg, got out.xyz"),
        (["grey.png", "out.psd"], "expected a result such as photo.png or photo.jpg, got out.psd"),
        (["grey.png", "out.png", "--temperature=nan"], "expected finite numbers, got nan"),
        (["grey.png", "out.png", "--size=0"], "--size: expected pixels, 1 or more, got 0"),
        (["grey.png", "out.png"], "model.onnx is missing"),
        (["grey.png", "out.png"], "cannot be read: export it again"),
        (["grey.png", "out.png", "--hint=1,1"], "--hint: expected X,Y,COLOUR"),
        (["grey.png", "out.png", "--hint=1,99%,blau"], "--hint: expected X,Y,COLOUR"),
        (["grey.png", "out.png", "--hint=900,1,red"], "--hint: 900,1,red lies outside"),
    ],
)
def test_a_slip_costs_the_script_one_line(arguments, said, grey, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grey.png").write_bytes(grey.read_bytes())
    if "is missing" not in said:
        (tmp_path / "model.onnx").touch()
    monkeypatch.setattr(standalone, "MODEL", tmp_path / "model.onnx")
    monkeypatch.setattr(sys, "argv", ["colorize.py", *arguments])
    with pytest.raises(SystemExit) as stop:
        standalone.main()
    assert str(stop.value.code).startswith("colorize.py: ")
    assert said in str(stop.value.code)
    assert (tmp_path / "grey.png").read_bytes() == grey.read_bytes()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_script_reads_16_bits(suffix, tmp_path):
    grey = np.arange(64, dtype=np.uint16).reshape(8, 8) * 4
    for scale in (1, 257):  # the former has 8 bits in wide integers
        Image.fromarray(grey * scale).save(tmp_path / f"grey.{suffix}")
        read = np.asarray(standalone.read(str(tmp_path / f"grey.{suffix}")))
        np.testing.assert_array_equal(read, np.repeat(grey[..., None], 3, -1))


def test_a_percentage_is_the_place_of_a_hint_in_the_script():
    assert standalone.parse("50%, 25%, #102030", (40, 20)) == (0.25, 0.5, (16, 32, 48))
    assert standalone.parse("0,0,red", (4, 2)) == (0.25, 0.125, (255, 0, 0))


def test_stablehlo(folder, built, monkeypatch):
    path = folder / "lite.stablehlo"
    # Sizes are symbols while a network is exported, but signatures say int.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    assert main(["export", str(folder / "lite"), f"--out={path}"]) == console.DONE
    monkeypatch.undo()
    call = export.deserialize(bytearray(path.read_bytes())).call
    lightness = np.float32(np.random.default_rng(0).uniform(0, 100, (1, 32, 64, 1)))
    shapes = [(1, 1, 2), (1, 1, 2), (1, 1), (1, 313)]
    known = Hints(*(jnp.full(shape, 0.3) for shape in shapes))
    expected = jax.jit(built.network.apply)(built.variables, lightness, hints=known)
    np.testing.assert_allclose(call(lightness, *known), expected, atol=1e-4 * np.ptp(expected))


def test_safetensors_hold_the_model(folder, built):
    path = folder / "lite.safetensors"
    assert main(["export", str(folder / "lite"), f"--out={path}"]) == console.DONE
    with safetensors.safe_open(path, "numpy") as file:
        description = json.loads(file.metadata()["description"])
    arrays = unflatten_dict(safetensors.numpy.load_file(path), sep=".")
    rebuilt = model.build(description, arrays)
    jax.tree.map(np.testing.assert_array_equal, rebuilt.variables, built.variables)
    assert rebuilt.network == built.network


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out={}/onnx"], "model.onnx exists already"),
        (["--out={}/q.txt"], "a folder or a file *.onnx"),
        (["--out={}/x.safetensors", "--format=onnx"], "a folder or a file *.onnx"),
        (["--out={}/x", "--format=stablehlo", "--form=ab"], "with the format onnx alone"),
    ],
)
def test_a_mistake_costs_one_line(folder, capsys, arguments, said):
    with pytest.raises(SystemExit) as error:
        main(["export", str(folder / "lite"), *(text.format(folder) for text in arguments)])
    assert error.value.code == console.UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_files_of_other_kinds_are_refused(tmp_path):
    path = tmp_path / "model.onnx"
    for content, said in ((None, "no file at"), (b"words", "cannot be loaded")):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(checkpoint.CheckpointError, match=said):
            Colorizer.restore(path)


@pytest.mark.parametrize("kind", ["onnx", "safetensors"])
def test_a_full_disk_leaves_nothing_behind(folder, tmp_path, monkeypatch, capsys, kind):
    def fail(path, content):
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(SystemExit):
        main(["export", str(folder / "lite"), f"--out={tmp_path / 'out'}", f"--format={kind}"])
    assert "no space left on device" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["everyday", "simplified_final"])
def test_a_released_model_colours_alike(name, tmp_path):
    assert main(["export", name, f"--out={tmp_path / 'onnx'}"]) == console.DONE
    picture = photo_files.picture(7, (300, 200)).convert("L")
    picture.save(tmp_path / "grey.png")

    def colored(path):
        # The script leaves each cell alone; and a rounding may decide where a thing ends.
        colorizer = Colorizer.restore(path, 128)
        return colorizer.render(colorizer.predict(picture, unify=0.0))

    own, same = map(colored, (name, tmp_path / "onnx" / "model.onnx"))
    assert np.max(np.abs(np.int16(same) - own)) <= 1
    script, out = tmp_path / "onnx" / "colorize.py", tmp_path / "out.png"
    subprocess.run([sys.executable, script, tmp_path / "grey.png", out, "--size=128"], check=True)
    assert difference(np.asarray(Image.open(out)), own) < 0.01
