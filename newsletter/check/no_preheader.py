"""The line that mail programs show after the subject; without it they show whatever comes first in the mail."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, front_place
from newsletter.check.finding import Finding
from newsletter.check.page import is_visible


def find(subject: Checked) -> Iterator[Finding]:
    if is_visible(subject.preheader) and not subject.preheader_proposed:
        return
    stand_in = "the titles stand in" if subject.kind == "digest" else "the first sentence stands in"
    shown = stand_in if is_visible(subject.preheader) else "it shows the first words of the mail"
    place = front_place(subject, "preheader")
    yield Finding(
        id="no_preheader",
        severity="warning",
        message=f"there is no preheader for the inbox: {shown}",
        file=place.file,
        line=place.line,
        fix='give one with --preheader, or a line "preheader: …" in front matter',
    )
