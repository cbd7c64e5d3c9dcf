"""The page and the answers to its requests, as a Starlette application."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cic_jax.colorize import Colorizer
from cic_jax.images import PhotoError
from cic_jax.web import counters, facts, parameters, samples
from cic_jax.web.guard import Guard
from cic_jax.web.limits import DEFAULT_LIMITS, Limits
from cic_jax.web.photograph import (
    PREVIEW,
    File,
    Photograph,
    ReadOut,
    describe_pixel,
    predict,
    render_file,
    render_full,
    render_preview,
    sizes,
)
from cic_jax.web.queue import FullError, Queue
from cic_jax.web.store import Store
from cic_jax.web.transfer import Downloads, Uploads

STATIC = Path(__file__).parent / "static"
LOOK_SECONDS = 0.5  # between two looks at whether a client still waits
Result = TypeVar("Result")


class Page:
    """The page's answers, each a method from a request to a response."""

    def __init__(self, colorizer: Colorizer, model: str, limits: Limits = DEFAULT_LIMITS) -> None:
        """Answer with a colorizer; `model` is the name of it that the page shows."""
        self.colorizer = colorizer
        self.model = model
        self.limits = limits
        self.queue = Queue(limits.waiting, limits.seconds)
        self.store = Store(limits.memory, limits.memory_seconds)
        self.uploads = Uploads(limits)
        self.downloads = Downloads(limits)
        self.counters = counters.Counters()
        for name, meaning, value in (
            ("held_bytes", "Photographs held in memory", lambda: self.store.size),
            ("upload_bytes", "Files being received or waiting", lambda: self.uploads.used),
            ("download_bytes", "Results being sent", lambda: self.downloads.used),
            ("computations", "Computations running and waiting", lambda: self.queue.length),
        ):
            self.counters.watch(name, meaning, value)

    async def index(self, request: Request) -> Response:
        """Send the page itself."""
        return FileResponse(STATIC / "index.html")

    async def health(self, request: Request) -> Response:
        """Say that the server answers; it does so while photographs are computed, too."""
        return PlainTextResponse("ok")

    async def metrics(self, request: Request) -> Response:
        """Send the counters in the format of Prometheus."""
        return Response(self.counters.text(), media_type=counters.MEDIA_TYPE)

    async def about(self, request: Request) -> Response:
        """Send the facts that the page shows before there is a photograph."""
        return JSONResponse(facts.facts(self.colorizer, self.model, self.limits))

    async def sample(self, request: Request) -> Response:
        """Send a sample's file, which the page sends back like any other photograph."""
        name = request.path_params["name"]
        if name not in samples.SAMPLES:
            raise HTTPException(404, f"expected one of {', '.join(samples.SAMPLES)}, got {name}")
        return Response(await asyncio.to_thread(samples.jpeg, name), media_type="image/jpeg")

    async def open(self, request: Request) -> Response:
        """Receive a file, colour it and hold it; send its token and a description."""
        name = parameters.file_name(request.query_params.get("name", ""))
        size = parameters.size(request, sizes(self.colorizer))
        async with self.uploads.receive(request) as file:
            photograph = await self._run(request, predict, name, file, size)
        return JSONResponse({"token": self.store.put(photograph), **photograph.about}, 201)

    async def picture(self, request: Request) -> Response:
        """Send a colouring, reduced."""
        photograph = self._held(request)
        longest = parameters.number(request, "longest", PREVIEW, 1, PREVIEW)
        read_out = self._read_out(request)
        content = await self._run(request, render_preview, photograph, read_out, longest)
        return Response(content, media_type="image/jpeg")

    async def full(self, request: Request) -> Response:
        """Send a colouring to look at closely."""
        return await self._spooled(request, render_full)

    async def file(self, request: Request) -> Response:
        """Send a colouring at full size, to be saved."""
        return await self._spooled(request, render_file)

    async def forget(self, request: Request) -> Response:
        """Forget a photograph at once."""
        self.store.forget(request.path_params["token"])
        return Response(status_code=204)

    async def _spooled(self, request: Request, render: Callable[..., File]) -> Response:
        photograph = self._held(request)
        read_out = self._read_out(request)
        spool = self.downloads.spool()
        try:
            file = await self._run(request, render, photograph, read_out, spool)
        except BaseException:
            spool.close()
            raise
        disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        headers = {"content-disposition": disposition}
        return self.downloads.response(spool, file.media_type, headers)

    async def pixel(self, request: Request) -> Response:
        """Send the distribution at a point."""
        photograph = self._held(request)
        x, y = (parameters.number(request, name, None, 0.0, 1.0) for name in ("x", "y"))
        read_out = self._read_out(request)
        try:
            distribution = await self._run(request, describe_pixel, photograph, x, y, read_out)
        except ValueError as error:
            raise HTTPException(404, str(error)) from error
        return JSONResponse(distribution)

    def _read_out(self, request: Request) -> ReadOut:
        candidates = facts.candidates(self.colorizer)
        return parameters.read_out(request, candidates, self.colorizer.takes_hints)

    def _held(self, request: Request) -> Photograph:
        photograph = self.store.get(request.path_params["token"])
        if photograph is None:
            raise HTTPException(404, "this photograph has been forgotten: open it again")
        return photograph

    async def _run(
        self, request: Request, compute: Callable[..., Result], *arguments: Any
    ) -> Result:
        """Compute in the queue; what goes wrong becomes an HTTPException of one line.

        Raises ClientDisconnect once nobody waits for the result.
        """

        def timed() -> Result:
            start = time.monotonic()
            try:
                return compute(self.colorizer, *arguments)
            finally:
                kind = self.counters.seconds.labels(compute.__name__)
                kind.observe(time.monotonic() - start)

        try:
            return await _while_wanted(request, self.queue.run(timed))
        except PhotoError as error:
            raise HTTPException(422, str(error)) from error
        except FullError as error:
            message = "too many photographs are waiting: try again in a moment"
            raise HTTPException(503, message, {"retry-after": "5"}) from error
        except TimeoutError as error:
            message = f"this took longer than {self.limits.seconds:g} s: try a smaller photograph"
            raise HTTPException(503, message, {"retry-after": "5"}) from error
        except OSError as error:  # of the file in which a result waits
            reason = str(error.strerror).lower()
            raise HTTPException(507, f"the server has no room for the result: {reason}") from error

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Forget photographs in time even while nobody asks for any."""
        sweeping = asyncio.create_task(self._sweep())
        yield
        sweeping.cancel()
        # In a thread, so that those who wait for a result are told meanwhile.
        await asyncio.to_thread(self.queue.close)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(60.0, self.limits.memory_seconds))
            self.store.sweep()


async def _while_wanted(request: Request, result: Coroutine[Any, Any, Result]) -> Result:
    """Wait for a result, and drop it when the client has gone. Raises ClientDisconnect then."""
    waiting = asyncio.create_task(result)
    try:
        while not (await asyncio.wait([waiting], timeout=LOOK_SECONDS))[0]:
            if await request.is_disconnected():
                raise ClientDisconnect
        return waiting.result()
    finally:
        waiting.cancel()


def create(page: Page, *names: str) -> ASGIApp:
    """Create the application that serves a page at `names`, hosts' names or addresses."""
    answering = Starlette(
        routes=[
            Route("/", page.index),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/health", page.health),
            Route("/metrics", page.metrics),
            Route("/about", page.about),
            Route("/samples/{name}.jpg", page.sample),
            Route("/photographs", page.open, methods=["POST"]),
            Route("/photographs/{token}", page.forget, methods=["DELETE"]),
            Route("/photographs/{token}/picture", page.picture),
            Route("/photographs/{token}/full", page.full),
            Route("/photographs/{token}/pixel", page.pixel),
            Route("/photographs/{token}/file", page.file),
        ],
        exception_handlers={ClientDisconnect: _gone},
        lifespan=page.lifespan,
    )
    return Guard(answering, names, page.counters)  # outermost: its headers are on errors, too


def _gone(request: Request, error: Exception) -> Response:
    return PlainTextResponse("the file did not arrive whole", 400)  # to nobody
