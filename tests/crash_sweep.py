"""kill -9 at the n-th call of a kind, by Debian's strace: before each write to the network or to the disk takes place.

`count_calls` is a dry run that tells how far n goes; `kill_at` plays one kill. strace counts for each thread by
itself, so that n means the n-th call of whichever thread comes there first: the loop's for the network, the journal's
for the disk. A SIGKILL given at a call's entry leaves that call undone.
Run as a program it freezes an issue, so that a freeze can be killed without compiling a mail each time.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sqlalchemy import func, select

from newsletter.store.database import open_database, reading
from newsletter.store.issues import Plan
from newsletter.store.schema import delivery, issue
from tests.crash import ROOT, Kill, Office, Verdict, freeze_issue, judge
from tests.recording_sink import RecordingSink

PEOPLE = 20
CONNECTIONS = 2
WIRE = ("sendto", "sendmsg", "write", "writev")  # which of them depends on the event loop
DISK = ("fdatasync", "fsync", "pwrite64")
CALLS = (*WIRE, *DISK)
# How `strace -y -xx` ends the name of the write-ahead log's file.
_WAL = re.escape("".join(f"\\x{byte:02x}" for byte in b"-wal") + ">")


class Victim(Enum):
    """What is killed."""

    SEND = "send"  # the first run of an issue
    RESUME = "resume"  # the run after one that was killed half way
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The n-th call of one kind, of n from 1 on."""

    victim: Victim
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.victim.value} killed at {self.name} {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What one kill of the sweep gave."""

    call: Call
    verdict: Verdict
    accepted: int  # by the sink, when the sender had been killed
    kills: tuple[Kill, ...]
    bound: int  # connections × window


def count_calls(victim: Victim, root: Path, *, template: Path) -> dict[str, int]:
    """Return how many calls of each kind one thread makes at most, where nothing is killed."""
    log = root / "calls.log"
    with RecordingSink(_record(root)) as sink:
        office = _office(root, sink, victim, template)
        _run(office, victim, ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(CALLS)}"])
    per_thread = Counter(re.findall(r"^(\d+) +(\w+)\(", log.read_text(encoding="utf-8"), re.MULTILINE))
    return {name: max((n for (_, one), n in per_thread.items() if one == name), default=0) for name in CALLS}


def wire_call(counts: Mapping[str, int]) -> str:
    """Return the call that mails leave by; plain `write` also wakes threads."""
    return max((name for name in WIRE if name != "write"), key=lambda name: counts[name])


def kill_at(call: Call, root: Path, *, template: Path) -> Killed:
    """Kill at one call, resume, judge."""
    with RecordingSink(_record(root)) as sink:
        office = _office(root, sink, call.victim, template)
        kills = [Kill(states=office.states())] if call.victim is Victim.RESUME else []
        code, told = _run(office, call.victim, _injection(call))
        faults = [] if code in (0, 1, -signal.SIGKILL) else [f"exit {code}: {told}"]
        accepted = len(sink.accepted())
        if call.victim is Victim.FREEZE:
            faults += _half_frozen(office)
            kills += [Kill(states={})] if code == -signal.SIGKILL else []
        elif code == -signal.SIGKILL:
            kills.append(Kill(states=office.states()))
        code, last = office.resume()
        sink.settle()
        allowed = sum(kill.in_flight for kill in kills)
        verdict = judge(office, sink.accepted(), told + last, allowed=allowed)
    if code != (1 if verdict.doubtful else 0):
        faults.append(f"the last run ended with {code}: {last}")
    faults += [f"{kill.in_flight} in flight at once" for kill in kills if kill.in_flight > office.bound]
    faults += verdict.faults
    if faults:
        verdict = Verdict(faults=(str(call), *faults), lost=verdict.lost, twice=verdict.twice)
    return Killed(call=call, verdict=verdict, accepted=accepted, kills=tuple(kills), bound=office.bound)


def _office(root: Path, sink: RecordingSink, victim: Victim, template: Path) -> Office:
    office = Office(
        root / "office",
        sink.url,
        people=PEOPLE,
        connections=CONNECTIONS,
        template=template,
        is_frozen=victim is not Victim.FREEZE,
    )
    if victim is Victim.RESUME:
        process = office.start()
        assert sink.wait_for_more(PEOPLE // 2, process)
        process.kill()
        office.end(process)
    return office


def _run(office: Office, victim: Victim, prefix: Sequence[str]) -> tuple[int, str]:
    if victim is not Victim.FREEZE:
        return office.end(office.start(prefix=prefix))
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "tests.crash_sweep", str(office.root), office.database_url, office.plan.target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _injection(call: Call) -> list[str]:
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call.name}"] + [
        "-e",
        f"inject={call.name}:signal=SIGKILL:when={call.number}",
    ]


def _half_frozen(office: Office) -> list[str]:
    """Return what is wrong with a freeze that was killed: it is to be there wholly or not at all. Then freeze it."""
    engine = open_database(office.database_url)
    with reading(engine) as conn:
        codes = [(row.id, row.code) for row in conn.execute(select(issue.c.id, issue.c.code))]
        rows = conn.scalar(select(func.count()).select_from(delivery))
    engine.dispose()
    if not codes:
        office.freeze()
        return [f"{rows} deliveries without an issue"] if rows else []
    [(office.issue_id, office.code)] = codes
    return [] if rows == office.people else [f"{rows} deliveries of {office.people}"]


def _record(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    return root / "accepted.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The first bytes of a mail on the wire, and the write-ahead log as fdatasync had confirmed it by then."""

    recipient: str
    durable: bytes


def read_order(log: str) -> list[Sent]:
    """Return, from a log of strace (-f -xx -y -s 65536), what was on disk whenever an envelope left.

    Only what was written before the *start* of a finished fdatasync counts: later pages may be lost by a power cut.
    """
    image, durable = bytearray(), b""
    begun: dict[str, tuple[str, bytes]] = {}  # thread → an unfinished call, and the log at its start
    sent = []
    for line in log.splitlines():
        thread, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[thread] = (rest.removesuffix("<unfinished ...>").rstrip(), bytes(image))
            if not _is_wire(rest):
                continue
            at_start = bytes(image)
        elif resumed := re.match(r"<\.\.\. \w+ resumed>", rest):
            start, at_start = begun.pop(thread)
            rest = start + rest[resumed.end() :]
            if _is_wire(rest):
                continue  # counted when it began: bytes may leave from then on
        else:
            at_start = bytes(image)
        name = rest.partition("(")[0]
        if name == "pwrite64" and (found := re.search(rf'{_WAL}, "([^"]*)", \d+, (\d+)\)', rest)):
            data, offset = _bytes(found[1]), int(found[2])
            image.extend(bytes(max(0, offset + len(data) - len(image))))
            image[offset : offset + len(data)] = data
        elif name in ("fdatasync", "fsync") and re.search(_WAL, rest):
            durable = at_start
        elif _is_wire(rest):
            data = b"".join(_bytes(text) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', rest))
            sent += [Sent(recipient=name.decode(), durable=durable) for name in re.findall(rb"RCPT TO:<([^>]+)>", data)]
    return sent


def _is_wire(call: str) -> bool:
    return call.startswith(tuple(f"{name}(" for name in WIRE))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


if __name__ == "__main__":
    _, _root, _url, _target = sys.argv
    freeze_issue(
        Path(_root),
        _url,
        Plan(transport="smtp", target=_target, connections=CONNECTIONS, rate=0.0, uncertain="hold"),
    )
