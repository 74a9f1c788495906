"""What colours a reader sees each text of a finished mail in: the cascade of CSS, for the few properties that decide.

Widths are those of a desktop. Nothing is laid out: a text's ground is that of the nearest ancestor that has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

from newsletter.check.colour import BLACK, WHITE, Colour, inverted_fully, read_colour
from newsletter.check.media_query import media_applies
from newsletter.check.page import is_visible
from newsletter.check.selectors import matchers
from newsletter.check.stylesheet import Declaration, read_declarations, read_sheets
from newsletter.render.selectors import index_of

_PROPERTIES = frozenset(
    {
        "color", "background", "background-color", "background-image", "font", "font-size", "font-weight", "display",
        "visibility", "opacity", "max-height", "height", "overflow",
    }
)  # fmt: skip
_UNSEEN = frozenset({"head", "style", "script", "title", "template", "noscript", "textarea", "select"})
_BOLD = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 5 / 6}
_KEYWORDS = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32}
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
_LENGTH = re.compile(r"(\d*\.?\d+)(px|pt|pc|in|cm|mm|rem|em|%)?", re.ASCII)
_ZERO = re.compile(r"0*\.?0*(?:px|pt|em|rem|%)?", re.ASCII)

_DARK_META = re.compile(r"<meta\b(?=[^>]*\bcolor-scheme\b)[^>]*\bcontent=[^>]*\bdark\b", re.IGNORECASE)
_DARK_PROPERTY = re.compile(r"[{;\s]color-scheme\s*:[^;}]*\bdark\b", re.IGNORECASE)

_OVERRIDE = "[data-ogs"  # Outlook.com marks what it turned with data-ogsc and data-ogsb: a mail's way to answer

_Rank = tuple[bool, bool, tuple[int, int, int], int]  # important, inline, weight, order: the greatest wins
_Said = dict[str, str]

_DARK_CANVAS, _DARK_LINK = Colour(0.118, 0.118, 0.118), Colour(0.62, 0.62, 1.0)  # WebKit's in a dark scheme
_LINK = Colour(0, 0, 0.933)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Won:
    """The value of a property, and why it is that."""

    rank: _Rank
    value: str
    is_override: bool


_Styles = dict[str, _Won]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """A run of text, or a picture's alt, as its reader sees it."""

    text: str
    colour: Colour  # opaque, as mixed with what is below
    ground: Colour
    size_px: float
    bold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What an element hands down."""

    colour: Colour
    ground: Colour | None  # None: a picture, whose colour nobody knows
    size_px: float = 16
    weight: int = 400
    opacity: float = 1
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scheme:
    dark: bool = False  # honours prefers-color-scheme
    turned: bool = False  # as Outlook.com in the dark: turns colours round, but for the mail's own answers
    link: Colour = _LINK

    def shown(self, colour: Colour, *, is_override: bool = False) -> Colour:
        return inverted_fully(colour) if self.turned and not is_override else colour


@lru_cache(maxsize=16)
def seen_texts(html: str, *, dark: bool = False, turned: bool = False) -> tuple[SeenText, ...]:
    """Return every text that shows, in order. Never raises.

    `dark` is a program that honours `prefers-color-scheme`, `turned` is Outlook.com in its dark mode.
    """
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ()
    if root is None:
        return ()
    on_dark_canvas = dark and _offers_dark(html)
    scheme = _Scheme(dark=dark, turned=turned, link=_DARK_LINK if on_dark_canvas else _LINK)
    start = _Look(
        colour=scheme.shown(WHITE if on_dark_canvas else BLACK),
        ground=scheme.shown(_DARK_CANVAS if on_dark_canvas else WHITE),
    )
    return tuple(_walk(root, start, _ruled(root, html, scheme), scheme))


def answers_outlook_com(html: str) -> bool:
    """Say whether a mail brings rules for Outlook.com's dark mode."""
    return any(_OVERRIDE in rule.selectors for sheet in read_sheets(html) for rule in sheet.rules)


def has_dark_palette(html: str) -> bool:
    """Say whether a mail brings rules of its own for a dark scheme, or says that it needs none."""
    return _offers_dark(html) or any(
        "prefers-color-scheme" in condition for sheet in read_sheets(html) for r in sheet.rules for condition in r.media
    )


def _offers_dark(html: str) -> bool:
    return bool(_DARK_META.search(html) or _DARK_PROPERTY.search(html))


def _ruled(root: etree._Element, html: str, scheme: _Scheme) -> dict[etree._Element, _Styles]:
    """Return what the style elements say of each element, the winner of each property."""
    if scheme.turned:
        for element in root.iter(etree.Element):
            element.set("data-ogsc", "")
            element.set("data-ogsb", "")
    index = index_of(root)
    ruled: dict[etree._Element, _Styles] = {}
    order = 0
    for sheet in read_sheets(html):
        for rule in sheet.rules:
            declared = [one for one in rule.declarations if one.name in _PROPERTIES]
            if not declared or rule.nested or not all(media_applies(one, dark=scheme.dark) for one in rule.media):
                continue
            for matcher, weight in matchers(rule.selectors):
                for element in matcher(index):
                    for one in declared:
                        order += 1
                        rank = (one.important, False, weight, order)
                        _take(ruled.setdefault(element, {}), one, rank, is_override=_OVERRIDE in rule.selectors)
    return ruled


def _take(styles: _Styles, one: Declaration, rank: _Rank, *, is_override: bool = False) -> None:
    # The shorthand and its longhand are one property here: whichever wins says the ground.
    name = "background" if one.name == "background-color" else one.name
    if name not in styles or styles[name].rank < rank:
        styles[name] = _Won(rank=rank, value=one.value, is_override=is_override)


