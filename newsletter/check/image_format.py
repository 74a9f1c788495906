"""Picture formats that some mail programs leave blank, by the data of Can I email."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.caniemail import client_names, features
from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.pictures import format_of, pictures_of, place_of_picture, shown


def find(subject: Checked) -> Iterator[Finding]:
    for picture in pictures_of(subject):
        slug = format_of(picture.src)
        clients = tuple(client for client in client_names() if slug and features()[slug].support(client) == "n")
        if clients:
            place = place_of_picture(subject, picture.src)
            named = ", ".join(client_names()[client] for client in clients)
            yield Finding(
                id="image_format",
                severity="warning",
                message=f"the picture {shown(picture.src)} is not shown by {named}",
                file=place.file,
                line=place.line,
                block=place.block,
                clients=clients,
                fix="save it as PNG or JPEG",
            )
