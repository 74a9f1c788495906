"""HTML from anywhere as a small tree of allowed elements, each with its line in the source.

nh3 (a browser's parser) sanitises to an allow-list: scripts, styles, frames, forms' fields, event handlers and
addresses that run something never come out. It forgets lines, so before it every tag is marked with its own: the mark
is one more attribute that nh3 is told to keep. Where it fell into an attribute's value, it is taken out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from newsletter.errors import InputError

MAX_DEPTH = 100  # open elements; a web page has some 40
_MAX_OPEN = 500  # tags opened and not closed, before nh3 sees them: it is quadratic, 100,000 divs take a minute
_MAX_AMPERSANDS = 100_000  # nh3 is quadratic here too: a million take 20 seconds

MARK = "data-line"
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
# fmt: off
# What a browser closes by itself, and what it never nests: these do not count as open.
_NOT_DEEP = frozenset((
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option", "optgroup", "rt", "rp",
    "html", "head", "body", "a", "b", "i", "u", "s", "em", "strong", "small", "big", "font", "code", "tt", "nobr",
    "strike", "br", "img", "hr", "wbr", "meta", "link", "base", "input", "col", "area", "embed", "source", "track",
    "param",
))
_VOID = frozenset({"br", "img", "hr", "wbr", "meta", "link", "base"})
_TAGS = frozenset((
    "title", "meta", "link", "base", "wbr", "main", "article", "section", "header", "footer", "nav", "aside", "div",
    "center", "address", "details", "summary", "p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "pre",
    "blockquote", "cite", "q", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot",
    "tr", "td", "th", "figure", "figcaption", "img", "picture", "a", "b", "strong", "i", "em", "code", "kbd", "samp",
    "tt", "s", "strike", "del", "sup", "sub", "time", "span", "font",
))
_DROPPED = frozenset((
    "script", "style", "template", "noscript", "iframe", "object", "applet", "svg", "math", "audio", "video",
    "canvas", "select", "textarea", "button", "datalist", "label", "legend", "progress", "meter", "dialog",
    "noframes", "noembed", "map", "xml",
))
# fmt: on
_ATTRIBUTES = {
    "*": {MARK, "hidden", "role", "class", "id"},
    "a": {"href"},
    "base": {"href"},
    "img": {"src", "data-src", "alt", "title", "width", "height"},
    "link": {"rel", "href"},
    "meta": {"name", "property", "itemprop", "content"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "time": {"datetime"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
# What an entity may smuggle in behind decode.py's back (&#1;), and marks of zero width.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200b\ufeff\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]")


@dataclass(slots=True, kw_only=True)
class Element:
    """An element of the tree; `line` is 0 where the source had no such tag (a tbody)."""

    tag: str
    line: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """Yield the elements below, in the order of the source."""
        stack = [child for child in reversed(self.children) if isinstance(child, Element)]
        while stack:
            found = stack.pop()
            yield found
            stack += [child for child in reversed(found.children) if isinstance(child, Element)]

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def words(self) -> str:
        """Return all text below, white space squeezed."""
        parts: list[str] = []
        stack: list[Element | str] = [self]
        while stack:
            found = stack.pop()
            if isinstance(found, str):
                parts.append(found)
            else:
                stack += [*reversed(found.children), *([" "] if found.tag == "br" else [])]
        return " ".join("".join(parts).split())


def parse_markup(source: str, *, shown: str, first_line: int = 1) -> Element:
    """Return the sanitised tree of an HTML text whose first line is line `first_line` of the file."""
    return _tree(_sanitised(_marked(source, shown, first_line)), shown)


def parse_marked(source: str, *, shown: str) -> Element:
    """Return the sanitised tree of HTML that carries its lines already, as `data-line` in any element."""
    return _tree(_sanitised(source), shown)


def _marked(source: str, shown: str, first_line: int) -> str:
    """Return the source with its line in each tag, as the first attribute: of two, a browser keeps the first."""
    if source.count("&") > _MAX_AMPERSANDS:
        raise InputError("there are more than 100,000 &", path=shown, fix="is this a news item?")
    parts: list[str] = []
    line, at, open_tags = first_line, 0, 0
    for found in _TAG.finditer(source):
        line += source.count("\n", at, found.start())
        parts.append(source[at : found.end()])
        at = found.end()
        name = found[2].lower()
        if name not in _NOT_DEEP:
            open_tags = max(open_tags - 1, 0) if found[1] else open_tags + 1
        if open_tags > _MAX_OPEN:
            raise _too_deep(shown, line)
        if not found[1]:
            parts.append(f" {MARK}={line} ")
    return "".join([*parts, source[at:]])


def _sanitised(source: str) -> str:
    import nh3  # only an HTML item needs it

    return nh3.clean(
        source,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def _too_deep(shown: str, line: int) -> InputError:
    return InputError(
        f"elements are nested more than {MAX_DEPTH} deep here",
        path=shown,
        line=line,
        fix="save the text alone, without the page around it",
    )


def _tree(clean: str, shown: str) -> Element:
    builder = _Builder(shown)
    builder.feed(clean)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    """Builds the tree of what nh3 wrote: every element closed, in order, text escaped."""

    def __init__(self, shown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = shown
        self.root = Element(tag="")
        self.open = [self.root]
        self.line = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: _unmarked(value or "") for name, value in attrs}
        mark = values.pop(MARK, "")
        # ASCII and short: int() reads other digits and refuses long ones.
        line = int(mark) if re.fullmatch(r"[0-9]{1,7}", mark) else 0
        self.line = line or self.line
        element = Element(tag=tag, line=line, attributes=values)
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)
        if len(self.open) > MAX_DEPTH:
            raise _too_deep(self.shown, self.line)

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1 and self.open[-1].tag == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if words := _CONTROL.sub("", _unmarked(data)):
            self.open[-1].children.append(words)


def _unmarked(words: str) -> str:
    return re.sub(rf" {MARK}=\d+ ", "", words)
