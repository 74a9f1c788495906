"""A preheader too short to fill its line in the inbox, or too long for it."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, front_place
from newsletter.check.finding import Finding
from newsletter.check.inbox import MAX_PREHEADER, MIN_PREHEADER, cut, shown_length
from newsletter.check.page import is_visible


def find(subject: Checked) -> Iterator[Finding]:
    if not is_visible(subject.preheader) or subject.preheader_proposed:
        return  # a finding of its own: no_preheader
    length = shown_length(subject.preheader)
    if MIN_PREHEADER <= length <= MAX_PREHEADER:
        return
    place = front_place(subject, "preheader")
    if length < MIN_PREHEADER:
        message = f"the preheader has {length} characters, room is for {MIN_PREHEADER} to {MAX_PREHEADER}"
        fix = "add what the subject leaves out"
    else:
        shown = cut(subject.preheader, MAX_PREHEADER)
        message, fix = f"the preheader has {length} characters; lists show at most: «{shown}»", "shorten it"
    yield Finding(
        id="preheader_cut",
        severity="info" if length < MIN_PREHEADER else "warning",
        message=message,
        file=place.file,
        line=place.line,
        fix=fix,
    )
