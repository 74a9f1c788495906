"""What of a web page is no part of the item: the buttons, counters and lists of other news around it.

Told by the words of an element's class, id and role; where a page names nothing, by the words of the lines themselves.
What is dropped is named, so that nobody wonders; an element that holds the title or most of the text never is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from newsletter.content.item import Block, Heading, Image, Link, ListBlock, Paragraph, plain
from newsletter.content.markup import Element
from newsletter.content.spans import cut, squeeze

# fmt: off
_PART_WORDS = frozenset((
    "share", "sharing", "social", "socials", "related", "recommend", "recommended", "recommendations", "comment",
    "comments", "counter", "counters", "tag", "tags", "breadcrumb", "breadcrumbs", "banner", "banners", "cookie",
    "cookies", "subscribe", "subscription", "nav", "navbar", "navigation", "menu", "footer", "sidebar",
    "pager", "pagination", "popular", "similar", "likes", "rating", "reactions", "advert", "disqus", "complementary",
    "contentinfo", "search", "toolbar",
))
# Of these every content system makes names for other things too (views-row, print-text): only the last word counts.
_LAST_WORDS = frozenset({"views", "hits", "viewed", "print"})
_TEXT_WORDS = frozenset((
    "content", "article", "detail", "details", "post", "entry", "text", "story", "news", "body", "material",
    "publication", "release",
))
# fmt: on
_ABOUT_OTHERS = frozenset({"with", "no", "has", "without", "is", "not", "js", "col", "hide"})  # "with-sidebar"
_WORD = re.compile(r"[A-Z]?[a-z]+")
_MAX_LINE = 160  # characters of a line that may be a button or a counter
_OTHER_NEWS = re.compile(
    r"(?:читайте|смотрите) (?:также|ещё|еще)|(?:похожие|другие|последние|связанные) (?:новости|материалы|публикации)"
    r"|(?:материалы|новости|ещё|еще) по теме|популярное|рекомендуем",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"(?:комментарии|обсуждение|оставить комментарий)(?:\s*[(:]?\s*\d+\)?)?:?", re.IGNORECASE)
_BUTTON = re.compile(
    r"поделиться(?: (?:новостью|ссылкой|в соцсетях|в социальных сетях|с друзьями))?(?:\s*:.*)?"
    r"|(?:количество )?просмотр(?:ов|ы|а)?\s*:?\s*[\d\s\u00a0]+|(?:теги|метки|ключевые слова)\s*:.+"
    r"|(?:версия для печати|распечатать|печать|наверх|к списку новостей|назад к списку|все новости)",
    re.IGNORECASE,
)
_COUNT_BEHIND = re.compile(r"\s*[|·•,]?\s*(?:количество )?просмотр(?:ов|ы|а)?\s*:\s*\d[\d\s\u00a0]*$", re.IGNORECASE)


class Kept(NamedTuple):
    """What stays, and the first words of what does not."""

    element: Element
    dropped: tuple[str, ...]


def drop_parts(tree: Element) -> Kept:
    """Return the tree without the elements whose names say that they are no text of the item."""
    dropped: list[str] = []
    return Kept(_pruned(tree, len(tree.words()) // 2, dropped), tuple(dropped))


def _pruned(element: Element, most: int, dropped: list[str]) -> Element:
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, str):
            children.append(child)
        elif _is_part(child) and len(words := child.words()) <= most and not _has_title(child):
            dropped += [_spaced(child)] if words else []
        else:
            children.append(_pruned(child, most, dropped))
    return replace(element, children=children)


def _spaced(element: Element) -> str:
    """Return all text below, that of each element apart from its neighbours'."""
    own = [child if isinstance(child, str) else _spaced(child) for child in element.children]
    return squeeze(" ".join(own))


def _is_part(element: Element) -> bool:
    names = f"{element.get('class')} {element.get('id')} {element.get('role')}".split()
    if element.tag in {"a", "img"} or (element.tag == "p" and element.words().endswith((".", "!", "?", "…"))):
        return False  # a link or a paragraph of text may be named after its looks
    return any(map(_names_a_part, names))


