"""A subject longer than inbox lists show: what stands behind the cut is read by few."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, subject_place
from newsletter.check.finding import Finding
from newsletter.check.inbox import DESKTOP_CHARACTERS, PHONE_CHARACTERS, cut, shown_length, words_of


def find(subject: Checked) -> Iterator[Finding]:
    length = shown_length(subject.subject)
    nobody_wrote_it = subject.title_proposed and words_of(subject.subject) == words_of(subject.title)
    if length <= PHONE_CHARACTERS or nobody_wrote_it:  # of that, title_proposed says enough
        return
    is_cut_everywhere = length > DESKTOP_CHARACTERS
    width = DESKTOP_CHARACTERS if is_cut_everywhere else PHONE_CHARACTERS
    place = subject_place(subject)
    yield Finding(
        id="subject_cut",
        severity="warning" if is_cut_everywhere else "info",
        message=f"the subject has {length} characters; {'most lists' if is_cut_everywhere else 'phones'} show: "
        f"«{cut(subject.subject, width)}»",
        file=place.file,
        line=place.line,
        fix=f"say the news in the first {PHONE_CHARACTERS} characters",
    )
