"""An HTML file: the article in the page, and the page's head as front matter.

The head says less than the text: its title counts where the text has none, its description becomes the preheader where
it does not repeat the lead. Front matter above the HTML beats both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urljoin

from newsletter.content.draft import Draft
from newsletter.content.front import Front
from newsletter.content.html import Page, read_blocks
from newsletter.content.item import Block, Origin, Paragraph, plain
from newsletter.content.keys import KEYS, WrongValueError
from newsletter.content.links import clean_href, find_image
from newsletter.content.markup import Element, parse_markup
from newsletter.content.opening import Opening, read_opening
from newsletter.content.page_parts import drop_lines, drop_parts, text_holder
from newsletter.content.spans import squeeze
from newsletter.errors import InputError

_LANG = re.compile(r"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta\b[^>]{0,300}?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_SITE = re.compile(r"\s+(?:[|—–·]|::)\s+")
_SAVED_BESIDE = re.compile(r"(?:\./)?(?P<name>[^/]{1,200}(?:_files|\.files|_fichiers))/")
# Of two that say the same the first in the page counts.
_META = {
    "og:title": "title",
    "author": "author",
    "article:author": "author",
    "date": "date",
    "dc.date": "date",
    "pubdate": "date",
    "datepublished": "date",
    "article:published_time": "date",
    "og:site_name": "source",
    "og:url": "link",
    "description": "preheader",
    "og:description": "preheader",
}
_IN_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tt", "ba", "cv", "os", "mn", "tg"})


@dataclass(slots=True, kw_only=True)
class _Head:
    """What the page's head says, each once, with its line."""

    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    title: str = ""  # of <title>, with the site's name behind it
    base: str = ""

    def add(self, key: str, words: str, line: int) -> None:
        """Keep a value if front matter could have said it; a page is full of others."""
        value = squeeze(words)
        if key in self.values or not value:
            return
        try:
            self.values[key] = KEYS[key](value[:10] if key == "date" else value)
        except WrongValueError:
            return
        self.lines[key] = max(line, 1)


def named_charset(data: bytes) -> str:
    """Return the encoding that the first bytes of an HTML file name; empty for none."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii") if found else ""


def read_page(front: Front, *, shown: str, item: Path, root: Path) -> tuple[Draft, Front]:
    """Return the draft of an HTML file and its front matter, the page's own included. Raises InputError."""
    tree = parse_markup(front.body, shown=shown, first_line=front.body_line)
    head = _read_head(tree, front.body, front.body_line)
    whole = _article(tree)
    body, parts = drop_parts(whole)
    article = text_holder(body)

    def picture(address: str, origin: Origin) -> str:
        return find_page_image(address, base=head.base, item=item, root=root, origin=origin)

    lang = str(front.values.get("lang", head.values.get("lang", "ru")))
    page = Page(shown=shown, picture=picture, base=head.base, is_russian=lang.startswith("ru"))
    blocks, lines = drop_lines(read_blocks(article, page))
    tops = [found for found in tree if found.tag == "h1"]
    if len(tops) == 1 and not any(found.tag == "h1" for found in article):
        blocks = (*read_blocks(Element(tag="", children=[*tops]), page), *blocks)
    title = str(head.values.pop("title", "")) or _without_site(head)
    opening = read_opening(blocks, title=front.word("title") or title)
    if not opening.draft.title and title:
        head.add("title", title, head.lines.get("title", 1))
    draft = replace(opening.draft, left_out=(*parts, *lines))
    return draft, with_opening(front, head.values, head.lines, opening)


def with_opening(front: Front, values: Mapping[str, object], lines: Mapping[str, int], opening: Opening) -> Front:
    """Return front matter with what the file says of itself below what a person wrote."""
    found = dict(values)
    found |= {key: value for key, value in opening.values.items() if key not in found}
    if str(found.get("preheader", "")) and _repeats(str(found["preheader"]), opening.draft.blocks):
        del found["preheader"]
    if "lang" in found and not _is_in(str(found["lang"]), opening.draft.blocks):
        del found["lang"]
    if "link" in found and not _leads_somewhere(str(found["link"])):
        del found["link"]
    known = {key: line for key, line in lines.items() if key in found}
    first = opening.draft.first_line
    return replace(
        front,
        values={**found, **front.values},
        lines={**dict.fromkeys(opening.values, first), **known, **front.lines},
    )


