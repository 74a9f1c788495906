"""Several processes send one issue out of PostgreSQL: real ones, to a real sink; killed, stopped, left alone."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.delivery.state import IssueState
from newsletter.render.compiled import CompiledIssue
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, reading, writing
from newsletter.store.freezing import Again, freeze
from newsletter.store.issues import IssueRow, Plan, load_issue, verify_counts
from newsletter.store.locks import held_slots
from newsletter.store.schema import delivery
from newsletter.store.subscribers import add_subscriber, need_list
from newsletter.subscriber import GoodRow, read_address
from newsletter.tokens import load_keys
from newsletter.workspace import Workspace
from tests.smtp_servers import Sink, Transaction

pytestmark = [pytest.mark.slow, pytest.mark.service]  # each starts four processes, and needs PostgreSQL

PEOPLE = 420  # one process has claimed no more than 350 before its first mail is answered
CONNECTIONS = 6
PROCESSES = 3
ROOT = Path(__file__).resolve().parents[2]


class Once:
    """Does something at the `at`-th mail that the sink is to answer, while every process waits for the sink."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self._left, self._act = at, act

    def __call__(self, _: Transaction) -> str:
        self._left -= 1
        if self._left == 0:
            self._act()
        return ""


class Office:
    """A workspace on PostgreSQL with one frozen issue."""

    def __init__(self, workspace: Workspace, compiled: CompiledIssue, sink: Sink, url: str) -> None:
        self.workspace, self.sink, self.url = workspace, sink, url
        self.engine: Engine = open_database(url)
        keys = load_keys(workspace.key_file, {})
        with writing(self.engine) as conn:
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
            plan = Plan(transport="smtp", target=sink.url, connections=CONNECTIONS, rate=0.0, uncertain="hold")
            self.issue_id = freeze(conn, meant, plan=plan, timezone="Europe/Moscow", again=Again.NO)
        self.code = self.row().code
        self.parent: subprocess.Popen[str] | None = None

    def run(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "newsletter", *command],
            cwd=self.workspace.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NEWSLETTER_DATABASE__URL": self.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def resume(self) -> tuple[int, str]:
        with self.run("resume", self.code, "--no-wait", "--processes", str(PROCESSES)) as self.parent:
            said, _ = self.parent.communicate(timeout=120)
        self.until_free()
        self.sink.settle()
        return self.parent.returncode, said

    def row(self) -> IssueRow:
        with reading(self.engine) as conn:
            return load_issue(conn, self.issue_id)

    def until_free(self) -> None:
        """Wait until no process holds the issue: the children of a killed parent finish by themselves."""
        for _ in range(3_000):
            if not self.row().sender:
                return
            time.sleep(0.01)
        raise AssertionError("somebody goes on sending")

    def kill(self, slot: int) -> None:
        """Kill this process. While the sink is busy with it no mail is answered, so the process comes, late or not."""
        os.kill(int(self._holder(slot).rpartition(":")[2]), signal.SIGKILL)

    def _holder(self, slot: int) -> str:
        for _ in range(3_000):
            with reading(self.engine) as conn:
                if name := held_slots(conn, self.issue_id).get(slot):
                    return name
            time.sleep(0.01)
        raise AssertionError(f"process {slot} never came")

    async def until_two_send(self, transaction: Transaction) -> str:
        """Wait until two processes have a mail under way, an answer of the sink: none may do all the work first."""
        for _ in range(3_000):
            if len(self.owners("in_flight", "accepted")) > 1:
                return ""
            await asyncio.sleep(0.01)
        return "421 4.3.2 one process is alone"

    def signal_parent(self, number: signal.Signals) -> None:
        assert self.parent is not None
        self.parent.send_signal(number)

    def judge(self) -> Counter[str]:
        """Nobody twice, nobody lost, every sum right; returns how many stand in each state."""
        served = Counter(self.sink.recipients)
        with reading(self.engine) as conn:
            states = {row.address: row.state for row in conn.execute(select(delivery.c.address, delivery.c.state))}
            assert verify_counts(conn, self.issue_id).audience == PEOPLE
        assert set(served.values()) <= {1}
        for address, state in states.items():
            if state == "accepted":
                assert served[address] == 1, address
            elif state != "uncertain":
                assert served[address] == 0, (address, state)
        return Counter(states.values())

    def owners(self, *states: str) -> set[str]:
        with reading(self.engine) as conn:
            return set(conn.scalars(select(delivery.c.owner).where(delivery.c.state.in_(states)).distinct()))


@pytest.fixture
def office(workspace: Workspace, compiled: CompiledIssue, server_url: str) -> Iterator[Office]:
    with Sink() as sink:
        office = Office(workspace, compiled, sink, server_url)
        yield office
        office.engine.dispose()


def test_processes_share_an_issue_and_nobody_is_mailed_twice(office: Office) -> None:
    # A file of the workspace, where anybody's templates lie, must not run beside the relay's password.
    (office.workspace.root / "aiosmtplib.py").write_text("raise SystemExit(3)\n")
    office.sink.answers = {"content": office.until_two_send}
    code, said = office.resume()
    assert code == 0, said
    assert office.judge() == {"accepted": PEOPLE}
    assert len(office.owners("accepted")) > 1
    assert office.row().state is IssueState.FINISHED
    assert not list(office.workspace.var.glob("send/*.spare"))


def test_killed_process_is_settled_and_started_again_while_the_others_go_on(office: Office) -> None:
    office.sink.answers = {"content": Once(30, lambda: office.kill(2))}
    code, said = office.resume()
    assert re.search(r"process 2: process \d+ was killed by SIGKILL", said), said
    states = office.judge()
    assert states["accepted"] + states["uncertain"] == PEOPLE
    assert states["uncertain"] <= CONNECTIONS // PROCESSES
    named = re.findall(r"p\d+@a\.example", said.split("SIGKILL", 1)[1].partition("\n")[0])
    assert len(named) == states["uncertain"]
    assert code == (1 if states["uncertain"] else 0)


def test_stop_by_another_command_reaches_every_process(office: Office) -> None:
    def stop() -> None:
        with office.run("stop", office.code) as command:
            assert "stops after the messages under way" in command.communicate(timeout=60)[0]

    office.sink.answers = {"content": Once(30, stop)}
    code, said = office.resume()
    assert code == 1, said
    states = office.judge()
    assert set(states) == {"accepted", "pending"}
    assert office.row().state is IssueState.STOPPED


def test_sigterm_of_the_parent_lets_every_process_finish_what_is_under_way(office: Office) -> None:
    office.sink.answers = {"content": Once(30, lambda: office.signal_parent(signal.SIGTERM))}
    code, said = office.resume()
    assert code == 130, said
    assert set(office.judge()) == {"accepted", "pending"}
    office.sink.answers = {}
    code, _ = office.resume()
    assert (code, office.judge()) == (0, {"accepted": PEOPLE})


def test_processes_of_a_killed_parent_finish_and_take_nothing_more(office: Office) -> None:
    office.sink.answers = {"content": Once(30, lambda: office.signal_parent(signal.SIGKILL))}
    code, _ = office.resume()
    assert code == -signal.SIGKILL
    assert set(office.judge()) == {"accepted", "pending"}
    office.sink.answers = {}
    code, said = office.resume()
    assert re.search(r"last sent by process \d+ on .*, which died", said)
    assert (code, office.judge()) == (0, {"accepted": PEOPLE})
