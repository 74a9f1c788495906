"""The long proof, `make soak`: hundreds of rounds of kill -9 and every call of the sweep; its report is kept in docs/.

Each job is described by its seed or its call alone, so that what failed can be played again: the line is printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from newsletter import __version__
from newsletter.store.database import open_database
from tests.crash import ROOT, Kill, Verdict, make_template, play, random_round
from tests.crash_processes import PROCESSES, play_processes
from tests.crash_sweep import Call, Victim, count_calls, kill_at, wire_call
from tests.postgresql_server import binaries, running

_SECONDS_SHOWN = 15  # between two lines of progress
_STATES = ("pending", "in_flight", "accepted", "uncertain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one job gave, as the report counts it."""

    kind: str
    again: str  # the command that plays it again
    verdict: Verdict
    kills: tuple[Kill, ...]
    bound: int


Work = Callable[[Path, Path], Outcome]  # a folder of its own, the empty database


def a_round(seed: int, root: Path, template: Path) -> Outcome:
    result = play(random_round(seed), root, template=template)
    kind = f"random, {result.round.uncertain}"
    again = f"--rounds 1 --seed {seed} --no-sweep --processes 0"
    return Outcome(kind=kind, again=again, verdict=result.verdict, kills=tuple(result.kills), bound=result.bound)


def a_call(call: Call, root: Path, template: Path) -> Outcome:
    killed = kill_at(call, root, template=template)
    kind = f"{call.victim.value}, before each {call.name}"
    again = f"--call {call.victim.value} {call.name} {call.number}"
    return Outcome(kind=kind, again=again, verdict=killed.verdict, kills=killed.kills[-1:], bound=killed.bound)


def processes(seeds: Sequence[int], folder: Path) -> Iterator[Outcome]:
    """Play rounds on a private PostgreSQL, one after the other."""
    found = binaries()
    if found is None:
        print("PostgreSQL is not installed: no rounds with several processes", file=sys.stderr)
        return
    with running(found) as server:
        server.execute("CREATE DATABASE soak")
        open_database(server.url("soak")).dispose()
        for seed in seeds:
            server.empty("soak")
            result = play_processes(seed, folder / f"processes-{seed}", url=server.url("soak"))
            yield Outcome(
                kind=f"one of {PROCESSES} processes, {result.round.uncertain}",
                again=f"--rounds 0 --processes 1 --seed {seed} --no-sweep",
                verdict=result.verdict,
                kills=tuple(result.kills),
                bound=result.bound,
            )


def sweep(folder: Path, template: Path, step: int) -> Iterator[Work]:
    """Yield a kill at every call that a dry run makes; of the pages of the disk every `step`-th."""
    for victim in Victim:
        counts = count_calls(victim, folder / victim.value, template=template)
        names = (() if victim is Victim.FREEZE else (wire_call(counts),)) + ("fdatasync", "pwrite64")
        for name in names:
            for number in range(1, counts[name] + 1, step if name == "pwrite64" else 1):
                yield partial(a_call, Call(victim=victim, name=name, number=number))


def run(work: Work, template: Path) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        return work(Path(folder) / "round", template)


def run_all(works: Sequence[Work], template: Path, *, workers: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    shown = began = time.monotonic()
    with ProcessPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(run, work, template) for work in works]):
            outcomes.append(future.result())
            _tell_faults(outcomes[-1])
            if time.monotonic() - shown > _SECONDS_SHOWN or len(outcomes) == len(works):
                shown = time.monotonic()
                kills = sum(len(one.kills) for one in outcomes)
                faults = sum(bool(one.verdict.faults) for one in outcomes)
                text = f"{len(outcomes)} of {len(works)}, {kills} kills, {faults} with faults"
                print(f"{text}, {(shown - began) / 60:.1f} minutes", file=sys.stderr, flush=True)
    return outcomes


def _tell_faults(outcome: Outcome) -> None:
    if outcome.verdict.faults:
        print("\n".join(("FAULT", *outcome.verdict.faults, _again(outcome))), file=sys.stderr, flush=True)


def _again(outcome: Outcome) -> str:
    return f"again: python -m tests.soak {outcome.again}"


