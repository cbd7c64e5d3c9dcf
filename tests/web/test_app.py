"""The page's server: what it answers."""

import io

import numpy as np
import photo_files
import pytest
from PIL import Image
from web_server import JPEG, serving, tiny_colorizer

from cic_jax import bins, images
from cic_jax.web import samples


def pixels(body):
    return np.asarray(Image.open(io.BytesIO(body)))


def test_the_page_and_its_files_allow_nothing_else(client):
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
        "written": "JPEG",
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
    full = client.ask(f"/photographs/{token}/full?saturation=0").body
    assert pixels(full).shape == (700, 2100, 3)
    assert np.ptp(pixels(full), axis=-1).max() <= 1


def test_the_network_looks_at_the_size_that_is_asked_for(client):
    looked = client.ask("/photographs?name=a.jpg&size=256", "POST", JPEG).json["token"]
    assert client.page.store.get(looked).prediction.size == (256, 384)
    other = client.ask("/photographs?name=a.jpg&size=300", "POST", JPEG)
    said = "size: expected one of 64, 256, 384, 512, got '300'"
    assert (other.status, other.text) == (400, said)


def test_a_photograph_is_forgotten_on_request(client, token):
    assert client.ask(f"/photographs/{token}", "DELETE").status == 204
    assert client.ask(f"/photographs/{token}/picture").status == 404


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
    expected = Image.fromarray(colorizer(images.read(io.BytesIO(sent)).rgb, 0.2, 1.5))
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
    rgb = images.read(io.BytesIO(JPEG)).rgb
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


def test_a_model_that_predicts_ab_has_no_distribution():
    with serving(tiny_colorizer(centers=None)) as client:
        assert client.ask("/about").json["candidates"] == 1
        token = client.open(JPEG).json["token"]
        assert client.ask(f"/photographs/{token}/picture").status == 200
        assert client.ask(f"/photographs/{token}/picture?candidate=1").status == 400
        assert client.ask(f"/photographs/{token}/picture?unify=0.5").status == 400
        answer = client.ask(f"/photographs/{token}/pixel?x=0&y=0")
        assert (answer.status, answer.text) == (
            404,
            "this model predicts the colour itself: it has no distribution to show",
        )
