"""The texts of a model card come from files of the releaser's own."""

import pytest

from cic_jax.report.card import Texts, read_texts


def test_texts_are_required(tmp_path):
    (tmp_path / "data.md").write_text(" Ours.\n")
    (tmp_path / "empty.md").write_text("\n")
    assert read_texts(tmp_path / "data.md", tmp_path / "data.md") == Texts("Ours.", "Ours.")
    (tmp_path / "table.md").write_text("| a |\n")
    texts = read_texts(tmp_path / "data.md", tmp_path / "data.md", tmp_path / "table.md")
    assert texts.comparison == "| a |"
    with pytest.raises(ValueError, match=r"--limits: expected a text in Markdown, .*empty\.md"):
        read_texts(tmp_path / "data.md", tmp_path / "empty.md")
    with pytest.raises(ValueError, match="--data_card: expected"):
        read_texts(tmp_path / "nowhere.md", tmp_path / "empty.md")
