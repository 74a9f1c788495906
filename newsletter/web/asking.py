"""What every page needs of a request: its desk, its language, the address it stands under, the mail it is about."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsletter.errors import NewsletterError
from newsletter.web.desk import Desk
from newsletter.web.languages import Language, Words, choose_language, words_of
from newsletter.web.room import Room
from newsletter.web.view import View, open_view


def room_of(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


def home_of(request: Request) -> str:
    """Return the address of the list of issues, without a slash at the end: "/<token>"."""
    home: str = request.app.state.home
    return home


def base_of(request: Request, desk: Desk) -> str:
    """Return the address of a desk's page, without a slash at the end."""
    return f"{home_of(request)}/i/{desk.id}"


async def desk_of(request: Request, *, with_findings: bool = True) -> Desk:
    """Return the desk that the address names, brought up to date. Raises HTTPException 404.

    Without findings where only the mail is shown: what was saved is on the screen before the checks have ended.
    """
    desk = await asyncio.to_thread(room_of(request).find, request.path_params["desk"])
    if desk is None:
        raise HTTPException(404)
    await (desk.refresh() if with_findings else desk.refresh_mail())
    return desk


def language_of(request: Request) -> Language:
    """Return the language of the page: the setting's, else the browser's."""
    known: Language | None = getattr(request.state, "language", None)
    if known is None:  # the settings are a file: read once for a request, whoever asks
        try:
            setting = room_of(request).premises.load_settings().review.language
        except NewsletterError:
            setting = ""  # the page itself says what is wrong with the settings
        known = request.state.language = choose_language(setting, request.headers.get("accept-language", ""))
    return known


async def view_of(request: Request, desk: Desk) -> View | None:
    """Return the desk's mail for the reader that the address names; None while there is no mail to show."""
    if desk.showing is None:
        return None
    words: Words = words_of(language_of(request))
    return await asyncio.to_thread(
        open_view, desk, desk.showing, words=words, base=base_of(request, desk), asked=dict(request.query_params)
    )
