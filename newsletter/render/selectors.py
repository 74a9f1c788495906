"""Which elements of a page a selector of a theme finds, as XPath finds them, mostly without going through the page.

A theme has a hundred selectors, and a mail uses half of them. One walk over the page writes down who has which class:
a lone class is then looked up, and a selector that asks for a class or attribute that nobody has finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_LONE = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
# Nothing here can stand for an element without a class or attribute that it names, as `:not(.a)` or `a, b` could.
_ALL_NEEDED = re.compile(r"[A-Za-z0-9_.>\s\[\]-]+")
_CLASS = re.compile(r"\.([A-Za-z0-9_-]+)")
_ATTRIBUTE = re.compile(r"\[([A-Za-z0-9_-]+)\]")
_BLANKS = re.compile(r"[ \t\r\n]+")  # those of XPath's normalize-space

Find = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class PageIndex:
    """The elements of one page by class, in their order, and every attribute's name."""

    page: Any  # the root element; the index holds as long as no class of the page changes
    classes: dict[str, list[Any]]
    attributes: frozenset[str]


def index_of(page: Any) -> PageIndex:
    classes: dict[str, list[Any]] = {}
    attributes: set[str] = set()
    for element in page.iter("*"):
        attributes.update(element.keys())
        for name in dict.fromkeys(_BLANKS.split(element.get("class", ""))):
            if name:
                classes.setdefault(name, []).append(element)
    return PageIndex(page=page, classes=classes, attributes=frozenset(attributes))


def finder(selector: str, index: Callable[[Any], PageIndex]) -> Find:
    """Return what finds a selector's elements in document order. `index` returns a page's index, made once."""
    from lxml.cssselect import CSSSelector

    xpath: Find = CSSSelector(selector)  # raises for what is no selector
    if lone := _LONE.fullmatch(selector):
        name = lone[1]
        return lambda page: index(page).classes.get(name, ())
    classes = _CLASS.findall(selector) if _ALL_NEEDED.fullmatch(selector) else []
    attributes = _ATTRIBUTE.findall(selector) if _ALL_NEEDED.fullmatch(selector) else []
    if not classes and not attributes:
        return xpath

    def find(page: Any) -> Sequence[Any]:
        known = index(page)
        can_be = known.attributes.issuperset(attributes) and all(name in known.classes for name in classes)
        return xpath(page) if can_be else ()

    return find
