"""From a plan to a finished run: the transport opened, signals caught, progress shown. `send` and `resume` share it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.cli.context import CommandContext
from newsletter.cli.keeping import open_keys
from newsletter.cli.output import INTERRUPTED, say, warn
from newsletter.cli.processes import Parent
from newsletter.cli.reporting import office_zone, places_of, print_report
from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.scope import Outcome
from newsletter.delivery.state import Counts
from newsletter.errors import ConfigError, StoreError, UsageError
from newsletter.message.dkim import Signer
from newsletter.message.dkim_keys import load_signer
from newsletter.message.merge import Merger
from newsletter.own_process import give_memory_back
from newsletter.render.compiled import CompiledIssue
from newsletter.sending.lock import Lock, issue_lock, this_host
from newsletter.sending.lock_watch import LOST, watch
from newsletter.sending.patience import patiently
from newsletter.sending.places import Places
from newsletter.sending.processes import Processes
from newsletter.sending.report import shown_time
from newsletter.sending.sender import End, Ended, Policy, Progress, Sender
from newsletter.sending.session import Evidence, Opened, Opening, close_run, open_run
from newsletter.sending.spare import SpareFile
from newsletter.settings import DomainLimit
from newsletter.settings_rules import parse_rate
from newsletter.store.database import Engine, reading, writing
from newsletter.store.deliveries import Orphan
from newsletter.store.issues import IssueRow, Plan, load_compiled, load_issue, save_plan
from newsletter.store.ledger import Run
from newsletter.tokens import Keys, Purpose
from newsletter.transport.channel import Channel, Transport
from newsletter.transport.connect import Relay
from newsletter.transport.outbox import OutboxTransport, find_written, is_there
from newsletter.transport.smtp import SmtpTransport

MAX_CONNECTIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line says about how to send; empty where it says nothing."""

    smtp: str = ""
    outbox: str = ""
    connections: int | None = None
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
    no_wait: bool
    as_json: bool
    before: Plan | None = None  # of the run before this one
    signer: Signer | None = None
    processes: int = 1


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
    if wish.connections is not None and not 1 <= wish.connections <= MAX_CONNECTIONS:
        raise UsageError(f"--connections must be between 1 and {MAX_CONNECTIONS}")
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
        ),
        window=_window(context, plan),
    )


def _window(context: CommandContext, plan: Plan) -> int:
    """Return how many messages may be on the way on one connection: more than one only to the settings' own relay."""
    smtp = context.settings.smtp
    return smtp.window if smtp.own_relay and plan.target == smtp.url else 1


def deliver(job: Job, prepare: Callable[[], int]) -> int:
    """Run the whole of it and return the exit code; `prepare` gives the issue's id once the relay has answered."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_deliver(job, prepare))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's where it is installed: half the cost of a message on the wire. Else asyncio's own will do."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def ledger_keys(context: CommandContext) -> Keys:
    """Return the workspace's keys, made at first need."""
    return open_keys(context)


def exit_code(end: End, counts: Counts) -> int:
    if end is End.INTERRUPTED:
        return INTERRUPTED
    return 0 if counts.is_clean else 1


async def _deliver(job: Job, prepare: Callable[[], int]) -> int:
    job = replace(job, signer=load_signer(job.context.settings))
    transport = open_transport(job.context, job.plan)
    places = places_of(job.context)
    first = await transport.connect()
    try:
        with _Signals(is_frozen=not job.opening.is_fresh) as signals:
            issue_id = await asyncio.to_thread(prepare)
            signals.is_frozen = True
            give_memory_back()
            with reading(job.engine) as conn:
                row = load_issue(conn, issue_id)
            if job.opening.is_fresh:
                _tell_frozen(row, in_json=job.as_json)
            with issue_lock(job.engine, places.folder, row) as lock:
                lock.acquire(now=datetime.now(UTC).astimezone(office_zone(job.context)))
                opened = await asyncio.to_thread(
                    open_run, job.engine, places, row, job.opening, evidence=_evidence(job, row)
                )
                if not job.opening.is_fresh:  # not before: a `resume` that is refused changes nothing
                    await asyncio.to_thread(_keep_plan, job, row)
                _tell_before(lock, opened, job.plan)
                if code := job.opening.retry_refused:
                    say(f"{opened.put_back:,} people who were refused with {code} are tried again")
                send = _run_alone if job.processes == 1 else _run_processes
                ended = await send(job, places, row, transport, first, signals, opened.run, lock)
                if ended.failure is None:
                    row = await asyncio.to_thread(patiently, lambda: close_run(job.engine, opened.run, ended))
    except BaseException:
        first.abort()
        raise
    if ended.failure is not None:
        return _tell_failure(job, row, ended.failure)
    print_report(job.context, job.engine, row, in_json=job.as_json)
    return exit_code(ended.end, row.counts)


