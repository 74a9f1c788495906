"""The page of `newsletter report --html`: an issue's account, to show, to print and to keep.

One file that runs nothing and fetches nothing. Replies, addresses and subjects come from outside: they are escaped by
the template and freed of characters that act on a screen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, Decimal

from newsletter.delivery.state import Counts, DeliveryState, IssueState
from newsletter.sending.report_sums import Sums, read_sums
from newsletter.store.account import Domain, PastRun, Slice, over_time
from newsletter.store.database import Connection
from newsletter.store.deliveries import excluded_by_reason, named, next_due
from newsletter.store.issues import IssueRow
from newsletter.web.languages import Language, Words, words_of
from newsletter.web.moments import shown_moment
from newsletter.web.pages import HERE, render
from newsletter.web.report_chart import KINDS, base_step, draw

NAMED = 100  # people shown of each kind; the CSV file has all
_NAMED = (DeliveryState.REJECTED, DeliveryState.GAVE_UP, DeliveryState.UNCERTAIN, DeliveryState.DEFERRED)
_REASONS = frozenset({"unsubscribed", "bounced", "complained", "requested", "forgotten"})
_ENDS = frozenset(
    {"done", "waiting", "stopped", "paused", "interrupted", "taken_over", "failed", "died"}
)  # that have words
_EVENTS = frozenset({"bounce", "complaint", "resolve", "late_reply", "unsubscribe"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the page tells beyond the issue's row."""

    sums: Sums
    slices: Sequence[Slice]
    people: Mapping[DeliveryState, Sequence[tuple[str, str]]]
    excluded: Mapping[str, int]
    next_try: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    row: IssueRow
    state: IssueState
    read: Read
    office: str
    zone: tzinfo
    language: Language


def read_reported(conn: Connection, row: IssueRow) -> Read:
    """Read what the page tells: sums alone, and the first of those who were not served."""
    sums = read_sums(conn, row)
    first = min((one.first_at for one in sums.relays if one.first_at), default=None)
    last = max((one.last_at for one in sums.relays if one.last_at), default=None)
    there = [state for state in _NAMED if getattr(row.counts, state.value)]
    return Read(
        sums=sums,
        slices=over_time(conn, row.id, step=base_step(first, last)) if last else (),
        people={state: named(conn, row.id, state, limit=NAMED) for state in there},
        excluded=excluded_by_reason(conn, row.id) if row.counts.excluded else {},
        next_try=next_due(conn, row.id) if row.counts.deferred else None,
    )


def report_page(what: Reported) -> str:
    """Return the whole page."""
    show = _Show(what)
    row, counts, sums = what.row, what.row.counts, what.read.sums
    meant = counts.audience - counts.excluded
    return render(
        "report.html",
        what.language,
        css=(HERE / "static" / "report.css").read_text(encoding="utf-8"),
        show=show,
        row=row,
        office=clean(what.office),
        state=what.state.value,
        reason=clean(row.state_reason) if what.state is IssueState.PAUSED else "",
        meant=meant,
        counts=[(entry.name, getattr(counts, entry.name)) for entry in fields(Counts)],
        band=_band(counts),
        approvals=[
            (clean(str(one["who"])), show.moment(datetime.fromisoformat(str(one["at"])))) for one in row.approvals
        ],
        seconds=row.sending_milliseconds / 1_000,
        sending=timedelta(milliseconds=row.sending_milliseconds),
        sums=sums,
        chart=draw(what.read.slices),
        domains=list(_domains(sums.domains.first, sums.domains.others, sums.domains.number)),
        kinds=[kind for kind, _ in KINDS],
        people=[(state.value, getattr(counts, state.value), found) for state, found in what.read.people.items()],
        excluded=sorted(what.read.excluded.items(), key=lambda one: -one[1]),
        next_try=what.read.next_try,
    )


def clean(text: str) -> str:
    """Return text from outside as one line without what acts on a screen (controls, direction overrides)."""
    shown = (one for one in text if unicodedata.category(one) not in ("Cf", "Cs"))
    return " ".join("".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in shown).split())


