"""Colouring of archives: millions of photographs in shares, each of which can be ended and rerun.

Photographs come from lists, folders and object stores (`photographs`, `stores`). A `Worker`
restores a model once and colours batches; `colorize` runs one share by it and records every
photograph in the share's `Manifest`. `Colorize` is the worker for Ray Data's `map_batches`.
"""

from cic_jax.archive.manifest import NAME, ArchiveError, Manifest
from cic_jax.archive.photographs import Photograph, Share, find, likely_result, listed, planned
from cic_jax.archive.ray_data import ONE_CORE, Colorize
from cic_jax.archive.share import agree, colorize, missing
from cic_jax.archive.worker import Settings, Worker

__all__ = [
    "NAME",
    "ONE_CORE",
    "ArchiveError",
    "Colorize",
    "Manifest",
    "Photograph",
    "Settings",
    "Share",
    "Worker",
    "agree",
    "colorize",
    "find",
    "likely_result",
    "listed",
    "missing",
    "planned",
]
