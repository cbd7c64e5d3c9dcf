"""The study as data: its models, the metrics it published, and how metrics are written."""

from typing import Any

from cic_jax.metrics import METRICS, Metric

PLAIN = ("euclidean", "unbalanced_one_hot", "unbalanced")
REBALANCED = ("rebalanced", "rebalanced_smoothed", "rebalanced_ours")
GROUPS: dict[tuple[str, ...], str] = {
    PLAIN: "Euclidean and unbalanced",
    REBALANCED: "the rebalanced",
}
MODELS = (*PLAIN, *REBALANCED, "simplified", "rebalanced_ours_final", "simplified_final")
STARTS_FROM = {"simplified_final": "simplified", "simplified_final_leaking": "simplified"}
# Mistakes of the study's code, each repeated by one option: variant -> model and option.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "rebalanced_smoothed_index": ("rebalanced_smoothed", {"prior.smoothing": "index"}),
    "rebalanced_ours_10_photographs": ("rebalanced_ours", {"prior.photographs": 10}),
    "simplified_final_leaking": ("simplified_final", {"data.leak": 0.31}),
}
# Read off the study's bar charts. Its SSIM was computed with a data range of 2.
PUBLISHED = {
    name: dict(zip(("rmse_ab", "rmse", "psnr", "ssim_range_2"), row, strict=True))
    for name, row in {
        "euclidean": (13.6, 0.083, 22.6, 0.92),
        "unbalanced_one_hot": (13.5, 0.082, 23.1, 0.93),
        "unbalanced": (13.3, 0.081, 23.3, 0.93),
        "rebalanced": (18.6, 0.109, 19.8, 0.89),
        "rebalanced_smoothed": (20.9, 0.121, 19.4, 0.87),
        "rebalanced_ours": (17.8, 0.106, 20.0, 0.90),
        "simplified": (16.2, 0.096, 20.8, 0.91),
        "rebalanced_ours_final": (16.0, 0.093, 20.9, 0.91),
        "simplified_final": (11.2, 0.065, 24.4, 0.94),
    }.items()
}
WRITTEN = METRICS | {
    "ssim_range_2": Metric("SSIM, data range 2", better="higher"),
    "rmse_ab_matched": Metric(
        "RMSE of ab at the truth's colourfulness", "CIELAB units", "lower", digits=2
    ),
    "colour_distance": Metric("Distance of colour distributions", better="lower"),
    "log_density": Metric("Log density of paint", better="higher", digits=2),
    "expected": Metric("Expected of true paint", digits=2),
    "plausible": Metric("Plausible objects", better="higher", digits=2),
    "parameters": Metric("Parameters", digits=2),
    "images_per_second": Metric("Training images/s", digits=2),
}
