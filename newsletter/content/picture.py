"""A picture as it is published: the bytes that must lie on the web before a mail that shows it is sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

FOLDER = "a"  # of `assets_url`: all published pictures lie there, flat
MAX_BYTES = 20 * 1024**2  # of the file as the office has it


class BadPictureError(Exception):
    """This file cannot be published; the message goes on after "the picture …"."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    data: bytes
    suffix: str  # "jpg" or "png"
    width: int  # pixels as shown
    height: int
    notes: tuple[str, ...] = ()  # what an editor should know, going on after "the picture …"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def media_type(self) -> str:
        return {"png": "image/png", "jpg": "image/jpeg"}[self.suffix]

    @property
    def name(self) -> str:
        """The name under which it is published: another picture has another, so that no cache can show an old one."""
        return f"{self.digest[:16]}.{self.suffix}"