_PAGE = """\
# The soak: kill -9, over and over

Made by `make soak` on {date}, in {minutes:.0f} minutes, {workers} rounds at a time. {machine}.

Each round freezes an issue of 20–144 people and starts `newsletter resume` as a process. The relay is another process;
it has each mail that it accepts on disk before its reply. The sender is killed at random moments, up to three times an
issue, or by strace before its n-th call; of several processes, on PostgreSQL, one of three is killed, or their parent.
Then a last run is let finish, the relay's connections end, and people are counted. *Lost*: neither accepted by the
relay nor named by the ledger as doubtful or refused. *Twice*: mailed again though the policy was not `resend`. Beside
this the bytes that the relay got must have the digest that the ledger kept, all mails to one person the same
Message-ID, and what is in flight at a kill must be within processes × connections × window.

| kill | issues | kills | lost | twice | again by `resend` | named as doubtful | most in flight, and its bound |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Of {kills} kills {busy} ({share:.0%}) had mails in flight:

| in flight at the kill | kills |
| --- | ---: |
{histogram}

Deliveries by state, over all kills: {states}.

Issues with any fault: {bad}.{again}

strace counts calls for each thread by itself: the n-th is of whichever thread comes there first. A kill is the death of
the process, not of the machine; that a mark survives a power cut is shown by `tests/sending/test_kill_sweep.py`, which
opens the database as fdatasync had left it when each envelope left.
"""


def report(outcomes: Sequence[Outcome], *, minutes: float, workers: int) -> str:
    """Return the page for docs/."""
    kills = [kill for outcome in outcomes for kill in outcome.kills]
    busy = sum(kill.in_flight > 0 for kill in kills)
    bad = [outcome for outcome in outcomes if outcome.verdict.faults]
    kinds = sorted({outcome.kind for outcome in outcomes})
    rows = [_kind_row(kind, [one for one in outcomes if one.kind == kind]) for kind in kinds]
    return _PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        minutes=minutes,
        workers=workers,
        machine=_machine(),
        rows="\n".join([*rows, _kind_row("all", outcomes)]),
        kills=len(kills),
        busy=busy,
        share=busy / max(1, len(kills)),
        histogram="\n".join(f"| {name} | {number} |" for name, number in _histogram(kills)),
        states=", ".join(f"{sum(kill.states.get(name, 0) for kill in kills):,} {name}" for name in _STATES),
        bad=len(bad),
        again="".join(f"\n\n    {_again(one)}" for one in bad),
    )


def _kind_row(kind: str, outcomes: Sequence[Outcome]) -> str:
    verdicts = [outcome.verdict for outcome in outcomes]
    pairs = [(kill.in_flight, outcome.bound) for outcome in outcomes for kill in outcome.kills]
    most, bound = max(pairs, default=(0, 0))
    numbers = [
        len(outcomes),
        len(pairs),
        *(sum(getattr(one, name) for one in verdicts) for name in ("lost", "twice", "repeats", "doubtful")),
    ]
    cells = [kind, *(f"{number:,}" for number in numbers), f"{most} of {bound}"]
    return f"| {' | '.join(cells)} |"


def _histogram(kills: Sequence[Kill]) -> Iterator[tuple[str, int]]:
    counted = Counter(kill.in_flight for kill in kills)
    for low, high in ((0, 0), (1, 1), (2, 3), (4, 7), (8, 15), (16, 31), (32, 64)):
        number = sum(count for in_flight, count in counted.items() if low <= in_flight <= high)
        yield (f"{low}" if low == high else f"{low}–{high}"), number


def _machine() -> str:
    cpus = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"newsletter {__version__} (commit {commit}), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, Linux {platform.release()}, {os.cpu_count()} × {(names or ['CPU'])[0]}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1_000, help="of the first round; each next one has the next")
    parser.add_argument("--processes", type=int, default=25, help="rounds with several processes, on PostgreSQL")
    parser.add_argument("--no-sweep", action="store_true", help="no kills by strace")
    parser.add_argument("--step", type=int, default=3, help="of the sweep, through the pages written")
    parser.add_argument("--call", nargs=3, metavar=("VICTIM", "NAME", "NUMBER"), help="play one kill of the sweep")
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--report", type=Path, help="write the page here")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        template = make_template(folder / "empty.db")
        if given.call:
            victim, name, number = given.call
            works: list[Work] = [partial(a_call, Call(victim=Victim(victim), name=name, number=int(number)))]
        else:
            works = [partial(a_round, given.seed + number) for number in range(given.rounds)]
            if not given.no_sweep and shutil.which("strace"):
                works += sweep(folder, template, given.step)
        outcomes = run_all(works, template, workers=given.workers)
        for outcome in processes(range(given.seed, given.seed + given.processes), folder) if not given.call else ():
            outcomes.append(outcome)
            _tell_faults(outcome)
    page = report(outcomes, minutes=(time.monotonic() - began) / 60, workers=given.workers)
    print(page)
    if given.report:
        given.report.write_text(page, encoding="utf-8")
    kills = [kill for outcome in outcomes for kill in outcome.kills]
    is_telling = 2 * sum(kill.in_flight > 0 for kill in kills) >= len(kills)
    if not is_telling:
        print("fewer than half of the kills had a mail in flight: the rounds prove little", file=sys.stderr)
    return 1 if any(outcome.verdict.faults for outcome in outcomes) or not is_telling else 0


if __name__ == "__main__":
    sys.exit(main())
