"""A subject that shouts: capitals throughout, or rows of exclamation marks. Filters and readers take it for spam."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, subject_place
from newsletter.check.finding import Finding

MIN_SHOUTED_LETTERS = 12  # «ОЭЗ «Заречье»» and other short names are no shouting


def find(subject: Checked) -> Iterator[Finding]:
    how = _how_it_shouts(subject.subject)
    if how:
        place = subject_place(subject)
        yield Finding(
            id="subject_shouts",
            severity="warning",
            message=f"the subject {how}: «{subject.subject[:80]}»",
            file=place.file,
            line=place.line,
            fix="write it as a plain sentence",
        )


def _how_it_shouts(text: str) -> str:
    letters = [letter for letter in text if letter.isupper() or letter.islower()]
    capitals = sum(letter.isupper() for letter in letters)
    if len(letters) >= MIN_SHOUTED_LETTERS and capitals > 0.8 * len(letters):
        return "is written in capitals"
    if re.search(r"[!?！]{2,}", text) or text.count("!") > 1:
        return "has several exclamation marks"
    return ""
