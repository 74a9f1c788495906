"""The addresses a mail leads to, each once, with the place in an item that it came from, if any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from newsletter.check.checked import Checked, Place, spans_of
from newsletter.check.page import read_page
from newsletter.content.item import Image, Link

_IN_TEXT = re.compile(r"(?:https?://|mailto:)[^\s<>\"«»]+", re.IGNORECASE)


def links_of(subject: Checked) -> tuple[str, ...]:
    """Return every link and picture address of every variant and of the sample's text, each once."""
    pages = [read_page(html) for html in subject.pages]
    found = [anchor.href for page in pages for anchor in page.anchors]
    found += [picture.src for page in pages for picture in page.pictures]
    found += [address.rstrip(".,;:!?)]") for address in _IN_TEXT.findall(subject.sample_text)]
    return tuple(dict.fromkeys(filter(None, found)))


def split(address: str) -> SplitResult:
    """Split an address; one that cannot be split (a broken IPv6 host) has no scheme and no host."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", address, "", "")


def place_of_link(subject: Checked, address: str) -> Place:
    """Return where an item writes this address; nowhere, when a template or a setting does."""
    return next((place for written, place in _written(subject) if written == address), Place())


def _written(subject: Checked) -> Iterator[tuple[str, Place]]:
    for item in subject.items:
        for span, place in spans_of(item):
            yield span.href, place
        for index, block in enumerate(item.blocks):
            place = Place(file=block.origin.path, line=block.origin.line, block=index)
            if isinstance(block, Link):
                yield block.href, place
            elif isinstance(block, Image):
                yield block.src, place
