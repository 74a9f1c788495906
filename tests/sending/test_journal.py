"""The journal: grouped without a timer, true when repeated, and safe when the disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from newsletter.delivery.scope import Kind, Outcome, Reply, Scope, Stage, judge, not_sent
from newsletter.delivery.state import Counts
from newsletter.errors import DiskError
from newsletter.sending.journal import Journal, Written
from newsletter.sending.places import Places
from newsletter.sending.session import Opening, open_run
from newsletter.sending.spare import SpareFile, _entries, _line, read_spare
from newsletter.store.audience import Meant
from newsletter.store.database import Connection, Engine, open_database, reading, recording, writing
from newsletter.store.deliveries import claim_pending
from newsletter.store.issues import load_issue, verify_counts
from newsletter.store.ledger import Mark, Run, Settled
from newsletter.store.runs import begin_run
from newsletter.store.schema import delivery
from tests.ledger import on_server

AT = datetime(2026, 3, 1, tzinfo=UTC)
ACCEPTED = judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok"))


@pytest.fixture
def run(
    engine: Engine, add_people: Callable[..., None], meant: Callable[..., Meant], freeze_issue: Callable[..., int]
) -> Run:
    add_people(*[f"p{n}@a.example" for n in range(20)], city="x")
    issue_id = freeze_issue(meant())
    with writing(engine) as conn:
        return begin_run(conn, load_issue(conn, issue_id), number=1, owner="host:1")


@pytest.fixture
def spare(tmp_path: Path) -> SpareFile:
    return SpareFile(tmp_path / "x.spare", entries=20)


def marks(engine: Engine, run: Run) -> list[Mark]:
    with recording(engine) as conn:
        rows = claim_pending(conn, run, after_position=0, limit=100)
    return [Mark(id=r.id, before=r.before, attempt=1, date_sent=AT, sha256="", relay="r") for r in rows]


def accepted(mark: Mark) -> Settled:
    return Settled(id=mark.id, attempt=mark.attempt, outcome=ACCEPTED)


def test_confirmed_mark_is_on_disk_for_every_other_connection(engine: Engine, run: Run, spare: SpareFile) -> None:
    mark = marks(engine, run)[0]
    other = open_database(engine.url.render_as_string())

    async def go() -> str:
        async with Journal(engine, run, spare) as journal:
            assert (await journal.write(mark=mark)).is_marked
            with reading(other) as conn:
                return str(conn.scalar(select(delivery.c.state).where(delivery.c.id == mark.id)))

    assert asyncio.run(go()) == "in_flight"
    other.dispose()


def test_what_arrives_during_a_commit_is_the_next_group(engine: Engine, run: Run, spare: SpareFile) -> None:
    all_marks = marks(engine, run)
    groups: list[int] = []

    async def go() -> list[Written]:
        async with Journal(engine, run, spare, on_moves=lambda moves: groups.append(sum(moves.values()))) as journal:
            return await asyncio.gather(*[journal.write(mark=mark) for mark in all_marks])

    assert all(written.is_marked for written in asyncio.run(go()))
    assert sum(groups) == len(all_marks)
    assert len(groups) < len(all_marks)


def test_row_that_came_back_may_be_marked_again_in_the_same_transaction(
    engine: Engine, run: Run, spare: SpareFile
) -> None:
    mark = marks(engine, run)[0]
    back = Settled(id=mark.id, attempt=1, outcome=not_sent(Stage.MAIL, "lost"))

    async def go() -> Written:
        async with Journal(engine, run, spare) as journal:
            await journal.write(mark=mark)
            _, again = await asyncio.gather(journal.write(settled=back), journal.write(mark=mark._replace(attempt=2)))
            return again

    assert asyncio.run(go()).is_marked
    with reading(engine) as conn:
        assert verify_counts(conn, run.issue_id) == Counts(in_flight=1, pending=19)


def test_locked_database_is_waited_for_without_limit(
    tmp_path: Path, engine: Engine, run: Run, spare: SpareFile
) -> None:
    mark = marks(engine, run)[0]
    impatient = open_database(engine.url.render_as_string(), busy_seconds=0.01)
    busy: list[int] = []

    async def go() -> Written:
        holder = engine.connect()
        holder.execute(text("UPDATE issue SET stop_requested = stop_requested"))  # what each group looks at

        def told() -> None:
            busy.append(1)
            if len(busy) == 3:
                holder.close()

        async with Journal(impatient, run, spare, on_busy=told) as journal:
            return await journal.write(mark=mark)

    assert asyncio.run(go()).is_marked
    assert len(busy) >= 3
    impatient.dispose()


FULL_DISK = {
    "sqlite": "CREATE TRIGGER refuse BEFORE UPDATE ON delivery BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    "postgresql": """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION refuse()""",
}
SPACE_AGAIN = {"sqlite": "DROP TRIGGER refuse", "postgresql": "DROP FUNCTION refuse CASCADE"}


@contextmanager
def full_disk(engine: Engine) -> Iterator[None]:
    """Let every change of a delivery fail."""
    with writing(engine) as conn:
        conn.exec_driver_sql(FULL_DISK[engine.dialect.name])
    try:
        yield
    finally:
        with writing(engine) as conn:
            conn.exec_driver_sql(SPACE_AGAIN[engine.dialect.name])


def test_full_disk_keeps_outcomes_in_the_spare_file_and_resume_reads_them(
    tmp_path: Path, engine: Engine, run: Run
) -> None:
    with writing(engine) as conn:
        row = load_issue(conn, run.issue_id)
    places = Places(folder=tmp_path)
    spare = SpareFile(places.spare(row.code), entries=20)
    first, second = marks(engine, run)[:2]

    async def go() -> tuple[Written, str]:
        async with Journal(engine, run, spare) as journal:
            await journal.write(mark=first)
            long = Outcome(kind=Kind.REJECTED, scope=Scope.OURS, stage=Stage.MAIL, code=550, reply="ж" * 250)
            with full_disk(engine):
                written = await journal.write(settled=Settled(id=first.id, attempt=1, outcome=long), mark=second)
            return written, str(journal.failure)

    written, failure = asyncio.run(go())
    spare.close()
    assert not written.is_marked
    assert "full" in failure
    kept = read_spare(places.spare(row.code))
    assert [entry.settled.id for entry in kept] == [first.id, second.id]
    engine.dispose()
    again = open_database(engine.url.render_as_string())
    opened = open_run(again, places, row, Opening(is_fresh=False))
    with reading(again) as conn:
        assert verify_counts(conn, run.issue_id) == Counts(rejected=1, pending=19)
    assert opened.orphans == ()
    assert not places.spare(row.code).exists()
    again.dispose()


def test_spare_file_that_was_not_needed_goes_away(tmp_path: Path) -> None:
    spare = SpareFile(tmp_path / "x.spare", entries=3)
    assert (tmp_path / "x.spare").stat().st_size > 3 * 1_000
    spare.close()
    assert not (tmp_path / "x.spare").exists()
    assert read_spare(tmp_path / "x.spare") == ()


def test_spare_file_of_a_process_that_died_keeps_what_it_holds(tmp_path: Path) -> None:
    outcomes = [Settled(id=number, attempt=1, outcome=not_sent(Stage.MAIL, "gone")) for number in (1, 2)]
    SpareFile(tmp_path / "x.spare", entries=3).write(7, outcomes[:1])
    again = SpareFile(tmp_path / "x.spare", entries=3)
    assert again.write(7, outcomes[1:])
    again.close()
    assert [entry.settled for entry in read_spare(tmp_path / "x.spare")] == outcomes


def test_send_does_not_begin_without_room_for_the_spare_file(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=r"no room for the spare file"):
        SpareFile(tmp_path / "missing" / "x.spare", entries=3)


@given(
    st.lists(
        st.builds(
            Settled,
            id=st.integers(1, 2**40),
            attempt=st.integers(1, 99),
            next_at=st.none() | st.integers(0, 10**9).map(lambda s: AT + timedelta(seconds=s)),
            outcome=st.builds(
                Outcome,
                kind=st.sampled_from(Kind),
                scope=st.sampled_from(Scope),
                stage=st.sampled_from(Stage),
                code=st.integers(0, 999),
                enhanced=st.text(max_size=12),
                reply=st.text(max_size=200),
                queue_id=st.text(max_size=20),
                fault=st.just(""),  # was told when it happened
            ),
            is_marked=st.booleans(),
        ),
        max_size=5,
    ),
    st.integers(0, 200),
)
def test_spare_entries_are_read_as_written_and_a_torn_end_is_left_out(entries: list[Settled], torn: int) -> None:
    data = b"".join(_line(7, entry) for entry in entries)
    assert [entry.settled for entry in _entries(data + b"\0" * 100)] == entries
    cut = data[: len(data) - torn] if torn else data
    found = [entry.settled for entry in _entries(cut)]
    assert found == entries[: len(found)]


@on_server
def test_group_whose_connection_is_lost_is_written_again_on_another(engine: Engine, run: Run, spare: SpareFile) -> None:
    mark = marks(engine, run)[0]

    def cut(holder: Connection) -> None:
        """End the journal's connection while its transaction waits for the row that `holder` has."""
        for _ in range(1_000):
            waiting = holder.execute(text("SELECT pid FROM pg_locks WHERE NOT granted")).scalars().all()
            if waiting:
                holder.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": waiting[0]})
                return
            holder.execute(text("SELECT pg_sleep(0.01)"))
        raise AssertionError("the journal never waited")

    async def go() -> Written:
        async with Journal(engine, run, spare) as journal:
            with writing(engine) as holder:
                holder.execute(text("UPDATE issue SET stop_requested = stop_requested"))
                written = asyncio.ensure_future(journal.write(mark=mark))
                await asyncio.to_thread(cut, holder)
            return await written

    assert asyncio.run(go()).is_marked
    with reading(engine) as conn:
        assert verify_counts(conn, run.issue_id) == Counts(in_flight=1, pending=19)
