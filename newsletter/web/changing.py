"""What a page may change, each by one POST of JSON that the guard has let through; a refusal is said in plain words.

An endpoint answers `{"ok": true, …}`, or with a status of 4xx `{"error": {"message", "file", "line", "fix"}}`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.errors import NewsletterError

MAX_BODY = 4 * 1024**2  # bytes; an item is a few thousand

CHANGES: Mapping[str, Callable[[Request], Awaitable[Response]]] = {}


async def read_json(request: Request) -> dict[str, object]:
    """Return the object that the page sent. Raises HTTPException."""
    size = 0
    body = bytearray()
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            raise HTTPException(413)
        body += piece

    try:
        found = json.loads(body)
    except ValueError as error:
        raise HTTPException(400) from error
    if not isinstance(found, dict):
        raise HTTPException(400)
    return found


async def refused(request: Request, error: Exception) -> Response:
    """Answer an error that is written for people, in the page's language."""
    if not isinstance(error, NewsletterError):
        raise error
    return JSONResponse({"error": error.as_json()}, status_code=409)
