"""A small run becomes a release whose card and checksums are of its weights; or nothing changes."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_runs import tiny_config

from cic_jax import checkpoint, checksums, photos, step
from cic_jax import model as models
from cic_jax.report import release
from cic_jax.report.card import Texts
from cic_jax.train import build, evaluate, record

ROOT = Path(__file__).parents[2]
TEXTS = Texts("Drawn by a test, free of terms.", "Everything, since it is random.")
LOG = [
    {"step": 50, "split": "train", "images_per_second": 8.0},
    {"step": 50, "split": "validation"},
    {"step": 100, "split": "train", "images_per_second": 4.0},
]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Forty photographs of two colours; the network is tiny."""
    train = {"batch_size": 8, "crop": 32, "epochs": 20.0}
    config = tiny_config(tmp_path_factory, 40, 64, **train)
    config.train.init_from = f"{config.data.path}/before"
    return config.lock()


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    """What training leaves behind: two steps, the earlier of which is the best."""
    workdir = tmp_path_factory.mktemp("run")
    colours = build.palette(config.copy_and_resolve_references(), lambda: few(config))
    network = build.build_network(config, len(colours.centers), None)
    state = step.init(jax.random.key(0), network, step.adam(1e-3))
    (workdir / checkpoint.CONFIG).write_text(config.to_json_best_effort())
    width = config.model.width
    about = models.describe(
        config.model.network, width=width, palette=colours, config=config.to_dict()
    )
    with checkpoint.manager(workdir) as manager:
        for at, loss in ((50, 1.0), (100, 2.0)):
            variables = jax.tree.map(lambda x, at=at: np.asarray(x) * (at / 50), state.variables)
            checkpoint.save(manager, at, (variables, state.optimizer), about, {"loss": loss})
    (workdir / record.LOG).write_text("".join(json.dumps(line) + "\n" for line in LOG))
    machine = {"device": "cpu", "cores": 2, "processor": "Some CPU"}
    (workdir / record.MACHINE).write_text(json.dumps(machine))
    return workdir


def few(config):
    """A batch that tells which colours there are."""
    split = photos.open_splits(config.data)["train"]
    return [np.stack([photos.window(split[i]["image"], 64)[0] for i in range(8)])]


@pytest.fixture(scope="module")
def released(run, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases")
    evaluation = release.release(release.best(run), config, TEXTS, folder, "tiny")
    return folder / "tiny", evaluation


def contents(directory):
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory): path.read_bytes() for path in files}


def test_the_best_step_is_released_in_bfloat16(run, released):
    weights = checkpoint.load(released[0]).variables
    best = checkpoint.load(run, step=50).variables
    as_released = jax.tree.map(lambda x: x.astype(jnp.bfloat16).astype(jnp.float32), best)
    jax.tree.map(np.testing.assert_array_equal, weights, as_released)
    assert not jax.tree.all(jax.tree.map(lambda x, y: bool((x == y).all()), weights, best))


def test_a_release_has_its_own_read_out(run):
    trained = release.best(run, overrides={"colour.tau": 0.5})
    assert trained.model.description["config"]["colour"]["tau"] == 0.5


def test_the_card_scores_the_released_weights(config, released):
    path, evaluation = released
    test = photos.open_splits(config.data)["test"]
    again = evaluate.evaluate(checkpoint.load(path), test, config).intervals
    text = (path / "README.md").read_text()
    assert evaluation.intervals == again
    for metric, digits in (("rmse_ab", 1), ("psnr", 1), ("auc_rebalanced", 3), ("loss", 3)):
        mean, low, high = (
            f"{again['model'][metric][key]:.{digits}f}" for key in ("mean", "low", "high")
        )
        assert f"| {mean} ({low} to {high}) |" in text
    assert f"{again['grey']['psnr']['mean']:.1f} (" in text


def test_the_card_says_how_the_run_went(config, released):
    text = (released[0] / "README.md").read_text()
    splits = photos.open_splits(config.data)
    train, validation, test = (len(splits[name]) for name in ("train", "validation", "test"))
    facts = [
        "simplified network at width 0.05",
        "bfloat16",
        "cic-jax colorize photo.jpg --out=coloured --checkpoint=tiny",
        'Colorizer.restore("tiny")',
        "| 50, of the best validation loss |",
        "| 400 of 32 x 32 pixels, in batches of 8 |",  # crops seen
        f"| 20 planned; up to this step each training photograph was seen {400 / train:.3g} times",
        "| 3.16e-05, constant |",
        "| before |",  # what it started from
        "| 0.833 minutes of steps",  # 400 at 8 a second; not those after the best step
        "| 2 cores of Some CPU |",
        f"Source `folder`, photographs: {train} for train, {validation} for validation, {test} for",
        f"on the {test} test photographs",
        TEXTS.data,
        TEXTS.limits,
        "Apache License 2.0",
    ]
    assert [fact for fact in facts if fact not in text] == []


