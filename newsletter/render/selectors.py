"""Which elements of a page the plain selectors of a theme mean, found as XPath finds them but without going through it.

A theme has a hundred selectors, and XPath looks at every element for each, at every pair of them for `[data-ogsc] .a`.
One walk writes down who has which class and tag; the last part of a selector is looked up there and each find's
ancestors are asked for the rest. What is not plain (`:first-child`, `a + b`, upper case) is left to XPath.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_PART = r"(?=[a-z.\[])(?:[a-z][a-z0-9]*)?(?:\.[A-Za-z_][A-Za-z0-9_-]*|\[[a-z][a-z0-9-]*\])*"
_PLAIN = re.compile(rf"{_PART}(?:\s+{_PART})*|{_PART}\s*>\s*{_PART}")
_BLANKS = re.compile(r"[ \t\r\n]+")  # those of XPath's normalize-space


@dataclass(frozen=True, slots=True)
class PageIndex:
    """The elements of one page in document order; it holds as long as tags, classes and names of attributes stay."""

    page: Any  # the root element
    elements: Sequence[Any]
    tags: dict[str, list[Any]]
    classes: dict[str, list[Any]]
    attributes: set[str]


Find = Callable[[PageIndex], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands between two blanks of a selector: `td.a[b]`."""

    tag: str
    classes: frozenset[str]
    attributes: tuple[str, ...]

    def is_of(self, element: Any) -> bool:
        return bool(
            (not self.tag or element.tag == self.tag)
            and (not self.classes or self.classes <= _names(element.get("class", "")))
            and all(element.get(name) is not None for name in self.attributes)
        )

    def can_be(self, index: PageIndex) -> bool:
        """Claim that the page has all that the part asks for, though perhaps not in one element."""
        return self.classes <= index.classes.keys() and index.attributes.issuperset(self.attributes)

    def candidates(self, index: PageIndex) -> Sequence[Any]:
        for name in self.classes:
            return index.classes.get(name, ())
        return index.tags.get(self.tag, ()) if self.tag else index.elements


def index_of(page: Any) -> PageIndex:
    index = PageIndex(page=page, elements=tuple(page.iter("*")), tags={}, classes={}, attributes=set())
    for element in index.elements:
        index.attributes.update(element.keys())
        index.tags.setdefault(element.tag, []).append(element)
        for name in _names(element.get("class", "")):
            index.classes.setdefault(name, []).append(element)
    return index


def finder(selector: str, xpath: Callable[[Any], Sequence[Any]]) -> Find:
    """Return what finds a selector's elements in document order; `xpath` is the selector as XPath, for the others."""
    if not re.search(r"[.\[]", selector) or not _PLAIN.fullmatch(selector):
        return lambda index: xpath(index.page)
    is_child = ">" in selector
    parts = [_part(words) for words in re.split(r"[\s>]+", selector)]
    *before, last = parts
    before.reverse()

    def fits(element: Any) -> bool:
        if is_child:
            parent = element.getparent()
            return parent is not None and before[0].is_of(parent)
        # The nearest ancestor of each part will do: one farther up has fewer ancestors, not others.
        above = element.iterancestors()
        return all(any(part.is_of(ancestor) for ancestor in above) for part in before)

    def find(index: PageIndex) -> Sequence[Any]:
        if not all(part.can_be(index) for part in parts):
            return ()
        return [one for one in last.candidates(index) if last.is_of(one) and fits(one)]

    return find


def _part(words: str) -> _Part:
    tag = re.match(r"[a-z0-9]*", words)
    return _Part(
        tag=tag[0] if tag else "",
        classes=frozenset(re.findall(r"\.([\w-]+)", words)),
        attributes=tuple(re.findall(r"\[([\w-]+)\]", words)),
    )


@lru_cache(maxsize=1024)  # a theme writes the same few again and again
def _names(value: str) -> frozenset[str]:
    return frozenset(filter(None, _BLANKS.split(value)))
