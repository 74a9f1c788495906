"""The sums of an issue beyond its counts, by domain, reply, relay and run; and their lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from newsletter.delivery.state import DeliveryState
from newsletter.sending.report import short, shown_time, told_run
from newsletter.store.account import (
    Domain,
    Domains,
    PastRun,
    Relayed,
    ReplyKind,
    by_domain,
    by_relay,
    by_reply,
    events_of,
    runs_of,
)
from newsletter.store.database import Connection
from newsletter.store.issues import IssueRow

DOMAINS, REPLIES = 20, 30  # shown of each; the rest is one line

_S = DeliveryState
# The columns of a table by domain: what they hold.
_COLUMNS = (
    ("accepted", (_S.ACCEPTED,)),
    ("refused", (_S.REJECTED, _S.GAVE_UP)),
    ("deferred", (_S.DEFERRED,)),
    ("uncertain", (_S.UNCERTAIN,)),
    ("unsent", (_S.PENDING, _S.IN_FLIGHT)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    domains: Domains
    replies: Sequence[ReplyKind]
    relays: Sequence[Relayed]
    runs: Sequence[PastRun]
    events: Mapping[str, int]  # kind → people of whom something was learned later


def read_sums(conn: Connection, row: IssueRow) -> Sums:
    """Read what there is; nothing is asked for what the counts say is not there."""
    counts = row.counts
    return Sums(
        domains=by_domain(conn, row.id, limit=DOMAINS),
        replies=by_reply(conn, row.id, limit=REPLIES)
        if counts.rejected or counts.gave_up or counts.deferred or counts.uncertain
        else (),
        relays=by_relay(conn, row.id),
        runs=runs_of(conn, row.id),
        events=events_of(conn, row.id),
    )


def as_lines(sums: Sums, *, zone: tzinfo) -> Iterator[str]:
    """Yield the report's lines below the counts."""
    yield from _domains(sums.domains)
    if sums.replies:
        yield "  by reply:"
    for one in sums.replies:
        said = f"{one.code or ''} {one.reply}".strip() or "no reply"
        fault = f", fault: {one.scope}" if one.scope not in ("", "none") else ""
        state = one.state.value.replace("_", " ")
        yield f"    {one.people:>9,}  {state} at {one.stage or 'no stage'}{fault}: {short(said)}"
    for relay in sums.relays:
        again = f", {relay.tried_again:,} people more than once" if relay.tried_again else ""
        yield f"  by {relay.relay or 'no relay'}: {relay.tries:,} tries{again}"
        if relay.first_at and relay.last_at:
            first, last = shown_time(relay.first_at, zone), shown_time(relay.last_at, zone)
            yield f"    first tries from {first}, last try at {last}"
    if sums.events:
        yield "  learned later: " + ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in sums.events.items())
    if sums.runs:
        yield "  runs:"
    yield from (f"    {told_run(run, zone)}" for run in sums.runs)


def _domains(domains: Domains) -> Iterator[str]:
    if not domains.first:
        return
    shown = [name for name, states in _COLUMNS if any(_sum(one, states) for one in (*domains.first, domains.others))]
    yield f"  {'by domain:':<32}" + "".join(f"{name:>11}" for name in ("people", *shown))
    rest = domains.number - len(domains.first)
    for one in (*domains.first, *([domains.others] if rest else [])):
        name = f"{rest:,} others" if one is domains.others else one.name or "(erased)"
        numbers = (one.people, *(_sum(one, states) for column, states in _COLUMNS if column in shown))
        yield f"    {name[:30]:<30}" + "".join(f"{number:>11,}" for number in numbers)


def _sum(domain: Domain, states: Sequence[DeliveryState]) -> int:
    return sum(domain.states.get(state, 0) for state in states)
