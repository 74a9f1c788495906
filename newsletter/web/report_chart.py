"""An issue's deliveries over time as columns of equal time: what a chart draws. Pure: slices in, columns out.

A stretch in which nothing happened for long, a pause or a wait for retries, is no row of empty columns: the chart
breaks off there and begins anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.delivery.state import DeliveryState
from newsletter.store.account import Slice

_S = DeliveryState
# From the ground up; what is shown together, under the name of its words and colour.
KINDS: tuple[tuple[str, tuple[DeliveryState, ...]], ...] = (
    ("accepted", (_S.ACCEPTED,)),
    ("deferred", (_S.DEFERRED, _S.IN_FLIGHT, _S.PENDING)),
    ("uncertain", (_S.UNCERTAIN,)),
    ("rejected", (_S.REJECTED, _S.GAVE_UP, _S.EXCLUDED)),
)
MOST_COLUMNS, MOST_STRETCHES = 48, 4  # what a phone still shows
_GAP = 4  # empty columns that still are drawn
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 604_800)
)
HEIGHT = 1_000  # of the drawing; a column of one person beside one of a million still shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    kind: str
    people: int
    top: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    at: datetime
    people: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Columns without a long pause between them; an empty column has no parts."""

    bars: Sequence[Bar]
    pause: timedelta  # since the stretch before, 0 for the first

    @property
    def begins(self) -> datetime:
        return self.bars[0].at


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    stretches: Sequence[Stretch]
    step: timedelta
    tallest: int  # people in the highest column
    kinds: Sequence[str]  # that are there


def base_step(first: datetime | None, last: datetime | None) -> timedelta:
    """Return how finely to read the ledger, so that it is never more than some ten thousand sums."""
    span = last - first if first and last else timedelta(0)
    return timedelta(seconds=1) if span <= timedelta(hours=2) else timedelta(minutes=1 if span.days < 7 else 60)


def draw(slices: Sequence[Slice]) -> Chart | None:
    """Return the chart with the finest columns that fit, None where there would be one column or none."""
    if not slices:
        return None
    for step in _STEPS:
        columns = _columns(slices, step)
        runs = _stretches(sorted(columns), step)
        if len(runs) <= MOST_STRETCHES and sum(len(_filled(run, step)) for run in runs) <= MOST_COLUMNS:
            break
    if len(columns) == 1:
        return None
    tallest = max(sum(states.values()) for states in columns.values())
    found = {kind for kind, states in KINDS for column in columns.values() if any(column[one] for one in states)}
    stretches, before = [], None
    for run in runs:
        bars = [_bar(at, columns.get(at, Counter()), tallest) for at in _filled(run, step)]
        stretches.append(Stretch(bars=bars, pause=run[0] - before - step if before else timedelta(0)))
        before = run[-1]
    return Chart(stretches=stretches, step=step, tallest=tallest, kinds=[kind for kind, _ in KINDS if kind in found])


def _columns(slices: Sequence[Slice], step: timedelta) -> dict[datetime, Counter[DeliveryState]]:
    columns: dict[datetime, Counter[DeliveryState]] = {}
    for one in slices:
        at = one.at - timedelta(seconds=one.at.timestamp() % step.total_seconds())
        columns.setdefault(at, Counter()).update(one.states)
    return columns


def _stretches(times: Sequence[datetime], step: timedelta) -> list[list[datetime]]:
    runs = [[times[0]]]
    for at in times[1:]:
        if at - runs[-1][-1] > (_GAP + 1) * step:
            runs.append([])
        runs[-1].append(at)
    return runs


def _filled(run: Sequence[datetime], step: timedelta) -> list[datetime]:
    return [run[0] + number * step for number in range((run[-1] - run[0]) // step + 1)]


def _bar(at: datetime, states: Mapping[DeliveryState, int], tallest: int) -> Bar:
    parts, ground = [], float(HEIGHT)
    for kind, members in KINDS:
        if people := sum(states.get(state, 0) for state in members):
            height = max(people * HEIGHT / tallest, 4)  # one person among a million is still seen
            ground -= height
            parts.append(Part(kind=kind, people=people, top=round(max(ground, 0), 1), height=round(height, 1)))
    return Bar(at=at, people=sum(states.values()), parts=parts)