def find_page_image(address: str, *, base: str, item: Path, root: Path, origin: Origin) -> str:
    """Return an image's place as `find_image` does; one that is not beside the item lies where the page did."""
    if address.startswith("//"):
        address = f"https:{address}"
    try:
        return find_image(_as_a_path(address), item=item, root=root, origin=origin)
    except InputError as error:
        if folder := _SAVED_BESIDE.match(unquote(address)):  # it never lay there on the site
            raise _not_beside(folder["name"], error) from error
        if not base or re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", address):
            raise
        return find_image(_joined(base, address), item=item, root=root, origin=origin)


def _as_a_path(address: str) -> str:
    """Return a browser's "./%D0%9C…_files/a.jpg" as the path of a file; an address that is whole stays as it is."""
    return address if ":" in address else unquote(address)


def _not_beside(folder: str, error: InputError) -> InputError:
    what = f"a picture of this page lies in the folder {folder!r}, which the browser saved with it: it is not there"
    return InputError(what, path=error.path, line=error.line, fix="put the whole folder beside the page")


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # "//[": urlsplit does not know what to make of it
        return address


def _read_head(tree: Element, source: str, first_line: int) -> _Head:
    head = _Head()
    if found := _LANG.search(source[:20_000]):
        code, dash, region = found[1].partition("-")
        head.add("lang", code.lower() + dash + region, first_line + source.count("\n", 0, found.start()))
    for element in tree:
        if element.tag == "meta":
            names = (element.get("property"), element.get("name"), element.get("itemprop"))
            if key := next((_META[name.lower()] for name in names if name.lower() in _META), ""):
                head.add(key, element.get("content"), element.line)
        elif element.tag == "link" and element.get("rel").lower() == "canonical":
            head.add("link", element.get("href"), element.line)
        elif element.tag == "base" and not head.base:
            head.base = element.get("href")
        elif element.tag == "title" and not head.title:
            head.title = element.words()
        elif element.tag == "time":
            head.add("date", element.get("datetime"), element.line)
    head.base = head.base or str(head.values.get("link", ""))
    return head


def _without_site(head: _Head) -> str:
    """Return the page's title without the name of the site that stands behind it."""
    parts = _SITE.split(head.title)
    return parts[0] if len(parts) == 2 and len(parts[0]) > len(parts[1]) / 2 else head.title


def _article(tree: Element) -> Element:
    """Return the element that holds the item: the page's one main part, the one article in it."""
    for found in ([e for e in tree if e.tag == "main" or e.get("role") == "main"],):
        tree = found[0] if len(found) == 1 and found[0].words() else tree
    articles = [element for element in tree if element.tag == "article" and element.words()]
    return articles[0] if len(articles) == 1 else tree


def _leads_somewhere(address: str) -> bool:
    try:
        return bool(clean_href(address, Origin(path="", line=0)))
    except InputError:
        return False


def _repeats(description: str, blocks: tuple[Block, ...]) -> bool:
    lead = next((plain(block.text) for block in blocks if isinstance(block, Paragraph)), "")
    begins = description.rstrip(" .…")[:60]
    return squeeze(lead).startswith(begins)


def _is_in(lang: str, blocks: tuple[Block, ...]) -> bool:
    """Claim that a language can be right: many a Russian page says "en", and would miss every Russian rule."""
    words = " ".join(plain(block.text) for block in blocks if isinstance(block, Paragraph))
    letters = [char for char in words if char.isalpha()]
    cyrillic = sum(1 for char in letters if "А" <= char <= "ё")
    if not letters:
        return True
    return (cyrillic > len(letters) / 2) == (lang.partition("-")[0] in _IN_CYRILLIC)
