"""What links say: a person who hears them one by one, or skims, must know where each leads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, place_of_words
from newsletter.check.finding import Finding, Severity
from newsletter.check.inbox import words_of
from newsletter.check.links import place_of_link
from newsletter.check.page import Anchor, is_visible, read_page
from newsletter.check.template_place import place_of_source

# A link is vague when it says nothing but these.
_WORDS = """здесь тут сюда туда там это этой эту этом ссылка ссылке ссылку по подробнее подробно подробности далее
    дальше еще больше читать читайте прочитать узнать узнайте смотреть смотрите перейти перейдите нажать нажмите жмите
    кликните открыть откройте на сайте полностью
    here click this link read more learn go see details info page to full story"""
_VAGUE = frozenset(_WORDS.split())
_ADDRESS = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        anchors = [one for one in read_page(html).anchors if not one.hidden and is_visible(one.name or one.label)]
        for anchor in anchors:
            if problem := _problem(anchor):
                yield _finding(subject, anchor, *problem)
        yield from _doubled(subject, anchors)


def _problem(anchor: Anchor) -> tuple[Severity, str, str] | None:
    said = " ".join((anchor.name or anchor.label).split())
    words = words_of(said)
    if words and all(word in _VAGUE for word in words):
        message = f"the link «{said[:60]}» does not say where it leads"
        return "warning", message, "let the words that name the thing be the link"
    if _ADDRESS.fullmatch(said):
        return "info", f"a link shows its bare address: {said[:80]}", "let words be the link"
    return None


def _doubled(subject: Checked, anchors: list[Anchor]) -> Iterator[Finding]:
    """Yield a finding for each text that leads to several places."""
    targets: dict[tuple[str, ...], list[Anchor]] = {}
    for anchor in anchors:
        same = targets.setdefault(words_of(anchor.name or anchor.label), [])
        if anchor.href not in [one.href for one in same]:
            same.append(anchor)
    for words, same in targets.items():
        if len(same) > 1 and words and not all(word in _VAGUE for word in words):
            said = " ".join(same[0].label.split())[:60]
            message = f"{len(same)} links say «{said}» and lead to different places"
            yield _finding(subject, same[1], "warning", message, "give each its own words")


def _finding(subject: Checked, anchor: Anchor, severity: Severity, message: str, fix: str) -> Finding:
    place = place_of_link(subject, anchor.href)
    if not place.file:
        place = place_of_words(subject, anchor.text)
    if not place.file and anchor.text.strip():
        place = place_of_source(subject, re.escape(anchor.text.strip()))
    return Finding(
        id="link_text", severity=severity, message=message, file=place.file, line=place.line, block=place.block,
        fix=fix,
    )  # fmt: skip
