"""`cic-jax export --web`: what is fetched and written, and what is told where that cannot be."""

import hashlib
import io
import posixpath
import re
import tarfile
import threading
import urllib.error
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import jax.numpy as jnp
import numpy as np
import photo_files
import pytest
from tiny_models import tiny_model

from cic_jax import bins, checkpoint, ciede2000, lab, prior
from cic_jax.cli import console
from cic_jax.cli.main import main
from cic_jax.target import Palette
from cic_jax.web import runtime, samples

onnx_model = pytest.importorskip("cic_jax.export.onnx_model", exc_type=ImportError)
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

RUNTIME = {name: f"content of {name}".encode() for name in runtime.FILES}


@pytest.fixture(scope="module")
def built():
    return tiny_model(gain=30.0, palette=Palette(bins.CENTERS, prior.IMAGENET, None))


@pytest.fixture
def home(built, tmp_path, monkeypatch):
    """A home without kept files, and a checkpoint in it."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    checkpoint.export(tmp_path / "model", built, "float32")
    return tmp_path


def packed(files):
    """An archive of npm."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """An npm registry with an archive of `RUNTIME`, for which this version is taken to be made."""
    archive = tmp_path / "registry" / "onnxruntime-web" / "-" / runtime.ARCHIVE
    archive.parent.mkdir(parents=True)
    archive.write_bytes(packed(RUNTIME))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in RUNTIME.items()}
    monkeypatch.setattr(runtime, "FILES", digests)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(runtime, "ARCHIVE_SHA256", digest)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "registry")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
        yield archive
        server.shutdown()


def export(home, out, *more):
    return main(["export", str(home / "model"), "--web", f"--out={home / out}", *more])


def test_the_folder_is_whole_and_asks_nobody_else(home, registry, monkeypatch):
    assert export(home, "first") == console.DONE
    registry.unlink()  # the second time nothing is fetched
    assert export(home, "second") == console.DONE
    first, second = (
        {
            path.relative_to(home / out).as_posix(): path.read_bytes()
            for path in (home / out).rglob("*")
            if path.is_file()
        }
        for out in ("first", "second")
    )
    assert first == second
    scripts = {name.replace(".mjs", ".js") for name in RUNTIME if name.endswith(".mjs")}
    assert {f"runtime/{name}" for name in scripts} < first.keys()
    assert not [name for name in first if name.endswith(".mjs")]  # unknown to some servers
    assert {f"samples/{name}.jpg" for name in samples.SAMPLES} < first.keys()
    own = {
        name: text.decode()
        for name, text in first.items()
        if name.endswith((".html", ".css", ".js", ".svg"))
    }
    for name, text in own.items():
        places = re.findall(r"""(?:from |import |src=|href=|url\()\s*["']([^"']+)["']""", text)
        for place in places:
            assert posixpath.normpath(f"{posixpath.dirname(name)}/{place}".strip("/")) in first, (
                name,
                place,
            )
        elsewhere = set(re.findall(r"https?://[^\s\"'<>]+", text))
        assert elsewhere <= {"http://www.w3.org/2000/svg"}, name
    assert "connect-src 'self'" in own["index.html"]
    assert "default-src 'none'" in own["index.html"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda archive: archive.unlink(), "could not be fetched from"),
        (lambda archive: archive.write_bytes(packed({})), "expected the SHA-256"),
    ],
)
def test_what_cannot_be_fetched_costs_one_line(home, registry, capsys, change, said):
    change(registry)
    with pytest.raises(SystemExit) as error:
        export(home, "site")
    assert error.value.code == console.UNUSABLE
    line = capsys.readouterr().err.splitlines()[-1]
    assert said in line
    assert runtime.ARCHIVE in line
    assert not (home / "site").exists()


def test_a_refusal_leaves_no_connection_open(registry, tmp_path):
    """Closed when it is collected, it would warn in another place."""
    registry.unlink()
    with pytest.raises(runtime.FetchError) as refused:
        runtime.fetch(runtime.registry(), tmp_path / "kept")
    answer = refused.value.__cause__
    assert isinstance(answer, urllib.error.HTTPError)
    assert answer.fp.closed


def test_damaged_files_are_fetched_again(home, registry):
    export(home, "first")
    folder = home / ".cache" / "cic_jax" / f"onnxruntime-web-{runtime.VERSION}"
    (folder / "ort.wasm.min.mjs").write_bytes(b"damaged")
    export(home, "second")
    assert runtime.kept() == RUNTIME


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--registry=file:///etc"], "expected a registry https://"),
        (["--registry=http://127.0.0.1:1"], "could not be fetched from http://127.0.0.1:1/"),
        (["--format=onnx"], "expected neither --format nor --form"),
    ],
)
def test_a_mistake_costs_one_line(home, capsys, arguments, said):
    with pytest.raises(SystemExit):
        export(home, "site", *arguments)
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_two_graphs_with_half_the_bytes_colour_as_one(built):
    lightness = np.asarray(lab.from_uint8(jnp.asarray(photo_files.picture(3, (96, 64)))))[..., :1]
    feed = {"lightness": lightness[None].transpose(0, 3, 1, 2), "temperature": 0.38}
    feed |= {"saturation": 1.0, "tau": 0.3}

    def run(model, output):
        session = onnxruntime.InferenceSession(model.SerializeToString())
        known = {x.name: np.asarray(feed[x.name], np.float32) for x in session.get_inputs()}
        return session.run([output], known)[0]

    whole, parts = onnx_model.onnx_model(built), onnx_model.parts(built)
    expected = run(whole, "ab")
    feed["logits"] = run(parts.network, "logits")
    found = run(parts.read_out, "ab")
    assert np.abs(expected).max() > 10
    one, other = (
        jnp.concatenate([lightness, ab[0].transpose(1, 2, 0)], axis=-1) for ab in (expected, found)
    )
    assert np.mean(ciede2000.difference(one, other)) < 0.1
    size = parts.network.ByteSize() + parts.read_out.ByteSize()
    assert size < 0.6 * whole.ByteSize()
