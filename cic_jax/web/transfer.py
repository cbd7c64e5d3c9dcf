"""Files on their way in and out: bounded together, and each in time."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cic_jax.web.limits import Limits

CHUNK = 2**16
BY_COMMAND = "colour it by the command cic-jax colorize"  # which takes files of 1 GiB
Spool = tempfile.SpooledTemporaryFile  # in memory while it is small, else in an unnamed file


class Uploads:
    """Room in memory for files that are being received, given in the order of asking."""

    def __init__(self, limits: Limits) -> None:
        """Receive files within these limits."""
        self._limits = limits
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()
        self.used = 0  # bytes

    @asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[bytes]:
        """Receive the body of a request, which keeps its room until the context ends.

        Raises HTTPException for a file that is too large or does not come in time.
        """
        limits = self._limits
        declared = int(request.headers.get("content-length", 0))
        if declared > limits.file:
            raise self._too_large()
        room = declared or limits.file
        await self._wait_for(room)
        try:
            yield await self._body(request, declared)
        finally:
            self.used -= room
            self._freed.set()

    async def _wait_for(self, room: int) -> None:
        try:
            async with asyncio.timeout(self._limits.seconds), self._turn:
                while self.used and self.used + room > self._limits.uploads:
                    self._freed.clear()
                    await self._freed.wait()
                self.used += room
        except TimeoutError as error:
            message = "too many files are on their way: try again in a moment"
            raise HTTPException(503, message, {"retry-after": "5"}) from error

    async def _body(self, request: Request, declared: int) -> bytes:
        """Receive a file that comes at a pace by which it is whole in time."""
        limits = self._limits
        size = declared or limits.pace * limits.seconds
        grace = min(limits.grace, limits.seconds)
        start = asyncio.get_running_loop().time()
        body = bytearray()
        stream = request.stream()
        while True:
            share = min(1.0, len(body) / size)
            end = start + grace + share * (limits.seconds - grace)
            try:
                async with asyncio.timeout_at(end):
                    chunk = await anext(stream, None)
            except TimeoutError as error:
                message = f"expected the whole file within {limits.seconds:g} s"
                raise HTTPException(408, message, {"connection": "close"}) from error
            if chunk is None:
                return bytes(body)
            body += chunk
            if len(body) > limits.file:
                raise self._too_large()

    def _too_large(self) -> HTTPException:
        most = self._limits.file / 2**20
        message = f"expected a file of at most {most:g} MiB, got a larger one: {BY_COMMAND}"
        return HTTPException(413, message)


class Downloads:
    """Results that are being sent."""

    def __init__(self, limits: Limits) -> None:
        """Keep the results together within these limits."""
        self._limits = limits
        self.used = 0  # bytes

    def spool(self) -> Spool:
        """Open a file for a result; HTTPException while too much is being sent."""
        if self.used > self._limits.downloads:
            message = "too many files are being saved: try again in a moment"
            raise HTTPException(503, message, {"retry-after": "5"})
        return Spool(max_size=self._limits.spool)

    def response(self, file: Spool, media_type: str, headers: Mapping[str, str]) -> Response:
        """Return the answer that sends a file, which is closed then."""
        return _FileResponse(self, file, media_type, headers)


class _FileResponse(Response):
    """A file in parts: the next is read when the reader has taken the last."""

    def __init__(
        self, downloads: Downloads, file: Spool, media_type: str, headers: Mapping[str, str]
    ) -> None:
        self._downloads = downloads
        self._file = file
        self._size = file.seek(0, 2)
        length = {"content-length": str(self._size)}
        super().__init__(None, media_type=media_type, headers={**headers, **length})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._downloads.used += self._size
        try:
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            self._file.seek(0)
            while chunk := self._file.read(CHUNK):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await asyncio.sleep(0)  # to a reader that has gone, all is sent at once
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._downloads.used -= self._size
            self._file.close()
