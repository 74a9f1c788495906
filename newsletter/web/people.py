"""Subscribers found for an editor who wants to see the mail with their eyes."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.store.database import reading
from newsletter.store.people import FEW, Person, search_people
from newsletter.web.asking import desk_of, language_of
from newsletter.web.desk import Desk
from newsletter.web.pages import render

MAX_TYPED = 200  # characters; a longer address is nobody's


async def search(request: Request) -> Response:
    """A few people as a piece of HTML, for the page's script to put under the field."""
    desk = await desk_of(request, with_findings=False)
    typed = request.query_params.get("q", "")[:MAX_TYPED].strip()
    found = await asyncio.to_thread(_find, desk, typed)
    page = render("people.html", language_of(request), people=found, typed=typed, is_cut=len(found) == FEW)
    return HTMLResponse(page)


def _find(desk: Desk, typed: str) -> tuple[Person, ...]:
    """Look in the issue's own list first: who is on none is found when the list has nobody of the kind."""
    list_name = desk.showing.result.issue.list_name if desk.showing else ""
    with reading(desk.premises.engine) as conn:
        found = search_people(conn, typed, list_name=list_name)
        return found or (search_people(conn, typed) if list_name else found)
