"""Photographs in memory, by random tokens, forgotten when unused or when room is needed."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from cic_jax.web.photograph import Photograph


class Store:
    """The photographs used last, as many as fit."""

    def __init__(
        self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """At most `limit` bytes, each photograph for `seconds` after it was last asked for."""
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, Photograph]] = OrderedDict()  # oldest first

    def put(self, photograph: Photograph) -> str:
        """Hold a photograph, at the price of older ones; returns its token."""
        token = secrets.token_urlsafe(16)
        self._held[token] = self._clock(), photograph
        while len(self._held) > 1 and self.size > self._limit:
            self._held.popitem(last=False)
        return token

    def get(self, token: str) -> Photograph | None:
        """The photograph of a token, if it is still held."""
        self.sweep()
        if token not in self._held:
            return None
        photograph = self._held[token][1]
        self._held[token] = self._clock(), photograph
        self._held.move_to_end(token)
        return photograph

    def sweep(self) -> None:
        """Forget what was not asked for in time."""
        oldest = self._clock() - self._seconds
        while self._held and next(iter(self._held.values()))[0] < oldest:
            self._held.popitem(last=False)

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(photograph.nbytes for _, photograph in self._held.values())
