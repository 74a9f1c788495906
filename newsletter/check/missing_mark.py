"""Blocks that a template prints without their mark: nobody can tell which lines of the item they came from."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, words_of_block
from newsletter.check.finding import Finding
from newsletter.check.page import read_page
from newsletter.check.template_place import place_of_source
from newsletter.render.slots import marks_in

_MIN_WORDS = 12  # characters: a shorter block may stand elsewhere in the mail by chance


def find(subject: Checked) -> Iterator[Finding]:
    if not subject.rendered_mjml:
        return
    marks = frozenset(mark for text in subject.rendered_mjml.values() for mark in marks_in(text))
    shown = _even(" ".join(read_page(html).text for html in subject.pages))
    bare = sum(
        f"b{number}.{index}" not in marks
        and len(words := _even(words_of_block(block))) >= _MIN_WORDS
        and words in shown
        for number, item in enumerate(subject.items)
        for index, block in enumerate(item.blocks)
    )
    if bare:
        yield _finding(
            subject,
            f"block.mark is not printed before {bare} of the blocks: preview and checks cannot tell their lines",
            "print {{ block.mark }} right before what a block prints",
        )
    open_items = {mark[1:].partition(".")[0] for mark in marks if mark.startswith("b")}
    if any(f"e{number}" not in marks for number in open_items):
        yield _finding(
            subject,
            "item.end_mark is not printed: what follows the last block counts as a part of it",
            "print {{ item.end_mark }} behind the last block",
        )


def _finding(subject: Checked, message: str, fix: str) -> Finding:
    place = place_of_source(subject, r"\bin\s+item\.blocks\b")
    return Finding(id="missing_mark", severity="info", message=message, file=place.file, line=place.line, fix=fix)


def _even(text: str) -> str:
    return " ".join(text.split())
