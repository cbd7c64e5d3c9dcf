"""Who may ask, and what a browser may do with the answer."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The page runs its own files alone, shows only pictures that it made or was given by this server,
# and talks to nobody else.
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
    """Middleware that answers the page itself and nobody who speaks through another site.

    A site can point its own name at this address (DNS rebinding) and then passes for the page. It
    cannot do so with an address, nor with `localhost`, nor with the `name` that was asked for.
    """

    def __init__(self, app: ASGIApp, name: str) -> None:
        self.app = app
        self.names = {"localhost", name.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403, or answer with `HEADERS` added."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope["path"], Headers(scope=scope))
        app = self.app if refusal is None else PlainTextResponse(refusal, 403)
        await app(scope, receive, send_guarded)

    def _refusal(self, path: str, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if not self._is_known(host):
            return f"expected an address or localhost as the host, got {host!r}"
        site = headers.get("sec-fetch-site", "none")
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != host
        # Anybody may link to the page itself.
        if path != "/" and (foreign or site not in ("same-origin", "none")):
            return "expected a request of the page itself, got one of another site"
        return None

    def _is_known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if name in self.names:
                return True
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
