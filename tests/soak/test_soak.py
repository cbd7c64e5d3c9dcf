"""The soak in two to three minutes: every kind of end by force, and not a bit of difference."""

import pytest

from tests.soak import soak


@pytest.mark.slow
def test_a_run_killed_again_and_again_is_the_undisturbed_one(tmp_path):
    result = soak.soak(tmp_path, soak.QUICK)
    assert len(result["kills"]) >= len(soak.KINDS)
    assert result["same step"]
    assert result["arrays"] > 50
    assert result["arrays that differ"] == []
    assert result["same batches"]
    assert result["lines of the log"] > 50
    assert result["lines that differ"] == 0
    assert result["saves of both"] >= 1
    assert result["saves that differ"] == 0
    assert result["steps that gave way"] == 0
    # A signal in good order loses no step.
    for kill in result["kills"]:
        assert kill["saved"] == kill["step"] or kill["status"] != 0
