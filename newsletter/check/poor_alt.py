"""Alternative texts that tell nobody anything: a file's name, the caption again, or a whole story."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.inbox import words_of
from newsletter.check.pictures import pictures_of
from newsletter.content.item import Image

MAX_ALT = 150  # characters; screen readers read it in one breath, and Outlook cuts what does not fit the picture

_FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|svg|heic|bmp|tiff?)|(?:img|dsc|dscn|p|image|photo|pic|screenshot|снимок|фото)[\s_-]?\d+",
    re.IGNORECASE,
)
_NAMELESS = frozenset(
    {"фото", "фотография", "картинка", "изображение", "рисунок", "снимок", "image", "photo", "picture"}
)


def find(subject: Checked) -> Iterator[Finding]:
    said: set[str] = set()
    for item in subject.items:
        for index, block in enumerate(item.blocks):
            if isinstance(block, Image):
                said.add(block.alt)
                if problem := _problem(block.alt, block.credit):
                    place = Place(file=block.origin.path, line=block.origin.line, block=index)
                    yield _finding(f"the alt text of {block.src[:80]} {problem}", place)
    for picture in pictures_of(subject):
        if picture.alt not in said and (problem := _problem(picture.alt, "")):
            yield _finding(f"the alt text of {picture.src[:80]} {problem}", Place())


def _problem(alt: str, credit: str) -> str:
    alt = alt.strip()
    if _FILE_NAME.fullmatch(alt):
        return f"is a file's name: «{alt[:60]}»"
    if alt.casefold().strip(".") in _NAMELESS:
        return f"says only «{alt}»"
    if len(alt) > MAX_ALT:
        return f"has {len(alt)} characters; {MAX_ALT} are read in one breath"
    if words_of(alt) and words_of(alt) == words_of(credit):
        return "is its credit again"
    return ""


def _finding(message: str, place: Place) -> Finding:
    return Finding(
        id="poor_alt",
        severity="warning",
        message=message,
        file=place.file,
        line=place.line,
        block=place.block,
        fix="say in a few words what the picture shows",
    )
