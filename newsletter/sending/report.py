"""What became of an issue, for people and as the JSON object of design.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, tzinfo

from newsletter.delivery.state import Counts, DeliveryState, IssueState
from newsletter.store.account import PastRun, last_run
from newsletter.store.database import Connection
from newsletter.store.deliveries import (
    excluded_by_reason,
    named,
    next_due,
    refusals,
    refused_by_our_fault,
    resendable,
)
from newsletter.store.issues import IssueRow
from newsletter.store.suppression import in_words

NAMED = 20  # addresses shown of each kind; the rest is counted
# Who was not served, or may not have been: named to a person, with the head of their paragraph.
_HEADS = {
    DeliveryState.REJECTED: "rejected",
    DeliveryState.GAVE_UP: "gave up",
    DeliveryState.UNCERTAIN: "uncertain (perhaps served: the reply was lost)",
    DeliveryState.DEFERRED: "deferred",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report for a person tells beyond the counts."""

    named: Mapping[DeliveryState, Sequence[tuple[str, str]]] = field(default_factory=dict)  # address, what was replied
    refusals: Sequence[tuple[str, int, str]] = ()  # state, people, one such reply; the commonest first
    ours: Sequence[tuple[str, int]] = ()  # code, people refused with it for a fault of ours
    excluded_since: Mapping[str, int] = field(default_factory=dict)  # reason → people left out after the freeze
    next_try: datetime | None = None
    resendable: int = 0  # uncertain ones who may be mailed once more
    last_run: PastRun | None = None


def read_told(conn: Connection, row: IssueRow) -> Told:
    """Read what `as_text` tells; nothing is asked for what the counts say is not there."""
    counts = row.counts
    there = [state for state in _HEADS if getattr(counts, state.value)]
    since: dict[str, int] = {}
    if counts.excluded > sum(row.exclusions.values()):
        found = excluded_by_reason(conn, row.id)
        since = {reason: n - row.exclusions.get(reason, 0) for reason, n in found.items()}
    return Told(
        named={state: named(conn, row.id, state, limit=NAMED) for state in there},
        refusals=refusals(conn, row.id) if any(getattr(counts, state.value) > NAMED for state in there) else (),
        ours=refused_by_our_fault(conn, row.id) if counts.rejected else (),
        excluded_since={reason: n for reason, n in since.items() if n > 0},
        next_try=next_due(conn, row.id) if counts.deferred else None,
        resendable=resendable(conn, row.id) if counts.uncertain else 0,
        last_run=last_run(conn, row.id),
    )


