"""Whatever a file is made to do, it costs a bounded time and one line."""

import contextlib
import errno
import io
import os
import signal
import sys
import time

import hostile_files as hostile
import numpy as np
import pytest
from file_bytes import save
from image_samples import GREY, RGB
from PIL import Image

from cic_jax import images
from cic_jax.images import Photo, PhotoError, limits, plain, reading, worker

TOO_MANY = "it has more parts than its size allows"


def seconds(function, *arguments):
    start = time.process_time()
    with pytest.raises(PhotoError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return time.process_time() - start, str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (hostile.page_chain(15_000), TOO_MANY),
        (hostile.commented_gif(200_000), TOO_MANY),
        (hostile.moving_gif(30_000), TOO_MANY),
        (hostile.segmented_jpeg(200_000), TOO_MANY),
        (hostile.scanned_jpeg(5_000), "scans; at most 100 are read"),
        (hostile.tall_png(1, 2_000_000), "1 x 2000000 pixels; at most 1000000 a side are read"),
    ],
    ids=["pages", "blocks", "frames", "segments", "scans", "thin"],
)
def test_many_small_parts_are_refused_early(content, message):
    taken, said = seconds(reading.read, content)
    assert message in said
    assert taken < 3


def test_pages_and_frames_have_a_limit(monkeypatch):
    monkeypatch.setattr(limits, "MAX_PAGES", 40)
    for content in (hostile.page_chain(41), hostile.moving_gif(40)):
        assert "41 pictures in one file; at most 40 are read" in seconds(reading.read, content)[1]
    assert reading.read(hostile.page_chain(40)).frames == 40


def test_a_file_above_the_most_bytes_is_not_read(tmp_path):
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(limits.MAX_BYTES + 1)  # sparse
    for read in (images.read, images.identify, images.read_rgb):
        assert "at most 1024 MiB are read" in seconds(read, tmp_path / "large.jpg")[1]


@contextlib.contextmanager
def interrupted_after(seconds):
    """Fail rather than wait without end."""

    def interrupt(*_):
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_may_never_end_is_not_opened(tmp_path, kind):
    path = tmp_path / "a.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with interrupted_after(20):
        for read in (images.read, images.identify, images.read_rgb):
            assert seconds(read, path)[1] == f"{path}: no file: a pipe, a socket or a device"


# ---- which photographs are decoded where


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (save(RGB, "JPEG"), True),
        (save(RGB, "JPEG", progressive=True), True),
        (save(GREY, "PNG"), True),
        (save(RGB, "TIFF"), False),
        (save(RGB, "WEBP"), False),
        (hostile.segmented_jpeg(limits.PLAIN_PARTS), False),
        (hostile.exif_png(limits.PLAIN_METADATA + 1), False),
        (save(Image.new("L", (8192, 4097)), "PNG"), False),
        (b"", False),
        (b"\xff\xd8\xff", False),
        (b"\x89PNG\r\n\x1a\n", True),  # no more than a header
    ],
)
def test_only_what_is_plainly_cheap_is_decoded_here(monkeypatch, content, expected):
    assert plain.is_plain(content) is expected
    calls = []
    monkeypatch.setattr(worker, "read", lambda source: calls.append(source) or Photo(GREY))
    monkeypatch.setattr(reading, "read", lambda source: Photo(GREY))
    images.read(content)
    images.read(content, isolated=True)
    assert len(calls) == (1 if expected else 2)


def test_another_process_reads_the_same(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(save(np.dstack([RGB, GREY]), "PNG", dpi=(300, 200)))
    here, there = reading.read(path), images.read(path, isolated=True)
    for one, other in ((here.rgb, there.rgb), (here.alpha, there.alpha)):
        np.testing.assert_array_equal(one, other)
    assert [here.exif, here.icc, here.dpi, here.format, here.frames, here.path] == [
        there.exif,
        there.icc,
        there.dpi,
        there.format,
        there.frames,
        there.path,
    ]
    for file, encode in (("a", images.encode), ("b", images.encode_isolated)):
        with (tmp_path / file).open("wb") as stream:
            encode(stream, RGB, there)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    wide = np.zeros((1, 17_000, 3), np.uint8)
    with pytest.raises(PhotoError, match=r"^cannot encode 17000 x 1 pixels as WEBP"):
        images.encode_isolated(io.BytesIO(), wide, Photo(GREY, format="WEBP"))


# ---- the process that is ended

CHILD = """
from cic_jax.images import child, limits
limits.CPU_SECONDS = 0.3
def spin(request, blocks):
    while True: pass
def eat(request, blocks):
    with child.reading.without_warnings(), __import__("cic_jax").images.source.described(b""):
        return {}, [bytes(limits.MEMORY)]
def crash(request, blocks):
    import os; os.abort()
child.ANSWERS |= {"spin": spin, "eat": eat, "crash": crash}
child.main()
"""


@pytest.fixture
def made_to(monkeypatch):
    """Make a process do something else than read; gives the line that it costs."""
    monkeypatch.setattr(worker, "COMMAND", [sys.executable, "-P", "-c", CHILD])
    process = worker.Worker()

    def ask(what):
        with pytest.raises(PhotoError) as error:
            process.ask({"do": what}, [], lambda *_: None)
        return str(error.value)

    yield ask
    process.end()


def test_time_and_memory_end_the_process_and_the_next_photograph_is_read(made_to):
    start = time.monotonic()
    assert "takes more time or memory to decode than it may (30 s, 5 GiB)" in made_to("spin")
    assert time.monotonic() < start + limits.SECONDS / 2  # it is not the clock that ended it
    assert "takes more than 5 GiB of memory" in made_to("eat")
    assert "damaged: its decoder ended with status -6" in made_to("crash")


def test_a_process_that_stands_still_is_ended(monkeypatch):
    process = worker.Worker()
    request = {"do": "identify"}
    assert process.ask(request, [save(RGB, "PNG")], lambda answer, _: answer["format"]) == "PNG"
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    os.kill(process._process.pid, signal.SIGSTOP)
    with pytest.raises(PhotoError, match="takes more time"):
        process.ask(request, [save(RGB, "PNG")], lambda *_: None)
    monkeypatch.undo()
    assert process.ask(request, [save(RGB, "GIF")], lambda answer, _: answer["format"]) == "GIF"
    process.end()


def test_a_process_that_cannot_be_started_costs_one_line(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    path = tmp_path / "a.gif"
    path.write_bytes(hostile.GIF)
    monkeypatch.setattr(worker, "_POOL", worker.Pool(1))
    monkeypatch.setattr(worker.subprocess, "Popen", refuse)
    said = f"{path}: its decoder cannot be started: {os.strerror(errno.EAGAIN).lower()}"
    assert seconds(images.read, path)[1] == said


def test_reasons_name_the_source(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0 and no more")
    assert seconds(images.read, path)[1].startswith(f"{path}: ")
    assert seconds(images.read, path.read_bytes())[1].startswith("the stream: ")
