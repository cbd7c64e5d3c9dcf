"""Colour an archive on a Ray cluster, or on this machine.

    python experiments/archive_ray.py --list=paths.txt --out=coloured --workers=64

The same command again colours what is missing. Workers on several machines need an --out that all
of them see: a shared folder, or the URL of an object store. docs/archive.md says more.
"""

from pathlib import Path

from cic_jax import startup

with startup.imports(__name__):
    from absl import flags

    from cic_jax import archive, entry
    from cic_jax.archive import cluster

PHOTOS = flags.DEFINE_multi_string("photos", [], "A folder or URL of photographs.")
LIST = flags.DEFINE_string("list", None, "Text file of paths and URLs, one a line.")
OUT = flags.DEFINE_string("out", None, "Folder or URL of the results.", required=True)
MANIFEST = flags.DEFINE_string("manifest", None, "Folder of the manifest.")
CHECKPOINT = flags.DEFINE_string("checkpoint", "everyday", "The model.")
WORKERS = flags.DEFINE_integer("workers", 1, "Processes, each of one core.", 1)
GPUS = flags.DEFINE_float("gpus", 0.0, "GPUs of each worker, 0.125 for eight on one.", 0)
BATCH = flags.DEFINE_integer("batch", 8, "Photographs at a time.", 1)
SIZE = flags.DEFINE_integer("size", 256, "Short side at which the network sees a photograph.", 8)


def main() -> None:
    """Colour what is missing, and print each failure and the numbers."""
    photographs = [x for name in PHOTOS.value for x in archive.find(name)]
    if LIST.value:
        photographs += archive.listed(Path(LIST.value))
    job = cluster.Job(
        CHECKPOINT.value, OUT.value, archive.Settings(size=SIZE.value), MANIFEST.value
    )
    counts = {"coloured": 0, "failed": 0}
    for record in cluster.colorize(photographs, job, WORKERS.value, BATCH.value, GPUS.value):
        counts[record["status"]] += 1
        if "reason" in record:
            print(f"{record['file']}: {record['reason']}")
    print(f"{counts['coloured']} coloured into {OUT.value}, {counts['failed']} failed")


if __name__ == "__main__":
    entry.run(main)
