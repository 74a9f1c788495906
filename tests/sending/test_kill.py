"""kill -9 while mails are on their way: nobody is lost, the doubtful are named, and with `hold` nobody is mailed twice.

The sender is a real process (`newsletter resume`), the relay a sink that records each accepted mail on disk before
its reply; the sink itself kills the sender, at a place in the SMTP exchange that the test names. Judged only after
every connection of the sink has ended.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.render.compiled import CompiledIssue
from newsletter.store.audience import Meant
from newsletter.store.database import open_database, reading, writing
from newsletter.store.freezing import Again, freeze
from newsletter.store.issues import Plan, load_issue, verify_counts
from newsletter.store.schema import delivery
from newsletter.store.subscribers import add_subscriber, need_list
from newsletter.subscriber import GoodRow, read_address
from newsletter.tokens import load_keys
from newsletter.workspace import Workspace
from tests.smtp_servers import Answer, Sink, Transaction

pytestmark = pytest.mark.slow  # each starts two real processes

PEOPLE = 40
CONNECTIONS = 4


class Shot:
    """Kills the sender once, at its `at`-th arrival at a stage; the mail it was about is taken, or is not."""

    def __init__(self, *, at: int) -> None:
        self.pid = 0
        self._left = at

    def __call__(self, _: Transaction) -> str:
        self._left -= 1
        if self._left == 0 and self.pid:
            os.kill(self.pid, signal.SIGKILL)
        return ""


class Office:
    """A workspace with one frozen issue, and the sender as a process."""

    def __init__(self, workspace: Workspace, compiled: CompiledIssue, sink: Sink, *, uncertain: str) -> None:
        self.workspace = workspace
        self.url = f"sqlite:///{workspace.var / 'newsletter.db'}"
        self.sink = sink
        keys = load_keys(workspace.key_file, {})
        engine = open_database(self.url)
        with writing(engine) as conn:
            for number in range(PEOPLE):
                address = read_address(f"p{number}@a.example")
                add_subscriber(conn, "press", GoodRow(line=0, address=address, fields={"city": "x"}), keys=keys)
            meant = Meant(
                key="content/april.md",
                list_id=need_list(conn, "press"),
                list_name="press",
                compiled=compiled,
                keys=keys,
            )
            plan = Plan(transport="smtp", target=sink.url, connections=CONNECTIONS, rate=0.0, uncertain=uncertain)
            self.issue_id = freeze(conn, meant, plan=plan, timezone="Europe/Moscow", again=Again.NO)
            self.code = load_issue(conn, self.issue_id).code
        engine.dispose()

    def resume(self, shot: Shot | None = None, *options: str) -> tuple[int, str]:
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        command = [sys.executable, "-m", "newsletter", "resume", self.code, "--no-wait", *options]
        with subprocess.Popen(
            command,
            cwd=self.workspace.root,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            if shot is not None:
                shot.pid = process.pid
            said, _ = process.communicate(timeout=120)
        self.sink.settle()
        return process.returncode, said

    def states(self) -> dict[str, str]:
        engine = open_database(self.url)
        with reading(engine) as conn:
            found = {row.address: row.state for row in conn.execute(select(delivery.c.address, delivery.c.state))}
            assert verify_counts(conn, self.issue_id).audience == PEOPLE
        engine.dispose()
        return found


def shot_at(stage: str, number: int) -> tuple[Shot, dict[str, Answer]]:
    shot = Shot(at=number)
    return shot, {stage: shot}


def judge(office: Office, said: str) -> list[str]:
    """Nobody lost, nobody twice; returns who is in doubt, all of whom the report names."""
    served = Counter(office.sink.recipients)
    states = office.states()
    assert set(served.values()) <= {1}
    for address, state in states.items():
        assert state in ("accepted", "uncertain"), (address, state)
        if state == "accepted":
            assert served[address] == 1, address
    doubtful = [address for address, state in states.items() if state == "uncertain"]
    assert len(doubtful) <= CONNECTIONS
    for address in doubtful:
        assert address in said
    return doubtful


@pytest.fixture
def sink(tmp_path: Path) -> Sink:
    return Sink(record=tmp_path / "accepted.txt")


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data", "body", "content"])
@pytest.mark.parametrize("number", [1, 23])
def test_killed_at_a_stage_and_resumed_serves_everybody_once(
    workspace: Workspace, compiled: CompiledIssue, sink: Sink, stage: str, number: int
) -> None:
    if stage == "connect" and number > CONNECTIONS:
        number = CONNECTIONS
    shot, sink.answers = shot_at(stage, number)
    with sink:
        office = Office(workspace, compiled, sink, uncertain="hold")
        code, _ = office.resume(shot)
        assert code == -signal.SIGKILL
        before = office.states()
        assert Counter(before.values())["in_flight"] <= CONNECTIONS
        code, said = office.resume()
        doubtful = judge(office, said)
    assert code == (1 if doubtful else 0)
    if stage == "content":
        assert doubtful  # the sink had the whole mail and the ledger never saw the reply
    if stage != "connect":  # the lock is taken once the relay has answered
        assert re.search(r"last sent by process \d+ on ", said)


def test_killed_twice_and_resumed_twice_serves_everybody_once(
    workspace: Workspace, compiled: CompiledIssue, sink: Sink
) -> None:
    with sink:
        office = Office(workspace, compiled, sink, uncertain="hold")
        doubts: set[str] = set()
        for _ in range(2):
            shot, sink.answers = shot_at("content", 9)
            code, _ = office.resume(shot)
            assert code == -signal.SIGKILL
        sink.answers = {}
        _, said = office.resume()
        served = Counter(sink.recipients)
        states = office.states()
        doubts = {address for address, state in states.items() if state == "uncertain"}
    assert set(served.values()) == {1}
    assert all(state in ("accepted", "uncertain") for state in states.values())
    assert 0 < len(doubts) <= 2 * CONNECTIONS
    assert all(address in said for address in doubts)


def test_resend_mails_the_doubtful_once_more_and_everybody_is_accepted(
    workspace: Workspace, compiled: CompiledIssue, sink: Sink
) -> None:
    shot, sink.answers = shot_at("content", 5)
    with sink:
        office = Office(workspace, compiled, sink, uncertain="resend")
        office.resume(shot)
        in_flight = Counter(office.states().values())["in_flight"]
        code, _ = office.resume()
        served = Counter(sink.recipients)
        states = office.states()
    assert code == 0
    assert set(states.values()) == {"accepted"}
    assert 0 < in_flight <= CONNECTIONS
    assert sum(count - 1 for count in served.values()) <= in_flight  # at most each doubtful one twice


def test_mark_is_on_disk_before_the_message_arrives(workspace: Workspace, compiled: CompiledIssue, sink: Sink) -> None:
    """What the sink sees of a mail, the ledger had marked: read by another connection at that very moment."""
    seen: list[str] = []
    opened: list[Callable[[str], str]] = []

    def mail(state: Transaction) -> str:
        seen.append(opened[0](state.line.partition("<")[2].partition(">")[0]))
        return ""

    sink.answers = {"rcpt": mail}
    with sink:
        office = Office(workspace, compiled, sink, uncertain="hold")
        engine = open_database(office.url)

        def state_of(address: str) -> str:
            with reading(engine) as conn:
                return str(conn.scalar(select(delivery.c.state).where(delivery.c.address == address)))

        opened.append(state_of)
        code, _ = office.resume()
        engine.dispose()
    assert code == 0
    assert seen == ["in_flight"] * PEOPLE
