"""The plan fits the training into the time, in dispatches of one length."""

import json

import pytest

from cic_jax.study import plan


def test_epochs_share_what_the_budget_leaves():
    cost = plan.Cost(start=10.0, step=0.5, evaluation=1.0, scoring=5.0)
    jobs = [plan.Job(100.0, 10, cost), plan.Job(500.0, 20, cost)]
    factor = plan.common_factor(600.0, jobs)
    fixed = 2 * (10.0 + plan.EVALUATIONS + 5.0)
    assert factor * 0.5 * (1000 + 10000) + fixed == pytest.approx(600.0)
    assert plan.common_factor(1e6, jobs) == 1.0
    with pytest.raises(ValueError, match=r"0\.5 minutes are left for 2 runs"):
        plan.common_factor(30.0, jobs)


@pytest.mark.parametrize("steps", [1, 7, 37, 120, 501, 7010, 250_000])
def test_a_schedule_has_dispatches_of_one_length(steps):
    planned = plan.schedule(steps / 70, 70)
    total, every = (round(planned[key] * 70) for key in ("epochs", "evaluate_every"))
    assert total == pytest.approx(steps, rel=0.3 if steps < 1000 else 0.01)
    assert total // every in range(1, 2 * plan.EVALUATIONS)
    lengths = set()
    for start in range(0, total, every):
        span = min(every, total - start)
        lengths |= {min(plan.STEPS_PER_DISPATCH, span - at) for at in range(0, span, 50)}
    assert len(lengths) == 1


def test_a_resumed_plan_keeps_its_time(tmp_path):
    path = tmp_path / "study.json"
    assert plan.recorded(path, 25.0, "--budget_minutes") is None
    path.write_text(json.dumps({"plan": {"minutes": 25.0}}))
    for minutes in (25.0, None):
        assert plan.recorded(path, minutes, "--budget_minutes") == {"minutes": 25.0}
    with pytest.raises(ValueError, match=r"for 25\.0 minutes: leave out --budget_minutes"):
        plan.recorded(path, 10.0, "--budget_minutes")
