"""`newsletter send`: an issue to a list.

Whatever can be refused without compiling is refused first; what the checks say is printed only when the issue may go.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from newsletter.address import normalise
from newsletter.check import Report
from newsletter.cli.compiling import workspace_keys
from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.delivering import (
    Job,
    Wish,
    deliver,
    need_target,
    open_transport,
    plan_of,
)
from newsletter.cli.importing import Imported, file_list_name, import_file
from newsletter.cli.opening import open_store
from newsletter.cli.options import Date, Items, Json, Lang, Preheader, Subject, Template, Title
from newsletter.cli.output import print_json, say, warn
from newsletter.cli.processes import refuse_processes
from newsletter.cli.publishing import address, write_pictures
from newsletter.cli.refusing import (
    need_approvals,
    need_files,
    need_list_written,
    no_list,
    refuse_embargo,
    refuse_if_sent,
)
from newsletter.cli.reporting import places_of
from newsletter.cli.sending_options import Connections, NoWait, Outbox, Processes, Rate, Smtp, Uncertain
from newsletter.cli.trial import compile_checked, heed
from newsletter.delivery.state import Counts, IssueState
from newsletter.errors import GateError, InputError, UsageError
from newsletter.issue import ContentOptions
from newsletter.message.merge import missing
from newsletter.render.child import CompileResult
from newsletter.render.compiled import CompiledIssue
from newsletter.sending.lock import list_lock
from newsletter.sending.report import counts_json
from newsletter.sending.session import Opening
from newsletter.store.audience import Meant, Person, Summary, summarise
from newsletter.store.database import Connection, Engine, reading, writing
from newsletter.store.freezing import Again, freeze, nobody, shown
from newsletter.store.issues import Plan
from newsletter.store.subscribers import need_list
from newsletter.store.suppression import in_words
from newsletter.tokens import Keys
from newsletter.transport.channel import Transport

_TO = "Mail the good rows of a CSV file: the list file:<stem> is made equal to it first, whatever follows."
_DIGEST_SHOWN = 16  # characters: enough to compare by eye with `build`'s


def send(
    items: Items,
    *,
    title: Title = "",
    subject: Subject = "",
    preheader: Preheader = "",
    lang: Lang = "",
    date: Date = "",
    template: Template = "",
    list_name: Annotated[str, typer.Option("--list", metavar="NAME", help="The list to mail.")] = "",
    to: Annotated[str, typer.Option("--to", metavar="FILE", help=_TO)] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; nothing is written.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,
    smtp: Smtp = "",
    outbox: Outbox = "",
    connections: Connections = None,
    rate: Rate = "",
    uncertain: Uncertain = "",
    no_wait: NoWait = False,
    processes: Processes = 1,
    again: Annotated[bool, typer.Option("--again", help="Mail everybody although it was sent before.")] = False,
    only_missing: Annotated[
        bool, typer.Option("--missing", help="Mail those on the list whom an earlier send did not serve.")
    ] = False,
    json: Json = False,
) -> int:
    """Send an issue to a list, and account for everybody on it.

    Shows subject, sender, audience and first address, and asks. Exit code 1 when not everybody was accepted;
    "newsletter resume" goes on from there.
    """
    if again and only_missing:
        raise UsageError("--again and --missing exclude each other", fix="give one of them")
    if to and list_name:
        raise UsageError("--list and --to exclude each other", fix="give one of them")
    context = open_context(placeholders=bool(outbox))
    wish = Wish(smtp=smtp, outbox=outbox, connections=connections, rate=rate, uncertain=uncertain)
    plan = plan_of(context, wish)
    need_files(context, items, to)
    if not to and not list_name:
        need_list_written(context, items)
    need_target(plan)
    open_transport(context, plan)  # the relay's address and the password file
    context.settings.require_sendable()
    engine = open_store(context)
    try:
        refuse_processes(engine, plan, processes)
        if list_name:
            with reading(engine) as conn:
                need_list(conn, list_name)
        if not dry_run and not yes and not sys.stdin.isatty():
            raise UsageError("there is no terminal to ask on", fix="add --yes to send without asking")
        options = ContentOptions(
            title=title, subject=subject, preheader=preheader, lang=lang, date=date, template=template
        )
        result, report = compile_checked(context, items, options)
        request = _Request(
            context=context,
            engine=engine,
            keys=workspace_keys(context),
            result=result,
            report=report,
            items=tuple(items),
            options=options,
            again=Again.ALL if again else Again.MISSING if only_missing else Again.NO,
        )
        how = _How(dry_run=dry_run, yes=yes, no_wait=no_wait, in_json=json, processes=processes)
        return _send(request, plan, list_name, to, how)
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    context: CommandContext
    engine: Engine
    keys: Keys
    result: CompileResult
    report: Report
    items: tuple[str, ...]
    options: ContentOptions
    again: Again


def _send(request: _Request, plan: Plan, list_name: str, to: str, how: _How) -> int:
    name = file_list_name(Path(to)) if to else list_name or request.result.issue.list_name
    if not name:
        raise no_list()
    with reading(request.engine) as conn:
        if request.again is Again.NO:
            refuse_if_sent(request.context, conn, request.result.issue.key, name)
        refuse_embargo(request.context, conn, request.result.issue)
        _approvals(request, conn, name)
    heed(request.report)
    if not to or how.dry_run:
        return _prepare_and_deliver(request, plan, name, to, how)
    lock = list_lock(request.engine, places_of(request.context).folder, name)
    lock.acquire()
    try:
        return _prepare_and_deliver(request, plan, name, to, how, when_frozen=lock.release)
    finally:
        lock.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """The switches of one send."""

    dry_run: bool
    yes: bool
    no_wait: bool
    in_json: bool
    processes: int


def _prepare_and_deliver(
    request: _Request,
    plan: Plan,
    name: str,
    to: str,
    how: _How,
    *,
    when_frozen: Callable[[], None] = lambda: None,
) -> int:
    context, engine = request.context, request.engine
    if to and how.dry_run:
        meant, summary = _rehearse_file(request, Path(to), name, quiet=how.in_json)
    else:
        if to:
            asyncio.run(_reach(open_transport(context, plan)))  # a relay that is down leaves the list as it was
            _fill_list(request, Path(to), name, quiet=how.in_json)
        with reading(engine) as conn:
            meant, summary = _summary(request, conn, name, need_list(conn, name))
    _refuse_unsendable(meant, summary)
    _show_summary(meant, summary)
    if pictures := request.result.pictures:
        say(f"pictures  {len(pictures):,}, which must lie under {address(context)} now")
    if how.dry_run:
        _print_dry_run(meant, summary, in_json=how.in_json)
        return 0
    write_pictures(context, request.result.pictures)
    if not how.yes:
        _ask(summary)
    job = Job(
        context=context,
        engine=engine,
        keys=request.keys,
        plan=plan,
        opening=Opening(is_fresh=True),
        no_wait=how.no_wait,
        as_json=how.in_json,
        processes=how.processes,
    )

    def prepare() -> int:
        # A list made for this send must be frozen as it was made, asked or not.
        issue_id = _freeze(request, meant, plan, confirmed=summary if to or not how.yes else None)
        when_frozen()
        return issue_id

    return deliver(job, prepare)


def _approvals(request: _Request, conn: Connection, list_name: str) -> list[dict[str, object]]:
    items, options = request.items, request.options
    return need_approvals(request.context, conn, request.result, list_name, items=items, options=options)


def _fill_list(request: _Request, path: Path, name: str, *, quiet: bool) -> None:
    """Make the list equal to the file's good rows."""
    done = import_file(request.context, request.engine, path, name, keys=request.keys, replace=True, quiet=quiet)
    _tell_left_out(done)


