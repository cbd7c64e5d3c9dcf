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
    photographs: Iterable[Photograph], job: Job, workers: int, batch: int, gpus: bool = False
) -> Iterator[dict[str, Any]]:
    """Colour what is missing on `workers` processes; yield the records, which are in the manifest.

    Each worker has one core, or one GPU with `gpus`. Starts Ray if it was not started. A worker
    that is killed is started again and does its block anew, which is a batch up to `MOST_BLOCKS` of
    them. Raises ArchiveError, OSError,
    CheckpointError, and ImportError without Ray.

    Args:
        photographs: The whole archive.
        job: What workers need to know.
        workers: Number of processes.
        batch: Photographs at a time.
        gpus: Whether each has a GPU.
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
            num_gpus=1 if gpus else 0,
            runtime_env={"env_vars": {} if gpus else ONE_CORE},
        )
        for block in rows.iter_batches(batch_size=None, prefetch_batches=0):
            records = [json.loads(text) for text in block["record"]]
            recorded.append(records)
            yield from records
