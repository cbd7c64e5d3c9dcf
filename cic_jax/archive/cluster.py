"""An archive on Ray Data: workers colour, this process keeps the manifest."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cic_jax.archive.manifest import NAME, ArchiveError, Manifest
from cic_jax.archive.photographs import ALL, Photograph, planned
from cic_jax.archive.ray_data import ONE_CORE, Colorize
from cic_jax.archive.share import agree, missing
from cic_jax.archive.stores import is_url
from cic_jax.archive.worker import Settings, Worker

MOST_BLOCKS = 10_000  # Ray keeps an account of each


class Job(NamedTuple):
    """What workers need to know: model, folder or URL of the results, settings, manifest."""

    checkpoint: str
    out: str
    settings: Settings = Settings()
    manifest: str | None = None  # its folder; None is that in `out`


def colorize(
    photographs: Iterable[Photograph], job: Job, workers: int, batch: int, gpus: float = 0.0
) -> Iterator[dict[str, Any]]:
    """Colour what is missing on `workers` processes; yield the records, which are in the manifest.

    Each worker has a core, and the part of a GPU that `gpus` says. Starts Ray if it was not
    started. A worker that is killed is started again and does its block anew, which is a batch up
    to `MOST_BLOCKS` of them. Raises ArchiveError, OSError, CheckpointError, and ImportError without
    Ray.

    Args:
        photographs: The whole archive.
        job: What workers need to know.
        workers: Number of processes.
        batch: Photographs at a time.
        gpus: GPUs of each, or the part of one that it has the use of.
    """
    import ray
    import ray.data

    if is_url(job.out) and job.manifest is None:
        raise ArchiveError("expected a folder for the manifest, since the results go to a URL")
    worker = Worker(job.checkpoint, job.out, job.settings)
    folder = Path(job.manifest or Path(job.out, NAME))
    taken, refused = planned(photographs)
    for photograph, reason in refused.items():
        yield {"file": photograph.name, "status": "failed", "reason": reason}
    agree(folder, worker, ALL)
    with Manifest(folder, ALL) as recorded:
        left = [x._asdict() for x, done in missing(taken, recorded, worker.out) if done is None]
        worker.end()
        if not left:
            return
        if not ray.is_initialized():
            ray.init(log_to_driver=False, include_dashboard=False)
        # A block is what a worker is given at a time, and what is lost where it is killed.
        blocks = max(1, min(-(-len(left) // batch), MOST_BLOCKS))
        rows = ray.data.from_items(left, override_num_blocks=blocks).map_batches(
            Colorize,
            fn_constructor_args=(job.checkpoint, job.out, job.settings),
            batch_size=batch,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=gpus,
            runtime_env={"env_vars": _part_of_gpu(gpus) if gpus else ONE_CORE},
        )
        for block in rows.iter_batches(batch_size=None, prefetch_batches=0):
            records = [json.loads(text) for text in block["record"]]
            recorded.append(records)
            yield from records


def _part_of_gpu(gpus: float) -> dict[str, str]:
    """Return the environment of a worker: of the memory of a GPU it takes its part, at first."""
    return {"XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.75 * min(gpus, 1):.3f}"}  # 0.75 is JAX's own
