"""Who may speak with the page's server: pages that it served itself, and that know its token.

| who | is stopped by |
| --- | --- |
| another machine | the socket, which is bound to 127.0.0.1 |
| a page of another origin | `Origin`, `Sec-Fetch-Site`, and the token, which it does not know |
| a page under a name that was pointed at 127.0.0.1 (DNS rebinding) | `Host`, which is such a name |
| another user of this machine | the token, which is in no file and in no request's address |
| a page that puts this one into a frame | `frame-ancestors` |
"""

from __future__ import annotations

import hmac
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 512 * 2**20  # of a request's body: data sets are dropped on the page
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


class Guard:
    """Lets through what the page itself asks for.

    Args:
        app: the application behind it.
        token: what requests below /api have to bring, as `Authorization: Bearer TOKEN`.
        hosts: what `Host` may be.
        ancestors: whose frames the page may be in, as a policy says it.
    """

    def __init__(
        self, app: ASGIApp, token: str, hosts: set[str], ancestors: str = "'none'"
    ) -> None:
        self.app, self.token, self.hosts = app, token, hosts
        self.headers = {
            b"content-security-policy": POLICY.format(ancestors=ancestors).encode(),
            b"x-content-type-options": b"nosniff",
            b"referrer-policy": b"no-referrer",
            b"cross-origin-resource-policy": b"same-origin",
            b"cache-control": b"no-store",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(scope) if scope["type"] == "http" else "only HTTP is spoken here"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.headers.items()]
            await send(message)

        app: Any = self.app if refusal is None else PlainTextResponse(refusal, 403)
        await app(scope, receive, with_headers)

    def refusal(self, scope: Scope) -> str | None:
        """Why a request is refused; None if it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self.hosts:
            return f"expected the host {sorted(self.hosts)[0]}. Received: {host!r}"
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return f"a page of {headers['origin']} may not ask this server"
        if not scope["path"].startswith("/api/"):
            return None
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "a page of another site may not ask this server"
        if not headers.get("content-length", "0").isdecimal():
            return "expected a length of the body in bytes"
        if int(headers.get("content-length", "0")) > MOST_BYTES:
            return f"expected at most {MOST_BYTES >> 20} MiB"
        given = headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return "expected the token of this page: open the address that the program printed"
        return None
