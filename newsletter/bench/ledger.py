"""How many rows a second the ledger takes: each is marked in one transaction and settled in the next, as a send does.

A transaction carries as many outcomes as marks, and is on disk (SQLite: synchronous=FULL) when it returns.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from newsletter.bench.slow_disk import fdatasync_microseconds
from newsletter.delivery.scope import Reply, Stage, judge
from newsletter.errors import UsageError
from newsletter.render.compiled import CompiledIssue
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, reading, recording, writing
from newsletter.store.deliveries import Claimed, claim_pending
from newsletter.store.freezing import Again, freeze
from newsletter.store.imports import import_rows
from newsletter.store.issues import Plan, load_issue
from newsletter.store.ledger import Mark, Run, Settled, write_group
from newsletter.store.runs import begin_run, last_number
from newsletter.store.subscribers import find_list
from newsletter.subscriber import open_list
from newsletter.tokens import Keys

GROUPS = (1, 4, 16, 64)  # rows in a transaction
_LIST = "bench"
_KEYS = Keys(secrets={0: b"k" * 32}, current=0)
_ACCEPTED = judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok: queued as 4FxyZ12abc"))
_PLAN = Plan(transport="smtp", target="smtp://127.0.0.1", connections=16, rate=0.0, uncertain="hold")


def run(compiled: CompiledIssue, *, folder: Path, rows: int = 20_000, url: str = "") -> dict[str, object]:
    """Return rows a second for each size of group; `url`: an empty database of a PostgreSQL server, else SQLite."""
    people = folder / "people.csv"
    lines = "".join(f"reader{n}@mail{n % 50}.example;Читатель {n}\n" for n in range(rows))
    people.write_text(f"email;имя\n{lines}", encoding="utf-8")
    engine = open_database(url or f"sqlite:///{folder / 'bench.db'}")
    figures: dict[str, object] = {"database": engine.dialect.name, "rows": rows}
    if not url:
        figures["fdatasync_microseconds"] = fdatasync_microseconds(folder)
    try:
        with reading(engine) as conn:
            if find_list(conn, _LIST) is not None:
                raise UsageError("the database of the bench holds a list already", fix="give an empty database")
        import_rows(engine, _LIST, (row for row in open_list(people).rows() if not hasattr(row, "reason")), keys=_KEYS)
        for group in GROUPS:
            sent = _begun(engine, compiled, key=f"bench-{group}")
            # One by one a row costs a whole fdatasync or two: fewer are enough for the same precision.
            figures[f"rows_per_second_in_groups_of_{group}"] = _rate(engine, sent, group, min(rows, 2_000 * group))
    finally:
        engine.dispose()
    return figures


def _begun(engine: Engine, compiled: CompiledIssue, *, key: str) -> Run:
    """Freeze an issue for the whole list and begin its run."""
    with writing(engine) as conn:
        meant = Meant(key=key, list_id=find_list(conn, _LIST) or 0, list_name=_LIST, compiled=compiled, keys=_KEYS)
        issue_id = freeze(conn, meant, plan=_PLAN, timezone="Europe/Moscow", again=Again.NO)
        return begin_run(conn, load_issue(conn, issue_id), number=last_number(conn) + 1, owner="bench")


def _rate(engine: Engine, run: Run, group: int, rows: int) -> int:
    with recording(engine) as conn:
        claimed = claim_pending(conn, run, after_position=-1, limit=rows)
    settled: list[Settled] = []
    started = time.perf_counter()
    for begin in range(0, len(claimed) + group, group):
        marks = [_mark(row) for row in claimed[begin : begin + group]]
        _write(engine, run, settled, marks)
        settled = [Settled(id=mark.id, attempt=mark.attempt, outcome=_ACCEPTED) for mark in marks]
    seconds = time.perf_counter() - started
    with reading(engine) as conn:
        accepted = load_issue(conn, run.issue_id).counts.accepted
    if accepted != len(claimed):
        raise UsageError(f"the ledger settled {accepted} rows of {len(claimed)}")
    return round(len(claimed) / seconds)


def _write(engine: Engine, run: Run, settled: Sequence[Settled], marks: Sequence[Mark]) -> None:
    with recording(engine) as conn:
        write_group(conn, run, settled=settled, marks=marks, careful=False)


def _mark(row: Claimed) -> Mark:
    return Mark(
        id=row.id,
        before=row.before,
        attempt=row.attempt + 1,
        date_sent=datetime.now(UTC).replace(microsecond=0),
        sha256="0" * 64,
        relay="127.0.0.1:25",
    )
