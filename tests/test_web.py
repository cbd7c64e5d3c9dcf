"""The page's server: what it answers, what it refuses, what it forgets."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import photo_files
import pytest
import test_colorize
import test_image_file as files
from PIL import Image
from web_server import Client, serving, tiny_colorizer

from cic_jax import bins, checkpoint, cli, image_file
from cic_jax.web import app, photograph, samples
from cic_jax.web.guard import Guard
from cic_jax.web.store import Store

JPEG = photo_files.encode(photo_files.picture(0, (90, 60)))


@pytest.fixture(scope="module")
def colorizer():
    return tiny_colorizer()


@pytest.fixture(scope="module")
def client(colorizer):
    with serving(colorizer) as client:
        yield client


@pytest.fixture
def token(client):
    return client.open(JPEG).json["token"]


def pixels(body):
    return np.asarray(Image.open(io.BytesIO(body)))


# ---- what it answers


def test_the_page_and_its_files_come_from_here_and_allow_nothing_else(client):
    for path, kind in {
        "/": "text/html",
        "/static/page.js": "text/javascript",
        "/static/page.css": "text/css",
        "/static/icon.svg": "image/svg+xml",
        "/about": "application/json",
        "/samples/rocket.jpg": "image/jpeg",
        "/nowhere": "text/plain",
    }.items():
        answer = client.ask(path)
        assert answer.headers["content-type"].startswith(kind), path
        assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cross-origin-resource-policy"] == "same-origin", path


def test_every_sample_can_be_opened(client):
    for sample in client.ask("/about").json["samples"]:
        file = client.ask(f"/samples/{sample['name']}.jpg").body
        assert Image.open(io.BytesIO(file)).mode == "L"
        assert client.open(file, f"{sample['name']}.jpg").status == 201
    assert len(samples.SAMPLES) == len(client.ask("/about").json["samples"])


def test_a_photograph_is_coloured_once_and_read_out_often(client, colorizer):
    runs = colorizer.runs
    opened = client.open(JPEG)
    assert opened.status == 201
    assert opened.json | {"token": ""} == {
        "token": "",
        "name": "photo.jpg",
        "width": 90,
        "height": 60,
        "format": "JPEG",
        "frames": 1,
        "coloured": True,
    }
    path = f"/photographs/{opened.json['token']}/picture"
    usual, vivid, strong, grey = (
        pixels(client.ask(f"{path}?{query}").body).astype(int)
        for query in ("", "temperature=0", "saturation=2", "saturation=0")
    )
    assert usual.shape == (60, 90, 3)
    assert np.abs(usual - vivid).mean() > 1
    assert np.ptp(strong, axis=-1).mean() > 1.1 * np.ptp(usual, axis=-1).mean()
    assert np.ptp(grey, axis=-1).max() <= 1  # JPEG
    assert colorizer.runs == runs + 1


def test_candidates_differ_and_are_saved_as_they_are_shown(client, colorizer):
    assert client.ask("/about").json["candidates"] == 4
    picture = photo_files.picture(3)
    token = client.open(photo_files.encode(picture, "PNG"), "a.png").json["token"]
    path = f"/photographs/{token}"
    shown = [client.ask(f"{path}/picture?candidate={k}").body for k in range(4)]
    assert shown[0] == client.ask(f"{path}/picture").body
    assert len(set(shown)) == 4
    for k, expected in enumerate(colorizer.candidates(picture, 4, 0.2, 1.5)):
        query = f"candidate={k}&temperature=0.2&saturation=1.5"
        assert np.array_equal(pixels(client.ask(f"{path}/file?{query}").body), expected)
    one, other = (client.ask(f"{path}/pixel?x=0.5&y=0.5&candidate={k}").json for k in range(2))
    assert one["bins"] == other["bins"]  # what the network said
    assert one["read_out"] != other["read_out"]


def test_thumbnails_are_as_small_as_wanted(client, token):
    body = client.ask(f"/photographs/{token}/picture?longest=45").body
    assert pixels(body).shape == (30, 45, 3)


def test_what_is_shown_is_reduced_and_what_is_saved_is_not(client):
    token = client.open(photo_files.encode(photo_files.picture(1, (2100, 700)))).json["token"]
    assert pixels(client.ask(f"/photographs/{token}/picture").body).shape == (341, 1024, 3)
    assert pixels(client.ask(f"/photographs/{token}/file").body).shape == (700, 2100, 3)


@pytest.mark.parametrize("name", ["holiday.tif", "holiday.webp", "holiday.png", "holiday.gif"])
def test_a_file_comes_back_in_its_own_format_and_colours(client, colorizer, name):
    kind = {"tif": "TIFF"}.get(name[8:], name[8:].upper())
    sent = photo_files.encode(photo_files.picture(2).convert("L"), kind)
    token = client.open(sent, name).json["token"]
    answer = client.ask(f"/photographs/{token}/file?temperature=0.2&saturation=1.5")
    written = "PNG" if kind == "GIF" else kind
    assert Image.open(io.BytesIO(answer.body)).format == written
    suffix = "png" if kind == "GIF" else name[8:]
    disposition = answer.headers["content-disposition"]
    assert disposition == f"attachment; filename*=UTF-8''holiday-colour.{suffix}"
    assert answer.headers["content-type"] == Image.MIME[written]
    expected = Image.fromarray(colorizer(image_file.read(io.BytesIO(sent)).rgb, 0.2, 1.5))
    written_so = {"quality": 95} if kind == "WEBP" else {}
    expected = pixels(photo_files.encode(expected, written, **written_so))
    assert np.array_equal(pixels(answer.body), expected)


@pytest.mark.parametrize(
    ("sent", "saved"),
    {
        "": "photograph-colour.jpg",
        "..": "photograph-colour.jpg",
        "%2Fetc%2Fpasswd": "_etc_passwd-colour.jpg",
        "a%0D%0Ab.jpg": "a_b-colour.jpg",
        "gr%C3%BC%C3%9Fe%20%22x%22.jpeg": "gr%C3%BC%C3%9Fe%20%22x%22-colour.jpeg",
        "x" * 500 + ".jpg": "x" * 196 + "-colour.jpg",
    }.items(),
)
def test_a_name_is_never_more_than_a_name(client, sent, saved):
    token = client.open(JPEG, sent).json["token"]
    answer = client.ask(f"/photographs/{token}/file")
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{saved}"


def test_a_pixel_tells_its_distribution(client, colorizer, token):
    found = client.ask(f"/photographs/{token}/pixel?x=0.71&y=0.21&temperature=0.5").json
    a, b, p, colours = zip(*found["bins"], strict=True)
    assert np.array_equal(np.stack([a, b], axis=-1), bins.CENTERS)

    # Its short side, 60 pixels, is enlarged to 64: cells of 4 x 4 pixels in 64 x 96.
    rgb = image_file.read(io.BytesIO(JPEG)).rgb
    expected = colorizer.distribution(rgb)[int(0.21 * 64) // 4, int(0.71 * 96) // 4]
    np.testing.assert_allclose(p, expected, atol=1e-6)
    annealed = expected**2 / np.sum(expected**2)
    np.testing.assert_allclose(found["read_out"], annealed @ bins.CENTERS, atol=1e-3)

    from skimage import color

    L = color.rgb2lab(rgb[12, 63])[0]
    assert found["lightness"] == pytest.approx(L, abs=0.01)
    shown = np.array([list(bytes.fromhex(c[1:])) for c in colours], np.uint8)
    lab = color.rgb2lab(shown)
    assert np.abs(lab[:, 0] - L).max() < 1  # all at that lightness
    near = np.hypot(a, b) < 25  # colours that sRGB can show
    assert np.abs(lab[near, 1:] - bins.CENTERS[near]).max() < 2


@pytest.mark.parametrize("corner", ["x=0&y=0", "x=1&y=1", "x=0.9999999999&y=1"])
def test_the_corners_are_pixels_too(client, token, corner):
    assert client.ask(f"/photographs/{token}/pixel?{corner}").status == 200


def test_a_model_that_predicts_ab_says_that_it_has_no_distribution():
    with serving(tiny_colorizer(centers=None)) as client:
        assert client.ask("/about").json["candidates"] == 1
        token = client.open(JPEG).json["token"]
        assert client.ask(f"/photographs/{token}/picture").status == 200
        assert client.ask(f"/photographs/{token}/picture?candidate=1").status == 400
        answer = client.ask(f"/photographs/{token}/pixel?x=0&y=0")
        assert (answer.status, answer.text) == (
            404,
            "this model predicts the colour itself: it has no distribution to show",
        )


# ---- what it refuses


@pytest.mark.parametrize(
    ("name", "content", "message"), files.UNREADABLE, ids=files.ids(files.UNREADABLE)
)
def test_what_is_no_photograph_costs_one_line(client, name, content, message):
    answer = client.open(content, name)
    assert answer.status == 422
    assert answer.text.startswith(f"{name}: ")
    assert re.search(message, answer.text)
    assert "\n" not in answer.text


@pytest.mark.parametrize(
    ("path", "message"),
    {
        "picture?temperature=hot": "temperature: expected a number from 0 to 1, got 'hot'",
        "picture?temperature=1.1": "temperature: expected a number from 0 to 1, got '1.1'",
        "picture?temperature=nan": "temperature: expected a number from 0 to 1, got 'nan'",
        "picture?candidate=4": "candidate: expected a whole number from 0 to 3, got '4'",
        "picture?candidate=1.5": "candidate: expected a whole number from 0 to 3, got '1.5'",
        "picture?longest=0": "longest: expected a whole number from 1 to 1024, got '0'",
        "file?saturation=-1": "saturation: expected a number from 0 to 3, got '-1'",
        "file?saturation=inf": "saturation: expected a number from 0 to 3, got 'inf'",
        "pixel?x=0.5": "y: expected a number from 0 to 1, got None",
        "pixel?x=2&y=0": "x: expected a number from 0 to 1, got '2'",
    }.items(),
)
def test_numbers_out_of_range_are_named(client, token, path, message):
    answer = client.ask(f"/photographs/{token}/{path}")
    assert (answer.status, answer.text) == (400, message)


@pytest.mark.parametrize("what", ["picture", "file", "pixel?x=0&y=0"])
def test_an_unknown_token_is_a_forgotten_photograph(client, what):
    answer = client.ask(f"/photographs/anything/{what}")
    assert (answer.status, answer.text) == (
        404,
        "this photograph has been forgotten: open it again",
    )


def test_an_unknown_sample_is_named(client):
    answer = client.ask("/samples/dog.jpg")
    assert answer.status == 404
    assert answer.text == "expected one of motorcycle, rocket, coffee, cat, camera, got dog"


def test_a_file_that_is_too_large_is_not_taken(colorizer):
    with serving(colorizer, app.Limits(file=2**20)) as client:
        declared = client.ask("/photographs", "POST", headers={"content-length": str(2**20 + 1)})
        chunks = (bytes(2**18) for _ in range(5))  # of undeclared length
        streamed = client.ask("/photographs", "POST", chunks)
        for answer in (declared, streamed):
            assert (answer.status, answer.text) == (
                413,
                "expected a file of at most 1 MiB, got a larger one",
            )
        assert client.open(JPEG).status == 201


def test_a_file_that_does_not_come_is_not_waited_for(colorizer):
    with serving(colorizer, app.Limits(seconds=0.2)) as client:
        answer = client.ask("/photographs", "POST", headers={"content-length": "100"})
        assert (answer.status, answer.text) == (408, "expected the whole file within 0.2 s")


def test_a_file_that_breaks_off_disturbs_nobody(client, capfd):
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        connection.sendall(
            b"POST /photographs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
        )
    assert client.open(JPEG).status == 201
    assert capfd.readouterr().err == ""


def test_one_computation_at_a_time_and_few_wait():
    colorizer = tiny_colorizer()
    with serving(colorizer, app.Limits(waiting=1)) as client, ThreadPoolExecutor(3) as pool:
        colorizer.gate.clear()
        running = pool.submit(client.open, JPEG)
        wait_for(lambda: colorizer.runs == 1)
        answers = [pool.submit(client.open, JPEG) for _ in range(2)]
        wait_for(lambda: any(answer.done() for answer in answers))
        # Meanwhile what needs no computation is answered.
        assert client.ask("/about").status == 200
        assert colorizer.runs == 1
        colorizer.gate.set()
        refused, taken = sorted((a.result() for a in answers), key=lambda a: -a.status)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert refused.text == "too many photographs are waiting: try again in a moment"
        assert taken.status == running.result().status == 201
        assert colorizer.runs == 2


def test_a_computation_that_takes_too_long_is_given_up():
    colorizer = tiny_colorizer()
    colorizer(np.asarray(Image.open(io.BytesIO(JPEG))))  # compiled
    with serving(colorizer, app.Limits(seconds=0.5, waiting=1)) as client:
        colorizer.gate.clear()
        with ThreadPoolExecutor(2) as pool:
            given_up = [a.result() for a in [pool.submit(client.open, JPEG) for _ in range(2)]]
        for answer in given_up:
            assert (answer.status, answer.text) == (
                503,
                "this took longer than 0.5 s: try a smaller photograph",
            )
        colorizer.gate.set()
        wait_for(lambda: client.open(JPEG).status == 201)
        assert colorizer.runs == 3  # the one that waited was never begun


# ---- whom it answers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "", "[::1"])
def test_another_name_for_this_address_is_refused(client, host):
    for path in ("/", "/about"):
        answer = client.ask(path, headers={"host": host})
        assert answer.status == 403
        assert answer.text == f"expected an address or localhost as the host, got {host!r}"
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1:80", "[::1]:8000"])
def test_names_of_this_machine_are_known(client, host):
    assert client.ask("/about", headers={"host": host}).status == 200


def test_the_name_that_was_asked_for_is_known():
    guard = Guard(app=lambda *_: None, name="Studio.lan")
    assert guard._is_known("studio.lan:8000")
    assert not guard._is_known("other.lan:8000")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_ask_in_vain(client, token, headers):
    for path, method in ((f"/photographs/{token}/picture", "GET"), ("/photographs", "POST")):
        answer = client.ask(path, method, JPEG if method == "POST" else None, headers)
        assert answer.status == 403
        assert answer.text == "expected a request of the page itself, got one of another site"
    assert client.ask("/", headers=headers).status == 200  # a link to the page


def test_the_page_itself_may_ask(client):
    own = {"origin": client.url.rstrip("/"), "sec-fetch-site": "same-origin"}
    assert client.ask("/photographs", "POST", JPEG, own).status == 201


# ---- what it forgets


@pytest.fixture(scope="module")
def held(colorizer):
    """Photographs that take so many megabytes."""
    prediction = colorizer.predict(np.zeros((8, 8), np.uint8))
    rest = photograph.Photograph("", b"", prediction, {}).nbytes

    def of(megabytes):
        return photograph.Photograph("", bytes(megabytes * 10**6 - rest), prediction, {})

    return of


def test_the_store_keeps_what_was_used_last(held):
    store = Store(limit=100_000_000, seconds=10.0, clock=lambda: 0.0)
    first, second = store.put(held(40)), store.put(held(40))
    store.get(first)
    third = store.put(held(40))
    assert [store.get(token) is not None for token in (first, second, third)] == [True, False, True]
    large = store.put(held(500))  # the newest is held whatever its size
    assert store.get(large) is not None
    assert store.size == 500_000_000
    assert len({first, second, third, large}) == 4
    assert min(map(len, (first, second, third, large))) >= 22  # 128 bits


def test_the_store_forgets_what_is_not_used(held):
    now = 0.0
    store = Store(limit=100_000_000, seconds=10.0, clock=lambda: now)
    used, unused = store.put(held(1)), store.put(held(1))
    now = 8.0
    assert store.get(used) is not None
    now = 16.0
    assert store.get(unused) is None
    assert store.get(used) is not None
    now = 30.0
    store.sweep()
    assert store.size == 0


def test_photographs_are_forgotten_while_nobody_asks(colorizer, monkeypatch):
    stores = []
    monkeypatch.setattr(app, "Store", lambda *limits: stores.append(Store(*limits)) or stores[-1])
    with serving(colorizer, app.Limits(memory_seconds=0.3)) as client:
        client.open(JPEG)
        assert stores[0].size > 0
        wait_for(lambda: stores[0].size == 0)


def test_nothing_is_written_to_disk(client):
    warm = client.open(JPEG).json["token"]
    client.ask(f"/photographs/{warm}/file")  # what is compiled is stored
    with watching_the_disk() as written:
        token = client.open(JPEG).json["token"]
        for what in ("picture", "file", "pixel?x=0&y=0"):
            assert client.ask(f"/photographs/{token}/{what}").status in (200, 201)
    assert written == []


watches = []  # lists of paths; an audit hook cannot be taken back


def _audit(event, arguments):
    if event == "open" and watches:
        path, _, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            watches[-1].append(path)


sys.addaudithook(_audit)


@contextmanager
def watching_the_disk():
    """The files opened for writing meanwhile, by any thread."""
    watches.append([])
    try:
        yield watches[-1]
    finally:
        watches.pop()


def test_the_disk_is_watched(tmp_path):
    with watching_the_disk() as written:
        (tmp_path / "file").write_text("")
    assert written == [str(tmp_path / "file")]


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# ---- the command


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )


def test_other_commands_do_without_its_packages():
    loaded = "{'starlette', 'uvicorn', 'anyio'} & set(sys.modules)"
    assert python(f"import sys; from cic_jax import cli; print({loaded})").stdout == "set()\n"


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_what_is_not_installed_is_named(package):
    ended = python(
        f"import sys; sys.modules[{package!r}] = None; from cic_jax import cli; cli.main(['serve'])"
    )
    assert ended.returncode == cli.UNUSABLE
    assert ended.stderr == (
        f"cic-jax: the page needs {package}, which is not installed: pip install 'cic-jax[web]', "
        "or pip install -e '.[web]' in a checkout\n"
    )


def test_a_port_that_is_taken_is_named(client, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["serve", f"--port={client.port}"])
    assert end.value.code == cli.UNUSABLE
    error = capsys.readouterr().err
    assert error == (
        f"cic-jax: cannot listen at port {client.port} of 127.0.0.1: Address already in use\n"
    )


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(port, capsys):
    with pytest.raises(SystemExit):
        cli.main(["serve", f"--port={port}"])
    assert "argument --port: " in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_serves_until_interrupted(tmp_path):
    checkpoint.export(tmp_path / "model", test_colorize.tiny_model())
    command = [sys.executable, "-W", "error", "-m", "cic_jax.cli", "serve", "--port=0"]
    with subprocess.Popen(
        [*command, f"--checkpoint={tmp_path / 'model'}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled")},
    ) as process:
        port = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())[1]
        assert Client(int(port)).open(JPEG).status == 201
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == cli.INTERRUPTED
        assert process.stderr.read() == ""
