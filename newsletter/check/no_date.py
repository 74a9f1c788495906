"""The date the mail shows. It is never taken from the clock, so that the same item always gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, front_place
from newsletter.check.finding import Finding


def find(subject: Checked) -> Iterator[Finding]:
    if subject.date is not None:
        return
    place = front_place(subject, "date")
    yield Finding(
        id="no_date",
        severity="warning",
        message="there is no date: the mail shows none",
        file=place.file,
        line=place.line,
        fix='give one with --date 2026-11-23, or a line "date: 2026-11-23" in front matter',
    )
