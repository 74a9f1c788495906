"""A CSV file onto a list, as `subscribers import`, `send --to` and `demo` do it: progress, bad rows, the summary.

A bad row goes to a report file and stops nobody. The report is made at the first bad row, mode 0600, and opens in a
spreadsheet without running anything.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.cli.context import CommandContext
from newsletter.cli.output import say
from newsletter.errors import DiskError, InputError
from newsletter.store.database import Connection, Engine
from newsletter.store.imports import ImportCounts, import_rows
from newsletter.store.staging import Progress
from newsletter.store.suppression import FILE_LIST
from newsletter.subscriber import BadRow, Consent, GoodRow, SubscriberFile, open_list
from newsletter.subscriber.cells import guard
from newsletter.subscriber.columns import FULL_NAME, NAME
from newsletter.tokens import Keys

_SAID_EVERY = 100_000  # rows, where there is no terminal to draw a bar on
_MAX_STEM = 60  # characters: in Cyrillic twice as many bytes, and 255 is a file name's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    file: str
    list_name: str
    counts: ImportCounts
    bad: int
    report: str  # where the bad rows are; "" when there were none
    full_names: int  # good rows with a full name
    greeted: int  # those of them that also have a name to greet by

    @property
    def rows(self) -> int:
        return self.counts.rows + self.bad


def file_list_name(path: Path) -> str:
    """Return the name of the list that `send --to FILE` makes."""
    return f"{FILE_LIST}{path.stem}"


def import_file(
    context: CommandContext,
    engine: Engine,
    path: Path,
    list_name: str,
    *,
    keys: Keys,
    mapping: Mapping[str, str] | None = None,
    consent: str = "",
    replace: bool = False,
    dry_run: bool = False,
    rehearse: Callable[[Connection, int], None] | None = None,
    quiet: bool = False,
) -> Imported:
    """Put the file's good rows on the list; with `replace` the list becomes equal to them.

    `rehearse` sees the list as it would be, and then nothing is written but the report of bad rows.
    Raises InputError for a file that is no list or has no good row, StoreError, DiskError.
    """
    shown = context.workspace.shown(path)
    source = open_list(
        path,
        shown=shown,
        mapping=mapping,
        timezone=ZoneInfo(context.settings.office.timezone),
        consent=Consent(source=consent),
    )
    report = BadRows(context, path)
    try:
        with report, _progress(source, quiet=quiet) as tell:
            rows = _good_rows(source, report)
            counts = import_rows(
                engine,
                list_name,
                rows,
                keys=keys,
                replace=replace,
                dry_run=dry_run,
                rehearse=rehearse,
                on_progress=tell,
            )
    except InputError as error:
        if report.count and not report.good:
            what = "its only row is bad" if report.count == 1 else f"all of its {report.count} rows are bad"
            raise InputError(what, path=shown, fix=f"see {report.shown}") from error
        if not report.good:
            raise InputError("the list has no rows", path=shown, fix="put subscribers below the header") from error
        raise
    return Imported(
        file=shown,
        list_name=list_name,
        counts=counts,
        bad=report.count,
        report=report.shown,
        full_names=report.full_names,
        greeted=report.greeted,
    )


class BadRows:
    """The report file: line, reason and the row itself; and the count of what was read."""

    def __init__(self, context: CommandContext, source: Path) -> None:
        self.count = self.good = self.full_names = self.greeted = 0
        self.shown = ""
        self._context = context
        self._stem = source.stem[:_MAX_STEM]
        self._file: TextIOWrapper | None = None

    def __enter__(self) -> BadRows:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: BadRow) -> None:
        if self._file is None:
            self._file = self._open()
            self._writer = csv.writer(self._file, delimiter=";")
            self._writer.writerow(("line", "reason", "row"))
        self._writer.writerow((row.line, guard(_visible(row.reason)), guard(_visible(row.raw))))
        self.count += 1

    def _open(self) -> TextIOWrapper:
        folder = self._context.workspace.private_dir("import")
        run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        path = folder / f"{self._stem}-{run}.bad.csv"
        self.shown = self._context.workspace.shown(path)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            fix = "check the folder's owner and the free space"
            raise DiskError(
                f"cannot write the report of bad rows: {error.strerror}", path=self.shown, fix=fix
            ) from error
        return TextIOWrapper(os.fdopen(handle, "wb"), encoding="utf-8-sig", errors="backslashreplace", newline="")


def _visible(text: str) -> str:
    """Return the text with control characters and broken bytes written out: a report is opened in a terminal too."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def _good_rows(source: SubscriberFile, report: BadRows) -> Iterator[GoodRow]:
    for row in source.rows():
        if isinstance(row, BadRow):
            report.add(row)
        else:
            report.good += 1
            if FULL_NAME in row.fields:
                report.full_names += 1
                report.greeted += NAME in row.fields
            yield row


@contextmanager
def _progress(source: SubscriberFile, *, quiet: bool) -> Iterator[Progress]:
    """Draw a bar on a terminal; elsewhere say a line now and then."""
    if quiet:
        yield lambda _what, _done: None
    elif sys.stderr.isatty():
        yield from _bar(source)
    else:
        yield _say_now_and_then


def _say_now_and_then(what: str, done: int) -> None:
    if done % _SAID_EVERY == 0:
        say(f"{what}: {done:,} rows")


def _bar(source: SubscriberFile) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=max(source.line_count - 1, 1))
        phase = "reading"

        def tell(what: str, done: int) -> None:
            nonlocal phase
            if what != phase:
                phase = what
                bar.update(task, total=bar.tasks[task].completed)
            bar.update(task, description=what, completed=done)

        yield tell
