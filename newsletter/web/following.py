"""The files of the workspace followed: what is saved in `content/`, `templates/` or the settings is told to the room.

Editors save in many ways (in place, by renaming, by a folder that syncs), so folders are watched, never single files.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import watchfiles

from newsletter.web.room import REVIEWS, Room
from newsletter.workspace import MARKER

QUIET_MILLISECONDS = 20  # an editor writes a file in one go, or a new one and a rename: both are over by then
LONGEST_MILLISECONDS = 300  # something that never stops writing is shown all the same


async def follow(room: Room) -> None:
    """Tell the room of every change until it closes."""
    workspace = room.premises.workspace
    folders = {workspace.content, workspace.templates, *(path.parent for path in room.premises.opened)}
    folders |= {path for path in room.premises.opened if path.is_dir()}
    deep = {folder.resolve() for folder in folders if folder.is_dir()} - {workspace.root.resolve()}
    # Not with all that lies below it: var/ is written by every send.
    await asyncio.gather(_follow(room, {workspace.root.resolve()}, is_deep=False), _follow(room, deep, is_deep=True))


async def _follow(room: Room, folders: set[Path], *, is_deep: bool) -> None:
    if not folders:
        return

    def matters(_change: watchfiles.Change, name: str) -> bool:
        path = Path(name)
        if path.name.startswith((".", "~$")) or path.name.endswith(("~", ".swp", ".tmp")):
            return False
        if not is_deep and path.name != MARKER and not room.is_open(path):
            return False
        return not any(part.endswith(REVIEWS) for part in path.parts)

    changes = watchfiles.awatch(
        *folders,
        watch_filter=matters,
        debounce=LONGEST_MILLISECONDS,
        step=QUIET_MILLISECONDS,
        stop_event=room.closing,
        recursive=is_deep,
    )
    async for _change in changes:
        room.files_changed()
