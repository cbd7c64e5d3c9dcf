"""What pages show with >>> is what comes out."""

import doctest
import re
from pathlib import Path

import jaxtyping
import pytest
from tiny_models import tiny_lite

from cic_jax import checkpoint
from cic_jax.cli import console
from cic_jax.cli.main import main

ROOT = Path(__file__).parents[2]
SESSION = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWING = sorted(path for path in ROOT.glob("docs/*.md") if SESSION.search(path.read_text()))


def run(page):
    """Run the examples of a page one after the other; return how many there were."""
    text = "\n".join(SESSION.findall(page.read_text()))
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    failed = []
    runner = doctest.DocTestRunner(verbose=False)
    outcome = runner.run(examples, out=failed.append)
    assert outcome.failed == 0, "".join(failed)
    return outcome.attempted


def test_every_page_that_shows_results_is_run_here():
    assert [page.name for page in SHOWING] == ["elsewhere.md", "method.md"]


def test_the_method_in_code_runs():
    assert run(ROOT / "docs/method.md") > 20


@pytest.mark.slow
def test_a_model_is_used_elsewhere(tmp_path, monkeypatch):
    for name in ("flatbuffers", "onnx", "onnxruntime", "safetensors"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    monkeypatch.chdir(tmp_path)
    # The export has symbolic sizes, which beartype does not take for integers.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    checkpoint.export(tmp_path / "everyday", tiny_lite(), "float32")
    for out in ("exported", "everyday.stablehlo", "everyday.safetensors"):
        assert main(["export", str(tmp_path / "everyday"), f"--out={out}"]) == console.DONE
    assert run(ROOT / "docs/elsewhere.md") > 10
