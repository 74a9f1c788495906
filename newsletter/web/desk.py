"""One issue on the table: compiled when its files change, with the last good mail kept while they are broken.

A desk answers from what it has at once; `refresh` brings it up to date, first the mail, then what the checks say, so
that a page shows a saved word before the slower findings arrive.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.check import Report
from newsletter.content.picture import Picture
from newsletter.errors import NewsletterError
from newsletter.issue import ContentOptions
from newsletter.issue_folder import issue_key
from newsletter.render.child import CompileRequest, CompileResult
from newsletter.settings import Settings
from newsletter.specimen import report_on, specimen_of
from newsletter.web.premises import Premises
from newsletter.workspace import template_dirs

REMEMBERED = 50  # mails: an hour of an editor's saving
SLOW_SECONDS = 0.3  # after which a person who has saved wonders whether anything happens
EXCERPT = 2  # lines shown before and after the one that is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why the files as they stand give no mail."""

    message: str
    file: str  # as a person knows it; "" where it is no file's fault
    line: int  # 0: the whole file
    fix: str
    excerpt: tuple[tuple[int, str], ...] = ()  # lines of the file around `line`, with their numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """The last good mail of a desk."""

    result: CompileResult
    settings: Settings
    report: Report | None = None  # None: the checks are still at work

    @property
    def digest(self) -> str:
        return self.result.compilation.compiled.digest


def desk_id(key: str) -> str:
    """Return what stands in the address of an issue's page."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class Desk:
    """One issue. All methods but `compile_now` run in the event loop's thread."""

    def __init__(self, premises: Premises, paths: tuple[Path, ...], options: ContentOptions) -> None:
        self.premises = premises
        self.paths = paths
        self.options = options
        self.key = issue_key(paths, premises.workspace.root)
        self.id = desk_id(self.key)
        self.showing: Showing | None = None
        self.fault: Fault | None = None
        self.manifests: dict[str, Mapping[str, str]] = {}  # of the last mails shown, by digest
        self.number = 0  # grows with every change a page can see
        self.is_stale = True
        self.is_slow = False  # at work on a newer mail for longer than a person waits without a word
        self._listeners: set[Callable[[], None]] = set()
        self._busy = asyncio.Lock()
        self._checks = asyncio.Lock()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change until what is returned here is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @property
    def is_watched(self) -> bool:
        return bool(self._listeners)

    @property
    def is_up_to_date(self) -> bool:
        """Whether `showing` and `fault` are of the files as they stand, as far as the room has heard."""
        return not self.is_stale and not self._busy.locked()

    def tell(self) -> None:
        """Say that something a page shows has changed."""
        self.number += 1
        self._wake()

    def _wake(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    async def refresh(self) -> None:
        """Bring mail and findings up to date; a second caller waits for the first."""
        await self.refresh_mail()
        async with self._checks:
            while (showing := self.showing) is not None and showing.report is None:
                await self._check(showing)

    async def refresh_mail(self) -> None:
        """Compile what the files say now, if they changed since; does not wait for the checks, which take longer."""
        async with self._busy:
            while self.is_stale:
                self.is_stale = False
                slow = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._set_slow, True)
                try:
                    await self._compile()
                except BaseException:
                    self.is_stale = True  # a defect, or the room is closing: who asks next tries again
                    raise
                finally:
                    slow.cancel()
                    self._set_slow(False)

    def _set_slow(self, is_slow: bool) -> None:
        if is_slow != self.is_slow:
            self.is_slow = is_slow
            self._wake()  # pages say so; what they show is the same, and so is its number

    async def _compile(self) -> None:
        try:
            settings, result = await asyncio.to_thread(self.compile_now)
        except NewsletterError as error:
            fault = await asyncio.to_thread(self._fault, error)
            if fault != self.fault:
                self.fault = fault
                self.tell()
            return
        before = self.showing
        is_same = before is not None and before.result == result and before.settings == settings
        if is_same and self.fault is None:
            return
        self.fault = None
        self.showing = Showing(result=result, settings=settings, report=before.report if before and is_same else None)
        self._remember(self.showing)
        self.tell()

    def _remember(self, showing: Showing) -> None:
        self.manifests[showing.digest] = showing.result.compilation.compiled.manifest
        while len(self.manifests) > REMEMBERED:
            del self.manifests[next(iter(self.manifests))]

    def compile_now(self) -> tuple[Settings, CompileResult]:
        """Compile from the files as they stand; return it with the settings used. Blocks; raises NewsletterError."""
        settings, _ = self.premises.load_settings().with_placeholders()
        request = CompileRequest(
            root=self.premises.workspace.root,
            items=self.paths,
            options=self.options,
            settings=settings,
            template_dirs=template_dirs(self.premises.workspace),
        )
        return settings, self.premises.compile(request)

    async def _check(self, showing: Showing) -> None:
        report = await asyncio.to_thread(self.report_on, showing.result)
        if self.showing is showing:
            self.showing = replace(showing, report=report)
            self.tell()

    def report_on(self, result: CompileResult) -> Report:
        """Run the checks, as `newsletter check` does. Blocks."""
        premises = self.premises
        specimen = specimen_of(result.compilation.compiled, keys=premises.keys, now=premises.clock())
        return report_on(result, specimen)

    def picture(self, name: str) -> Picture | None:
        """Return a picture that the mail shows, by the name under which it is published."""
        pictures = self.showing.result.pictures if self.showing else ()
        return next((picture for picture in pictures if picture.name == name), None)

    def _fault(self, error: NewsletterError) -> Fault:
        return Fault(
            message=error.message,
            file=error.path,
            line=error.line,
            fix=error.fix,
            excerpt=_excerpt(self.premises.workspace.root / error.path, error.line) if error.path else (),
        )


def _excerpt(file: Path, line: int) -> tuple[tuple[int, str], ...]:
    """Return the lines around one of a text file; nothing where there is none to show."""
    if line < 1:
        return ()
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()  # the error's own words say what is wrong with the file
    first = max(line - EXCERPT, 1)
    return tuple((number, text[:200]) for number, text in enumerate(lines[first - 1 : line + EXCERPT], start=first))
