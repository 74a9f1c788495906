"""A title that nobody wrote: it was taken from the first paragraph by rule, or for a digest from the office's name."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, front_place
from newsletter.check.finding import Finding


def find(subject: Checked) -> Iterator[Finding]:
    if subject.kind == "letter" and subject.title_proposed:
        yield _finding(subject.title, subject.items[0].origin.path if subject.items else "")
    elif subject.kind == "digest":
        if subject.title_proposed:
            place = front_place(subject, "title")
            yield Finding(
                id="title_proposed",
                severity="warning",
                message=f"the digest has no title of its own; «{subject.title}» stands in, in the subject too",
                file=place.file,
                line=place.line,
                fix='give one with --title, or a line title = "…" in issue.toml',
            )
        for item in subject.items:
            if item.title_proposed:
                yield _finding(item.title, item.origin.path)


def _finding(title: str, path: str) -> Finding:
    return Finding(
        id="title_proposed",
        severity="warning",
        message=f"no title was given; «{title}» was made from the first paragraph",
        file=path,
        line=1 if path else 0,
        fix='give one with --title, or a line "title: …" in front matter',
    )
