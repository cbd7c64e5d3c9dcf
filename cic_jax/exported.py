"""Exported models: parameters and statistics alone, with a description and checksums.

`checkpoint.load` reads them, by `array_files` and without Orbax, which writes them.
"""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cic_jax import checksums, step_files
from cic_jax.model import Model
from cic_jax.step_files import CheckpointError, short_reason

DESCRIPTION = "model.json"  # beside the arrays
ARRAYS = "variables"
MAX_FILE_BYTES = 8 * 2**20


def export(path: str | Path, model: Model, dtype: Any = jnp.bfloat16) -> None:
    """Write parameters and statistics alone, in `dtype` and in files of at most about 8 MiB.

    Also writes SHA256SUMS, which `load` and `sha256sum -c SHA256SUMS` verify. The directory appears
    whole or not at all. Raises CheckpointError if `path` exists or cannot be written.
    """
    from cic_jax import saved_steps

    path = Path(path).absolute()
    saved_steps.require_plain(path)
    if path.exists():
        raise CheckpointError(f"{path} exists already; remove it or export elsewhere")
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.mkdir(parents=True)
        with step_files.exporting():
            _write(part, model, dtype)
        part.rename(path)
    except (OSError, ValueError) as error:  # Orbax raises the latter for a full disk
        raise CheckpointError(f"{path} could not be written: {short_reason(error)}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(path: Path, model: Model, dtype: Any) -> None:
    import orbax.checkpoint as ocp

    small = jax.tree.map(lambda x: np.asarray(x).astype(dtype), model.variables)
    with ocp.Checkpointer(ocp.PyTreeCheckpointHandler(use_ocdbt=True)) as checkpointer:
        arguments = ocp.args.PyTreeSave(small, ocdbt_target_data_file_size=MAX_FILE_BYTES)
        checkpointer.save(path / ARRAYS, args=arguments)
    (path / ARRAYS / "commit_success.txt").unlink(missing_ok=True)  # names a path of this machine
    text = json.dumps(model.description, indent=1) + "\n"
    (path / DESCRIPTION).write_text(text, encoding="utf-8", newline="\n")
    checksums.write(path, _files(path))


def verify(path: Path) -> None:
    """Raise CheckpointError where files are not as they were exported, if that is known."""
    if not (path / checksums.NAME).exists():
        return
    if wrong := checksums.differences(path, _files(path)):
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(
            f"{path} is not as it was exported: {', '.join(wrong[:3])}{more}; restore the "
            "directory from version control, or download or export it again"
        )


def _files(path: Path) -> list[Path]:
    """List the files of an exported model that its checksums cover; others are not checked."""
    known = [path / DESCRIPTION, *(path / ARRAYS).rglob("*")]
    return [file for file in known if file.is_file()]
