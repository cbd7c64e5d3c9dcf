"""RESULTS.md from the runs of the commands: its numbers, its credits and what it keeps."""

import pytest

from cic_jax.report.markdown import section, split_sections
from cic_jax.report.results import Credit
from cic_jax.study import results_page


def test_sections_that_are_not_written_anew_stay(tmp_path):
    choice = results_page.Choice({}, [], 1)
    first = results_page.Page(tmp_path, choice)
    first.add(section(results_page.SPEED, "fast"), section(results_page.STUDY, "once"))
    first.write()
    second = results_page.Page(tmp_path, choice)
    second.add(section(results_page.STUDY, "twice"), section("Details", "more", level=3))
    text = second.write().read_text()
    assert list(split_sections(text)) == [results_page.STUDY, results_page.SPEED]
    assert "fast" in text
    assert "twice" in text
    assert "more" in text
    assert "once" not in text


def test_photographs_are_those_named_or_the_first_allowed():
    allowed = {name: Credit(name, "Ann", "https://a.org") for name in ("b", "c", "d")}
    chosen = results_page.Choice(allowed, [], 2).credits("abcd")
    assert [credit.file for credit in chosen] == ["b", "c"]
    chosen = results_page.Choice(allowed, ["d"], 2).credits("abcd")
    assert [credit.file for credit in chosen] == ["d"]
    with pytest.raises(ValueError, match="--names has a, which --index does not allow"):
        results_page.Choice(allowed, ["a", "b"], 2).credits("abcd")


def test_a_run_that_is_missing_or_unfinished_names_its_command(tmp_path):
    page = results_page.Page(tmp_path, results_page.Choice({}, [], 1))
    with pytest.raises(SystemExit, match=r"study\.json: run experiments/reproduce\.py"):
        results_page.study_sections(page, tmp_path, results_page.STUDY, "study")
    (tmp_path / "study.json").write_text('{"plan": {}}')
    with pytest.raises(SystemExit, match="is not finished: rerun its command"):
        results_page.study_sections(page, tmp_path, results_page.STUDY, "study")
