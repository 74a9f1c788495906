"""Picture addresses of a mail, and the image formats that their names give away."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.links import place_of_link, split
from newsletter.check.page import Picture, read_page

# As Can I email names them; what is not here (png, jpg, gif) is shown everywhere.
_FORMATS = {
    "apng": "image-apng", "avif": "image-avif", "bmp": "image-bmp", "heic": "image-heif", "heif": "image-heif",
    "ico": "image-ico", "mp4": "image-mp4", "webm": "image-mp4", "svg": "image-svg", "svgz": "image-svg",
    "svg+xml": "image-svg", "tif": "image-tiff", "tiff": "image-tiff", "webp": "image-webp",
}  # fmt: skip


def pictures_of(subject: Checked) -> Iterator[Picture]:
    """Yield the pictures of every variant that a reader sees, each once."""
    seen = {picture: None for html in subject.pages for picture in read_page(html).pictures if not picture.hidden}
    yield from seen


def format_of(src: str) -> str:
    """Return the Can I email slug of a picture's format, or "" for one that all programs show."""
    parts = split(src)
    kind = parts.path.partition(";")[0].partition(",")[0].rpartition("/")[2] if parts.scheme == "data" else ""
    return _FORMATS.get((kind or parts.path.rpartition(".")[2]).lower(), "")


def place_of_picture(subject: Checked, src: str) -> Place:
    return place_of_link(subject, src)


def shown(src: str) -> str:
    return src if len(src) <= 80 else src[:79] + "…"
