"""A Postfix log, read as evidence of what became of messages: line by line, so that its size does not matter.

Stamps are the traditional ones (no year, the log's own zone) or RFC 3339. That cleanup names a Message-ID is no proof:
it does so while the message still arrives. What the queue manager or a delivery agent says under the same queue id
is: then the relay had taken the message on. Lines are hostile text: cut, and matched from their beginning.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from newsletter.errors import InputError

MAX_LINE = 8_192  # bytes; Postfix cuts its own at 2,000 or so
MAX_SAID = 300  # characters of a reply that are kept
_DAEMONS = (
    "cleanup|qmgr|smtpd|smtp|lmtp|relay|local|virtual|pipe|error|retry|discard|bounce|pickup|anvil|scache|master"
    "|postfix-script"
)
_LINE = re.compile(
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))"
    rf" \S+ [^\s\[]+/(?P<daemon>{_DAEMONS})\[\d+\]: (?P<text>.*)"
)
_QUEUED = re.compile(r"(?P<queue_id>[0-9A-Za-z]{6,40}): (?P<text>.*)")
_MESSAGE_ID = re.compile(r"message-id=<(?P<local>[0-9a-f]{32})@[^>]*>")
_DELIVERED = re.compile(
    r"to=<(?P<address>[^>]*)>, (?:[a-z_]+=[^\s,]+, )*status=(?P<status>[a-z]+)(?: \((?P<said>.*)\))?"
)
_ACTIVE = re.compile(r"from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    at: datetime
    daemon: str
    queue_id: str  # "" where none is named
    text: str


@dataclass(slots=True, kw_only=True)
class Trace:
    """What the log tells of one message that was looked for."""

    is_seen: bool = False  # it began to arrive
    queue_id: str = ""  # under which the relay took it on; "" if it did not
    at: datetime | None = None  # of the last line that tells of it
    status: str = ""  # sent, bounced, deferred … of the last delivery
    said: str = ""
    bounced_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A message that came back later."""

    queue_id: str
    address: str
    at: datetime
    said: str


@dataclass(slots=True)
class Search:
    """Looks for messages by the left side of their Message-ID; feed it the lines of the logs in their order."""

    wanted: Mapping[str, int]  # 32 hexadecimal digits → delivery
    traces: dict[int, Trace] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=dict)  # queue ids at work → delivery

    def feed(self, line: Line) -> Bounce | None:
        """Take a line in; return the bounce that it tells of, of whatever message."""
        if line.daemon == "cleanup" and (named := _MESSAGE_ID.match(line.text)):
            # A queue id is used again for other messages once its own is gone.
            self._open.pop(line.queue_id, None)
            if found := self.wanted.get(named["local"]):
                self._open[line.queue_id] = found
                self.traces.setdefault(found, Trace()).is_seen = True
            return None
        told = _DELIVERED.match(line.text)
        if (mine := self._open.get(line.queue_id)) is not None:
            self._follow(self.traces[mine], line, told)
        if told is None or told["status"] != "bounced":
            return None
        return Bounce(queue_id=line.queue_id, address=told["address"], at=line.at, said=_said(told))

    def _follow(self, trace: Trace, line: Line, told: re.Match[str] | None) -> None:
        is_removed = line.daemon == "qmgr" and line.text == "removed"
        if told or is_removed or (line.daemon == "qmgr" and _ACTIVE.match(line.text)):
            trace.queue_id, trace.at = line.queue_id, line.at
        if told:
            trace.status, trace.said = told["status"], _said(told)
            trace.bounced_at = line.at if trace.status == "bounced" else None
        if is_removed:
            del self._open[line.queue_id]


def _said(told: re.Match[str]) -> str:
    return (told["said"] or "")[:MAX_SAID]


def read_log(path: Path, *, zone: tzinfo, near: datetime) -> Iterator[Line]:
    """Yield Postfix's lines of a log, plain or gzipped; stamps without a year are of the time nearest to `near`.

    Raises InputError.
    """
    try:
        with path.open("rb") as plain:
            is_zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            file = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if is_zipped else plain
            for raw in _lines(file):
                line = parse_line(raw.decode(errors="replace").rstrip("\r\n"), zone=zone, near=near)
                if line is not None:
                    yield line
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(f"the log cannot be read: {said}", path=str(path), fix="name a Postfix log") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, each cut to MAX_LINE: what follows in a longer one is skipped, not read into memory."""
    is_rest = False
    while raw := file.readline(MAX_LINE):
        if not is_rest:
            yield raw
        is_rest = not raw.endswith(b"\n")


def parse_line(text: str, *, zone: tzinfo, near: datetime) -> Line | None:
    """Return a line of Postfix's, None for any other."""
    found = _LINE.match(text)
    at = _moment(found["stamp"], zone, near) if found else None
    if found is None or at is None:
        return None
    queued = _QUEUED.match(found["text"])
    queue_id, said = (queued["queue_id"], queued["text"]) if queued else ("", found["text"])
    return Line(at=at, daemon=found["daemon"], queue_id=queue_id, text=said)


@lru_cache(maxsize=1_024)  # a busy relay writes many lines a second
def _moment(stamp: str, zone: tzinfo, near: datetime) -> datetime | None:
    if stamp[0].isdigit():
        try:
            return datetime.fromisoformat(stamp).astimezone(zone)
        except (ValueError, OverflowError):
            return None
    local = near.astimezone(zone)
    possible = [at for year in (local.year - 1, local.year, local.year + 1) if (at := _in_year(stamp, year, zone))]
    return min(possible, key=lambda at: abs(at - near), default=None)


def _in_year(stamp: str, year: int, zone: tzinfo) -> datetime | None:
    month = _MONTHS.get(stamp[:3], 0)
    hour, minute, second = (int(part) for part in stamp[7:].split(":"))
    try:
        return datetime(year, month, int(stamp[4:6]), hour, minute, min(second, 59), tzinfo=zone)
    except ValueError:
        return None


# Not strptime: it reads the locale's month names, and Postfix writes English ones.
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}


@dataclass(slots=True)
class Coverage:
    """From when to when logs tell what happened: rotated files follow one another without a hole."""

    spans: list[tuple[datetime, datetime]] = field(default_factory=list)

    def add(self, first: datetime, last: datetime) -> None:
        merged: list[tuple[datetime, datetime]] = []
        for begin, end in sorted([*self.spans, (first, last)]):
            if merged and begin - merged[-1][1] <= ROTATION:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((begin, end))
        self.spans = merged

    def holds(self, at: datetime) -> bool:
        """True when the logs begin before `at` and go on long enough for a slow message to have been queued."""
        return any(begin < at and at + AFTER <= end for begin, end in self.spans)


ROTATION = timedelta(minutes=5)  # the longest silence between two files that still counts as none
AFTER = timedelta(minutes=10)  # the time that a final reply may take (RFC 5321 section 4.5.3.2.6)
