"""The room's addresses, as one table. Every one begins with the room's secret, which the guard has seen already."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from newsletter.errors import NewsletterError
from newsletter.web import changing, desk_page, download, list_page, people
from newsletter.web.asking import desk_of, home_of, language_of, room_of
from newsletter.web.desk import Desk
from newsletter.web.following import follow
from newsletter.web.guard import Guard
from newsletter.web.last_resort import LastResort, Tell
from newsletter.web.pages import HERE, render
from newsletter.web.premises import Premises
from newsletter.web.pulse import pulse_of
from newsletter.web.room import Room

PING_SECONDS = 15  # a proxy or a sleeping machine must not take a quiet page for a dead one


def new_token() -> str:
    """Return the secret of a room: 128 bits, good in an address."""
    return secrets.token_urlsafe(16)


def _print(error: Exception) -> None:
    print(f"newsletter: internal error: {type(error).__name__}", file=sys.stderr, flush=True)


def build_app(premises: Premises, *, token: str, hosts: Collection[str], tell: Tell = _print) -> Starlette:
    """Return the application. `hosts` are the values of the Host header that are the room's own.

    `tell` hears of every exception that is a defect of ours.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        room = app.state.room = Room(premises)
        task = asyncio.create_task(follow(room))
        room.warm_up()
        try:
            yield
        finally:
            room.close()
            await room.closed()
            await task

    app = Starlette(
        routes=[Mount(f"/{token}", routes=_routes())],
        middleware=[Middleware(Guard, token=token, hosts=hosts), Middleware(LastResort, tell=tell)],
        exception_handlers={
            400: changing.malformed,
            404: _not_found,
            413: changing.malformed,
            NewsletterError: changing.refused,
        },
        lifespan=lifespan,
    )
    app.state.home = f"/{token}"
    return app


def _routes() -> list[Route | Mount]:
    desk = "/i/{desk:str}"
    changes = [Route(f"{desk}/{name}", change, methods=["POST"]) for name, change in changing.CHANGES.items()]
    return [
        Route("/", list_page.show),
        Route(f"{desk}/", desk_page.show),
        Route(f"{desk}/mail", desk_page.frame),
        Route(f"{desk}/blocks", desk_page.blocks),
        Route(f"{desk}/people", people.search),
        Route(f"{desk}/panel/fault", desk_page.fault),
        Route(f"{desk}/panel/{{panel:str}}", desk_page.panel),
        Route(f"{desk}/message.eml", download.message),
        Route(f"{desk}/events", _events),
        Route(f"{desk}/picture/{{name:str}}", desk_page.picture),
        *changes,
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


async def _events(request: Request) -> Response:
    """Tell a page whenever something it shows has changed; the data of each event is the desk's pulse."""
    return EventSourceResponse(_pulses(await desk_of(request), room_of(request)), ping=PING_SECONDS)


async def _pulses(desk: Desk, room: Room) -> AsyncIterator[dict[str, str]]:
    changed = asyncio.Event()
    stop = desk.listen(changed.set)
    try:
        while not room.closing.is_set():
            yield {"data": json.dumps(pulse_of(desk))}
            await changed.wait()
            changed.clear()
    finally:
        stop()


async def _not_found(request: Request, _error: Exception) -> Response:
    page = render("not_found.html", language_of(request), home=home_of(request))
    return HTMLResponse(page, status_code=404)
