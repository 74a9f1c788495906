"""The first page: what there is to mail, newest first, with its state."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.language.calendar import MONTHS_ENGLISH, MONTHS_GENITIVE
from newsletter.web.asking import home_of, language_of, room_of
from newsletter.web.languages import Words, words_of
from newsletter.web.overview import overview
from newsletter.web.pages import render


async def show(request: Request) -> Response:
    """The list of items and issues."""
    room = room_of(request)
    language = language_of(request)
    words, now = words_of(language), room.premises.clock()
    entries = await asyncio.to_thread(overview, room)
    page = render(
        "list.html",
        language,
        home=home_of(request),
        entries=entries,
        folder=room.premises.workspace.content.name,
        when=lambda at: shown_when(at, now, words),
    )
    return HTMLResponse(page)


def shown_when(at: datetime, now: datetime, words: Words) -> str:
    """Return "сегодня, 14:05", "вчера, 9:30", "21 ноября" or "21 ноября 2025"; `now` is in the office's zone."""
    local = at.astimezone(now.tzinfo)
    day = now.date() - local.date()
    time = f"{local.hour}:{local:%M}"
    if day == timedelta(0):
        return words("list.today", time=time)
    if day == timedelta(days=1):
        return words("list.yesterday", time=time)
    month = (MONTHS_GENITIVE if words.language == "ru" else MONTHS_ENGLISH)[local.month - 1]
    year = "" if local.year == now.year else f" {local.year}"
    return f"{local.day}\u00a0{month}{year}"
