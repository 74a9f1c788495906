"""kill -9 of one of several sending processes, or of their parent, on PostgreSQL: rounds that a seed describes.

The parent settles a dead process and starts another; after the parent's own death its processes finish what is under
way and end, and the next `resume` goes on. In doubt may come what the dead process itself had in flight.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from newsletter.sending.lock import this_host
from newsletter.store.database import open_database, reading
from newsletter.store.schema import delivery
from tests.crash import Kill, Office, Result, Round, judge, random_round
from tests.recording_sink import RecordingSink

PROCESSES = 3
_PEOPLE = 120
_PARENT_DIES = 0.2  # of the kills


def round_of_processes(seed: int) -> Round:
    rng = random.Random(seed)
    return replace(
        random_round(seed),
        people=_PEOPLE,
        connections=2 * PROCESSES,
        window=rng.choice((1, 4)),
        delay_ms=30.0,
        moments=(("mails", float(rng.randint(10, _PEOPLE - 50))),),
    )


def play_processes(seed: int, root: Path, *, url: str) -> Result:
    """Play one round on the empty database at `url`."""
    wanted = round_of_processes(seed)
    root.mkdir(parents=True, exist_ok=True)
    each = wanted.connections // PROCESSES * wanted.window
    with RecordingSink(root / "accepted.txt", seed=seed, delay_ms=wanted.delay_ms, options=wanted.sink_options) as sink:
        office = Office(
            root / "office",
            sink.url,
            people=wanted.people,
            connections=wanted.connections,
            window=wanted.window,
            uncertain=wanted.uncertain,
            database_url=url,
        )
        parent = office.start("--processes", str(PROCESSES))
        is_sending = sink.wait_for_more(int(wanted.moments[0][1]), parent)
        children = children_of(parent.pid)
        kills = [_kill_one(office, parent, children, random.Random(seed))] if is_sending and children else []
        _, said = office.end(parent)
        for child in children:
            _wait_for_end(child)
        code, last = office.resume("--processes", str(PROCESSES))
        sink.settle()
        verdict = judge(
            office,
            sink.accepted(),
            said + last,
            allowed=sum(kill.in_flight for kill in kills),
            may_repeat=wanted.uncertain == "resend",
        )
    faults = [] if code == (1 if verdict.doubtful else 0) else [f"the last run ended with {code}: {last}"]
    faults += ["a traceback"] if "Traceback" in said + last else []
    faults += [f"{kill.in_flight} in flight in one process" for kill in kills if kill.in_flight > each]
    faults += verdict.faults
    if faults:
        verdict = replace(verdict, faults=(f"{PROCESSES} processes, {wanted}", said, *faults))
    return Result(round=wanted, verdict=verdict, bound=each, kills=kills)


def _kill_one(office: Office, parent: subprocess.Popen[bytes], children: list[int], rng: random.Random) -> Kill:
    """Kill the parent or one of its processes, one with mails in flight if there is such a one."""
    if rng.random() < _PARENT_DIES:
        parent.kill()
        return Kill(states={})  # its processes finish what is under way: nobody comes into doubt
    parent.send_signal(signal.SIGSTOP)  # what the dead one had in flight is looked at before it is settled
    busy = [pid for pid in children if _states_of(office, pid).get("in_flight")]
    victim = rng.choice(busy or children)
    os.kill(victim, signal.SIGKILL)
    _wait_for_end(victim)
    kill = Kill(states=_states_of(office, victim))
    parent.send_signal(signal.SIGCONT)
    return kill


def children_of(pid: int) -> list[int]:
    """Return the living processes that `pid` started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        status = _stat(int(folder.name))
        if status is not None and status[0] not in "ZX" and int(status[1]) == pid:
            found.append(int(folder.name))
    return found


def _stat(pid: int) -> tuple[str, str] | None:
    """Return a process's state and its parent, None when there is no such process."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return words[0], words[1]


def _wait_for_end(pid: int) -> None:
    """Wait until a process that is not ours to wait for is gone, or somebody else's dead child."""
    while (status := _stat(pid)) is not None and status[0] not in "ZX":
        time.sleep(0.02)


def _states_of(office: Office, victim: int) -> dict[str, int]:
    """Return the states of the deliveries that the dead process had marked last."""
    engine = open_database(office.database_url)
    try:
        with reading(engine) as conn:
            wanted = select(delivery.c.state, func.count()).where(delivery.c.owner == f"{this_host()}:{victim}")
            return {str(state): int(number) for state, number in conn.execute(wanted.group_by(delivery.c.state))}
    finally:
        engine.dispose()
