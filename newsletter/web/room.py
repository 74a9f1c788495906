"""All desks of one room, and what brings them up to date when files change.

An address of a page names a desk by a number made from its key, never by a path: nothing that a browser sends is ever
looked up on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from newsletter.content.load import FEEDS, SUFFIXES
from newsletter.errors import NewsletterError
from newsletter.issue import ContentOptions
from newsletter.issue_file import FILE
from newsletter.issue_folder import REVIEWS
from newsletter.web.desk import Desk
from newsletter.web.premises import Premises


class Room:
    """The desks by their ids. Runs in one event loop."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self.desks: dict[str, Desk] = {}
        self.closing = asyncio.Event()
        self.trials = asyncio.Lock()  # one trial mail at a time, whoever asks
        self._refreshing: set[asyncio.Task[None]] = set()
        if premises.opened:
            self.open(premises.opened, premises.options)

    def open(self, paths: tuple[Path, ...], options: ContentOptions | None = None) -> Desk:
        """Return the desk of an issue, put up at first need."""
        desk = Desk(self.premises, paths, options or ContentOptions())
        return self.desks.setdefault(desk.id, desk)

    def find(self, desk_id: str) -> Desk | None:
        """Return a desk by its id, also one that nobody opened yet."""
        if desk_id not in self.desks:
            for paths in self.issues():
                with suppress(NewsletterError):  # one file with a name that nothing can hold must not cost the others
                    self.open(paths)
        return self.desks.get(desk_id)

    def is_open(self, path: Path) -> bool:
        """Say whether a file is an item of a desk."""
        return any(path == own.resolve() for desk in self.desks.values() for own in desk.paths)

    def issues(self) -> Iterator[tuple[Path, ...]]:
        """Yield what can be mailed from `content/`: items and issue folders, as an editor would name them."""
        folders = [self.premises.workspace.content]
        while folders:
            folder = folders.pop()
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.name.startswith((".", "~$")) or path.is_symlink():
                    continue
                if path.is_dir() and (path / FILE).is_file():
                    yield (path,)
                elif path.is_dir() and not path.name.endswith(REVIEWS):
                    folders.append(path)
                elif path.suffix.lower() in SUFFIXES | FEEDS and path.is_file():
                    yield (path,)

    def files_changed(self) -> None:
        """Bring up to date the desks that somebody looks at; the others are when they are next asked for."""
        for desk in self.desks.values():
            desk.is_stale = True
            if desk.is_watched:
                self._bring_up_to_date(desk)

    def warm_up(self) -> None:
        """Begin with what the command line named, before a browser asks for it."""
        for desk in tuple(self.desks.values()):
            self._bring_up_to_date(desk)

    def _bring_up_to_date(self, desk: Desk) -> None:
        task = asyncio.get_running_loop().create_task(desk.refresh())
        self._refreshing.add(task)
        task.add_done_callback(self._refreshed)

    def _refreshed(self, task: asyncio.Task[None]) -> None:
        self._refreshing.discard(task)
        if not task.cancelled():
            task.exception()  # a defect: the desk stays stale, and the request that asks next raises it again

    def close(self) -> None:
        """End every page's stream of events and what is under way, so that the server can stop."""
        self.closing.set()
        for desk in self.desks.values():
            desk.tell()
        for task in self._refreshing:
            task.cancel()

    async def closed(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._refreshing, return_exceptions=True)
