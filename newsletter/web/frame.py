"""The mail as a frame of the room shows it: the bytes that a reader would get, and what is changed for looking at them.

Always changed: block marks (comments, which nothing shows) say where each block of an item begins, published pictures
are asked of the room, which has them already, and `<link>` is taken out. Only when asked: a simulation of what a mail
program does.
Nothing in the frame can run: no script by its policy, by its sandbox, and by the mail's own checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from newsletter.check.outlook_view import outlook_view
from newsletter.content.picture import FOLDER, Picture
from newsletter.render.blocks import BlockRange
from newsletter.render.child import CompileResult
from newsletter.render.compiled import Part, fill
from newsletter.settings import Settings
from newsletter.specimen import Specimen
from newsletter.web.marking import with_marks
from newsletter.web.openings import with_openings

Pictures = Literal["none", "own", "all"]
Simulation = Literal["", "nostyle", "nohead", "mso", "inverted"]
PICTURES: tuple[Pictures, ...] = ("own", "none", "all")  # the first is what is shown unless something else is asked
SIMULATIONS: tuple[Simulation, ...] = ("", "inverted", "nostyle", "nohead", "mso")

_SOURCES = {"none": "'none'", "own": "'self'", "all": "'self' https: http: data:"}
# What a program does that turns a light mail dark by itself; pictures are turned back, as such programs leave them.
_INVERTED = (
    "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}img{filter:invert(1) hue-rotate(180deg)}</style>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the frame is to show the mail."""

    pictures: Pictures = "own"
    simulation: Simulation = ""
    is_inverted: bool = False  # beside any simulation, as programs that turn colours drop styles too

    @property
    def policy(self) -> str:
        """The frame's Content-Security-Policy: nothing but inline style, and pictures as asked."""
        return (
            f"default-src 'none'; style-src 'unsafe-inline'; img-src {_SOURCES[self.pictures]}; "
            "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
        )


def frame_html(result: CompileResult, settings: Settings, specimen: Specimen, look: Look, *, pictures_at: str) -> str:
    """Return the frame's document. `pictures_at` is the address of the room under which its pictures lie."""
    compilation = result.compilation
    part = compilation.compiled.variants[specimen.variant].html
    part = marked(part, compilation.blocks.get(specimen.variant, ()))
    html = fill(with_openings(part, result.issue.items), specimen.values)
    html = without_links(simulate(html, look.simulation))
    if look.is_inverted and look.simulation != "inverted":
        html = simulate(html, "inverted")
    return with_pictures(html, settings.assets_url, result.pictures, pictures_at)


def marked(part: Part, blocks: Sequence[BlockRange]) -> Part:
    """Return the part with `<!--block ITEM.INDEX-->` before each block and `<!--end ITEM.INDEX-->` behind it."""
    return with_marks(part, [(f"{block.item}.{block.index}", block.start, block.end) for block in blocks])


def simulate(html: str, simulation: Simulation) -> str:
    """Return the mail after what a mail program would do to it."""
    if simulation == "nostyle":
        return re.sub(r"<style\b.*?</style\s*>", "", html, flags=re.DOTALL | re.IGNORECASE)
    if simulation == "nohead":
        return re.sub(
            r"<head\b.*?</head\s*>", "<head><meta charset=utf-8></head>", html, flags=re.DOTALL | re.IGNORECASE
        )
    if simulation == "mso":
        return outlook_view(html)
    if simulation == "inverted":
        return re.sub(r"</head\s*>", f"{_INVERTED}</head>", html, count=1, flags=re.IGNORECASE)
    return html


_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)


def without_links(html: str) -> str:
    """Return the mail without `<link>`: no policy keeps `rel=preconnect` from calling a host, which then knows."""
    return _LINK.sub("", html)


def with_pictures(html: str, assets_url: str, pictures: Sequence[Picture], at: str) -> str:
    """Return the mail with its published pictures asked of the room."""
    names: Mapping[str, str] = {f"{assets_url.rstrip('/')}/{FOLDER}/{one.name}": one.name for one in pictures}
    for address, name in names.items():
        html = html.replace(address, f"{at}/{name}")
    return html
