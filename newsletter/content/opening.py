"""How an imported text opens: its title, and the date and the rubric that stand beside it.

Pages and Word files put them as paragraphs of their own, where they would be taken for the lead. A picture above the
first paragraph moves behind it for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import cast

from newsletter.content.draft import Draft
from newsletter.content.item import Block, Heading, Image, Paragraph, Text, plain
from newsletter.content.spans import squeeze
from newsletter.content.text import is_title
from newsletter.content.typed_list import gather_lists
from newsletter.language.calendar import MONTHS_GENITIVE

_BEFORE_TITLE = 300  # characters that may stand above the title
_RUBRIC = 40  # characters
_CRUMBS = re.compile(r".{1,60}?\s[/»›>→]\s.{1,60}")
_KIND = re.compile(r"пресс-?\s?релиз|новост[ьи]|(?:информация )?для сми|press release|news", re.IGNORECASE)
_NOT_AT_THE_END = r"(?:\s*г(?:\.|ода)?)?(?:[\s,/|–—-]*(?:в\s+)?\d{1,2}:\d\d)?\.?"
_DATELINE = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\s+(?P<month>{'|'.join(MONTHS_GENITIVE)})\s+(?P<year>(?:19|20)\d\d)"
    rf"|(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>(?:19|20)\d\d)){_NOT_AT_THE_END}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The draft, and what its first lines say that front matter could: `date`, `rubric`."""

    draft: Draft
    values: dict[str, object] = field(default_factory=dict)


def read_opening(blocks: Sequence[Block], *, title: str = "") -> Opening:
    """Return the draft of blocks as read; `title` is the one known already from elsewhere."""
    found = list(gather_lists(blocks))
    heading, before, found = _split_title(found, title)
    values: dict[str, object] = {}
    dated = next((block for block in (*before, *found[:2]) if _dateline(block) is not None), None)
    if dated is not None:
        values["date"] = _dateline(dated)
        before = [block for block in before if block is not dated]
        found = [block for block in found if block is not dated]
    if before and heading is not None and (rubric := _rubric(before[-1])):
        values["rubric"] = rubric
        before = before[:-1]
    before = [block for block in before if not _is_crumbs(block)]
    found = _lead_first(found, before)
    text = heading.text if isinstance(heading, Heading | Paragraph) else ()
    draft = Draft(
        title=_one_line(text),
        title_line=heading.origin.line if heading is not None else 0,
        blocks=tuple(_leveled(block) for block in found),
    )
    return Opening(draft=draft, values=values)


def _split_title(blocks: list[Block], known: str) -> tuple[Block | None, list[Block], list[Block]]:
    """Return the title's block, what stands before it, and what behind."""
    at = _title_at(blocks, known)
    return (blocks[at], blocks[:at], blocks[at + 1 :]) if at >= 0 else (None, [], blocks)


def _title_at(blocks: Sequence[Block], known: str) -> int:
    length = 0
    near: list[int] = []  # headings that the text has only a few lines above
    for at, block in enumerate(blocks):
        if length > _BEFORE_TITLE:
            break
        if isinstance(block, Heading):
            near.append(at)
        else:
            length += len(plain(block.text)) if isinstance(block, Paragraph) else 0 if isinstance(block, Image) else 100
    # The name of the site is a heading in many a page: what the page calls itself comes first.
    named = [at for at in near if squeeze(plain(cast("Heading", blocks[at]).text)) == known]
    tops = [at for at in near if cast("Heading", blocks[at]).level == 1]
    if named or tops:
        return (named or tops)[0]
    return -1 if known else _plain_title_at(blocks)


def _plain_title_at(blocks: Sequence[Block]) -> int:
    """Return the place of a title that nobody marked as one: the first line, but for a date and "Пресс-релиз"."""
    for at, block in enumerate(blocks[:-1]):
        if isinstance(block, Heading):
            return at
        words = plain(block.text).strip() if isinstance(block, Paragraph) else ""
        if isinstance(block, Image) or _dateline(block) is not None or _KIND.fullmatch(words):
            continue
        return at if words and "\n" not in words and is_title(squeeze(words)) else -1
    return -1


def _dateline(block: Block) -> date | None:
    """Return the date of a paragraph that is nothing else: "14 мая 2024 года", "14.05.2024, 10:30"."""
    words = squeeze(plain(block.text).replace("\u00a0", " ")) if isinstance(block, Paragraph) else ""
    found = _DATELINE.fullmatch(words)
    if found is None:
        return None
    month = int(found["m"]) if found["m"] else MONTHS_GENITIVE.index(found["month"].lower()) + 1
    try:
        return date(int(found["year"] or found["y"]), month, int(found["day"] or found["d"]))
    except ValueError:
        return None


def _rubric(block: Block) -> str:
    """Return the words of a short line that can stand above a title as its rubric; empty for any other."""
    words = squeeze(plain(block.text)) if isinstance(block, Paragraph) else ""
    return words if len(words) <= _RUBRIC and not re.search(r"[.!?…/»›>|:]", words) else ""


def _is_crumbs(block: Block) -> bool:
    """Claim that a line above the title only says where the page lies: "Главная / Новости"."""
    return isinstance(block, Paragraph) and _CRUMBS.fullmatch(squeeze(plain(block.text))) is not None


def _lead_first(blocks: list[Block], others: list[Block]) -> list[Block]:
    """Return the blocks with their first paragraph before the pictures and odd lines above it."""
    at = 0
    while at < len(blocks) and isinstance(blocks[at], Image):
        at += 1
    if at < len(blocks) and isinstance(blocks[at], Paragraph):
        return [blocks[at], *others, *blocks[:at], *blocks[at + 1 :]]
    return [*others, *blocks]


def _leveled(block: Block) -> Block:
    return replace(block, level=min(max(block.level, 2), 4)) if isinstance(block, Heading) else block


def _one_line(text: Text) -> Text:
    return tuple(replace(span, text=span.text.replace("\n", " ")) for span in text)
