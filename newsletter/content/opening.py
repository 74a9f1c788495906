"""How a text opens: its title, and the date, the rubric and the source that stand beside it.

Offices put them on lines of their own, where they would be taken for the lead. A picture above the first paragraph
moves behind it for the same reason.
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
from newsletter.content.text import is_title, parse_text
from newsletter.content.typed_list import gather_lists
from newsletter.language.calendar import MONTHS_GENITIVE

_BEFORE_TITLE = 300  # characters that may stand above the title
_RUBRIC = 40  # characters
_CRUMBS = re.compile(r".{1,60}?\s[/»›>→]\s.{1,60}")
_KIND = re.compile(r"пресс-?\s?релиз|новост[ьи]|(?:информация )?для сми|press release|news", re.IGNORECASE)
_FOR_PRESS = re.compile(r"(?:информация )?для сми", re.IGNORECASE)
_SOURCE_LINE = re.compile(
    r"(?:источник:\s*(?P<named>\S.*)|(?:информация\s+)?(?P<office>(?:пресс-(?:служб[аы]|центр|офис)"
    r"|информационная служба|отдел по связям с|управление по связям с)\s+\S.*))",
    re.IGNORECASE,
)
# "Пресс-служба завода сообщает…" is a sentence, whatever its end.
_SAYS = re.compile(
    r"\b(?:сообщ|информир|рассказ|напомин|напомн|пров[её]л|провод|откры|объяв|опублик|приглаш|победил|стал)"
)
_MAX_SOURCE = 120  # characters
_BESIDE = 3  # blocks below the title among which date and source are looked for
_NOT_AT_THE_END = (
    r"(?:\s*г(?:\.|ода)?)?(?:[\s,/|–—-]*(?:в\s+)?\d{1,2}:\d\d)?"
    r"(?:,\s*(?:г\.|город|пос\.|с\.)\s*[А-ЯЁ][\w-]+)?\.?"
)
_DATELINE = re.compile(
    r"(?:(?:опубликовано|дата(?: публикации)?):?\s+)?"
    rf"(?:(?P<day>\d{{1,2}})\s+(?P<month>{'|'.join(MONTHS_GENITIVE)})\s+(?P<year>(?:19|20)\d\d)"
    rf"|(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>(?:19|20)\d\d)){_NOT_AT_THE_END}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The draft, and what its first lines say that front matter could: `date`, `rubric`, `source`."""

    draft: Draft
    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)  # of each value whose own is known


def read_opening(blocks: Sequence[Block], *, title: str = "") -> Opening:
    """Return the draft of blocks as read; `title` is the one known already from elsewhere."""
    found = list(gather_lists(blocks))
    heading, before, found = _split_title(found, title)
    values: dict[str, object] = {}
    for key, read in (("date", _dateline), ("source", _source_in)):
        said = next((block for block in (*before, *found[:_BESIDE]) if read(block)), None)
        if said is not None:
            values[key] = read(said)
            before = [block for block in before if block is not said]
            found = [block for block in found if block is not said]
    if before and heading is not None and (rubric := _rubric(before[-1])):
        values |= {"rubric": kind} if (kind := _kind(rubric)) else {}
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


def read_plain(body: str, *, shown: str, first_line: int) -> Opening:
    """Return the draft of a plain text, the lines beside its title read as those of a page are."""
    whole = parse_text(body, shown=shown, first_line=first_line)
    lines = body.split("\n")
    found: dict[str, tuple[object, int]] = {}
    at = _read_beside(lines, 0, found, is_above=True)
    draft = parse_text("\n".join(lines), shown=shown, first_line=first_line)
    if draft.title and draft.title_line == first_line + at:
        _read_beside(lines, at + 1, found, is_above=False)
        draft = parse_text("\n".join(lines), shown=shown, first_line=first_line)
    if not draft.blocks or (whole.title and not draft.title):
        return Opening(draft=whole)  # nothing else stands in the file
    values = {key: value for key, (value, _) in found.items()}
    return Opening(draft=draft, values=values, lines={key: first_line + line for key, (_, line) in found.items()})


def _read_beside(lines: list[str], at: int, found: dict[str, tuple[object, int]], *, is_above: bool) -> int:
    """Empty the lines from `at` that only say date, source or kind, keep what they say; return where text begins.

    Their place stays, so that no line behind them has another number.
    """
    while at < len(lines):
        words = squeeze(lines[at].replace("\u00a0", " "))
        said: dict[str, object] = {"date": read_dateline(words), "source": _source(words)}
        if is_above and _KIND.fullmatch(words):
            said["rubric"] = _kind(words)
        elif words and not any(said[key] and key not in found for key in ("date", "source")):
            break
        found |= {key: (value, at) for key, value in said.items() if value}
        lines[at] = ""
        at += 1
    return at


def _kind(words: str) -> str:
    """Return what kind of text this is, as a rubric; who it is for is none."""
    return "" if _FOR_PRESS.fullmatch(words) else words.capitalize() if words.isupper() else words


def _source(words: str) -> str:
    """Return the office that a line names and nothing else; empty for any other line."""
    found = _SOURCE_LINE.fullmatch(words) if len(words) <= _MAX_SOURCE else None
    if found is None or _SAYS.search(words.lower()) or re.search(r"[.!?…:;]$", words):
        return ""
    return found["named"] or found["office"]


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
        if isinstance(block, Heading) and not _KIND.fullmatch(squeeze(plain(block.text))):
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
        if isinstance(block, Heading) and not _KIND.fullmatch(squeeze(plain(block.text))):
            return at
        words = plain(block.text).strip() if isinstance(block, Paragraph) else ""
        if isinstance(block, Image) or _dateline(block) or _source_in(block) or _KIND.fullmatch(words):
            continue
        return at if words and "\n" not in words and is_title(squeeze(words)) else -1
    return -1


def _dateline(block: Block) -> date | None:
    """Return the date of a paragraph that is nothing else: "14 мая 2024 года", "14.05.2024, 10:30"."""
    return read_dateline(squeeze(plain(block.text).replace("\u00a0", " "))) if isinstance(block, Paragraph) else None


def _source_in(block: Block) -> str:
    return _source(squeeze(plain(block.text).replace("\u00a0", " "))) if isinstance(block, Paragraph) else ""


def read_dateline(words: str) -> date | None:
    """Return the date of a line that is nothing else, None for any other or for a day that no calendar has."""
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
    words = squeeze(plain(block.text)) if isinstance(block, Paragraph | Heading) else ""
    if isinstance(block, Heading) and not _KIND.fullmatch(words):
        return ""  # the name of a site
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
