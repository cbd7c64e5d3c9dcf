"""Connections that are closed in time: idle ones, slow senders of headers, readers that stall."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cic_jax.web.counters import Counters
from cic_jax.web.guard import HEADERS
from cic_jax.web.limits import Limits


class Connection(H11Protocol):
    """Uvicorn's connection, which by itself waits without end for the next request or reader."""

    def __init__(self, limits: Limits, counters: Counters, **uvicorn: Any) -> None:
        """Bound a connection by `limits`; what is cut off is counted."""
        super().__init__(**uvicorn)
        self._limits = limits
        self._counters = counters
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no request has come whole that is not answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:  # uvloop has a kind of its own
        """Wait for a request; where there are too many connections, cut the longest idle."""
        super().connection_made(transport)
        self._start("idle", self._limits.idle_seconds)
        if len(self.connections) > self._limits.connections:
            others = [x for x in self.connections if isinstance(x, Connection) and x is not self]
            idle = [other for other in others if other.is_idle]
            min(idle, key=lambda other: other.idle_until, default=self).cut("crowded")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time limits."""
        super().connection_lost(exc)
        for reason in list(self._timers):
            self._stop(reason)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; a whole one has to be answered in time."""
        super().data_received(data)
        if self.is_idle:
            if "idle" not in self._timers:
                self._start("idle", self._limits.idle_seconds)
        elif "late" not in self._timers:
            self._stop("idle")
            self._start("late", self._limits.answer_seconds)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._stop("late")
        self._start("idle", self._limits.idle_seconds + self._limits.stall_seconds)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for the reader, not for ever."""
        super().pause_writing()
        self._start("stalled", self._limits.stall_seconds)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._stop("stalled")
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, with the headers of every answer."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        headers = {"content-type": "text/plain; charset=utf-8", "connection": "close", **HEADERS}
        for event in (
            h11.Response(status_code=400, headers=list(headers.items()), reason=b"Bad Request"),
            h11.Data(data=msg.encode()),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def idle_until(self) -> float:
        """Time at which it is cut if no request comes; infinite while one is answered."""
        timer = self._timers.get("idle")
        return float("inf") if timer is None else timer.when()

    def cut(self, reason: str) -> None:
        """Close the connection at once, whatever is still to be sent."""
        self._counters.cut.labels(reason).inc()
        self.transport.abort()

    def _start(self, reason: str, seconds: float) -> None:
        self._stop(reason)
        self._timers[reason] = self.loop.call_later(seconds, self.cut, reason)

    def _stop(self, reason: str) -> None:
        if timer := self._timers.pop(reason, None):
            timer.cancel()
