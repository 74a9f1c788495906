"""From a plan to a finished run: the transport opened, signals caught, progress shown. `send` and `resume` share it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.cli.context import CommandContext
from newsletter.cli.opening import open_keys
from newsletter.cli.output import INTERRUPTED, one_line, print_json, say, warn
from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.state import Counts
from newsletter.errors import ConfigError, UsageError
from newsletter.message.merge import Merger
from newsletter.render.compiled import CompiledIssue
from newsletter.sending.lock import IssueLock, is_held
from newsletter.sending.report import as_json, as_text
from newsletter.sending.sender import End, Ended, Policy, Progress, Sender
from newsletter.sending.session import Opening, Places, close_run, open_run, shown_state
from newsletter.sending.spare import SpareFile
from newsletter.store.database import Engine, reading
from newsletter.store.deliveries import refusals, uncertain_addresses
from newsletter.store.issues import IssueRow, Plan, load_compiled, load_issue
from newsletter.store.ledger import Run
from newsletter.tokens import Keys
from newsletter.transport.channel import Channel, Transport
from newsletter.transport.outbox import OutboxTransport
from newsletter.transport.smtp import Relay, SmtpTransport

SENDING = "send"  # folder under var/: locks, spare files, the run's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line says about how to send; empty where it says nothing."""

    smtp: str = ""
    outbox: str = ""
    connections: int = 0
    rate: str = ""
    uncertain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One `send` or `resume`."""

    context: CommandContext
    engine: Engine
    keys: Keys
    plan: Plan
    opening: Opening
    places: Places
    no_wait: bool
    as_json: bool


def plan_of(context: CommandContext, wish: Wish, *, before: Plan | None = None) -> Plan:
    """Return the plan: the command line over the issue's own over the settings. Raises UsageError, ConfigError."""
    if wish.smtp and wish.outbox:
        raise UsageError("--smtp and --outbox exclude each other", fix="give one of them")
    send = context.settings.send
    plan = before or Plan(
        transport="smtp",
        target=context.settings.smtp.url,
        connections=send.connections,
        rate=send.rate,
        uncertain=send.uncertain,
    )
    if wish.outbox:
        plan = replace(plan, transport="outbox", target=str(Path(wish.outbox).absolute()))
    elif wish.smtp:
        plan = replace(plan, transport="smtp", target=wish.smtp)
    if wish.uncertain not in ("", "hold", "resend"):
        raise UsageError(f'--uncertain cannot be "{wish.uncertain}"', fix="write hold or resend")
    if wish.connections < 0 or wish.connections > 200:
        raise UsageError("--connections must be between 1 and 200")
    return replace(
        plan,
        connections=wish.connections or plan.connections,
        rate=_rate(wish.rate) if wish.rate else plan.rate,
        uncertain=wish.uncertain or plan.uncertain,
    )


def open_transport(context: CommandContext, plan: Plan) -> Transport:
    """Return the relay or folder of the plan; nothing is connected yet. Raises UsageError, ConfigError."""
    if plan.transport == "outbox":
        return OutboxTransport(Path(plan.target))
    smtp = context.settings.smtp
    user, password = smtp.login()
    return SmtpTransport(
        Relay(
            address=smtp.relay(plan.target),
            user=user,
            password=password,
            ca_file=smtp.ca_file,
            local_name=_local_name(),
        )
    )


def deliver(job: Job, prepare: Callable[[], int]) -> int:
    """Run the whole of it and return the exit code; `prepare` gives the issue's id once the relay has answered."""
    return asyncio.run(_deliver(job, prepare))


def print_report(engine: Engine, row: IssueRow, places: Places, *, in_json: bool) -> None:
    """Print how an issue stands."""
    state = shown_state(row, is_held=lambda code: is_held(places.folder, code))
    if in_json:
        print_json(as_json(row, state))
        return
    with reading(engine) as conn:
        text = as_text(row, state, refusals=refusals(conn, row.id), uncertain=uncertain_addresses(conn, row.id))
    print("\n".join(one_line_keeping_indent(line) for line in text.splitlines()))


def one_line_keeping_indent(line: str) -> str:
    """Return a line of a report with what came from outside made harmless."""
    clean = one_line(line)
    return " " * (len(line) - len(line.lstrip(" "))) + clean


def ledger_keys(context: CommandContext) -> Keys:
    """Return the workspace's keys, made at first need."""
    return open_keys(context)


def places_of(context: CommandContext) -> Places:
    return Places(folder=context.workspace.private_dir(SENDING))


def exit_code(end: End, counts: Counts) -> int:
    if end is End.INTERRUPTED:
        return INTERRUPTED
    return 0 if counts.is_clean else 1


async def _deliver(job: Job, prepare: Callable[[], int]) -> int:
    transport = open_transport(job.context, job.plan)
    places = job.places
    first = await transport.connect()
    try:
        with _Signals() as signals:
            issue_id = await asyncio.to_thread(prepare)
            with reading(job.engine) as conn:
                row = load_issue(conn, issue_id)
            if job.opening.is_fresh:
                _tell_frozen(row, in_json=job.as_json)
            with IssueLock(places.folder, row.code) as lock:
                lock.acquire(now=datetime.now(UTC))
                _tell_last_holder(lock, fresh=job.opening.is_fresh)
                row, ended = await _run(job, places, row, transport, first, signals)
    except BaseException:
        first.abort()
        raise
    if ended.failure is not None:
        say(f'what was replied is kept; "newsletter resume {row.code}" reads it in')
        raise ended.failure
    print_report(job.engine, row, places, in_json=job.as_json)
    return exit_code(ended.end, row.counts)


