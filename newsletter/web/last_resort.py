"""What a page shows when the program itself fails: a sentence, never a traceback; the defect is told to the engineer.

It stands inside the guard, so that this answer too carries the headers of every other.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.web.languages import choose_language, words_of
from newsletter.web.pages import render

Tell = Callable[[Exception], None]


class LastResort:
    """ASGI middleware. `tell` hears of every exception that nothing else answered."""

    def __init__(self, app: ASGIApp, *, tell: Tell) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - the boundary: a person never sees a traceback
            self._tell(error)
            if not has_begun:  # a half answer is ended by the server: the browser sees that it broke off
                await _answer(scope)(scope, receive, send)


def _answer(scope: Scope) -> Response:
    # By the browser's language alone: the settings may be what failed.
    language = choose_language("", Headers(scope=scope).get("accept-language", ""))
    if scope["method"] == "POST":
        t = words_of(language)
        told = {"message": t("failed.title"), "file": "", "line": 0, "fix": t("failed.fix")}
        return JSONResponse({"error": told}, status_code=500)
    return HTMLResponse(render("failed.html", language), status_code=500)
