"""Pictures that lie on this machine → pictures with an address on the web, where `assets_url` says.

Nothing is uploaded and nothing written: the items come back with https addresses, and beside them the bytes that must
lie under those addresses before a mail is sent.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from newsletter.content.item import Block, Image, NewsItem
from newsletter.content.picture import FOLDER, MAX_BYTES, BadPictureError, Picture
from newsletter.errors import ConfigError, InputError
from newsletter.settings import Settings
from newsletter.settings_source import FILE

_IN_DOCX = re.compile(r"(?P<file>.+\.docx)!(?P<member>.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Items and settings whose pictures have addresses, and what lies there."""

    items: tuple[NewsItem, ...]
    settings: Settings
    pictures: Mapping[str, Picture] = field(default_factory=dict)  # by the name of the file on this machine

    @property
    def inputs(self) -> dict[str, str]:
        """The SHA-256 of what is published for each file, for the manifest."""
        return {src: picture.digest for src, picture in self.pictures.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"the picture {src} {note}" for src, picture in self.pictures.items() for note in picture.notes)


def publish(items: Sequence[NewsItem], *, settings: Settings, root: Path) -> Published:
    """Give every picture of this machine its address. Without `assets_url` nothing changes: then it is an error later.

    Raises InputError with file and line of the item, ConfigError for a logo.
    """
    pictures: dict[str, Picture] = {}
    if settings.assets_url:
        items = [_published(item, settings.assets_url, root, pictures) for item in items]
    settings = _with_logo(settings, root, pictures)
    return Published(items=tuple(items), settings=settings, pictures=pictures)


def _published(item: NewsItem, assets_url: str, root: Path, pictures: dict[str, Picture]) -> NewsItem:
    return replace(item, blocks=tuple(_block(block, assets_url, root, pictures) for block in item.blocks))


def _block(block: Block, assets_url: str, root: Path, pictures: dict[str, Picture]) -> Block:
    if not isinstance(block, Image) or block.src.startswith("https://"):
        return block
    try:
        picture = _picture(block.src, root, pictures)
    except BadPictureError as error:
        what = f"the picture {block.src} {error.message}"
        raise InputError(what, path=block.origin.path, line=block.origin.line, fix=error.fix) from error
    return replace(block, src=_address(assets_url, picture), width=picture.width, height=picture.height)


def _with_logo(settings: Settings, root: Path, pictures: dict[str, Picture]) -> Settings:
    logo = settings.brand.logo
    if not logo or logo.startswith("https://"):
        return settings
    if not settings.assets_url:
        fix = "set assets_url, or write the https address of a picture"
        raise ConfigError(f"brand.logo {logo} lies on this machine, where no reader can fetch it", path=FILE, fix=fix)
    try:
        picture = _picture(logo, root, pictures)
    except BadPictureError as error:
        raise ConfigError(f"brand.logo {logo} {error.message}", path=FILE, fix=error.fix) from error
    return replace(settings, brand=replace(settings.brand, logo=_address(settings.assets_url, picture)))


def _address(assets_url: str, picture: Picture) -> str:
    return f"{assets_url.rstrip('/')}/{FOLDER}/{picture.name}"


def _picture(src: str, root: Path, pictures: dict[str, Picture]) -> Picture:
    from newsletter.content.recoding import make_picture  # Pillow: only where there is a picture

    if src not in pictures:
        pictures[src] = make_picture(_read(src, root))
    return pictures[src]


def _read(src: str, root: Path) -> bytes:
    """Return a file's bytes, at most one more than may be; "item.docx!word/media/image1.png" is a part of a file."""
    inside = _IN_DOCX.fullmatch(src)
    path = _in_workspace(inside["file"] if inside else src, root)
    try:
        if inside is None:
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        with zipfile.ZipFile(path) as archive, archive.open(inside["member"]) as part:
            return part.read(MAX_BYTES + 1)
    except KeyError as error:
        raise BadPictureError("is not in that document", "insert it again") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError) as error:
        raise BadPictureError("cannot be taken out of the document", "save the document again") from error
    except OSError as error:
        raise BadPictureError(f"cannot be read: {error.strerror}", "check the file's rights") from error


def _in_workspace(name: str, root: Path) -> Path:
    """Return the file. What lies elsewhere, also by a symbolic link, is not put on the web by naming it in an item."""
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()):
            raise BadPictureError("lies outside the workspace", "copy it under content/")
        if path.is_file():
            return path
    except (OSError, ValueError) as error:
        raise BadPictureError("cannot be found", "check its name") from error
    raise BadPictureError("is not there", "put it under content/, or correct the name")
