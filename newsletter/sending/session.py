"""What surrounds a run: the ledger made true before it, the issue's state written after it.

In this order, and each step may be repeated after a crash: outcomes that a full disk kept out of the ledger are read
in, the run is numbered, what a dead sender left in flight becomes uncertain, and what a person asked back is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from newsletter.delivery.scope import Outcome
from newsletter.delivery.state import Counts, IssueState
from newsletter.errors import GateError
from newsletter.sending.lock import this_process
from newsletter.sending.places import Places
from newsletter.sending.run_number import begin_numbered_run
from newsletter.sending.sender import End, Ended
from newsletter.sending.spare import SpareEntry, read_spare
from newsletter.store.database import Engine, now, reading, writing
from newsletter.store.deliveries import (
    PUT_BACK_ROWS,
    Orphan,
    last_accepted,
    orphans_to_uncertain,
    read_orphans,
    retry_refused,
)
from newsletter.store.issues import IssueRow, load_issue, set_state, verify_counts
from newsletter.store.ledger import Run, Settled, write_group
from newsletter.store.runs import close_dead_runs, end_run, release_hold

# What became of an orphan, None for nobody knows; also given: the delivery that was accepted last, 0 for none.
Evidence = Callable[[Orphan, int], Outcome | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What `send` or `resume` asks for at the start of a run."""

    is_fresh: bool  # frozen just now
    retry_refused: str = ""  # put back those refused with this code
    after_restore: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    run: Run
    orphans: tuple[str, ...]  # addresses that a dead sender left in doubt
    put_back: int
    is_after_death: bool  # the sender before us did not live to write its end


def open_run(
    engine: Engine, places: Places, row: IssueRow, opening: Opening, *, evidence: Evidence | None = None
) -> Opened:
    """Begin a run of `row`, whose lock the caller holds. Raises GateError for a restored ledger, StoreError.

    `evidence` is asked about what a dead sender left in flight: an outbox can tell what a relay cannot.
    """
    for path in places.spares(row.code):
        _replay_spare(engine, path, row)
    if evidence is not None:
        _ask(engine, row, evidence)
    begun = begin_numbered_run(engine, places, row.id, owner=this_process())
    with writing(engine) as conn:
        is_after_death = close_dead_runs(conn, begun.run)
        orphans = orphans_to_uncertain(conn, begun.run)
        is_held = load_issue(conn, row.id).restore_hold
        if is_held and opening.after_restore:
            release_hold(conn, row.id)
        elif is_held:
            set_state(conn, row.id, IssueState.STOPPED, reason="the ledger was restored from a copy")
    if is_held and not opening.after_restore:
        raise GateError(
            "the ledger was restored from a copy or is one: it may have forgotten mails that left",
            fix=f'compare with the relay\'s log, then "newsletter resume {row.code} --after-restore"',
        )
    put_back = _put_back(engine, begun.run, opening.retry_refused) if opening.retry_refused else 0
    return Opened(run=begun.run, orphans=orphans, put_back=put_back, is_after_death=is_after_death)


def _put_back(engine: Engine, run: Run, code: str) -> int:
    """Put back all who were refused with `code`, in transactions that others need not wait for long."""
    put_back = 0
    while True:
        with writing(engine) as conn:
            moved = retry_refused(conn, run, code)
        put_back += moved
        if moved < PUT_BACK_ROWS:
            return put_back


def _ask(engine: Engine, row: IssueRow, evidence: Evidence) -> None:
    with reading(engine) as conn:
        orphans, last = read_orphans(conn, row.id), last_accepted(conn, row.id)
    for orphan in orphans:
        outcome = evidence(orphan, last)
        if outcome is not None:
            settled = Settled(id=orphan.id, attempt=orphan.attempt, outcome=outcome)
            with writing(engine) as conn:
                write_group(conn, _past_run(row, orphan.epoch), settled=(settled,), marks=(), at=now(conn))


def close_run(engine: Engine, run: Run, ended: Ended) -> IssueRow:
    """Verify the counters and write how the run and the issue stand. Raises StoreError for counters that are wrong."""
    with writing(engine) as conn:
        # With another run at work the counters move between two looks at them.
        is_ours = ended.end is not End.TAKEN_OVER
        counts = verify_counts(conn, run.issue_id) if is_ours else load_issue(conn, run.issue_id).counts
        end_run(conn, run, how=ended.end.value, milliseconds=ended.sending_milliseconds)
        state = state_after(ended.end, counts)
        if state is not None:
            set_state(conn, run.issue_id, state, reason=ended.reason)
        return load_issue(conn, run.issue_id)


def state_after(end: End, counts: Counts) -> IssueState | None:
    """Return the state to write, None to leave it: an interrupted issue is one that runs and nobody holds."""
    if counts.is_finished:
        return IssueState.FINISHED
    return {
        End.DONE: IssueState.WAITING,
        End.WAITING: IssueState.WAITING,
        End.STOPPED: IssueState.STOPPED,
        End.PAUSED: IssueState.PAUSED,
    }.get(end)


def _replay_spare(engine: Engine, path: Path, row: IssueRow) -> None:
    entries = read_spare(path)
    for epoch in sorted({entry.epoch for entry in entries}):
        with writing(engine) as conn:
            write_group(conn, _past_run(row, epoch), settled=_of_epoch(entries, epoch), marks=(), at=now(conn))
    path.unlink(missing_ok=True)


def _of_epoch(entries: Iterable[SpareEntry], epoch: int) -> list[Settled]:
    return [entry.settled for entry in entries if entry.epoch == epoch]


def _past_run(row: IssueRow, epoch: int) -> Run:
    """Return the run that wrote the spare file, as far as recording its outcomes needs it."""
    return Run(issue_id=row.id, list_id=row.list_id, list_name=row.list_name, number=0, epoch=epoch, owner="")
