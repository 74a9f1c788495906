"""Who may ask anything of the room, decided before a page is looked for; and the headers that every answer carries.

A page of the web can make an editor's browser ask servers of this machine, under a name of its own (DNS rebinding) or
by a form: so the Host must be exactly ours, every address begins with a secret, and a change comes from our own pages.
There are no cookies and no CORS; nothing here trusts a browser to be well-behaved but the editor's own.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Our own pages: style and script come from our own files alone.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the secret
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",  # asking ahead for the hosts of links tells of a mail under embargo
    "X-Robots-Tag": "noindex, nofollow",
}
_READING = frozenset({"GET", "HEAD"})
_JSON = "application/json"  # which no form of another page can send without asking first


class Guard:
    """ASGI middleware. `hosts` are the exact values of Host that are ours, such as "127.0.0.1:8025"."""

    def __init__(self, app: ASGIApp, *, token: str, hosts: Collection[str]) -> None:
        self._app = app
        self._prefix = f"/{token}/"
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # policy (RFC 6455 section 7.4.1): there are none

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return PlainTextResponse("Misdirected request.\n", status_code=421)
        path = scope["path"].encode()
        if not hmac.compare_digest(path[: len(self._prefix)], self._prefix.encode()):
            text = "Откройте адрес, который напечатала команда newsletter preview, целиком.\n"
            return PlainTextResponse(f"{text}Open the whole address that newsletter preview printed.\n", 403)
        if scope["method"] not in _READING and not _is_ours(headers, hosts[0]):
            return PlainTextResponse("This change does not come from a page of the room.\n", status_code=403)
        return None


def _is_ours(headers: Headers, host: str) -> bool:
    """Say whether a change comes from our own page: browsers say where from, and a form cannot send JSON."""
    return (
        headers.getlist("origin") == [f"http://{host}"]
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and headers.get("content-type", "").partition(";")[0].strip().lower() == _JSON
    )


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        await send(message)

    return wrapped
