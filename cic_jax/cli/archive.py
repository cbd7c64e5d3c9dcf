"""Archives in `cic-jax colorize`: lists, shares and object stores."""

import argparse
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cic_jax.cli import arguments, console
from cic_jax.cli.outcomes import Outcomes

if TYPE_CHECKING:
    from cic_jax.archive import Manifest, Photograph, Share, Worker
    from cic_jax.archive.stores import Folder
    from cic_jax.cli.plan import Failure

MOST_SHARES = 1_000_000
BATCH = 8
# Flags of the command that an archive does not take, and what they are without being given.
UNFIT = {
    "candidates": 1,
    "hint": [],
    "hints": None,
    "palette": None,
    "compare": False,
    "overwrite": False,
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    group = parser.add_argument_group(
        "archives", "in batches, with a manifest (`cic-jax help archive`)"
    )
    group.add_argument(
        "--list",
        type=arguments.path,
        metavar="FILE",
        help="text file of paths and URLs of photographs, one a line",
    )
    group.add_argument(
        "--share",
        type=_share,
        metavar="I/N",
        help="colour the I-th of N parts, from 1/N to N/N, which a photograph's name decides",
    )
    group.add_argument(
        "--manifest",
        type=arguments.path,
        metavar="DIR",
        help="folder of the manifest (default: the folder manifest in that of the results)",
    )
    group.add_argument(
        "--batch",
        type=arguments.number(int, 1, 4096),
        metavar="N",
        help=f"photographs at a time (default: {BATCH})",
    )


def is_asked(options: argparse.Namespace) -> bool:
    """Return whether the photographs are an archive: a list, a share, or URLs."""
    flags = (options.list, options.share, options.manifest, options.batch)
    names = (*options.photos, options.out or "")
    return any(flag is not None for flag in flags) or any("://" in name for name in names)


def colorize(options: argparse.Namespace) -> int:
    """Colour what is missing of a share, and record it in its manifest."""
    _require_fit(options)
    from cic_jax.archive import NAME, ArchiveError, Manifest, Share, planned, stores

    outcomes = Outcomes(options.json)
    share = Share(*(options.share or (1, 1)))
    unfound: list[Failure] = []
    photographs, refused = planned(_found(options, outcomes, unfound), share)
    for photograph, reason in refused.items():
        outcomes.fail(photograph.name, f"{photograph.name}: {reason}")
    failed = len(unfound) + len(refused)
    folder = options.manifest or Path(options.out, NAME)
    manifest = Manifest(folder, share)
    try:
        for name in {x.name.partition("://")[0]: x.name for x in photographs}.values():
            stores.require(name)
        out = stores.Folder(options.out)
        if options.dry_run:
            return _announce(photographs, manifest, out, outcomes, failed)
        if not photographs:
            return outcomes.sum_up(f"0 coloured into {options.out}", 0, 0, failed)
        worker = _begin(options, folder, share)
        with manifest:
            return _run(photographs, worker, manifest, outcomes, failed, options.batch or BATCH)
    except ArchiveError as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(console.describe(error))


def _require_fit(options: argparse.Namespace) -> None:
    """Fail with one line for flags that an archive does not take, or lacks."""
    for flag, without in UNFIT.items():
        if getattr(options, flag) != without:
            console.fail(f"--{flag}: expected photographs and --out=DIR, not an archive")
    if options.out is None or not (options.photos or options.list) or "-" in options.photos:
        console.fail("expected photographs or --list=FILE, and --out=DIR, for an archive")
    if "://" in options.out and options.manifest is None:
        console.fail("--manifest: expected a folder for the manifest, since --out is a URL")


def _found(
    options: argparse.Namespace, outcomes: Outcomes, failures: list["Failure"]
) -> Iterator["Photograph"]:
    """Yield all photographs of all shares; tell of those names that have none."""
    from cic_jax.archive import Photograph, find, listed
    from cic_jax.cli import plan

    for name in options.photos:
        if "://" not in name:
            for path, place in plan.find(name, Path(options.out), failures):
                yield Photograph(str(path), place.as_posix())
            continue
        try:
            photographs = list(find(name))
        except OSError as error:
            failures.append(plan.Failure(name, console.describe(error)))
            continue
        if not photographs:
            failures.append(plan.Failure(name, f"{name}: no photographs there"))
        yield from photographs
    for failure in failures:
        outcomes.fail(*failure)
    if options.list is not None:
        try:
            yield from listed(options.list)
        except OSError as error:
            console.fail(f"--list: {console.describe(error)}")


def _begin(options: argparse.Namespace, folder: Path, share: "Share") -> "Worker":
    """Restore the model, and see that the archive was begun with it and with these settings.

    Raises ArchiveError and OSError.
    """
    from cic_jax import machine
    from cic_jax.archive import Settings, Worker, agree

    machine.keep_compiled()
    settings = Settings(
        options.temperature,
        options.saturation,
        options.tau,
        options.unify,
        options.size,
        "float32" if options.precision == "auto" else options.precision,
    )
    with console.told_in_one_line():
        worker = Worker(options.checkpoint, options.out, settings, options.factory)
    agree(folder, worker, share)
    return worker


def _run(
    photographs: list["Photograph"],
    worker: "Worker",
    manifest: "Manifest",
    outcomes: Outcomes,
    failed: int,
    batch: int,
) -> int:
    """Colour what is missing of these photographs, and return the exit status.

    Args:
        photographs: Those of the share.
        worker: The worker.
        manifest: That of the share.
        outcomes: Where each photograph is told of.
        failed: Number of photographs that failed already.
        batch: Photographs at a time.
    """
    from tqdm import tqdm

    from cic_jax.archive import colorize, missing

    left: list[Photograph] = []
    for photograph, result in missing(photographs, manifest, worker.out):
        if result is None:
            left.append(photograph)
        else:
            outcomes.add("done", photograph.name, [worker.out.path(result)])
    done = 0
    # From here on Ctrl-C and its like are exceptions, so that no half of a file is left.
    with console.interrupts_handled_by(signal.default_int_handler, console.ENDING):
        records = colorize(left, worker, manifest, batch)
        for record in tqdm(records, total=len(left), unit="photo", file=sys.stderr, disable=None):
            if record["status"] == "failed":
                outcomes.fail(record["file"], f"{record['file']}: {record['reason']}")
                continue
            result = worker.out.path(record["result"])
            outcomes.add("coloured", record["file"], [result], seconds=record["seconds"])
            done += 1
    before, failed = len(photographs) - len(left), failed + len(left) - done
    told = f"{done} coloured into {worker.out.name}"
    return outcomes.sum_up(told, done, before, failed)


def _announce(
    photographs: list["Photograph"],
    manifest: "Manifest",
    out: "Folder",
    outcomes: Outcomes,
    failed: int,
) -> int:
    """Tell what would be written; a result's suffix may yet be another, by its content."""
    from cic_jax.archive import likely_result, missing

    done = 0
    for photograph, result in missing(photographs, manifest, out):
        if result is None:
            outcomes.announce(photograph.name, [out.path(likely_result(photograph.place))])
            done += 1
        else:
            outcomes.add("done", photograph.name, [out.path(result)])
    told = f"{done} would be coloured into {out.name}"
    return outcomes.sum_up(told, done, len(photographs) - done, failed)


def _share(text: str) -> tuple[int, int]:
    """Parse I/N."""
    match = re.fullmatch(r"(\d{1,7})/(\d{1,7})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]) <= MOST_SHARES:
        raise argparse.ArgumentTypeError(f"expected I/N with I from 1 to N, got {text}")
    return int(match[1]), int(match[2])
