"""Pack a prepared set of photographs for a machine that has no originals.

    python experiments/pack.py --out=packed --config.data.source=imagenet_vehicles \
        --config.data.path=TARS --config.data.size=256
    python experiments/pack.py --join=packed --out=prepared
    python experiments/pack.py --cost=everyday --limit=200 --out=docs --config.data.path=TARS

The first command re-encodes centre windows of --config.data.size pixels, and writes them as a
prepared set in parts of at most --part_mib MiB: --out/part_00, part_01, ... They can be sent one by
one. The second checks the parts and puts the set together: --config.data.data_dir=prepared opens
it, without tars. Every photograph keeps its split, its place, its name and its label.

The third scores a model on test photographs as they are and re-encoded, and writes packing.json and
packing.md to --out.
"""

from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import app, flags
    from ml_collections import config_flags

    from cic_jax import checkpoint, entry, photos
    from cic_jax.configs import default
    from cic_jax.photos import pack
    from cic_jax.report.markdown import markdown
    from cic_jax.study import packing
    from cic_jax.train.directory import write_json

CONFIG = entry.define_config(Path(default.__file__))
OUT = flags.DEFINE_string("out", None, "Folder of the parts, the set or the table.", required=True)
FORMAT = flags.DEFINE_enum("format", "webp", pack.FORMATS, "Encoding of the photographs.")
QUALITY = flags.DEFINE_integer("quality", 90, "Its quality.", lower_bound=1, upper_bound=100)
PART_MIB = flags.DEFINE_integer("part_mib", 24, "Size of a part at most.", lower_bound=9)
JOIN = flags.DEFINE_string("join", None, "Folder of parts to join.")
COST = flags.DEFINE_string("cost", None, "Model to score on re-encoded photographs.")
LIMIT = flags.DEFINE_integer("limit", 200, "Photographs to score.", lower_bound=2)
QUALITIES = flags.DEFINE_list(
    "qualities", ["webp 80", "webp 90", "avif 60", "avif 75"], "Encodings to score, by quality."
)


def write_parts(out: Path) -> None:
    """Pack the set into parts, and print them."""
    if out.exists() and any(out.iterdir()):
        raise app.UsageError(f"--out must be a new folder; {out} is not empty")
    counts = pack.pack(CONFIG.value.data, out / "whole", kind=FORMAT.value, quality=QUALITY.value)
    parts = pack.divide(out / "whole", out, PART_MIB.value * 2**20)
    print(", ".join(f"{count} {split}" for split, count in counts.items()))
    for part in parts:
        size = sum(path.stat().st_size for path in part.rglob("*") if path.is_file())
        print(f"{part}  {size / 2**20:.1f} MiB")


def measure(name: str, out: Path) -> None:
    """Measure what re-encoding costs, and print and write the table."""
    encodings = []
    for named in QUALITIES.value:
        kind, _, quality = named.partition(" ")
        if kind not in pack.FORMATS or not quality.isdecimal() or not 1 <= int(quality) <= 100:
            raise app.UsageError(f"--qualities lists encodings such as 'webp 80'; it has {named!r}")
        encodings.append(packing.Encoding(kind, int(quality)))
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    model = checkpoint.load(name, overrides=overrides)
    config = default.completed(model.description["config"])
    test = photos.open_splits(config.data)["test"]
    results = packing.cost(
        model, test.select(range(min(LIMIT.value, len(test)))), config, encodings
    )
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "packing.json", {"model": name, **results})
    table = markdown(packing.rows(results))
    (out / "packing.md").write_text(f"{table}\n", encoding="utf-8")
    print(table)


def main() -> None:
    """Pack the set, join its parts, or measure what that costs."""
    out = Path(OUT.value).expanduser()
    if JOIN.value and COST.value:
        raise app.UsageError("--join and --cost are two commands: give one of them")
    if COST.value:
        measure(COST.value, out)
    elif JOIN.value:
        print(f"{len(pack.join(Path(JOIN.value).expanduser(), out))} parts joined in {out}")
    else:
        write_parts(out)


if __name__ == "__main__":
    entry.run(main)
