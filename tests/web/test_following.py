"""What is saved reaches the room, however an editor's program saves it; what no mail is made of does not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.web.following import follow
from newsletter.web.premises import Premises
from newsletter.web.room import Room
from newsletter.workspace import Workspace

PATIENCE_SECONDS = 20  # a busy machine; a notice comes within a tenth of a second


class Told(Room):
    """A room that only notes that it was told."""

    def __init__(self, premises: Premises) -> None:
        super().__init__(premises)
        self.told = asyncio.Event()

    def files_changed(self) -> None:
        self.told.set()


def followed(premises: Premises, work: Callable[[Told], Awaitable[None]]) -> None:
    """Run `work` while a room is told of changes."""

    async def run() -> None:
        room = Told(premises)
        task = asyncio.create_task(follow(room))
        try:
            await _until_told(room, premises.workspace.settings_file)  # the watch has begun
            await work(room)
        finally:
            room.close()
            await task

    asyncio.run(run())


async def _until_told(room: Told, file: Path) -> None:
    """Write `file` again and again until the room is told: a watch that has just begun may miss the first."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not room.told.is_set():
            file.write_bytes(file.read_bytes())
            try:
                await asyncio.wait_for(room.told.wait(), 0.2)
            except TimeoutError:
                continue
    room.told.clear()


async def is_told(room: Told) -> bool:
    try:
        await asyncio.wait_for(room.told.wait(), PATIENCE_SECONDS)
    except TimeoutError:
        return False
    room.told.clear()
    return True


def replaced(file: Path) -> None:
    """Save as vim and Word do: a new file beside, moved over the old."""
    beside = file.with_name(f"{file.name}.new")
    beside.write_bytes(file.read_bytes() + b"\n")
    os.replace(beside, file)


def appended(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"\n")


@pytest.mark.parametrize("save", [appended, replaced])
@pytest.mark.parametrize("name", ["content/optika.md", "templates/press/letter.mjml", "newsletter.toml"])
def test_a_saved_file_is_told(
    premises: Premises, room_workspace: Workspace, name: str, save: Callable[[Path], None]
) -> None:
    file = room_workspace.root / name

    async def work(room: Told) -> None:
        save(file)
        assert await is_told(room)

    followed(premises, work)


def test_records_and_an_editors_own_files_are_not_told(premises: Premises, room_workspace: Workspace) -> None:
    records = room_workspace.content / "optika.reviews"
    records.mkdir()

    async def work(room: Told) -> None:
        for name in ("optika.reviews/one.toml", ".optika.md.swp", "~$optika.docx", "optika.md~"):
            (room_workspace.content / name).write_text("x", encoding="utf-8")
        (room_workspace.var / "x.db").write_text("x", encoding="utf-8")
        (room_workspace.root / "notes.txt").write_text("x", encoding="utf-8")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(room.told.wait(), 1)  # many times what a notice takes
        appended(room_workspace.content / "optika.md")
        assert await is_told(room)

    followed(premises, work)


def test_of_an_item_from_elsewhere_its_folder_is_followed_and_nothing_below(premises: Premises, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)
    item = home / "item.md"
    item.write_text("# Порт\n\nОткрыт.\n", encoding="utf-8")

    async def work(room: Told) -> None:
        (home / "deep" / "other.md").write_text("x", encoding="utf-8")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(room.told.wait(), 1)
        appended(item)
        assert await is_told(room)

    followed(replace(premises, opened=(item,)), work)