def _tell_failure(job: Job, row: IssueRow, error: StoreError) -> int:
    """Tell of a ledger that failed in the middle of the run, and how the issue stands, as far as that can be read."""
    warn(str(error))
    say(f'what was replied is kept; "newsletter resume {row.code}" reads it in')
    try:
        with reading(job.engine) as conn:
            row = load_issue(conn, row.id)
        print_report(job.context, job.engine, row, in_json=job.as_json)
    except StoreError:
        raise error from None
    return 1


def _keep_plan(job: Job, row: IssueRow) -> None:
    with writing(job.engine) as conn:
        save_plan(conn, row.id, job.plan)


def _evidence(job: Job, row: IssueRow) -> Evidence | None:
    """Return what the outbox of the run before can tell of what that run left in flight; a relay can tell nothing."""
    if job.before is None or job.before.transport != "outbox":
        return None
    folder, keys = Path(job.before.target), job.keys.pinned(row.key_id)

    def envid(delivery_id: int) -> str:
        return keys.token(Purpose.BOUNCE, row.list_id, delivery_id).address  # as the merge names the message

    def tell(orphan: Orphan, last: int) -> Outcome | None:
        is_kept = bool(last) and is_there(folder, envid(last))
        return find_written(folder, envid(orphan.id), orphan.sha256, is_kept=is_kept)

    return tell


async def _run_alone(
    job: Job,
    places: Places,
    row: IssueRow,
    transport: Transport,
    first: Channel,
    signals: _Signals,
    run: Run,
    lock: Lock,
) -> Ended:
    spare = spare_file(job, places, row, run)
    try:
        with _progress(office_zone(job.context)) as show:
            sender = make_sender(job, row, run, transport, spare, show)
            signals.watch(sender)
            with watch(lock, lambda: sender.halt(End.TAKEN_OVER, LOST)):
                return await sender.run(first)
    finally:
        spare.close()


async def _run_processes(
    job: Job,
    _places: Places,
    row: IssueRow,
    _transport: Transport,
    first: Channel,
    signals: _Signals,
    run: Run,
    lock: Lock,
) -> Ended:
    """Have other processes send; `first` has shown that the relay is there, and goes."""
    await first.close()
    with _progress(office_zone(job.context)) as show:
        parent = Parent(
            engine=job.engine,
            run=run,
            row=row,
            plan=job.plan,
            processes=job.processes,
            no_wait=job.no_wait,
            root=job.context.workspace.root,
            show=show,
        )
        processes = await asyncio.to_thread(parent.start)
        signals.watch(processes)
        with watch(lock, lambda: processes.halt(End.TAKEN_OVER, LOST)):
            return await parent.watch()


def spare_file(job: Job, places: Places, row: IssueRow, run: Run) -> SpareFile:
    """Return the spare file of the process that sends, its blocks taken. Raises DiskError."""
    entries = 2 * job.plan.connections * _window(job.context, job.plan) + 16
    return SpareFile(places.spare(row.code, run.shard), entries=entries)


def make_sender(
    job: Job,
    row: IssueRow,
    run: Run,
    transport: Transport,
    spare: SpareFile,
    show: Callable[[Progress], None],
    on_note: Callable[[str], None] = warn,
) -> Sender:
    with reading(job.engine) as conn:
        compiled = CompiledIssue.from_bytes(load_compiled(conn, row.id))
    return Sender(
        engine=job.engine,
        run=run,
        merger=Merger(
            compiled,
            keys=job.keys.pinned(row.key_id),
            issue_id=row.id,
            list_label=row.list_label,
            signer=job.signer,
        ),
        transport=transport,
        policy=_policy(job),
        spare=spare,
        zone=ZoneInfo(row.timezone),
        on_progress=show,
        on_note=on_note,
    )