def _tell_left_out(done: Imported) -> None:
    if done.bad:
        warn(f"{done.bad} of {done.rows} rows of {done.file} are left out; see {done.report}")


def _rehearse_file(request: _Request, path: Path, name: str, *, quiet: bool) -> tuple[Meant, Summary]:
    """Return what a send to a file would show: its list is made, looked at and taken back."""
    seen: list[tuple[Meant, Summary]] = []

    def look(conn: Connection, list_id: int) -> None:
        seen.append(_summary(request, conn, name, list_id))

    done = import_file(
        request.context, request.engine, path, name, keys=request.keys, replace=True, rehearse=look, quiet=quiet
    )
    _tell_left_out(done)
    return seen[0]


async def _reach(transport: Transport) -> None:
    """Raise RelayError when the relay does not answer or the folder cannot be written."""
    channel = await transport.connect()
    await channel.close()


def _freeze(request: _Request, meant: Meant, plan: Plan, *, confirmed: Summary | None) -> int:
    """Write the issue, if its audience is still the one that was confirmed and lacks nothing that the mail prints.

    Reviewers are asked again in the same transaction: who rejects the mail while the question waits is heard.
    """

    def accept(frozen: Summary) -> None:
        _refuse_unsendable(meant, frozen)
        if confirmed is not None:
            _refuse_changed(meant, confirmed, frozen)

    with writing(request.engine) as conn:
        return freeze(
            conn,
            meant,
            plan=plan,
            timezone=request.context.settings.office.timezone,
            again=request.again,
            embargo_until=request.result.issue.embargo_until,
            approvals=_approvals(request, conn, meant.list_name),
            lacks=lambda person: _lacks(meant.compiled, person),
            accept=accept,
        )


