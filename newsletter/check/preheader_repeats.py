"""A preheader that says the subject or the title again: the inbox then shows one line twice."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, front_place
from newsletter.check.finding import Finding
from newsletter.check.inbox import words_of


def find(subject: Checked) -> Iterator[Finding]:
    said = words_of(subject.preheader)
    for name, text in (("subject", subject.subject), ("title", subject.title)):
        if said and _repeats(said, words_of(text)):
            place = front_place(subject, "preheader")
            yield Finding(
                id="preheader_repeats",
                severity="warning",
                message=f"the preheader repeats the {name}: «{subject.preheader[:80]}»",
                file=place.file,
                line=place.line,
                fix="let it add something: a figure, a name, what the reader can do",
            )
            return


def _repeats(said: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Say whether one of the two opens with the other, or they use the same words."""
    shorter = min(len(said), len(words))
    if shorter == 0:
        return False
    return (shorter >= 3 and said[:shorter] == words[:shorter]) or set(said) == set(words)
