"""Limits of the page, beside those of each photograph in `cic_jax.images.limits`."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Limits of one server, for all its users together."""

    file: int = 128 * 2**20  # bytes of a photograph's file
    seconds: float = 60.0  # for receiving a file, and for waiting for a result
    waiting: int = 8  # computations that wait for the running one
    memory: int = 512 * 2**20  # bytes of photographs held
    memory_seconds: float = 1800.0  # for which a photograph is held unused

    uploads: int = 256 * 2**20  # bytes of files that are being received or wait for their turn
    grace: float = 10.0  # seconds until a file that is received has to keep pace
    pace: int = 64 * 2**10  # bytes a second, where the size of a file is not declared
    downloads: int = 2 * 2**30  # bytes of results that are being sent, in unnamed files
    spool: int = 2**20  # bytes of a result that are held in memory; a larger one is in a file

    connections: int = 128  # open at a time; then the one that is idle longest is closed
    idle_seconds: float = 10.0  # for the next request to come, or to come whole
    stall_seconds: float = 20.0  # for a reader to take a part of an answer
    answer_seconds: float = 600.0  # for a request from its arrival to the end of its answer
    finish_seconds: float = 8.0  # for what is under way when the server is told to end
    end_seconds: float = 20.0  # from a signal to the end of the process, whatever it does then


DEFAULT_LIMITS = Limits()
