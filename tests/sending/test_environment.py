"""A full disk, a locked database, a clock set back and a copy put back, under a real sender or a real disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import literal_column, update

from newsletter.store.database import open_database, writing
from newsletter.store.schema import Moment, metadata
from tests.crash import Office, judge
from tests.recording_sink import RecordingSink
from tests.smtp_servers import Sink, refusing_first

pytestmark = pytest.mark.slow  # each starts two or three real processes

PEOPLE = 30
CONNECTIONS = 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB, for the workspace's var/."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = tmp_path / "office" / "var"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "newsletter-test", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_full_disk_ends_the_send_and_what_was_replied_is_read_in_later(
    small_disk: Path, tmp_path: Path, migrated_file: Path
) -> None:
    with RecordingSink(tmp_path / "accepted.txt", delay_ms=60) as sink:
        office = Office(small_disk.parent, sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start()
        assert sink.wait_for_more(6, process)
        ballast = fill(small_disk)
        code, said = office.end(process)
        assert code == 1, said
        assert f'what was replied is kept; "newsletter resume {office.code}" reads it in' in said
        assert "full" in said
        assert (small_disk / "send" / f"{office.code}.spare").read_bytes().rstrip(b"\0")
        code, said = office.resume()
        assert code == 2, said  # still full: said again, nothing sent
        at_full = len(sink.accepted())
        assert 6 <= at_full < PEOPLE
        ballast.unlink()
        code, said = office.resume()
        sink.settle()
    assert code == 0, said
    assert not judge(office, sink.accepted(), said, allowed=0).faults


def fill(disk: Path) -> Path:
    """Take what is free, to the last byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return ballast


def test_database_locked_by_another_command_is_waited_for(tmp_path: Path, migrated_file: Path) -> None:
    with RecordingSink(tmp_path / "accepted.txt", delay_ms=20) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start()
        assert sink.wait_for_more(6, process)
        importing = sqlite3.connect(office.database, timeout=30, isolation_level=None)
        importing.execute("BEGIN IMMEDIATE")
        while "locked by another command" not in office.said(process):  # said after 10 seconds without the lock
            assert process.poll() is None
        importing.execute("ROLLBACK")
        importing.close()
        code, said = office.end(process)
        sink.settle()
    assert code == 0, said
    assert not judge(office, sink.accepted(), said, allowed=0).faults


def test_copy_put_back_is_refused_until_a_person_says_so(tmp_path: Path, migrated_file: Path) -> None:
    with RecordingSink(tmp_path / "accepted.txt", delay_ms=40) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        copy = shutil.copy(office.database, tmp_path / "copy.db")
        for _ in range(2):  # a difference of one run is a crash between two writes
            process = office.start()
            assert sink.wait_for_more(5, process)
            process.terminate()
            assert office.end(process)[0] == 130
        left = {mail.recipient for mail in sink.accepted()}
        for path in office.database.parent.glob("newsletter.db-*"):
            path.unlink()
        shutil.copy(copy, office.database)
        for _ in range(2):
            code, said = office.resume()
            assert code == 3, said
            assert "restored from a copy" in said
            assert "--after-restore" in said
        assert {mail.recipient for mail in sink.accepted()} == left
        code, said = office.resume("--after-restore")
        sink.settle()
    assert code == 0, said
    assert len(sink.accepted()) == len(left) + PEOPLE  # those who had it get it again: what the person was told


def test_clock_set_back_between_two_runs_changes_nothing_but_when_a_retry_is_due(
    tmp_path: Path, migrated_file: Path
) -> None:
    """The clock of a process cannot be set; all that the ledger has written about times is moved on instead."""
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start("--rate", "50/s")
        while len(sink.accepted) < 5:
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        assert office.end(process)[0] == 130
        assert office.states()["deferred"] == 1
        move_times(office, timedelta(days=1))
        code, said = office.resume("--rate", "50/s")
        assert code == 1, said
        assert office.states() == {"accepted": PEOPLE - 1, "deferred": 1}
        move_times(office, timedelta(days=-1, minutes=-20))
        code, said = office.resume()
    assert code == 0, said
    assert sorted(sink.recipients) == sorted(row.address for row in office.rows())


def move_times(office: Office, by: timedelta) -> None:
    engine = open_database(office.database_url)
    with writing(engine) as conn:
        for table in metadata.tables.values():
            moments = [column for column in table.c if isinstance(column.type, Moment)]
            if moments:
                later = int(by.total_seconds()) * 1_000_000  # as they are stored
                conn.execute(update(table).values({one: literal_column(f"{one.name} + {later}") for one in moments}))
    engine.dispose()