def _band(counts: Counts) -> list[tuple[str, int, float]]:
    """Return each count that is there with its share of a band, no share too small to be seen."""
    there = [(entry.name, getattr(counts, entry.name)) for entry in fields(Counts) if getattr(counts, entry.name)]
    return [(name, number, max(number * 100 / max(counts.audience, 1), 0.6)) for name, number in there]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A domain as a line of bars; widths are per cent of the longest."""

    name: str
    rest: int  # how many domains it stands for, 0 for one
    people: int
    accepted: int
    parts: Sequence[tuple[str, int, float]]


def _domains(first: Sequence[Domain], others: Domain, number: int) -> Iterator[_Line]:
    rest = number - len(first)
    longest = max((one.people for one in first), default=1)
    for one in (*first, *([others] if rest else [])):
        # The rest may be longer than the longest: it fills its line, and its number tells.
        whole = max(longest, one.people)
        parts = [(kind, sum(one.states.get(state, 0) for state in states)) for kind, states in KINDS]
        yield _Line(
            name=clean(one.name),
            rest=rest if one is others else 0,
            people=one.people,
            accepted=one.states.get(DeliveryState.ACCEPTED, 0),
            parts=[(kind, people, people * 100 / whole) for kind, people in parts if people],
        )


@dataclass(frozen=True, slots=True)
class _Show:
    """How values stand on the page."""

    what: Reported

    @property
    def _words(self) -> Words:
        return words_of(self.what.language)

    def number(self, value: float, digits: int = 0) -> str:
        text = f"{value:,.{digits}f}"
        return text.replace(",", "\u00a0").replace(".", ",") if self.what.language == "ru" else text

    def share(self, value: int, whole: int) -> str:
        """Return a share in per cent, cut, never rounded up: 100 % is said only of all."""
        if not whole or value == whole:
            return f"{100 if whole else 0}\u00a0%"
        cut = (Decimal(value) * 100 / Decimal(whole)).quantize(Decimal("0.1"), rounding=ROUND_DOWN)
        small = value and not cut
        text = self.number(0.1 if small else float(cut), 1)
        return f"{'< ' if small else ''}{text}\u00a0%"

    def moment(self, at: datetime) -> str:
        zone = f"{at.astimezone(self.what.zone):%Z}"  # "MSK", or "+05" where it has no letters
        zone = "мск" if (zone, self.what.language) == ("MSK", "ru") else f"UTC{zone}" if zone[:1] in "+-" else zone
        return f"{shown_moment(at, self.what.zone, self.what.language)} {zone}"

    def clock(self, at: datetime, step: timedelta) -> str:
        """Return a time below the chart, as fine as its columns."""
        local = at.astimezone(self.what.zone)
        if step >= timedelta(days=1):
            return f"{local:%d.%m}"
        return f"{local:%H:%M:%S}" if step < timedelta(minutes=1) else f"{local:%H:%M}"

    def day(self, at: datetime) -> str:
        return f"{at.astimezone(self.what.zone):%d.%m}"

    def span(self, length: timedelta) -> str:
        """Return a length of time in its two largest units."""
        seconds = round(length.total_seconds())
        units = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
        said = []
        for name, size in units:
            count, seconds = divmod(seconds, size)
            if count:
                said.append(self._words(f"report.{name}", n=count))
        return " ".join(said[:2]) or self._words("report.seconds", n=0)

    def reason(self, name: str) -> str:
        return self._words(f"report.reason_{name}") if name in _REASONS else clean(name)

    def fault(self, scope: str) -> str:
        return self._words(f"report.fault_{scope}") if scope in ("recipient", "message", "ours", "session") else "—"

    def ended(self, run: PastRun) -> str:
        key = run.end.replace(" ", "_")
        return self._words(f"report.end_{key}") if key in _ENDS else clean(run.end) or self._words("report.end_none")

    def event(self, kind: str) -> str:
        return self._words(f"report.later_{kind}") if kind in _EVENTS else clean(kind)

    def owner(self, run: PastRun) -> str:
        host, _, process = clean(run.owner).rpartition(":")
        return self._words("report.process", host=host, process=process)

    def clean(self, text: str) -> str:
        return clean(text)
