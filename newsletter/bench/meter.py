"""What a client costs, as seen from the server: messages, seconds, processor time of both sides.

From the first message that the server counts to its last, so that the start of a program, its compile and its freeze
count for nobody. Processor time is that of whole process trees, all threads included (proc(5)).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from newsletter.errors import UsageError

_POLL_SECONDS = 0.005  # of runs that take seconds: within one part in a thousand
_LAG_SECONDS = 2.0  # Postfix's log comes a little after its replies
_TICKS = os.sysconf("SC_CLK_TCK")


class Counter(Protocol):
    """A server that tells how many messages it has accepted, and its own processor time."""

    def count(self) -> int: ...

    def cpu_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    messages: int
    seconds: float
    client_cpu: float  # seconds
    server_cpu: float

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0

    @property
    def server_load(self) -> float:
        return self.server_cpu / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    at: float
    count: int
    client_cpu: float
    server_cpu: float


def run_and_measure(
    command: Sequence[str],
    server: Counter,
    *,
    messages: int,
    folder: Path,
    environ: Mapping[str, str],
    cores: Collection[int] = (),
) -> Measured:
    """Run a client to its end, on `cores` alone. Raises UsageError when it fails or the server counts wrongly."""
    before = server.count()
    looks: list[_Look] = []
    with tempfile.TemporaryFile() as output:
        client = subprocess.Popen(command, cwd=folder, env=environ, stdout=output, stderr=subprocess.STDOUT)
        try:
            if cores:
                os.sched_setaffinity(client.pid, cores)
            while client.poll() is None:
                _look(looks, server, client.pid)
                time.sleep(_POLL_SECONDS)
            deadline = time.monotonic() + _LAG_SECONDS
            while client.returncode == 0 and server.count() - before < messages and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
            _look(looks, server, client.pid)
        finally:
            if client.poll() is None:
                client.kill()
                client.wait()
        output.seek(0)
        said = output.read().decode(errors="replace").strip()[-300:]
    if client.returncode != 0:
        raise UsageError(f"{command[0]} ended with exit code {client.returncode}: {said}")
    if server.count() - before != messages:
        raise UsageError(f"the server counted {server.count() - before} messages, not {messages}: {said}")
    grown = [look for look in looks if look.count > before]
    # A handful of messages may be over between two looks: then the figures are rough, and from the client's start.
    first, last = grown[0] if len(grown) > 1 else looks[0], grown[-1]
    return Measured(
        messages=max(1, last.count - first.count),
        seconds=last.at - first.at,
        client_cpu=last.client_cpu - first.client_cpu,
        server_cpu=last.server_cpu - first.server_cpu,
    )


def _look(looks: list[_Look], server: Counter, client_id: int) -> None:
    count = server.count()
    if looks and looks[-1].count == count:
        return
    # Once it has ended it has no figures any more: those it had last are its own.
    client_cpu = max(cpu_seconds(client_id), looks[-1].client_cpu if looks else 0.0)
    looks.append(_Look(at=time.perf_counter(), count=count, client_cpu=client_cpu, server_cpu=server.cpu_seconds()))


def medians(runs: Sequence[Measured]) -> dict[str, float | int]:
    """Return the medians of several runs, as a report shows them."""
    return {
        "messages_per_second": round(statistics.median(run.per_second for run in runs)),
        "client_cpu_microseconds": _microseconds([run.client_cpu / run.messages for run in runs]),
        "server_cpu_microseconds": _microseconds([run.server_cpu / run.messages for run in runs]),
        "server_load": round(statistics.median(run.server_load for run in runs), 2),
        "runs": len(runs),
    }


def _microseconds(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1e6, 1)


def tree(process_id: int) -> Iterator[int]:
    """Yield a process and all below it; nothing once it is gone."""
    yield process_id
    try:
        tasks = list(Path(f"/proc/{process_id}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]
    except OSError:
        return
    for child in children:
        yield from tree(int(child))


def cpu_seconds(process_id: int) -> float:
    """Return the processor time of a process and all below it, ended children included (fields 14 to 17)."""
    ticks = 0
    for each in tree(process_id):
        try:
            fields = Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS


def memory_bytes(process_id: int) -> int:
    """Return the proportional set size (what is shared counts once) of a process and all below it."""
    total = 0
    for each in tree(process_id):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total
