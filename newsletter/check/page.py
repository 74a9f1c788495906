"""Which links and pictures of a finished HTML mail a reader sees.

Only what inlined styles and attributes say is weighed: rules outside @media are inlined by then. Conditional
comments are Outlook's alone and count as comments.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape

from newsletter.check.markup import VOID, Token, read_tokens

_RAW = frozenset({"style", "script", "title", "textarea"})  # hold text only, whatever it looks like
_NOTHING = re.compile(r"0*\.?0*(?:px|em|rem|pt|%)?", re.ASCII)  # a size of zero; "" never gets here


@dataclass(slots=True, kw_only=True)
class Anchor:
    """A link with an address."""

    href: str
    label: str = ""  # its text, and the alt of the pictures in it
    text: str = ""  # its text alone
    name: str = ""  # aria-label: what is read out in its place
    hidden: str = ""  # why nobody sees it: "display:none"; empty when it is seen
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    src: str
    has_alt: bool  # alt="" counts: it says "decoration"
    alt: str = ""
    width: str | None = None  # attributes as written; None where there is none
    height: str | None = None
    hidden: str = ""  # why nobody sees it
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    anchors: tuple[Anchor, ...]
    pictures: tuple[Picture, ...]
    text: str  # all that can be seen, pictures and their alt aside
    empty_links: tuple[int, ...] = ()  # lines of visible links whose address is empty


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """What an element hands down to its children."""

    name: str
    hidden: str = ""
    font_size_zero: bool = False
    background: str = ""
    anchor: Anchor | None = None


@dataclass(slots=True)
class _Reader:
    anchors: list[Anchor] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    empty_links: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open_styles: list[_Style] = field(default_factory=lambda: [_Style(name="")])

    def read(self, html: str) -> Page:
        for token in read_tokens(html):
            inside = self.open_styles[-1].name
            if inside in _RAW and not (token.kind == "close" and token.name.lower() == inside):
                continue
            if token.kind == "open":
                self._open(token)
            elif token.kind == "close":
                self._close(token.name.lower())
            else:
                self._text(unescape(token.text))
        return Page(
            anchors=tuple(self.anchors),
            pictures=tuple(self.pictures),
            text="".join(self.texts),
            empty_links=tuple(self.empty_links),
        )

    def _open(self, token: Token) -> None:
        name = token.name.lower()
        # The first of two equal attributes counts in HTML, the last one in a dict.
        attributes = {a.name.lower(): a.value for a in reversed(token.attributes)}
        style = _style_of(name, attributes, self.open_styles[-1])
        if name == "a" and "href" in attributes and not attributes["href"].strip() and not style.hidden:
            self.empty_links.append(token.line)
        if name == "a" and attributes.get("href", "").strip():
            anchor = Anchor(
                href=attributes["href"].strip(),
                hidden=_hidden_link(style, attributes),
                name=attributes.get("aria-label", ""),
                line=token.line,
            )
            self.anchors.append(anchor)
            style = _Style(
                name=name, hidden=style.hidden, font_size_zero=style.font_size_zero, background=style.background,
                anchor=anchor,
            )  # fmt: skip
        if name == "img":
            self.pictures.append(_picture(attributes, style, token.line))
            if style.anchor is not None and not style.hidden:
                style.anchor.label += attributes.get("alt", "")
        if name not in VOID and not token.self_closing:
            self.open_styles.append(style)

    def _close(self, name: str) -> None:
        for depth in range(len(self.open_styles) - 1, 0, -1):
            if self.open_styles[depth].name == name:
                del self.open_styles[depth:]
                return

    def _text(self, text: str) -> None:
        style = self.open_styles[-1]
        if style.hidden or style.font_size_zero:
            return
        self.texts.append(text)
        if style.anchor is not None:
            style.anchor.label += text
            style.anchor.text += text


def _picture(attributes: Mapping[str, str], style: _Style, line: int) -> Picture:
    return Picture(
        src=attributes.get("src", "").strip(),
        has_alt="alt" in attributes,
        alt=attributes.get("alt", ""),
        width=attributes.get("width"),
        height=attributes.get("height"),
        hidden=style.hidden,
        line=line,
    )


@lru_cache(maxsize=8)  # every check of links and pictures reads the same few pages
def read_page(html: str) -> Page:
    """Return the links and pictures of a mail, in order. Never raises."""
    return _Reader().read(html)


def is_visible(text: str) -> bool:
    """Say whether a text leaves anything on the screen: spaces and zero-width characters do not."""
    return any(unicodedata.category(letter)[0] not in "ZC" for letter in text)


def _style_of(name: str, attributes: Mapping[str, str], parent: _Style) -> _Style:
    css = _declarations(attributes.get("style", ""))
    size = css.get("font-size", "")
    return _Style(
        name=name,
        hidden=parent.hidden or _reason_hidden(attributes, css),
        font_size_zero=bool(_NOTHING.fullmatch(size)) if size else parent.font_size_zero,
        background=_colour(css.get("background-color") or css.get("background") or attributes.get("bgcolor", ""))
        or parent.background,
        anchor=parent.anchor,
    )


def _hidden_link(style: _Style, attributes: Mapping[str, str]) -> str:
    if style.hidden:
        return style.hidden
    colour = _colour(_declarations(attributes.get("style", "")).get("color", ""))
    if colour and colour == style.background:
        return f"{colour} on {colour}"
    return ""


def _reason_hidden(attributes: Mapping[str, str], css: Mapping[str, str]) -> str:
    if "hidden" in attributes:
        return "hidden"
    for name, value in (("display", "none"), ("visibility", "hidden")):
        if css.get(name) == value:
            return f"{name}:{value}"
    if "opacity" in css and _NOTHING.fullmatch(css["opacity"]):
        return "opacity:0"
    for name in ("max-height", "height", "max-width", "width"):
        if css.get("overflow") == "hidden" and _NOTHING.fullmatch(css.get(name, "auto")):
            return f"{name}:0"
    return ""


def _declarations(style: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in style.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _colour(value: str) -> str:
    """Return "#rrggbb" of a colour written so, or its name; "" for what has more than a colour or inherits."""
    short = re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])", value.lower())
    if short:
        return "#" + "".join(digit * 2 for digit in short.groups())
    return value.lower() if re.fullmatch(r"#[0-9a-f]{6}|white|black", value.lower()) else ""
