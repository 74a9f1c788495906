"""A sender told to end, halted by the kernel or not alone: nobody lost, nobody twice, and the documented exit codes."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash import Office, judge
from tests.recording_sink import RecordingSink
from tests.smtp_servers import HANG, Sink, Transaction, refusing

pytestmark = pytest.mark.slow  # each starts two to four real processes

PEOPLE = 30
CONNECTIONS = 3


def until(claim: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something holds; the process has to live until then."""
    while not claim():
        assert process.poll() is None
        time.sleep(0.01)  # a look, no hope: without an end but the test's own


def test_sigterm_finishes_what_is_under_way_and_resume_mails_the_rest(tmp_path: Path, migrated_file: Path) -> None:
    with RecordingSink(tmp_path / "accepted.txt", delay_ms=40) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start()
        assert sink.wait_for_more(7, process)
        process.terminate()
        code, said = office.end(process)
        states = office.states()
        assert code == 130, said
        assert "finishing the messages under way" in said
        assert 7 <= states["accepted"] < PEOPLE
        assert states["accepted"] + states["pending"] == PEOPLE
        code, said = office.resume()
        sink.settle()
    assert code == 0, said
    assert not judge(office, sink.accepted(), said, allowed=0).faults


def test_second_sigterm_ends_at_once_and_names_the_doubtful(tmp_path: Path, migrated_file: Path) -> None:
    silent = threading.Event()

    def content(state: Transaction) -> str:
        if state.number <= 8:
            return ""
        silent.set()
        return HANG

    with Sink(answers={"content": content}) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start()
        assert silent.wait(60)
        process.terminate()
        until(lambda: "finishing the messages under way" in office.said(process), process)
        process.terminate()
        code, said = office.end(process)
        assert code == 130, said
        doubtful = [row.address for row in office.rows() if row.state == "uncertain"]
        assert 0 < len(doubtful) <= CONNECTIONS
        assert office.states()["in_flight"] == 0
        assert all(address in said for address in doubtful)
        sink.answers = {}
        code, said = office.resume()
        sink.settle()
        assert code == 1, said
    served = sink.recipients
    assert len(served) == len(set(served))
    assert set(served) | set(doubtful) == {row.address for row in office.rows()}


def test_sender_halted_for_longer_than_the_relay_waits_loses_and_repeats_nothing(
    tmp_path: Path, migrated_file: Path
) -> None:
    """Nothing of ours is a lease: while it is halted nobody else gets in, and it goes on where it was."""
    with RecordingSink(tmp_path / "accepted.txt", delay_ms=20, options=["idle=1"]) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start()
        assert sink.wait_for_more(6, process)
        process.send_signal(signal.SIGSTOP)
        sink.wait_for_timeouts(1)  # the relay has lost patience
        marked = office.states()["in_flight"]
        code, said = office.resume()
        assert code == 3
        assert f"is being sent by process {process.pid} on " in said
        process.send_signal(signal.SIGCONT)
        code, said = office.end(process)
        sink.settle()
    verdict = judge(office, sink.accepted(), said, allowed=marked)
    assert not verdict.faults, verdict.faults
    assert code == (1 if verdict.doubtful else 0), said


def test_two_sends_of_one_issue_at_once_are_one_send(tmp_path: Path, migrated_file: Path) -> None:
    with RecordingSink(tmp_path / "accepted.txt", delay_ms=20) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        both = [office.start(), office.start()]
        ended = [office.end(process) for process in both]
        sink.settle()
    assert not judge(office, sink.accepted(), "", allowed=0).faults
    codes = sorted(code for code, _ in ended)
    # The other came while the lock was held, or (a slow start) when all was done.
    assert codes in ([0, 3], [0, 0])
    assert all("is being sent by process" in said for code, said in ended if code == 3)


def test_stop_and_sigterm_end_a_wait_for_a_retry(tmp_path: Path, migrated_file: Path) -> None:
    with Sink(answers=refusing("rcpt", "450 4.2.0 later", rcpt="p003@")) as sink:
        office = Office(tmp_path / "office", sink.url, people=PEOPLE, connections=CONNECTIONS, template=migrated_file)
        process = office.start(no_wait=False)
        until(lambda: "1 deferred, next try at" in office.said(process), process)
        assert office.end(office.start(command="stop"))[0] == 0
        code, said = office.end(process)
        assert (code, office.states()["deferred"]) == (1, 1), said
        process = office.start(no_wait=False)
        until(lambda: "1 deferred, next try at" in office.said(process), process)
        process.terminate()
        code, said = office.end(process)
        assert (code, office.states()["deferred"]) == (130, 1), said
    assert len(sink.recipients) == len(set(sink.recipients)) == PEOPLE - 1
