"""What became of an issue, for people and as the JSON object of design.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from newsletter.delivery.state import Counts, IssueState
from newsletter.store.issues import IssueRow

_NAMED = 20  # addresses shown; the rest is counted


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


def as_text(
    row: IssueRow,
    state: IssueState,
    *,
    refusals: Sequence[tuple[str, int, str]] = (),
    uncertain: Sequence[str] = (),
) -> str:
    """Return the report for a person: what, how many of each, why not, who is in doubt, what to do next."""
    why = f": {row.state_reason}" if row.state_reason and state is not IssueState.FINISHED else ""
    lines = [f"issue {row.code}  {row.key} to {row.list_name}  {state.value}{why}", f"  {row.subject}"]
    shown = counts_json(row.counts)
    lines += [f"  {name.replace('_', ' '):<10}{number:>10,}" for name, number in shown.items() if number]
    if row.exclusions:
        lines.append("  excluded at freeze: " + ", ".join(f"{n:,} {reason}" for reason, n in row.exclusions.items()))
    lines += [f"  {kind.replace('_', ' ')}, {number:,}: {reply}" for kind, number, reply in refusals]
    if uncertain:
        more = f" and {len(uncertain) - _NAMED:,} more" if len(uncertain) > _NAMED else ""
        lines.append(f"  in doubt, perhaps served, not mailed again: {', '.join(uncertain[:_NAMED])}{more}")
    if row.sending_milliseconds:
        seconds = row.sending_milliseconds / 1_000
        lines.append(f"  {seconds:,.1f} seconds of sending, {row.counts.accepted / seconds:,.1f} messages a second")
    if state not in (IssueState.FINISHED, IssueState.RUNNING):
        lines.append(f'  next: "newsletter resume {row.code}"')
    return "\n".join(lines)