def shown_time(at: datetime, zone: tzinfo) -> str:
    """Return a moment for people: in the office's zone, which is named."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def told_run(run: PastRun, zone: tzinfo) -> str:
    """Return who sent, when and how it ended."""
    host, _, process = run.owner.rpartition(":")
    end = f"to {shown_time(run.ended_at, zone)}: {run.end}" if run.ended_at else "on"
    return f"process {process} on {host}, from {shown_time(run.started_at, zone)} {end}"


def shown_state(row: IssueRow, *, is_held: Callable[[str], bool]) -> IssueState:
    """Return the state as people should read it: running with nobody holding the lock is interrupted."""
    if row.state in (IssueState.RUNNING, IssueState.PREPARING) and not (row.sender or is_held(row.code)):
        return IssueState.INTERRUPTED
    return row.state


def as_json(row: IssueRow, state: IssueState) -> dict[str, object]:
    """Return the object of `send`, `resume` and `status ISSUE`: audience is the sum of the eight counts."""
    seconds = row.sending_milliseconds / 1_000
    return {
        "issue": row.code,
        "key": row.key,
        "list": row.list_name,
        "digest": row.digest,
        "state": state.value,
        **counts_json(row.counts),
        "seconds": round(seconds, 3),
        "messages_per_second": round(row.counts.accepted / seconds, 1) if seconds else 0.0,
    }


def counts_json(counts: Counts) -> dict[str, int]:
    return {"audience": counts.audience} | {entry.name: getattr(counts, entry.name) for entry in fields(Counts)}


def as_text(row: IssueRow, state: IssueState, told: Told, *, zone: tzinfo, sums: Iterable[str] = ()) -> str:
    """Return the report for a person: what, how many of each, who was not served and why, what to do next.

    `sums` are lines that stand before the next steps; they tell of all runs, so the last one is not told apart.
    """
    why = f": {short(row.state_reason)}" if row.state_reason and state is not IssueState.FINISHED else ""
    lines = [f"issue {row.code}  {row.key} to {row.list_name}  {state.value}{why}", f"  {row.subject}"]
    if row.approvals:
        lines.append(f"  approved by {', '.join(_approval(one, zone) for one in row.approvals)}")
    shown = counts_json(row.counts)
    lines += [f"  {name.replace('_', ' '):<10}{number:>10,}" for name, number in shown.items() if number]
    for when, reasons in (("at freeze", row.exclusions), ("since the freeze", told.excluded_since)):
        if reasons:
            lines.append(
                f"  excluded {when}: " + ", ".join(f"{n:,} {in_words(reason)}" for reason, n in reasons.items())
            )
    for kind in _HEADS:
        lines += _people(kind, getattr(row.counts, kind.value), told, zone)
    if row.sending_milliseconds:
        seconds = row.sending_milliseconds / 1_000
        lines.append(f"  {seconds:,.1f} seconds of sending, {row.counts.accepted / seconds:,.1f} messages a second")
    more = list(sums)
    if told.last_run and not more:
        lines.append(f"  last sent by {told_run(told.last_run, zone)}")
    lines += more
    lines += [f"  next: {text}" for text in _next_steps(row, state, told, zone)]
    return "\n".join(lines)


def _approval(kept: Mapping[str, object], zone: tzinfo) -> str:
    return f"{kept['who']} at {shown_time(datetime.fromisoformat(str(kept['at'])), zone)}"


def _people(kind: DeliveryState, number: int, told: Told, zone: tzinfo) -> Iterator[str]:
    people = told.named.get(kind, ())
    if not people:
        return
    when = ""
    if kind is DeliveryState.DEFERRED and told.next_try:
        when = f", next try at {shown_time(told.next_try, zone)}"
    yield f"  {_HEADS[kind]}{when}:"
    if number > len(people):
        yield from (f"    {n:,} with {short(reply)}" for state, n, reply in told.refusals if state == kind.value)
    yield from (f"    {address}: {short(reply)}" for address, reply in people)
    if number > len(people):
        yield f"    and {number - len(people):,} more"


def short(reply: str) -> str:
    """Return a reply on one line: its own line breaks would make lines of the report."""
    words = " ".join(reply.split())
    return words if len(words) <= 120 else f"{words[:119]}…"


def _next_steps(row: IssueRow, state: IssueState, told: Told, zone: tzinfo) -> Iterator[str]:
    if state is IssueState.RUNNING:
        return
    resume = f"newsletter resume {row.code}"
    if state is not IssueState.FINISHED:
        only_later = told.next_try is not None and not row.counts.pending and not row.counts.in_flight
        when = f" after {shown_time(told.next_try, zone)}" if only_later and told.next_try else ""
        yield f'"{resume}"{when}'
    for code, people in told.ours:
        yield (
            f'"{resume} --retry-refused {code}" tries again the {people:,} refused with that code, '
            "once the fault of ours behind it is mended"
        )
    if row.counts.uncertain:
        yield (
            f'"newsletter reconcile {row.code} --postfix-log FILE" asks the relay\'s log about the uncertain, '
            f'"newsletter resolve {row.code} ADDRESS" takes your word'
        )
    if told.resendable:
        yield (
            f'"{resume} --uncertain resend" mails the {told.resendable:,} uncertain once more: '
            "who has the mail already gets it twice"
        )
