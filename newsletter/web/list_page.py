"""The first page: what there is to mail, newest first, with its state."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.issue_folder import issue_key
from newsletter.web.asking import home_of, language_of, room_of
from newsletter.web.pages import render
from newsletter.web.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: str
    key: str
    is_folder: bool
    changed: datetime


async def show(request: Request) -> Response:
    """The list of items and issues."""
    room = room_of(request)
    entries = await asyncio.to_thread(_entries, room)
    return HTMLResponse(render("list.html", language_of(request), home=home_of(request), entries=entries))


def _entries(room: Room) -> tuple[Entry, ...]:
    zone = room.premises.clock().tzinfo
    found = []
    for paths in room.issues():
        desk = room.open(paths)
        changed = datetime.fromtimestamp(_changed(paths[0]), zone)
        key = issue_key(paths, room.premises.workspace.root)
        found.append(Entry(id=desk.id, key=key, is_folder=paths[0].is_dir(), changed=changed))
    return tuple(sorted(found, key=lambda entry: entry.changed, reverse=True))


def _changed(path: Path) -> float:
    files = [path, *path.iterdir()] if path.is_dir() else [path]
    return max(file.stat().st_mtime for file in files)
