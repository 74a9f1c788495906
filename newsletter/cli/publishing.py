"""Published pictures as files in `var/assets/a`, for a person or a script to put on the web before a mail is sent.

A name is the hash of its bytes, so a file that is there is right, and nothing is ever written twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from newsletter.cli.context import CommandContext
from newsletter.cli.output import say
from newsletter.content.picture import FOLDER, Picture
from newsletter.errors import DiskError

ASSETS = "assets"  # a folder of var/


def write_pictures(context: CommandContext, pictures: Sequence[Picture]) -> None:
    """Write the pictures that are not there yet, and say what must be done with them. Raises DiskError."""
    if not pictures:
        return
    folder = context.workspace.private_dir(ASSETS, FOLDER)
    new = [picture for picture in pictures if not _is_there(folder, picture)]
    for picture in new:
        _write(folder, picture)
    if new:
        what, them = ("1 new picture", "it") if len(new) == 1 else (f"{len(new)} new pictures", "them")
        say(f"{what} in {context.workspace.shown(folder)}: {', '.join(picture.name for picture in new)}")
        say(f"upload {them}, so that {address(context)} serves {them}, before you send")


def address(context: CommandContext) -> str:
    """Return the address under which all pictures must lie."""
    return f"{context.settings.assets_url.rstrip('/')}/{FOLDER}/"


def _is_there(folder: Path, picture: Picture) -> bool:
    try:
        return (folder / picture.name).stat().st_size == len(picture.data)  # shorter: a disk was full
    except OSError:
        return False


def _write(folder: Path, picture: Picture) -> None:
    """Write beside, then move into place: whoever uploads meanwhile sees no half of a picture."""
    beside = folder / f".{picture.name}.{os.getpid()}"
    try:
        beside.write_bytes(picture.data)
        beside.chmod(0o644)  # rsync keeps it, and the web server must read it
        beside.replace(folder / picture.name)
    except OSError as error:
        beside.unlink(missing_ok=True)
        fix = "free some space, or check the folder's rights"
        raise DiskError(f"cannot write a picture: {error.strerror}", path=str(folder), fix=fix) from error
