"""kill -9 before every so-manieth write and fdatasync of a send, a resume and a freeze; `make soak` takes every one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.crash import Office
from tests.crash_sweep import CALLS, CONNECTIONS, DISK, Call, Victim, count_calls, kill_at, read_order, wire_call
from tests.recording_sink import RecordingSink

pytestmark = [pytest.mark.slow, pytest.mark.service]  # strace; each starts two or three real processes

# Of each kind of call so many, evenly spread; the first and the last are among them.
SAMPLES = {
    (Victim.SEND, "wire"): 4,
    (Victim.SEND, "fdatasync"): 4,
    (Victim.SEND, "pwrite64"): 3,
    (Victim.RESUME, "wire"): 2,
    (Victim.RESUME, "fdatasync"): 2,
    (Victim.FREEZE, "fdatasync"): 2,
    (Victim.FREEZE, "pwrite64"): 2,
}


@pytest.fixture(autouse=True)
def need_strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (tests/debian-packages.txt)")


@pytest.fixture(scope="session")
def calls_of(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Callable[[Victim], dict[str, int]]:
    @cache
    def count(victim: Victim) -> dict[str, int]:
        return count_calls(victim, tmp_path_factory.mktemp("dry"), template=migrated_file)

    return count


@pytest.mark.parametrize(
    ("victim", "kind", "sample"), [(*what, sample) for what, samples in SAMPLES.items() for sample in range(samples)]
)
def test_killed_at_a_call_nobody_is_lost_and_nobody_mailed_twice(
    tmp_path: Path,
    migrated_file: Path,
    calls_of: Callable[[Victim], dict[str, int]],
    victim: Victim,
    kind: str,
    sample: int,
) -> None:
    counts = calls_of(victim)
    name = wire_call(counts) if kind == "wire" else kind
    samples = SAMPLES[victim, kind]
    assert counts[name] >= samples, counts
    number = 1 + (counts[name] - 1) * sample // (samples - 1)
    killed = kill_at(Call(victim=victim, name=name, number=number), tmp_path, template=migrated_file)
    print(f"{killed.call}: {killed.accepted} accepted, {[dict(kill.states) for kill in killed.kills]}")
    assert not killed.verdict.faults, "\n".join(killed.verdict.faults)


@pytest.mark.parametrize("window", [1, 8])
def test_each_mark_is_on_disk_by_fdatasync_before_its_envelope_leaves(
    tmp_path: Path, migrated_file: Path, window: int
) -> None:
    """What a power cut at that moment would have left is opened, and asked."""
    log = tmp_path / "calls.log"
    with RecordingSink(tmp_path / "accepted.txt") as sink:
        office = Office(
            tmp_path / "office",
            sink.url,
            people=20,
            connections=CONNECTIONS,
            window=window,
            template=migrated_file,
        )
        before = shutil.copy(office.database, tmp_path / "before.db")
        trace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "65536", "-o", str(log), "-e", f"trace={','.join(CALLS)}"]
        code, said = office.end(office.start(prefix=trace))
        sink.settle()
    assert code == 0, said
    sent = read_order(log.read_text(encoding="utf-8"))
    assert sorted(one.recipient for one in sent) == sorted(mail.recipient for mail in sink.accepted())
    assert len(sent) == 20
    for number, one in enumerate(sent):
        image = tmp_path / f"image{number}.db"
        shutil.copy(before, image)
        image.with_name(f"{image.name}-wal").write_bytes(one.durable)
        with sqlite3.connect(image) as conn:
            row = conn.execute("SELECT state FROM delivery WHERE address = ?", (one.recipient,)).fetchone()
        conn.close()
        assert row == ("in_flight",), one.recipient


def _hex(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def test_the_reader_of_the_order_tells_a_mark_that_was_only_written() -> None:
    """The test above can fail: pages written after the last fdatasync, or during it, are not counted."""
    wal, envelope = _hex(b"/n.db-wal"), _hex(b"RCPT TO:<a@a.example>\r\n")
    write = f'pwrite64(5<{wal}>, "\\x41", 1, {{}}) = 1'
    log = "\n".join(
        [
            f"1 {write.format(0)}",
            f"1 fdatasync(5<{wal}> <unfinished ...>",
            f"2 {write.format(1)}",
            "1 <... fdatasync resumed>) = 0",
            f'3 sendto(7<TCP>, "{envelope}", 23, 0, NULL, 0) = 23',
        ]
    )
    assert [one.durable for one in read_order(log)] == [b"A"]
    assert {"fdatasync", "pwrite64"} <= set(DISK)
