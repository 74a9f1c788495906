"""The page of one issue: its frame, its panels, its pictures."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.web.asking import base_of, desk_of, home_of, language_of, view_of
from newsletter.web.frame import PICTURES, SIMULATIONS, Look, Pictures, Simulation, frame_html
from newsletter.web.pages import render
from newsletter.web.panels import PANELS
from newsletter.web.reader import EXTREMES

_TYPES = {"png": "image/png", "jpg": "image/jpeg"}
T = TypeVar("T", Pictures, Simulation)


async def show(request: Request) -> Response:
    """The page of a desk; what it shows is fetched by its script, panel by panel."""
    desk = await desk_of(request)
    showing = desk.showing
    page = render(
        "desk.html",
        language_of(request),
        home=home_of(request),
        base=base_of(request, desk),
        desk=desk,
        showing=showing,
        issue=showing.result.issue if showing else None,
        variants=tuple(showing.result.compilation.compiled.variants) if showing else (),
        panels=tuple(PANELS),
        extremes=EXTREMES,
        pictures=PICTURES,
        simulations=SIMULATIONS,
        asked=dict(request.query_params),
    )
    return HTMLResponse(page)


async def frame(request: Request) -> Response:
    """The mail itself, under a policy of its own."""
    desk = await desk_of(request)
    view = await view_of(request, desk)
    if view is None:
        raise HTTPException(404)
    look = Look(
        pictures=_one_of(view.asked.get("pictures", ""), PICTURES),
        simulation=_one_of(view.asked.get("simulation", ""), SIMULATIONS),
    )
    document = await asyncio.to_thread(
        frame_html,
        view.showing.result,
        view.showing.settings,
        view.specimen,
        look,
        pictures_at=f"{view.base}/picture",
    )
    return HTMLResponse(document, headers={"Content-Security-Policy": look.policy})


async def panel(request: Request) -> Response:
    """One panel as a piece of HTML, for the page's script to put in its place."""
    make = PANELS.get(request.path_params["panel"])
    if make is None:
        raise HTTPException(404)
    desk = await desk_of(request)
    view = await view_of(request, desk)
    language = language_of(request)
    if view is None:
        return HTMLResponse(render("nothing.html", language, desk=desk))
    values = await asyncio.to_thread(make, view)
    name = f"panel_{request.path_params['panel']}.html"
    return HTMLResponse(render(name, language, view=view, **values))


async def picture(request: Request) -> Response:
    """A picture that the mail shows, from memory."""
    desk = await desk_of(request)
    found = desk.picture(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found.data, media_type=_TYPES[found.suffix])


def _one_of(word: str, allowed: tuple[T, ...]) -> T:
    return next((one for one in allowed if one == word), allowed[0])