def test_the_card_is_formatted_as_the_repository_is(released, tmp_path):
    text = (released[0] / "README.md").read_text()
    card = tmp_path / "README.md"
    card.write_text(text.replace("tiny", "as_long_a_name_as_one_would_give"))
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    line = [sys.executable, "-m", "ruff", "format", "--diff", *settings, str(card)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_path_of_this_machine_is_released(config, released):
    home = str(Path(config.data.path).parent.parent)  # pytest's own folder holds them all
    assert [path for path, bytes in contents(released[0]).items() if home.encode() in bytes] == []


def test_its_checksums_hold_and_nothing_else_is_left(released):
    path, _ = released
    assert [entry.name for entry in path.parent.iterdir()] == ["tiny"]
    checkpoint.load(path)
    listed = [line.split()[1] for line in (path / checksums.NAME).read_text().splitlines()]
    assert {*listed, "README.md", checksums.NAME} == {str(file) for file in contents(path)}


@pytest.fixture
def old(tmp_path):
    """An earlier release."""
    path = tmp_path / "tiny"
    path.mkdir()
    (path / checkpoint.DESCRIPTION).write_text("{}")
    (path / "old").write_text("old")
    return path


def test_a_release_replaces_an_older_one(run, config, old, released):
    release.release(release.best(run), config, TEXTS, old.parent, "tiny", lambda *_: released[1])
    assert not (old / "old").exists()
    checkpoint.load(old)
    assert [entry.name for entry in old.parent.iterdir()] == ["tiny"]


def test_a_metric_without_a_title_is_released_by_its_name(run, config, tmp_path, released):
    lpips = {"lpips": {"mean": 0.25, "low": 0.125, "high": 0.5}}
    intervals = {name: scores | lpips for name, scores in released[1].intervals.items()}
    evaluation = released[1]._replace(intervals=intervals)
    release.release(release.best(run), config, TEXTS, tmp_path, "tiny", lambda *_: evaluation)
    assert "| lpips | 0.250 (0.125 to 0.500) |" in (tmp_path / "tiny/README.md").read_text()


def test_an_interrupt_leaves_the_old_release(run, config, old):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = contents(old)
    with pytest.raises(KeyboardInterrupt):
        release.release(release.best(run), config, TEXTS, old.parent, "tiny", interrupt)
    assert contents(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["tiny"]


def test_a_card_that_cannot_be_written_leaves_the_old_release(run, config, old, released):
    def occupy(*_):
        (fresh,) = old.parent.glob(".tiny-*/new")
        (fresh / release.CARD).mkdir()
        return released[1]

    before = contents(old)
    with pytest.raises(IsADirectoryError):
        release.release(release.best(run), config, TEXTS, old.parent, "tiny", occupy)
    assert contents(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["tiny"]


def test_too_large_a_file_leaves_the_old_release(run, config, old, monkeypatch):
    before = contents(old)
    monkeypatch.setattr(release, "LIMIT", 20_000)
    with pytest.raises(release.ReleaseError, match=r"variables/.* would be .* MiB"):
        release.release(release.best(run), config, TEXTS, old.parent, "tiny")
    assert contents(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["tiny"]


def test_an_interrupted_swap_is_undone(old, tmp_path):
    class Interrupted(type(tmp_path)):
        def rename(self, target):
            raise KeyboardInterrupt

    before = contents(old)
    with pytest.raises(KeyboardInterrupt):
        release.swap_in(Interrupted(tmp_path / "new"), old, tmp_path / "aside")
    assert contents(old) == before
    assert not (tmp_path / "aside").exists()


@pytest.mark.parametrize("name", ["../tiny", "", ".tiny", "a/b"])
def test_bad_names_are_refused(run, config, tmp_path, name):
    with pytest.raises(release.ReleaseError, match="--name: expected letters"):
        release.release(release.best(run), config, TEXTS, tmp_path, name)


def test_only_a_release_is_replaced(run, config, tmp_path):
    (tmp_path / "cards").mkdir()
    with pytest.raises(release.ReleaseError, match="choose another name"):
        release.release(release.best(run), config, TEXTS, tmp_path, "cards")
    assert (tmp_path / "cards").is_dir()


def test_a_run_that_saw_its_test_photographs_is_refused(run, config, tmp_path):
    leaky = config.copy_and_resolve_references()
    leaky.data.leak = 0.3
    with pytest.raises(release.ReleaseError, match=r"data\.leak = 0\.3"):
        release.release(release.best(run), leaky, TEXTS, tmp_path, "tiny")


def test_what_the_run_did_not_record_is_left_out(run, tmp_path):
    (tmp_path / checkpoint.CONFIG).write_text((run / checkpoint.CONFIG).read_text())
    (tmp_path / "checkpoints").symlink_to(run / "checkpoints")
    trained = release.best(tmp_path)
    assert (trained.step, trained.minutes, trained.device) == (50, None, None)


def test_no_run_or_a_run_without_a_step(released, run, tmp_path):
    with pytest.raises(release.ReleaseError, match="expected a training run"):
        release.best(released[0])
    (tmp_path / checkpoint.CONFIG).write_text((run / checkpoint.CONFIG).read_text())
    with pytest.raises(checkpoint.CheckpointError, match="has not saved a step"):
        release.best(tmp_path)
