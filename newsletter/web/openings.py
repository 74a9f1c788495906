"""Where the title and the lead of each item stand in a mail: found by their words, as templates mark blocks alone.

An item told in brief shows no block at all; what is said of it leads to its title. A title stands in a list of
contents too, so its last place counts; a lead is sought behind the title, as the preheader may say the same words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.content.item import NewsItem, plain
from newsletter.render.compiled import Part
from newsletter.web.marking import static_text, with_marks

TITLE, LEAD = "title", "lead"

_TOKEN = re.compile(
    r"<!--.*?-->|<(?P<unseen>style|script|title)\b.*?</(?P=unseen)\s*>"
    r"|<(?P<end>/?)(?P<tag>[a-zA-Z][\w:-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|(?P<text>[^<]+|<)",
    re.DOTALL,
)
_INLINE = frozenset({"a", "b", "i", "em", "strong", "span", "code", "sub", "sup", "u", "s"})
_WRAPS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "div"})  # a mark may stand around these


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Words that a reader sees as one piece, and where they stand: characters of the HTML without its slots."""

    words: str
    start: int
    end: int


def with_openings(part: Part, items: Sequence[NewsItem]) -> Part:
    """Return the part with `<!--block 0.title-->` … `<!--end 0.title-->` around titles, and so around leads."""
    source = static_text(part)
    runs = openings(part, items).items()
    return with_marks(
        part, [(name, len(source[: run.start].encode()), len(source[: run.end].encode())) for name, run in runs]
    )


def openings(part: Part, items: Sequence[NewsItem]) -> Mapping[str, Run]:
    """Return the places of titles and leads by name, "0.title"; what a mail does not show has none."""
    runs = list(_runs(static_text(part)))
    found: dict[str, Run] = {}
    for number, item in enumerate(items):
        title = next((run for run in reversed(runs) if run.words == squeezed(item.title)), None)
        after = title.end if title else 0
        lead = next((run for run in runs if run.start >= after and run.words == squeezed(plain(item.lead))), None)
        found |= {f"{number}.{name}": run for name, run in ((TITLE, title), (LEAD, lead)) if run and run.words}
    return found


def title_line(item: NewsItem) -> int:
    return item.front_lines.get("title", item.origin.line)


def squeezed(words: str) -> str:
    return " ".join(words.split())


def _runs(source: str) -> Iterator[Run]:
    """Yield the runs of text; a tag around nothing but a run belongs to it."""
    texts: list[str] = []
    opened = ("", 0)  # the last tag that is not inline, "" where it closes something, and where it stands
    start = end = 0
    for token in _TOKEN.finditer(source):
        if token["text"]:
            if not texts:
                start = token.start()
            texts.append(token["text"])
            end = token.end()
        elif (tag := (token["tag"] or "").lower()) and tag not in _INLINE:
            if words := squeezed(html.unescape("".join(texts))):
                is_around = bool(token["end"]) and opened[0] == tag and tag in _WRAPS
                place = (opened[1], token.end()) if is_around else (start, end)
                yield Run(words=words, start=place[0], end=place[1])
            texts = []
            opened = ("" if token["end"] else tag, token.start())
