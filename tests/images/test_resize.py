"""The sizes at which a photograph is looked at."""

import pytest

from cic_jax.images import resize


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((512, 768), (256, 384)),
        ((100, 75), (341, 256)),
        ((1, 1000), (4, 4096)),
        ((9, 9), (256, 256)),
    ],
)
def test_working_size(shape, expected):
    assert resize.working_size(*shape, 256) == expected
