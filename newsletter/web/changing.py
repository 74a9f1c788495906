"""What a page may change, each by one POST of JSON that the guard has let through; a refusal is said in plain words.

An endpoint answers `{"ok": true, …}`, or with a status of 4xx `{"error": {"message", "file", "line", "fix"}}`.
`posted.py` reads what was sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.errors import NewsletterError
from newsletter.translation import catalogue, sentence
from newsletter.web import commenting, deciding, editing, trial_mail
from newsletter.web.asking import language_of

CHANGES: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
    "decide": deciding.decide,
    "comment": commenting.comment,
    "settle": commenting.settle,
    "save": editing.save,
    "trial": trial_mail.send,
}


async def refused(request: Request, error: Exception) -> Response:
    """Answer an error that is written for people, in the page's language."""
    if not isinstance(error, NewsletterError):
        raise error
    say = catalogue(language_of(request)).translate
    told = error.as_json() | {"message": sentence(say(error.message)), "fix": sentence(say(error.fix))}
    return JSONResponse({"error": told}, status_code=409)


async def malformed(request: Request, error: Exception) -> Response:
    """Answer what no form of ours sends, and what is too long, as the script of a page reads it."""
    if not isinstance(error, HTTPException):
        raise error
    say = catalogue(language_of(request)).translate
    told = {"message": sentence(say(error.detail)), "file": "", "line": 0, "fix": ""}
    return JSONResponse({"error": told}, status_code=error.status_code)
