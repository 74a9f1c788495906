"""A whole send by the command line, ledger on (SQLite, synchronous=FULL), against other ways to send.

The server is pinned to one core and the clients, in turn (A B C, C B A, …), to another; signed they have all cores.
All send the same mail, as large and with as many connections; counts and times are the server's (bench/meter.py).
Where the server is above nine tenths of its core, a ratio says nothing of the client: processor time is the figure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from newsletter.bench.contestants import OURS, SMTP_SOURCE, Contestant, Field, signing, write_sample
from newsletter.bench.meter import Measured, medians, run_and_measure
from newsletter.bench.office import Office, open_office, write_item
from newsletter.bench.postfix import Postfix, postfix
from newsletter.bench.slow_disk import fdatasync_microseconds, slowing_library
from newsletter.bench.smtp_sink import SmtpSink, smtp_sink
from newsletter.errors import UsageError

WIRE_BYTES = 40_000
SERVERS = ("sink", "postfix")
VARIANTS = ("unsigned", "signed", "slow-disk")
SLOW_MILLISECONDS = 5
_BOUND = 0.9  # of its cores: above it the server decides the rate
# What the others send of our messages: they are so much slower, and a run need not last longer than ours.
_PLAIN_SHARE, _MIDDLE_SHARE = 40, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to measure."""

    messages: int = 10_000
    rounds: int = 5
    connections: int = 16
    server: str = "sink"
    item: str = ""  # a file; a text that makes the mail WIRE_BYTES large when empty
    variants: Sequence[str] = VARIANTS


def run(plan: Plan, *, folder: Path, say: Callable[[str], None] = lambda text: None) -> dict[str, object]:
    """Return the figures of all contestants, unsigned, signed, and on a slow disk. Raises UsageError."""
    if plan.server not in SERVERS:
        raise UsageError(f"there is no server {plan.server!r}", fix=f"--server {' or '.join(SERVERS)}")
    if unknown := [name for name in plan.variants if name not in VARIANTS]:
        raise UsageError(f"there is no variant {unknown[0]!r}", fix=f"one of: {', '.join(VARIANTS)}")
    office = open_office(folder, people=plan.messages)
    item, _ = (_copied(office, Path(plan.item)), 0) if plan.item else write_item(office, wire_bytes=WIRE_BYTES)
    if plan.item:
        office.run("build", *item, "--out", str(folder / "built"))
    sample = office.sample(item)
    cores = sorted(os.sched_getaffinity(0))
    figures: dict[str, object] = {
        "server": plan.server,
        "wire_bytes": len(sample),
        "connections": plan.connections,
        "cores": len(cores),
        "fdatasync_microseconds": fdatasync_microseconds(office.root / "var"),
    }
    source = write_sample(office, sample)
    for name in plan.variants:
        say(name)
        figures[name.replace("-", "_")] = _variant(name, plan, office, item, source, say)
    return figures


def _variant(
    name: str, plan: Plan, office: Office, item: Sequence[str], sample: Path, say: Callable[[str], None]
) -> dict[str, object]:
    field = Field(office=office, item=item, connections=plan.connections, is_signed=name == "signed")
    cores = sorted(os.sched_getaffinity(0))
    apart = cores[:1] if len(cores) > 1 else []
    if name == "slow-disk":
        library = slowing_library(office.folder, milliseconds=SLOW_MILLISECONDS)
        if library is None:
            return {"left_out": "no C compiler (cc) to make each fdatasync slower with"}
        slow = field.newsletter(environ={"LD_PRELOAD": str(library)})
        figures = _contest(plan, [slow], office, apart, say, rounds=1)
        return {"added_to_each_fdatasync_milliseconds": SLOW_MILLISECONDS, **figures}
    environ: dict[str, str] = {}
    if name == "signed":
        environ = signing(office)
        _check_signed(office, item, environ)
    source = field.smtp_source(sample, messages=plan.messages)
    contestants = [field.newsletter(environ=environ), source, *_libraries(field, plan)]
    return _contest(plan, contestants, office, [] if name == "signed" else apart, say)


def _libraries(field: Field, plan: Plan) -> list[Contestant]:
    least = min(plan.messages, 2 * plan.connections + 8)
    few, more = (max(least, plan.messages // share) for share in (_PLAIN_SHARE, _MIDDLE_SHARE))
    return [
        field.library("plain", "premailer", messages=few),
        field.library("plain", "ours", messages=few),
        field.library("middle", "premailer", messages=more),
    ]


def _contest(
    plan: Plan,
    contestants: Sequence[Contestant],
    office: Office,
    client_cores: Sequence[int],
    say: Callable[[str], None],
    rounds: int = 0,
) -> dict[str, object]:
    runs: dict[str, list[Measured]] = {one.name: [] for one in contestants}
    server_cores = sorted(os.sched_getaffinity(0))[-1:] if len(os.sched_getaffinity(0)) > 1 else []
    with _server(plan, office.folder, server_cores) as server:
        for number in range(rounds or plan.rounds):
            for one in contestants if number % 2 == 0 else reversed(contestants):
                measured = run_and_measure(
                    one.command(server.port, one.messages),
                    server,
                    messages=one.messages,
                    folder=office.root,
                    environ={**office.env(), **one.environ},
                    cores=client_cores,
                )
                say(f"  {one.name}: {measured.per_second:,.0f} messages/s, server {measured.server_load:.0%}")
                runs[one.name].append(measured)
    figures = {name: medians(found) for name, found in runs.items()}
    return {**figures, **_ratios(figures, server_cores=1 if plan.server == "sink" else os.cpu_count() or 1)}


def _ratios(figures: dict[str, dict[str, float | int]], *, server_cores: int) -> dict[str, object]:
    ours = figures[OURS]
    found: dict[str, object] = {
        f"ratio_to_{name}": round(ours["messages_per_second"] / max(1, other["messages_per_second"]), 2)
        for name, other in figures.items()
        if name != OURS
    }
    loads = [figures[name]["server_load"] for name in (OURS, SMTP_SOURCE) if name in figures]
    return {**found, "is_server_bound": max(loads) > _BOUND * server_cores}


def _server(plan: Plan, folder: Path, cores: Sequence[int]) -> AbstractContextManager[SmtpSink | Postfix]:
    return smtp_sink(folder, cores=cores) if plan.server == "sink" else postfix(folder)


def _copied(office: Office, path: Path) -> list[str]:
    """Put a news item into the workspace; returns the arguments that name it."""
    target = office.root / "content" / path.name
    target.write_bytes(path.read_bytes())
    return [f"content/{path.name}", "--title", "Bench"]


def _check_signed(office: Office, item: Sequence[str], settings: dict[str, str]) -> None:
    signed = Office(folder=office.folder, people=office.people, environ=settings)
    if b"\r\nDKIM-Signature:" not in b"\r\n" + signed.sample(item):
        raise UsageError("the mail of the bench is not signed", fix='see "newsletter doctor"')