def _names_a_part(name: str) -> bool:
    words = _words_of(name)
    if not words or words[0] in _ABOUT_OTHERS:
        return False
    return not _PART_WORDS.isdisjoint(words) or words[-1] in _LAST_WORDS


def _words_of(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _has_title(element: Element) -> bool:
    return element.tag == "h1" or any(found.tag == "h1" for found in element)


def text_holder(tree: Element) -> Element:
    """Return the innermost element that is named as a text, holds most of the paragraphs and, if there is one, the h1.

    The tree itself where there is none.
    """
    weight = _weight(tree)
    titles = sum(1 for found in tree if found.tag == "h1")
    holder = tree
    for found in tree:
        named = any(not _TEXT_WORDS.isdisjoint(_words_of(name)) for name in (found.get("class"), found.get("id")))
        holds = weight and _weight(found) >= 0.8 * weight
        if named and holds and sum(1 for inner in found if inner.tag == "h1") == titles:
            holder = found
    return holder


def _weight(element: Element) -> int:
    """Return how much text stands in paragraphs below an element, each letter counted once however deep it stands."""
    weight = 0
    stack: list[tuple[Element, bool]] = [(element, False)]
    while stack:
        holder, is_inside = stack.pop()
        is_inside = is_inside or holder.tag in {"p", "blockquote", "li"}
        for child in holder.children:
            if isinstance(child, Element):
                stack.append((child, is_inside))
            elif is_inside:
                weight += len(child.strip())
    return weight


def drop_lines(blocks: Sequence[Block]) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """Return the blocks without lines that only a page has, and the first words of each that is dropped."""
    kept: list[Block] = []
    dropped: list[str] = []
    at = 0
    while at < len(blocks):
        size = _size_of_rest(blocks, at)
        if size:
            dropped += [words for block in blocks[at : at + size] if (words := _words(block))]
            at += size
            continue
        kept.append(_without_count(blocks[at]))
        at += 1
    return tuple(kept), tuple(dropped)


def _size_of_rest(blocks: Sequence[Block], at: int) -> int:
    """Return how many blocks from `at` belong to the page and not to the item; 0 for text."""
    words = squeeze(_words(blocks[at]).replace("\u00a0", " "))
    if not words or len(words) > _MAX_LINE or isinstance(blocks[at], ListBlock):
        return 0
    if _COMMENTS.fullmatch(words):
        before, behind = (sum(len(_words(block)) for block in part) for part in (blocks[:at], blocks[at:]))
        return len(blocks) - at if behind < before else 0
    other = _OTHER_NEWS.match(words)
    if other and not words[other.end() :].strip(" :…."):
        end = at + 1
        while end < len(blocks) and _is_link_line(blocks[end]):
            end += 1
        # A heading above text of its own is a heading of the item.
        return end - at if end > at + 1 or end == len(blocks) or not isinstance(blocks[at], Heading) else 0
    if other and words[other.end() :].lstrip().startswith(":"):
        return 1
    return 1 if _BUTTON.fullmatch(words) and not isinstance(blocks[at], Heading) else 0


def _is_link_line(block: Block) -> bool:
    """Claim that a block only leads to other news: a link, a picture, a list of links, a paragraph that is one."""
    if isinstance(block, ListBlock):
        return any(span.href for text in block.items for span in text)
    if isinstance(block, Paragraph):
        linked = sum(len(span.text) for span in block.text if span.href)
        return linked * 2 > len(plain(block.text))
    return isinstance(block, Link | Image)


def _without_count(block: Block) -> Block:
    """Return a short line without the number of its readers: "19 ноября 2026, 14:30 Просмотров: 1 245"."""
    words = plain(block.text) if isinstance(block, Paragraph) else ""
    found = _COUNT_BEHIND.search(words) if len(words) <= _MAX_LINE else None
    if found is None or not isinstance(block, Paragraph) or not found.start():
        return block
    return replace(block, text=cut(block.text, 0, found.start()))


def _words(block: Block) -> str:
    if isinstance(block, Paragraph | Heading):
        return plain(block.text)
    if isinstance(block, ListBlock):
        return "; ".join(plain(item) for item in block.items)
    return block.text if isinstance(block, Link) else ""
