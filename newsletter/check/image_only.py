"""A mail that is mostly pictures: empty with images off, unreadable aloud, and spam to filters."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.page import Page, read_page

MIN_CHARACTERS = 400  # of text beside a picture, the footer's included; SpamAssassin's HTML_IMAGE_ONLY begins there
CHARACTERS_PER_PICTURE = 150


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        page = read_page(html)
        count = sum(not picture.hidden and _is_content(picture.width) for picture in page.pictures)
        length = len("".join(page.text.split()))
        if _is_mostly_pictures(page, count, length):
            yield Finding(
                id="image_only",
                severity="warning",
                message=f"the mail has {count} picture{'s' * (count > 1)} and {length} letters of text",
                fix="say in text what the pictures say",
            )


def _is_mostly_pictures(page: Page, count: int, length: int) -> bool:
    return bool(count) and (length < MIN_CHARACTERS or length < count * CHARACTERS_PER_PICTURE)


def _is_content(width: str | None) -> bool:
    """Say whether a picture is more than a sign: logos and icons are narrow."""
    return not (width and width.isdecimal() and int(width) <= 160)
