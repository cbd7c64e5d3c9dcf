"""Runs that were trained on another machine: what is brought back of them, and how it is merged.

Brought back are logs, metrics of each photograph, pictures and, of small networks, the parameters
in bfloat16; checkpoints stay there. The archive is cut into pieces, which can be sent one by one.
"""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from cic_jax import checkpoint
from cic_jax.study import scored
from cic_jax.study.runs import EXPORT, Run

NAME, PLAN = "study.tar.gz", "study.json"
PIECE = 15 * 2**20  # bytes
LEFT = {checkpoint.CHECKPOINTS, "tensorboard", "profile"}  # folders of a run that stay
EXPORTED = ("simplified",)  # networks whose parameters are brought back


class TransportError(ValueError):
    """Pieces that cannot be merged; the message says why."""


def bring(workdir: Path, runs: Sequence[Run], out: Path, piece: int = PIECE) -> list[Path]:
    """Write the scored runs to `out`, in pieces of at most `piece` bytes; return the pieces.

    Args:
        workdir: Directory of the study.
        runs: Runs to bring; those that are not scored yet are left out.
        out: Folder of the pieces.
        piece: Size of a piece.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{NAME}.*"):
        old.unlink()
    with _Pieces(out, piece) as pieces, tarfile.open(fileobj=pieces, mode="w|gz") as tar:
        tar.add(workdir / PLAN, PLAN)
        for run in runs:
            about = scored.about(run.home)
            if about is None:
                continue
            if run.config.model.network in EXPORTED and not (run.home / EXPORT).exists():
                model = checkpoint.load(run.home, step=about["best"])
                checkpoint.export(run.home / EXPORT, model)
            for path in _files(run.home):
                tar.add(path, path.relative_to(workdir).as_posix())
    return pieces.paths


def _files(home: Path) -> list[Path]:
    """List what is brought of a run; runs of other seeds in its directory are not its own."""
    others = {child.name for child in home.glob("seed*") if child.is_dir()}
    return sorted(
        path
        for path in home.rglob("*")
        if path.is_file()
        and path.relative_to(home).parts[0] not in LEFT | others
        and not path.name.startswith(".")
    )


class _Pieces(io.RawIOBase):
    """A file to write to that is cut into pieces."""

    def __init__(self, out: Path, piece: int):
        self._out, self._piece, self._left = out, piece, 0
        self.paths: list[Path] = []

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        view = memoryview(content)
        while view:
            if not self._left:
                self.paths.append(self._out / f"{NAME}.{len(self.paths):02d}")
                self.paths[-1].touch()
                self._left = self._piece
            with self.paths[-1].open("ab") as file:
                written = file.write(view[: self._left])
            self._left -= written
            view = view[written:]
        return len(content)


def merge(folders: Sequence[Path], workdir: Path) -> list[str]:
    """Unpack the pieces in each folder into a study's directory; return the names of the runs.

    A run that has checkpoints here stays as it is, as does the study's plan.

    Raises:
        TransportError: A folder has no pieces, or they are no whole archive.
    """
    merged: set[str] = set()
    for folder in folders:
        pieces = sorted(folder.glob(f"{NAME}.*"))
        if [path.suffix for path in pieces] != [f".{i:02d}" for i in range(len(pieces))]:
            raise TransportError(f"a piece is missing in {folder}: bring all of {NAME}.*")
        if not pieces:
            raise TransportError(f"no {NAME}.* in {folder}: name the folder that --bring wrote")
        whole = io.BytesIO(b"".join(path.read_bytes() for path in pieces))
        try:
            with tarfile.open(fileobj=whole, mode="r:gz") as tar:
                for member in tar:
                    is_plan = member.name == PLAN
                    kept = is_plan and (workdir / PLAN).exists()
                    homes = [workdir / parent for parent in Path(member.name).parents]
                    if kept or any(map(checkpoint.has_steps, homes)):
                        continue
                    tar.extract(member, workdir, filter="data")
                    if Path(member.name).name == scored.ABOUT:
                        merged.add(Path(member.name).parent.as_posix())
        except (tarfile.TarError, EOFError, OSError) as error:
            raise TransportError(f"the pieces in {folder} are damaged ({error})") from error
    return sorted(merged)
