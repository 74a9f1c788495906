"""What a page has posted: one JSON object, read with a bound, and its fields with their types.

A wrong shape is one sentence with status 400: nothing that a browser says is trusted to be what a form has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BODY = 4 * 1024**2  # bytes; an item is a few thousand
_MAX_ID = 2**63 - 1  # of a row in the store
_HALF = re.compile("[\ud800-\udfff]")  # JSON can say it, no file, store or page can hold it


async def read_json(request: Request) -> dict[str, object]:
    """Return the object that the page sent. Raises HTTPException 400 or 413."""
    body = bytearray()
    async for piece in request.stream():
        if len(body) + len(piece) > MAX_BODY:
            raise HTTPException(413, "this is more than a page may send")
        body += piece
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise malformed("what the page sent is no JSON") from error
    if not isinstance(found, dict):
        raise malformed("what the page sent is no JSON object")
    return found


def malformed(what: str) -> HTTPException:
    """Return the refusal of something that no form of ours sends."""
    return HTTPException(400, what)


def text_in(posted: Mapping[str, object], name: str) -> str:
    """Return a text field, "" where it is left out; its length is for others to judge. Raises HTTPException 400."""
    value = posted.get(name, "")
    if not isinstance(value, str):
        raise malformed(f"{name} must be text")
    if _HALF.search(value):
        raise malformed(f"{name} holds half of a character")
    return value


def flag_in(posted: Mapping[str, object], name: str) -> bool:
    """Return a checkbox. Raises HTTPException 400."""
    value = posted.get(name, False)
    if not isinstance(value, bool):
        raise malformed(f"{name} must be true or false")
    return value


def id_in(posted: Mapping[str, object], name: str) -> int:
    """Return a row's id, which a form sends as text. Raises HTTPException 400."""
    value = posted.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MAX_ID:
        raise malformed(f"{name} must be a number")
    return value


def word_in(posted: Mapping[str, object], name: str, allowed: tuple[str, ...]) -> str:
    """Return a field that is one of a few words. Raises HTTPException 400."""
    value = text_in(posted, name)
    if value not in allowed:
        raise malformed(f"{name} must be one of: {', '.join(allowed)}")
    return value
