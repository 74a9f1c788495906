"""The message as a file, to be opened in any mail program."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from newsletter.web.asking import desk_of, view_of


async def message(request: Request) -> Response:
    """The bytes that the page's reader would get, trial tokens aside."""
    desk = await desk_of(request)
    view = await view_of(request, desk)
    if view is None:
        raise HTTPException(404)
    name = PurePosixPath(desk.key.partition(" + ")[0]).stem or "message"
    # A plain name for old browsers, the real one percent-encoded (RFC 6266 section 5): it may hold anything.
    plain = "".join(sign if (sign.isascii() and sign.isalnum()) or sign in "-_." else "_" for sign in name)
    disposition = f"attachment; filename=\"{plain}.eml\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}.eml"
    headers = {"Content-Disposition": disposition}
    return Response(view.specimen.message.data, media_type="message/rfc822", headers=headers)
