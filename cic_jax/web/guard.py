"""A guard against requests from other sites, and limits on the use of answers in a browser."""

import asyncio
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cic_jax.web.counters import Counters

# The page runs only its own files, shows only pictures made by it or by this server, and talks to
# nobody else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class Guard:
    """Middleware that refuses requests made through another site.

    A site can point its own name at this address (DNS rebinding) to pass for the page. It cannot do
    so with an address, with `localhost`, or with the names that the page is served at.
    """

    def __init__(
        self, app: ASGIApp, names: Iterable[str], counters: Counters | None = None
    ) -> None:
        """Guard an application that is served at hosts of these names; its answers are counted."""
        self.app = app
        self.counters = counters or Counters()
        self.names = {"localhost", *map(str.lower, names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with status 403, or let the application answer; add `HEADERS` to either.

        Where the server ends before there is an answer, it is that.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self.counters.answers.labels(message["status"]).inc()
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope["path"], Headers(scope=scope))
        app = self.app if refusal is None else PlainTextResponse(refusal, 403)
        try:
            await app(scope, receive, send_guarded)
        except asyncio.CancelledError:  # by Uvicorn, which ends
            if not started:
                await PlainTextResponse("the page has ended", 503)(scope, receive, send_guarded)

    def _refusal(self, path: str, headers: Headers) -> str | None:
        """Return the reason to refuse a request, or None."""
        host = headers.get("host", "")
        if not self._is_known(host):
            return (
                f"expected an address or localhost as the host, got {host!r}: "
                "to reach the page by another name, start it with --name=NAME"
            )
        site = headers.get("sec-fetch-site", "none")
        origin = headers.get("origin")
        foreign = origin is not None and _place(origin) != host
        # Anybody may link to the page itself.
        if path != "/" and (foreign or site not in ("same-origin", "none")):
            return "expected a request of the page itself, got one of another site"
        return None

    def _is_known(self, host: str) -> bool:
        """Return whether a Host header has an address or one of this server's names."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if name in self.names:
                return True
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _place(origin: str) -> str | None:
    """Return the host and port of an origin, None if it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as half of an IPv6 address
        return None
