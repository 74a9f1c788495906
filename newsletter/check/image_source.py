"""Where pictures come from: only what lies on the web under https reaches a reader."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding, Severity
from newsletter.check.links import split
from newsletter.check.pictures import pictures_of, place_of_picture, shown

_PUBLISH = "put it on your web site, or set assets_url"


def find(subject: Checked) -> Iterator[Finding]:
    for picture in pictures_of(subject):
        severity, problem, clients, fix = _problem(picture.src)
        if problem:
            place = place_of_picture(subject, picture.src)
            yield Finding(
                id="image_source",
                severity=severity,
                message=f"the picture {shown(picture.src) or '(without src)'} {problem}",
                file=place.file,
                line=place.line,
                block=place.block,
                clients=clients,
                fix=fix,
            )


def _problem(src: str) -> tuple[Severity, str, tuple[str, ...], str]:
    parts = split(src)
    if parts.scheme in ("http", "https") and parts.hostname:
        return "warning", "", (), ""  # http is insecure_link's
    if parts.scheme == "data":
        return "warning", "is written into the mail; Gmail does not show it", ("gmail",), _PUBLISH
    if parts.scheme == "cid":
        return "error", "would have to be attached, and this mail carries no attachments", (), _PUBLISH
    return "error", "has no address that a reader's program can fetch", (), _PUBLISH
