"""The page of one issue: its frames, its panels, its pictures."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from newsletter.errors import NewsletterError
from newsletter.web.approved import as_approved
from newsletter.web.asking import base_of, desk_of, home_of, language_of, view_of
from newsletter.web.desk import Desk
from newsletter.web.frame import PICTURES, SIMULATIONS, Look, Pictures, Simulation, frame_html
from newsletter.web.languages import words_of
from newsletter.web.openings import LEAD, TITLE, title_line
from newsletter.web.pages import render
from newsletter.web.panels import PANELS, source
from newsletter.web.panels import fault as fault_panel
from newsletter.web.pulse import pulse_of
from newsletter.web.reader import EXTREMES

# In the order in which an editor needs them; the other panels stand in the bar and over the mail.
TABS = ("findings", "found", "review", "text", "changes", "source", "wire")
WIDTHS = ("320", "360", "600", "800", "free")
COLOURS = ("light", "dark", "inverted")
AT_FIRST = (
    "state",
    "reader",
    "inbox",
    "embargo",
)  # in the page from the beginning: what came later would move the mail
PANES = (("", "600", "light"), ("2", "360", "dark"))  # suffix of its names in the address, width and colours at first

T = TypeVar("T", Pictures, Simulation)


async def show(request: Request) -> Response:
    """The page of a desk; the mail and what stands beside it are fetched by its script, panel by panel."""
    desk = await desk_of(request)
    language = language_of(request)
    pulse = pulse_of(desk)
    page = render(
        "desk.html",
        language,
        home=home_of(request),
        base=base_of(request, desk),
        title=pulse["title"],
        pulse=json.dumps(pulse),
        said=json.dumps(words_of(language).under("script"), ensure_ascii=False),
        tabs=tuple(name for name in TABS if name in PANELS),
        first=await _at_first(request, desk),
        extremes=EXTREMES,
        panes=PANES,
        widths=WIDTHS,
        colours=COLOURS,
        pictures=PICTURES,
        simulations=tuple(one for one in SIMULATIONS if one != "inverted"),
        asked=dict(request.query_params),
    )
    return HTMLResponse(page)


async def _at_first(request: Request, desk: Desk) -> dict[str, str]:
    """Return the panels around the mail, and what stands in its way, as HTML by name."""
    language = language_of(request)
    first = {"fault": render("panel_fault.html", language, **fault_panel.make(desk, language))}
    first |= dict.fromkeys(AT_FIRST, "")
    with suppress(NewsletterError):  # the page opens all the same; asked for by itself the panel says what is wrong
        view = await view_of(request, desk)
        if view is None:
            return first
        for name in AT_FIRST:
            values = await asyncio.to_thread(PANELS[name], view)
            first[name] = render(f"panel_{name}.html", language, view=view, **values)
    return first


async def frame(request: Request) -> Response:
    """The mail itself, under a policy of its own."""
    desk = await desk_of(request, with_findings=False)
    view = await view_of(request, desk)
    if view is not None and view.asked.get("version") == "approved":
        view = await asyncio.to_thread(as_approved, view)
    if view is None:
        raise HTTPException(404)
    look = Look(
        pictures=_one_of(view.asked.get("pictures", ""), PICTURES),
        simulation=_one_of(view.asked.get("simulation", ""), SIMULATIONS),
        is_inverted=view.asked.get("dark", "") == "inverted",
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


async def blocks(request: Request) -> Response:
    """Where each block of the mail is written, by its name in the frame: "0.3"."""
    desk = await desk_of(request, with_findings=False)
    view = await view_of(request, desk)
    if view is None:
        raise HTTPException(404)
    ranges = view.showing.result.compilation.blocks.get(view.specimen.variant, ())
    found = {
        f"{one.item}.{one.index}": {"kind": one.kind, "file": one.origin.path, "line": one.origin.line}
        for one in ranges
    }
    for number, item in enumerate(view.showing.result.issue.items):
        for kind, line in ((TITLE, title_line(item)), (LEAD, item.lead_origin.line)):
            found[f"{number}.{kind}"] = {"kind": kind, "file": item.origin.path, "line": line}
    return JSONResponse(found)


async def panel(request: Request) -> Response:
    """One panel as a piece of HTML, for the page's script to put in its place."""
    name = request.path_params["panel"]
    make = PANELS.get(name)
    if make is None:
        raise HTTPException(404)
    desk = await desk_of(request)
    view = await view_of(request, desk)
    language = language_of(request)
    if view is None and name == "source":  # which must be there to mend what is broken
        values = await asyncio.to_thread(source.make_broken, desk, words_of(language))
        return HTMLResponse(render("panel_source.html", language, **values))
    if view is None:
        return HTMLResponse(render("nothing.html", language) if name in TABS else "")
    values = await asyncio.to_thread(make, view)
    return HTMLResponse(render(f"panel_{name}.html", language, view=view, **values))


async def fault(request: Request) -> Response:
    """Why there is no newer mail; empty while all is well."""
    desk = await desk_of(request, with_findings=False)
    language = language_of(request)
    return HTMLResponse(render("panel_fault.html", language, **fault_panel.make(desk, language)))


async def picture(request: Request) -> Response:
    """A picture that the mail shows, from memory."""
    desk = await desk_of(request, with_findings=False)
    found = desk.picture(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found.data, media_type=found.media_type)


def _one_of(word: str, allowed: tuple[T, ...]) -> T:
    return next((one for one in allowed if one == word), allowed[0])
