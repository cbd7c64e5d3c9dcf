"""Report of the repeated study: the content of study.json as text and tables."""

from collections.abc import Mapping
from typing import Any

from cic_jax.metrics import LIKENESS
from cic_jax.report.markdown import Rows, written
from cic_jax.report.names import label
from cic_jax.study.claims import RATIOS, names
from cic_jax.study.published import MODELS, PUBLISHED, WRITTEN
from cic_jax.train.bootstrap import Interval


def introduction(results: Mapping[str, Any]) -> str:
    """Say in a few sentences what was done."""
    plan, seeds = results["plan"], len(results["seeds"])
    budget = ""
    if plan["minutes"] is not None:
        budget = f" To fit {plan['minutes']:g} minutes, epochs are {plan['factor']:.3g} of theirs."
    return (
        f"{len(results['models'])} models of the study, each trained with {seeds} seed(s), are "
        f"scored on the same {results['photographs']['test']} test photographs of "
        f"{results['source']}, read out at T = {results['temperature']:g}.{budget} Intervals are "
        f"95 % bootstrap intervals over photographs{' and seeds' if seeds > 1 else ''}."
    )


def tables(results: Mapping[str, Any]) -> list[tuple[str, str, Rows]]:
    """Tabulate the content of study.json: title, text and rows of each table."""
    scores, models = results["figures"], results["models"]
    painted = [name for name in scores if "log_density" in scores[name]]
    titled = [
        (
            "The configs",
            "Scores on the test photographs, with what it took to train: minutes are those of the "
            "steps alone, on a machine that may have done other work as well.",
            [_config_row(name, scores[name], run) for name, run in models.items()],
        ),
        (
            "Compared with the study",
            "Means with 95 % intervals. The study scored its models on test photographs of its "
            "own, and computed SSIM with a data range of 2, which is too high.",
            [_model_row(name, scores[name]) for name in (*models, "grey")],
        ),
        (
            "The study's claims",
            "Differences are paired, photograph by photograph. A claim survives only if all of its "
            "differences hold.",
            [_claim_row(claim) for claim in results["claims"]],
        ),
        (
            "How probable the paint is",
            "The distribution of the true colours of painted surfaces is known. Given are the log "
            "density of each object's mean colour, the expectation for true paints, and the share "
            "of objects whose colour is likelier than the least likely 5 % of true paints. Grey is "
            "a common paint. 'Last' is the last step of a training; all others are scored at their "
            "least validation loss.",
            [_paint_row(name, scores[name]) for name in painted],
        ),
        (
            "The training",
            "Images per second are medians over the log.",
            [_training_row(name, run) for name, run in models.items()],
        ),
    ]
    return [(title, text, rows) for title, text, rows in titled if rows]


def _config_row(
    name: str, scores: Mapping[str, Interval], run: Mapping[str, Any]
) -> dict[str, str]:
    linked = f"[{name}](../configs/{name}.py)" if name in MODELS else label(name)
    shown = ("rmse_ab", "psnr", "ssim", "colorfulness")
    minutes = sum(seconds["steps"] for seconds in run["seconds"]) / 60 / len(run["seconds"])
    return (
        {"Config": linked}
        | {WRITTEN[metric].title: written(WRITTEN[metric], scores[metric]) for metric in shown}
        | {
            "Epochs (study)": f"{run['epochs']:.3g} ({run['study_epochs']:g})",
            "Minutes": f"{minutes:.0f}" if minutes >= 10 else f"{minutes:.1f}",
            "Device": run["device"],
            "Commit": run["commit"] or "not recorded",
        }
    )


def _model_row(name: str, scores: Mapping[str, Interval]) -> dict[str, str]:
    row = {"Model": label(name)}
    for metric in (*LIKENESS, "ssim_range_2", "colorfulness"):
        row[WRITTEN[metric].title] = written(WRITTEN[metric], scores[metric])
        if any(metric in published for published in PUBLISHED.values()):
            published = PUBLISHED.get(name, {}).get(metric)
            row[f"{WRITTEN[metric].title}: study"] = "" if published is None else f"{published:g}"
    return row


def _claim_row(claim: Mapping[str, Any]) -> dict[str, str]:
    here = [claim["why"]] if claim["why"] else []
    for c in claim["compared"]:
        pair = (" / " if c["metric"] in RATIOS else " minus ").join(
            names(c[side]) for side in ("left", "right")
        )
        here.append(f"{WRITTEN[c['metric']].title}, {pair}: {written(WRITTEN[c['metric']], c)}")
    return {"The study saw": claim["saw"], "Verdict": claim["verdict"], "Here": "; ".join(here)}


def _paint_row(name: str, scores: Mapping[str, Interval]) -> dict[str, str]:
    shown = ("loss", "rmse_ab", "log_density", "expected", "plausible")
    cells = {WRITTEN[m].title: written(WRITTEN[m], scores[m]) if m in scores else "" for m in shown}
    return {"Colouring": names([name])} | cells


def _training_row(name: str, run: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Model": label(name),
        "Epochs": f"{run['epochs']:.3g}",
        "Epochs: study": f"{run['study_epochs']:g}",
        "Steps": f"{run['steps']}",
        "Least validation loss at": ", ".join(map(str, run["best_steps"])),
        "Parameters": f"{run['parameters']:,}",
        "Images/s": f"{run['images_per_second']:.4g}",
    }