def _walk(
    root: etree._Element, start: _Look, ruled: Mapping[etree._Element, _Styles], scheme: _Scheme
) -> Iterator[SeenText]:
    """Yield texts in the order of the document, without recursion: mails nest deep, broken ones deeper."""
    waiting: list[tuple[etree._Element | None, _Look, str]] = [(root, start, "")]
    while waiting:
        element, above, tail = waiting.pop()
        if element is None:
            yield from _seen(tail, above)
            continue
        name = element.tag if isinstance(element.tag, str) else ""
        if not name or name in _UNSEEN:
            continue
        look = _look_of(element, name, above, ruled.get(element, {}), scheme)
        if look.hidden:
            continue
        yield from _seen(element.get("alt", "") if name == "img" else element.text or "", look)
        for child in reversed(element):
            waiting.append((None, look, child.tail or ""))
            waiting.append((child, look, ""))


def _seen(text: str, look: _Look) -> Iterator[SeenText]:
    if look.ground is None or look.size_px < 2 or not is_visible(text):
        return
    colour = look.colour.faded(look.opacity).over(look.ground)
    words = " ".join(text.split())
    yield SeenText(text=words, colour=colour, ground=look.ground, size_px=look.size_px, bold=look.weight >= 700)


def _look_of(element: etree._Element, name: str, above: _Look, ruled: _Styles, scheme: _Scheme) -> _Look:
    styles = dict(ruled)
    for order, one in enumerate(read_declarations(element.get("style", ""))):
        if one.name in _PROPERTIES:
            _take(styles, one, (one.important, True, (0, 0, 0), order))
    said: _Said = {key: won.value.lower() for key, won in styles.items()}
    if _is_hidden(element, said):
        return replace(above, hidden=True)
    override = {key for key, won in styles.items() if won.is_override}
    colour = read_colour(said.get("color") or (element.get("color", "") if name == "font" else ""))
    if colour is None and name == "a" and element.get("href") is not None:
        colour = None if said.get("color") in ("inherit", "currentcolor") else scheme.link
    ground, is_picture = _ground(said, element.get("bgcolor", ""))
    if ground is not None:
        ground = scheme.shown(ground, is_override="background" in override)
    return _Look(
        colour=above.colour if colour is None else scheme.shown(colour, is_override="color" in override),
        ground=_laid(ground, above.ground, is_picture=is_picture),
        size_px=_size(said, name, above.size_px),
        weight=_weight(said, name, above.weight),
        opacity=above.opacity * _number(said.get("opacity", "1")),
    )


def _is_hidden(element: etree._Element, said: _Said) -> bool:
    if element.get("hidden") is not None or said.get("display") == "none" or said.get("visibility") == "hidden":
        return True
    if said.get("overflow", "").startswith("hidden"):
        return any(_ZERO.fullmatch(said.get(name, "auto")) for name in ("max-height", "height"))
    return _number(said.get("opacity", "1")) == 0


def _ground(said: _Said, bgcolor: str) -> tuple[Colour | None, bool]:
    """Return an element's own ground, and whether it has a picture."""
    value = said.get("background", "")
    image = f"{value} {said.get('background-image', '')}"
    colour = read_colour(value) or _colour_within(value) or (read_colour(bgcolor) if not value else None)
    return colour, "url(" in image or "gradient(" in image


def _laid(own: Colour | None, below: Colour | None, *, is_picture: bool) -> Colour | None:
    if own is not None and below is not None:
        return own.over(below)
    if own is not None and own.alpha == 1:
        return own
    return None if is_picture else below


@lru_cache(maxsize=512)
def _colour_within(value: str) -> Colour | None:
    """Return the colour of a `background` shorthand that says more."""
    bare = re.sub(r"url\([^)]*\)", " ", value)
    pieces = re.findall(r"#[0-9a-f]{3,8}\b|(?:rgb|hsl)a?\([^)]*\)|(?<![\w-])[a-z]+(?![\w(-])", bare)
    return next(filter(None, map(read_colour, pieces)), None)


def _size(said: _Said, name: str, above: float) -> float:
    value = said.get("font-size", "")
    if not value and "font" in said:  # "600 15px/20px Arial"
        sized = re.search(r"(?<![\w.])[\d.]+(?:px|pt|em|rem|%)", said["font"])
        value = sized[0] if sized else ""
    if not value:
        return above * _SIZES.get(name, 1.0)
    length = _LENGTH.fullmatch(value.strip())
    if length is None:
        return float(_KEYWORDS.get(value, above))
    number, unit = float(length[1]), length[2] or "px"
    if unit in ("em", "%"):
        return number * above / (100 if unit == "%" else 1)
    return number * (16 if unit == "rem" else _UNITS[unit])


def _weight(said: _Said, name: str, above: int) -> int:
    value = said.get("font-weight", "")
    if not value and "font" in said:
        weighed = re.search(r"\b(?:bold|[1-9]00)\b", said["font"])
        value = weighed[0] if weighed else "normal"
    if value in ("bold", "bolder"):
        return 700
    if value in ("normal", "lighter"):
        return 400
    if re.fullmatch(r"\d{1,4}", value, re.ASCII):
        return int(value)
    return 700 if name in _BOLD and not value else above


@lru_cache(maxsize=64)
def _number(value: str) -> float:
    found = re.fullmatch(r"(\d*\.?\d+)(%?)", value.strip(), re.ASCII)
    return min(1.0, float(found[1]) / (100 if found[2] else 1)) if found else 1.0
