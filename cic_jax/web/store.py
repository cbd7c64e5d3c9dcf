"""A store of photographs in memory, under random tokens, forgotten unused or for lack of room."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from cic_jax.web.photograph import Photograph


class Store:
    """The photographs used most recently, as many as fit."""

    def __init__(
        self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Hold at most `limit` bytes, each photograph for `seconds` after its last use."""
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, Photograph]] = OrderedDict()  # oldest first

    def put(self, photograph: Photograph) -> str:
        """Hold a photograph, dropping the oldest to make room; return its token."""
        token = secrets.token_urlsafe(16)
        self._held[token] = self._clock(), photograph
        while len(self._held) > 1 and self.size > self._limit:
            self._held.popitem(last=False)
        return token

    def get(self, token: str) -> Photograph | None:
        """Return the photograph of a token if it is still held."""
        self.sweep()
        if token not in self._held:
            return None
        photograph = self._held[token][1]
        self._held[token] = self._clock(), photograph
        self._held.move_to_end(token)
        return photograph

    def forget(self, token: str) -> None:
        """Forget a photograph, if it is held."""
        self._held.pop(token, None)

    def sweep(self) -> None:
        """Forget photographs that were not used in time."""
        oldest = self._clock() - self._seconds
        while self._held and next(iter(self._held.values()))[0] < oldest:
            self._held.popitem(last=False)

    @property
    def size(self) -> int:
        """Bytes of the photographs held."""
        return sum(photograph.nbytes for _, photograph in self._held.values())
