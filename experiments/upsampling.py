r"""Compare upsampling methods for coarse colour on photographs.

    python experiments/upsampling.py --out=runs/upsampling \
        --config.data.source=imagenet_vehicles --config.data.path=TARS [--model=simplified_final]

Each method upsamples three kinds of coarse ab, and the result is compared with the true ab: true
means over 4 x 4 pixels, as if the network were right; true means over 16 x 16 pixels, upsampled to
every fourth pixel first and then bilinearly, as in a photograph larger than the network's input;
and the model's prediction. Prints the RMSE of ab over all pixels and near edges, with 95 %
bootstrap intervals over photographs, and the paired difference from bilinear interpolation. Writes
upsampling.json and upsampling.md.
"""

import json
from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags

    from cic_jax import checkpoint, entry, photos
    from cic_jax.configs import default
    from cic_jax.study import upsampling

CONFIG = entry.define_config(default.get_config())
MODEL = flags.DEFINE_string(
    "model", "simplified_final", "A run, an exported checkpoint or a release."
)
SPLIT = flags.DEFINE_enum("split", "test", ["validation", "test"], "Which photographs.")
COUNT = flags.DEFINE_integer("count", 0, "How many of them; 0 is all.", lower_bound=0)
OUT = flags.DEFINE_string("out", "runs/upsampling", "Folder for the tables.")


def main() -> None:
    """Measure the methods; print and write the tables."""
    photographs = photos.open_splits(CONFIG.value.data)[SPLIT.value]
    names, columns = upsampling.table(
        checkpoint.load(MODEL.value), photographs, CONFIG.value, COUNT.value
    )
    errors = upsampling.intervals(columns)
    text = upsampling.markdown(errors, len(names), SPLIT.value)
    out = Path(OUT.value)
    out.mkdir(parents=True, exist_ok=True)
    (out / "upsampling.md").write_text(text, encoding="utf-8")
    (out / "upsampling.json").write_text(json.dumps(errors, indent=1) + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    entry.run(main)
