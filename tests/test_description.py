"""A description read from a file is right in every key, or one line names the wrong one."""

import json

import pytest

from cic_jax import model
from cic_jax.description import checked

RIGHT = model.describe("simplified", centers=None)
DEEP = [[]]
for _ in range(50):
    DEEP = [DEEP]


def test_what_is_written_can_be_read():
    for description in (RIGHT, model.describe("full")):
        assert checked(json.loads(json.dumps(description))) == description
    older = {k: x for k, x in RIGHT.items() if k not in ("class_weights", "factories", "predict")}
    assert checked(older) == older


@pytest.mark.parametrize("wrong", [None, [], "text", 3, True])
def test_what_is_no_description_is_refused(wrong):
    with pytest.raises(ValueError, match="expected a description by keys"):
        checked(wrong)


@pytest.mark.parametrize(
    ("key", "values"),
    {
        "network": (None, 3, [], {}),
        "width": (None, "1", 0, -1, float("nan"), float("inf"), 1e6, 10**400, True, [1]),
        "lightness_scale": (None, 0, -50, float("nan"), "50", 1e-300, 1e37, True),
        "config": (
            *(None, [], 3),
            *({"colour": {"tau": x}} for x in (-5.0, float("nan"), "x", None, [1])),
        ),
        "metrics": (None, [], {"psnr": "24"}, {"psnr": [1]}, {"psnr": 10**400}, {"psnr": True}),
        "factories": ([], {"network": 3}),
        "centers": (
            *(3, {}, [], [1, 2], [[1]], [[1, 2, 3]], [[1, "b"]], [[1, float("nan")]], DEEP),
            *([[1, 2]], [[0, 0], [0, 0]], [[0, 0], [1e37, 0]], [[0, i] for i in range(2**16 + 1)]),
        ),
        "prior": (3, [1.0], "prior"),
        "class_weights": ([1.0], {}),
    }.items(),
)
def test_a_wrong_value_is_named(key, values):
    for value in values:
        with pytest.raises(ValueError, match=key) as error:
            checked(RIGHT | {key: value})
        assert len(str(error.value)) < 200
    if key not in ("centers", "factories", "prior", "class_weights"):
        with pytest.raises(ValueError, match=key):
            checked({k: x for k, x in RIGHT.items() if k != key})


@pytest.mark.parametrize("key", ["prior", "class_weights"])
@pytest.mark.parametrize("wrong", [[-1.0, 2.0], [1.0], [[0.5], [0.5]], [0.5, float("nan")]])
def test_bins_weigh_no_less_than_nothing(key, wrong):
    two = RIGHT | {"centers": [[0, 0], [0, 10]], "prior": [0.5, 0.5], "class_weights": [0.0, 3.0]}
    assert checked(two) == two
    with pytest.raises(ValueError, match=f"^{key}: expected one number a bin, none below 0"):
        checked(two | {key: wrong})


def test_a_prior_is_a_distribution():
    two = RIGHT | {"centers": [[0, 0], [0, 10]], "prior": [0.0, 0.0]}
    with pytest.raises(ValueError, match=r"^prior: expected shares of sum 1"):
        checked(two)
