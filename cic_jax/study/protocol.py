"""CIC's own protocol, on the same test photographs: AuC, and what a classifier sees.

CIC (section 3.1 and table 1) scores the area under the curve of errors, raw and rebalanced, and the
accuracy of VGG on coloured photographs. Here the classifier is EfficientNet-Lite2, and what counts
is its agreement with its own verdict on the true photograph.
"""

from collections.abc import Mapping
from typing import Any

from cic_jax.metrics import METRICS
from cic_jax.report.markdown import Rows, written
from cic_jax.report.names import label
from cic_jax.train.sample import ALL

SCORES = ("auc", "auc_rebalanced")


def rows(compared: Mapping[str, Any]) -> Rows:
    """Tabulate matched.json with a judge's verdicts: a row per colouring, the truth last.

    Raises ValueError if no judge was asked.
    """
    if "semantics" not in compared:
        raise ValueError("matched.json has no verdicts: run experiments/matched.py with --judge")
    semantics, models = compared["semantics"], compared["models"]
    judge, count = semantics["judge"], semantics["photographs"]
    table = []
    for name, about in semantics["colourings"].items():
        distance = about["frechet_distance"]
        scores = models[name]["groups"][ALL]["default"] if name in models else {}
        table.append(
            {"Colouring": label(name)}
            | {
                METRICS[key].title: written(METRICS[key], scores[key]) if scores else ""
                for key in SCORES
            }
            | {
                f"Agreement of {judge}": "{mean:.2f} ({low:.2f} to {high:.2f})".format(
                    **about["agreement"][ALL]
                ),
                f"Fréchet distance of its features, n = {count}": ""
                if distance is None
                else f"{distance:.1f}",
            }
        )
    truth = dict.fromkeys(table[0], "") | {
        "Colouring": "Truth",
        f"Agreement of {judge}": "1",
        f"Fréchet distance of its features, n = {count}": "0",
    }
    return [*table, truth]
