"""Pictures without measures: Outlook shows a file as large as it is, and the text jumps when a picture arrives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.pictures import pictures_of, place_of_picture, shown
from newsletter.content.item import Image

_NUMBER = re.compile(r"\s*[1-9]\d*(?:px)?\s*", re.ASCII)


def find(subject: Checked) -> Iterator[Finding]:
    # The height of a picture on somebody's server is known to nobody here, so nobody can write it.
    unknown = {b.src for item in subject.items for b in item.blocks if isinstance(b, Image) and not b.height}
    for picture in pictures_of(subject):
        place = place_of_picture(subject, picture.src)
        if not _NUMBER.fullmatch(picture.width or ""):
            yield Finding(
                id="image_size",
                severity="warning",
                message=f"the picture {shown(picture.src)} has no width: Outlook shows it as wide as the file is",
                file=place.file,
                line=place.line,
                block=place.block,
                clients=("outlook.windows",),
                fix='write width="…" in pixels, as shown',
            )
        elif picture.height is None and picture.src not in unknown:
            yield Finding(
                id="image_size",
                severity="info",
                message=f"the picture {shown(picture.src)} has no height: the text jumps when it arrives",
                file=place.file,
                line=place.line,
                block=place.block,
                fix='write height="…" in pixels, as shown',
            )