async def _run(
    job: Job, places: Places, row: IssueRow, transport: Transport, first: Channel, signals: _Signals
) -> tuple[IssueRow, Ended]:
    opened = await asyncio.to_thread(open_run, job.engine, places, row, job.opening)
    if opened.orphans:
        _tell_orphans(opened.orphans, job.plan)
    spare = SpareFile(places.spare(row.code), entries=2 * job.plan.connections + 16)
    try:
        with _progress() as show:
            sender = _sender(job, row, opened.run, transport, spare, show)
            signals.watch(sender)
            ended = await sender.run(first)
    finally:
        spare.close()
    if ended.failure is not None:
        return row, ended
    return await asyncio.to_thread(close_run, job.engine, opened.run, ended), ended


def _sender(
    job: Job, row: IssueRow, run: Run, transport: Transport, spare: SpareFile, show: Callable[[Progress], None]
) -> Sender:
    with reading(job.engine) as conn:
        compiled = CompiledIssue.from_bytes(load_compiled(conn, row.id))
    return Sender(
        engine=job.engine,
        run=run,
        merger=Merger(compiled, keys=job.keys.pinned(row.key_id), issue_id=row.id, list_label=row.list_label),
        transport=transport,
        policy=_policy(job),
        spare=spare,
        zone=ZoneInfo(row.timezone),
        on_progress=show,
        on_note=warn,
    )


def _policy(job: Job) -> Policy:
    send = job.context.settings.send
    return Policy(
        connections=job.plan.connections,
        rate=job.plan.rate,
        wait_minutes=0 if job.no_wait else send.wait_minutes,
        uncertain=job.plan.uncertain,
        retry=RetryPolicy(give_up_hours=send.give_up_hours),
        breaker_first=send.breaker_first,
        breaker_same=send.breaker_same,
        breaker_bounce_share=send.breaker_bounce_share,
    )


class _Signals:
    """SIGINT and SIGTERM while a run goes on: the first drains it, the second ends it at once."""

    def __init__(self) -> None:
        self._sender: Sender | None = None
        self._count = 0

    def __enter__(self) -> _Signals:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._received)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def watch(self, sender: Sender) -> None:
        """Pass signals on to `sender`, also one that came while the issue was being frozen."""
        self._sender = sender
        if self._count:
            sender.halt(End.INTERRUPTED, "interrupted")

    def _received(self) -> None:
        self._count += 1
        if self._sender is None:
            say("interrupting as soon as the issue is frozen")
        elif self._count == 1:
            say("finishing the messages under way; once more to end at once")
            self._sender.halt(End.INTERRUPTED, "interrupted")
        else:
            self._sender.abort()


def _tell_frozen(row: IssueRow, *, in_json: bool) -> None:
    text = f"issue {row.code}: {row.counts.pending:,} to mail, {row.counts.excluded:,} excluded"
    if in_json:
        say(text)
    else:
        print(text, flush=True)


def _tell_last_holder(lock: IssueLock, *, fresh: bool) -> None:
    if lock.last_holder is not None and not fresh:
        say(f"last sent by {lock.last_holder}")


def _tell_orphans(orphans: tuple[str, ...], plan: Plan) -> None:
    what = "each is mailed once more" if plan.uncertain == "resend" else "not mailed again"
    say(f"in doubt, because the sender died ({what}): {', '.join(orphans)}")


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Draw a bar on a terminal; elsewhere only say when the next retry is."""
    if sys.stderr.isatty():
        yield from _bar()
        return
    said: set[datetime] = set()

    def tell(progress: Progress) -> None:
        if progress.next_try is not None and progress.next_try not in said:
            said.add(progress.next_try)
            say(_waiting(progress))

    yield tell


def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sending", total=None)

        def tell(progress: Progress) -> None:
            counts = progress.counts
            done = counts.audience - counts.pending - counts.in_flight - counts.excluded
            text = _waiting(progress) if progress.next_try else "sending"
            bar.update(task, description=text, completed=done, total=counts.audience - counts.excluded)

        yield tell


def _waiting(progress: Progress) -> str:
    at = progress.next_try.astimezone() if progress.next_try else None
    return f"{progress.counts.deferred:,} deferred, next try at {at:%H:%M:%S}"


def _rate(text: str) -> float:
    number = text.removesuffix("/s")
    try:
        rate = float(number)
    except ValueError as error:
        raise UsageError(f'--rate cannot be "{text}"', fix="write messages a second: 10/s") from error
    if not 0 <= rate <= 1_000_000:
        raise UsageError("--rate must be between 0 and 1000000 messages a second")
    return rate


def _local_name() -> str:
    # Not getfqdn(): it asks the DNS and can hang for a minute.
    name = socket.gethostname()
    return name if name.isascii() and name.replace("-", "").replace(".", "").isalnum() else "localhost"


def need_target(plan: Plan) -> None:
    """Raise ConfigError when neither the command line nor the settings say where to send."""
    if not plan.target:
        raise ConfigError("smtp.url is not set", path="newsletter.toml", fix="set it, or name a relay with --smtp URL")
