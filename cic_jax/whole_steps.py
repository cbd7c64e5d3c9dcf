"""The steps in the directory of a training run: the whole, for Orbax's manager, and the damaged."""

from collections.abc import Iterator
from typing import Any

import orbax.checkpoint as ocp

from cic_jax.step_files import damage


class WholeSteps(ocp.path.step.NameFormat):
    """Names of steps as Orbax has them; a step whose small files are damaged is not listed.

    Without it, the manager takes an empty directory for the latest step, and ends at a damaged file
    of metrics.
    """

    def build_name(self, step: int) -> str:
        """Return the name of a step's directory."""
        return str(step)

    def find_all(self, base_path: Any) -> Iterator[Any]:
        """Yield the steps in a directory that are whole."""
        for found in ocp.path.step.standard_name_format().find_all(base_path):
            if damage(found) is None:
                yield found

    def find_step(self, base_path: Any, step: int) -> Any:
        """Return the step of that number."""
        return ocp.path.step.standard_name_format().find_step(base_path, step)


def all_steps(source: ocp.CheckpointManager) -> Iterator[Any]:
    """Yield all steps, damaged ones too."""
    return ocp.path.step.standard_name_format().find_all(source.directory)


def damaged_steps(source: ocp.CheckpointManager) -> dict[int, str]:
    """Return what is wrong with the small files of those steps that the manager does not list."""
    return {found.step: reason for found in all_steps(source) if (reason := damage(found))}