def _policy(job: Job) -> Policy:
    send = job.context.settings.send
    return Policy(
        connections=job.plan.connections,
        rate=job.plan.rate,
        wait_minutes=0 if job.no_wait else send.wait_minutes,
        uncertain=job.plan.uncertain,
        retry=RetryPolicy(
            first_wait_seconds=60 * send.retry_minutes,
            longest_wait_seconds=60 * send.retry_longest_minutes,
            give_up_hours=send.give_up_hours,
        ),
        breaker_first=send.breaker_first,
        breaker_same=send.breaker_same,
        breaker_bounce_share=send.breaker_bounce_share,
        messages_per_connection=send.messages_per_connection,
        idle_seconds=send.idle_seconds,
        limits=_limits(job),
        processes=job.processes,
    )


def _limits(job: Job) -> dict[str, DomainLimit]:
    """Return the limits of recipient domains that hold towards this relay; a folder has none."""
    if job.plan.transport == "outbox":
        return {}
    smtp = job.context.settings.smtp
    is_own = smtp.own_relay and job.plan.target == smtp.url
    return job.context.settings.send.holding_limits(is_near=is_own or smtp.relay(job.plan.target).is_loopback)


class _Signals:
    """SIGINT and SIGTERM while a run goes on: the first drains it, the second ends it at once."""

    def __init__(self, *, is_frozen: bool) -> None:
        self.is_frozen = is_frozen
        self._sender: Sender | Processes | None = None
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

    def watch(self, sender: Sender | Processes) -> None:
        """Pass signals on to `sender`, also one that came while the issue was being frozen."""
        self._sender = sender
        if self._count:
            sender.halt(End.INTERRUPTED, "interrupted")

    def _received(self) -> None:
        self._count += 1
        if self._sender is None:
            say("ending before the first message" + ("" if self.is_frozen else ", as soon as the issue is frozen"))
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


def _tell_before(lock: Lock, opened: Opened, plan: Plan) -> None:
    """Say what the sender before us left behind, where that is more than an orderly end on this machine."""
    holder = lock.last_holder
    is_elsewhere = holder is not None and holder.host != this_host()
    if holder is not None and (opened.is_after_death or is_elsewhere):
        say(f"last sent by {holder}" + (", which died" if opened.is_after_death else ""))
    if opened.orphans:
        what = "each is mailed once more" if plan.uncertain == "resend" else "not mailed again"
        say(f"in doubt, because the sender died ({what}): {', '.join(opened.orphans)}")


@contextmanager
def _progress(zone: tzinfo) -> Iterator[Callable[[Progress], None]]:
    """Draw a bar on a terminal; elsewhere only say when the next retry is."""
    if sys.stderr.isatty():
        yield from _bar(zone)
        return
    said: set[datetime] = set()

    def tell(progress: Progress) -> None:
        if progress.next_try is not None and progress.next_try not in said:
            said.add(progress.next_try)
            say(_waiting(progress, zone))

    yield tell


def _bar(zone: tzinfo) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sending", total=None)

        def tell(progress: Progress) -> None:
            counts = progress.counts
            done = counts.audience - counts.pending - counts.in_flight - counts.excluded
            text = _waiting(progress, zone) if progress.next_try else "sending"
            bar.update(task, description=text, completed=done, total=counts.audience - counts.excluded)

        yield tell


def _waiting(progress: Progress, zone: tzinfo) -> str:
    at = shown_time(progress.next_try, zone) if progress.next_try else ""
    return f"{progress.counts.deferred:,} deferred, next try at {at}"


def _rate(text: str) -> float:
    rate = parse_rate(text)
    if rate is None:
        raise UsageError(f'--rate cannot be "{text}"', fix="write 10/s, 20/min or 100/h")
    if rate > 1_000_000:
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
