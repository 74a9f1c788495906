"""The files of the workspace followed: what is saved in `content/`, `templates/` or the settings is told to the room.

Editors save in many ways (in place, by renaming, by a folder that syncs), so folders are watched, never single files.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import watchfiles

from newsletter.issue_folder import REVIEWS
from newsletter.web.room import Room
from newsletter.workspace import MARKER

QUIET_MILLISECONDS = 20  # an editor writes a file in one go, or a new one and a rename: both are over by then
LONGEST_MILLISECONDS = 300  # something that never stops writing is shown all the same


async def follow(room: Room) -> None:
    """Tell the room of every change until it closes."""
    workspace, opened = room.premises.workspace, room.premises.opened
    root = workspace.root.resolve()
    deep = _folders(workspace.content, workspace.templates, *(path for path in opened if path.is_dir()))
    # An item from elsewhere may lie in somebody's home, the settings beside var/, which every send writes: not with
    # all that lies below.
    flat = {root} | {parent for parent in _folders(*(path.parent for path in opened)) if not _is_in(parent, deep)}
    await asyncio.gather(_follow(room, flat, root=root), _follow(room, deep - {root}))


def _folders(*paths: Path) -> set[Path]:
    return {path.resolve() for path in paths if path.is_dir()}


def _is_in(folder: Path, others: set[Path]) -> bool:
    return any(folder.is_relative_to(other) for other in others)


async def _follow(room: Room, folders: set[Path], *, root: Path | None = None) -> None:
    """Follow folders with all that lies below them; with `root` without, and of that folder the settings and items."""

    def matters(_change: watchfiles.Change, name: str) -> bool:
        path = Path(name)
        if path.name.startswith((".", "~$")) or path.name.endswith(("~", ".swp", ".tmp")):
            return False
        if path.parent == root and path.name != MARKER and not room.is_open(path):
            return False
        return not any(part.endswith(REVIEWS) for part in path.parts)

    if not folders:
        return
    changes = watchfiles.awatch(
        *folders,
        watch_filter=matters,
        debounce=LONGEST_MILLISECONDS,
        step=QUIET_MILLISECONDS,
        stop_event=room.closing,
        recursive=root is None,
    )
    async for _change in changes:
        room.files_changed()
