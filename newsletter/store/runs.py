"""Runs: each time a sender takes an issue in hand, numbered over the whole store and by epoch within the issue.

The run's number also goes to a side file (sending/run_number.py). When the two disagree by more than one crash
explains, the ledger was restored from a copy and may have forgotten mails that left: `hold_unfinished`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, true, update

from newsletter.delivery.state import IssueState
from newsletter.store.database import now
from newsletter.store.issues import IssueRow
from newsletter.store.ledger import Run
from newsletter.store.schema import delivery, issue, run


def last_number(conn: Connection) -> int:
    """Return the number of the newest run, 0 without any."""
    return int(conn.execute(select(func.coalesce(func.max(run.c.number), 0))).scalar_one())


def last_numbers(conn: Connection, place: str) -> tuple[int, int]:
    """Return the numbers of the newest run of a place and of the one before, 0 for none.

    A database that is a file has one place, "": all its runs.
    """
    found = select(run.c.number).where(run.c.place == place if place else true())
    newest, before, *_ = (*conn.scalars(found.order_by(run.c.number.desc()).limit(2)), 0, 0)
    return newest, before


def last_owner(conn: Connection, issue_id: int) -> tuple[str, datetime] | None:
    """Return who sent an issue last (host:pid), and when that began."""
    newest = select(run.c.owner, run.c.started_at).where(run.c.issue_id == issue_id).order_by(run.c.number.desc())
    row = conn.execute(newest.limit(1)).first()
    return (row.owner, row.started_at) if row else None


def begin_run(conn: Connection, row: IssueRow, *, number: int, owner: str, place: str = "") -> Run:
    """Write the run, raise the issue's epoch and set it running: from here on every earlier sender is refused."""
    at = now(conn)
    conn.execute(insert(run).values(number=number, issue_id=row.id, owner=owner, place=place, started_at=at))
    conn.execute(
        update(issue)
        .where(issue.c.id == row.id)
        .values(
            epoch=row.epoch + 1,
            state=IssueState.RUNNING.value,
            state_reason="",
            stop_requested=False,
            started_at=func.coalesce(
                issue.c.started_at, select(run.c.started_at).where(run.c.number == number).scalar_subquery()
            ),
        )
    )
    return Run(
        issue_id=row.id,
        list_id=row.list_id,
        list_name=row.list_name,
        number=number,
        epoch=row.epoch + 1,
        owner=owner,
    )


def end_run(conn: Connection, ended: Run, *, how: str, milliseconds: int) -> None:
    """Write how the run ended, and add the time it spent sending."""
    conn.execute(update(run).where(run.c.number == ended.number).values(ended_at=now(conn), end=how))
    _add_time(conn, ended.issue_id, milliseconds)


def close_dead_runs(conn: Connection, begun: Run) -> bool:
    """End the runs whose process died, at their last mark, and add their time; returns whether there was one.

    Without it the messages of a killed run would count in the rate and its seconds would not. A wait for retries in
    such a run counts as sending: nothing on disk tells them apart.
    """
    open_ones = (run.c.issue_id == begun.issue_id, run.c.number != begun.number, run.c.ended_at.is_(None))
    dead = conn.execute(select(run.c.number, run.c.started_at).where(*open_ones).order_by(run.c.number)).all()
    if not dead:
        return False
    marked = select(func.max(delivery.c.date_sent)).where(
        delivery.c.issue_id == begun.issue_id, delivery.c.epoch == begun.epoch - 1
    )
    last_mark: datetime | None = conn.execute(marked).scalar_one()
    for number, started_at in dead:
        ended_at = started_at
        if last_mark and number == dead[-1].number:
            # A mark holds whole seconds: the message left within the second that begins there.
            ended_at = max(started_at, last_mark + timedelta(seconds=1))
        conn.execute(update(run).where(run.c.number == number).values(ended_at=ended_at, end="died"))
        _add_time(conn, begun.issue_id, round((ended_at - started_at).total_seconds() * 1_000))
    return True


def _add_time(conn: Connection, issue_id: int, milliseconds: int) -> None:
    more = issue.c.sending_milliseconds + milliseconds
    conn.execute(update(issue).where(issue.c.id == issue_id).values(sending_milliseconds=more))


def hold_unfinished(conn: Connection) -> int:
    """Keep every unfinished issue from going on without `--after-restore`; returns how many."""
    unfinished = issue.c.state != IssueState.FINISHED.value
    return conn.execute(update(issue).where(unfinished).values(restore_hold=True)).rowcount


def release_hold(conn: Connection, issue_id: int) -> None:
    """A person has looked: the issue may go on."""
    conn.execute(update(issue).where(issue.c.id == issue_id).values(restore_hold=False))
