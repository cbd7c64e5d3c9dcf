"""The page and the answers to its requests, as a Starlette application."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cic_jax import bins
from cic_jax.colorize import Colorizer, Hint
from cic_jax.colorize.hints import MOST
from cic_jax.images import PhotoError
from cic_jax.web import samples
from cic_jax.web.guard import Guard
from cic_jax.web.photograph import (
    CANDIDATES,
    PREVIEW,
    Photograph,
    ReadOut,
    describe_pixel,
    predict,
    render_file,
    render_preview,
)
from cic_jax.web.queue import FullError, Queue
from cic_jax.web.store import Store

STATIC = Path(__file__).parent / "static"
MOST_SATURATION = 3.0
LONGEST_NAME = 200  # characters
Result = TypeVar("Result")
N = TypeVar("N", int, float)


class Limits(NamedTuple):
    """Limits of one server, for all its users together."""

    file: int = 32 * 2**20  # bytes of a photograph's file
    seconds: float = 60.0  # for receiving a file, and for waiting for a result
    waiting: int = 8  # computations that wait for the running one
    memory: int = 512 * 2**20  # bytes of photographs held
    memory_seconds: float = 1800.0  # for which a photograph is held unused


DEFAULT_LIMITS = Limits()


class Page:
    """The page's answers, each a method from a request to a response."""

    def __init__(self, colorizer: Colorizer, model: str, limits: Limits = DEFAULT_LIMITS) -> None:
        """Answer with a colorizer; `model` is the name of it that the page shows."""
        self.colorizer = colorizer
        self.model = model
        self.limits = limits
        self.queue = Queue(limits.waiting, limits.seconds)
        self.store = Store(limits.memory, limits.memory_seconds)

    @property
    def candidates(self) -> int:
        """Number of colourings to choose from: one if the model predicts ab itself."""
        return 1 if self.colorizer.model.target.centers is None else CANDIDATES

    async def index(self, request: Request) -> Response:
        """Send the page itself."""
        return FileResponse(STATIC / "index.html")

    async def about(self, request: Request) -> Response:
        """Send the facts that the page shows before there is a photograph."""
        return JSONResponse(
            {
                "model": self.model,
                "candidates": self.candidates,
                "hints": MOST if self.colorizer.takes_hints else 0,
                "most_bytes": self.limits.file,
                "minutes": self.limits.memory_seconds / 60,
                "samples": [
                    {"name": name, "title": sample.title, "credit": sample.credit}
                    for name, sample in samples.SAMPLES.items()
                ],
            }
        )

    async def sample(self, request: Request) -> Response:
        """Send a sample's file, which the page sends back like any other photograph."""
        name = request.path_params["name"]
        if name not in samples.SAMPLES:
            raise HTTPException(404, f"expected one of {', '.join(samples.SAMPLES)}, got {name}")
        return Response(await asyncio.to_thread(samples.jpeg, name), media_type="image/jpeg")

    async def open(self, request: Request) -> Response:
        """Receive a file, colour it and hold it; send its token and a description."""
        name = _file_name(request.query_params.get("name", ""))
        file = await self._body(request)
        photograph = await self._run(predict, name, file)
        return JSONResponse({"token": self.store.put(photograph), **photograph.about}, 201)

    async def picture(self, request: Request) -> Response:
        """Send a colouring, reduced."""
        photograph = self._held(request)
        longest = _number(request, "longest", PREVIEW, 1, PREVIEW)
        content = await self._run(render_preview, photograph, self._read_out(request), longest)
        return Response(content, media_type="image/jpeg")

    async def file(self, request: Request) -> Response:
        """Send a colouring at full size, to be saved."""
        photograph = self._held(request)
        file = await self._run(render_file, photograph, self._read_out(request))
        disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(
            file.content,
            media_type=file.media_type,
            headers={"content-disposition": disposition},
        )

    async def pixel(self, request: Request) -> Response:
        """Send the distribution at a point."""
        photograph = self._held(request)
        x, y = (_number(request, name, None, 0.0, 1.0) for name in ("x", "y"))
        read_out = self._read_out(request)
        try:
            distribution = await self._run(describe_pixel, photograph, x, y, read_out)
        except ValueError as error:
            raise HTTPException(404, str(error)) from error
        return JSONResponse(distribution)

    def _read_out(self, request: Request) -> ReadOut:
        default = ReadOut()
        return ReadOut(
            _number(request, "temperature", default.temperature, 0.0, 1.0),
            _number(request, "saturation", default.saturation, 0.0, MOST_SATURATION),
            _number(request, "candidate", default.candidate, 0, self.candidates - 1),
            self._hints(request),
        )

    def _hints(self, request: Request) -> tuple[Hint, ...]:
        """Parse 'x,y,a,b;...': places as shares of the sides, colours as ab in CIELAB units."""
        text = request.query_params.get("hints", "")
        if not text:
            return ()
        most = MOST if self.colorizer.takes_hints else 0
        rows = text.split(";")
        if len(rows) > most:
            raise HTTPException(400, f"hints: expected at most {most}, got {len(rows)}")
        return tuple(_hint(row) for row in rows)

    def _held(self, request: Request) -> Photograph:
        photograph = self.store.get(request.path_params["token"])
        if photograph is None:
            raise HTTPException(404, "this photograph has been forgotten: open it again")
        return photograph

    async def _run(self, compute: Callable[..., Result], *arguments: Any) -> Result:
        """Compute in the queue; what goes wrong becomes an HTTPException of one line."""
        try:
            return await self.queue.run(compute, self.colorizer, *arguments)
        except PhotoError as error:
            raise HTTPException(422, str(error)) from error
        except FullError as error:
            message = "too many photographs are waiting: try again in a moment"
            raise HTTPException(503, message, {"retry-after": "5"}) from error
        except TimeoutError as error:
            message = f"this took longer than {self.limits.seconds:g} s: try a smaller photograph"
            raise HTTPException(503, message, {"retry-after": "5"}) from error

    async def _body(self, request: Request) -> bytes:
        limit = self.limits.file
        too_large = HTTPException(
            413, f"expected a file of at most {limit / 2**20:g} MiB, got a larger one"
        )
        if int(request.headers.get("content-length", 0)) > limit:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit:
                        raise too_large
        except TimeoutError as error:
            message = f"expected the whole file within {self.limits.seconds:g} s"
            raise HTTPException(408, message) from error
        return bytes(body)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Forget photographs in time even while nobody asks for any."""
        sweeping = asyncio.create_task(self._sweep())
        yield
        sweeping.cancel()
        self.queue.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(60.0, self.limits.memory_seconds))
            self.store.sweep()


def create(page: Page, host: str) -> Starlette:
    """Create the application that serves a page at `host`, a name or an address."""
    return Starlette(
        routes=[
            Route("/", page.index),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/about", page.about),
            Route("/samples/{name}.jpg", page.sample),
            Route("/photographs", page.open, methods=["POST"]),
            Route("/photographs/{token}/picture", page.picture),
            Route("/photographs/{token}/pixel", page.pixel),
            Route("/photographs/{token}/file", page.file),
        ],
        middleware=[Middleware(Guard, name=host)],
        exception_handlers={ClientDisconnect: _gone},
        lifespan=page.lifespan,
    )


def _hint(text: str) -> Hint:
    """Parse a hint; raises HTTPException 400 for one out of range."""
    try:
        x, y, a, b = map(float, text.split(","))
    except ValueError:
        x = y = a = b = math.nan
    if not (0 <= x <= 1 and 0 <= y <= 1 and abs(a) <= bins.LIMIT and abs(b) <= bins.LIMIT):
        raise HTTPException(400, f"hints: expected x,y,a,b with x and y from 0 to 1, got {text!r}")
    return Hint(x, y, (a, b))


def _gone(request: Request, error: Exception) -> Response:
    return PlainTextResponse("the file did not arrive whole", 400)  # to nobody


def _file_name(text: str) -> str:
    """Reduce whatever was sent to a plain file name."""
    plain = re.sub(r"[/\\\x00-\x1f\x7f]+", "_", text)[-LONGEST_NAME:].strip(". ")
    return plain or "photograph"


def _number(request: Request, name: str, default: N | None, least: N, most: N) -> N:
    """Parse a parameter of a request.

    Raises HTTPException 400 for what is no number in the range.

    Args:
        request: Its query holds the parameter.
        name: Name of the parameter.
        default: Value if the parameter is missing; with None it has to be there.
        least: Smallest value; its type is that of the result.
        most: Largest value.
    """
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    try:
        value = type(least)(text or "")
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        kind = "a whole number" if isinstance(least, int) else "a number"
        raise HTTPException(
            400, f"{name}: expected {kind} from {least:g} to {most:g}, got {text!r}"
        )
    return value
