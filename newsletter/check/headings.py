"""A mail without a heading of the first rank, or with several: who listens to it cannot tell where it begins."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.markup import read_tokens
from newsletter.check.template_place import place_of_source


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        count = sum(token.kind == "open" and token.name.lower() == "h1" for token in read_tokens(html))
        if count == 1:
            continue
        place = place_of_source(subject, r"<h1\b")
        yield Finding(
            id="headings",
            severity="warning",
            message=f"the mail has {count} <h1>" if count else "the mail has no <h1>",
            file=place.file,
            line=place.line,
            fix="keep one, for the title; make the others <h2>" if count else "make the title an <h1>",
        )