def _refuse_changed(meant: Meant, confirmed: Summary, frozen: Summary) -> None:
    if (confirmed.people, confirmed.excluded) == (frozen.people, frozen.excluded):
        return
    what = f"{confirmed.mailed:,} → {frozen.mailed:,} to mail"
    if confirmed.mailed == frozen.mailed:
        what = f"{frozen.mailed:,} to mail, but not the same people"
        if confirmed.people == frozen.people:
            what = "other people are left out"
    raise GateError(
        f"the list {meant.list_name} changed while you were asked: {what}; nothing was sent", fix="send again"
    )


def _summary(request: _Request, conn: Connection, list_name: str, list_id: int) -> tuple[Meant, Summary]:
    meant = _meant_for(request, list_name, list_id)
    return meant, summarise(conn, meant, lambda person: _lacks(meant.compiled, person))


def _meant_for(request: _Request, list_name: str, list_id: int) -> Meant:
    tests = request.context.settings.review.test_addresses
    return Meant(
        key=request.result.issue.key,
        list_id=list_id,
        list_name=list_name,
        compiled=request.result.compilation.compiled,
        keys=request.keys,
        test_keys=tuple(request.keys.address_key(normalise(address).key) for address in tests),
        only_missing=request.again is Again.MISSING,
    )


def _lacks(compiled: CompiledIssue, person: Person) -> Sequence[str]:
    return missing(compiled, person.values, variant=person.variant)


def _refuse_unsendable(meant: Meant, summary: Summary) -> None:
    if not summary.mailed:
        raise nobody(meant, summary.audience)
    if summary.lacking:
        name, people = max(summary.lacking.items(), key=lambda entry: entry[1])
        raise InputError(
            f"{people:,} of {summary.mailed:,} people have no {name.partition('.')[2]}, which the mail prints without "
            "a fallback",
            fix=f'fill it in, or write {{{{ {name} | default("…") }}}} in the template',
        )


def _show_summary(meant: Meant, summary: Summary) -> None:
    headers = meant.compiled.headers
    sender = f"{headers.from_name} <{headers.from_mailbox}>" if headers.from_name else headers.from_mailbox
    left_out = ", ".join(f"{number:,} {in_words(reason)}" for reason, number in sorted(summary.excluded.items()))
    say(f"subject   {shown(meant.compiled.subject)}")
    say(f"from      {sender}")
    say(f"digest    {meant.compiled.digest[:_DIGEST_SHOWN]}")
    say(f"list      {meant.list_name}: {summary.mailed:,} to mail" + (f"; left out: {left_out}" if left_out else ""))
    if summary.first_address:
        say(f"first     {summary.first_address}")


def _print_dry_run(meant: Meant, summary: Summary, *, in_json: bool) -> None:
    if not in_json:
        print("dry run: nothing was sent or written")
        return
    counts = Counts(pending=summary.mailed, excluded=summary.audience - summary.mailed)
    print_json(
        {
            "issue": None,
            "key": meant.key,
            "list": meant.list_name,
            "digest": meant.compiled.digest,
            "state": IssueState.PREPARING.value,
            **counts_json(counts),
            "seconds": 0.0,
            "messages_per_second": 0.0,
        }
    )


def _ask(summary: Summary) -> None:
    """Ask on the terminal. Raises GateError unless the answer is yes."""
    print(f"Send to {summary.mailed:,} people now? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes", "д", "да"):
        raise GateError("not confirmed: nothing was sent")
