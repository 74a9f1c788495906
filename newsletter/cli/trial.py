"""`newsletter test`: trial copies to a few addresses, outside every ledger.

What is mailed is what a send would make; only the tokens are trials, so nothing in it unsubscribes anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from newsletter.address import normalise
from newsletter.check import Report, gate
from newsletter.cli.compiling import compile_items, office_now, workspace_keys
from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.delivering import Wish, need_target, open_transport, plan_of
from newsletter.cli.options import Date, Items, Lang, Preheader, Subject, Template, Title
from newsletter.cli.output import one_line, say
from newsletter.cli.people import known_person
from newsletter.cli.publishing import write_pictures
from newsletter.cli.sending_options import Outbox, Smtp
from newsletter.delivery.scope import Kind
from newsletter.errors import InputError
from newsletter.issue import ContentOptions
from newsletter.message.dkim_keys import load_signer
from newsletter.message.merge import Message
from newsletter.render.child import CompileResult
from newsletter.render.compiled import CompiledIssue
from newsletter.sending.trial import send_trials
from newsletter.specimen import Reader, report_on, specimen_of, trial_messages
from newsletter.tokens import Keys


def trial(
    items: Items,
    *,
    title: Title = "",
    subject: Subject = "",
    preheader: Preheader = "",
    lang: Lang = "",
    date: Date = "",
    template: Template = "",
    to: Annotated[list[str], typer.Option("--to", metavar="ADDRESS", help="Where to; may be given several times.")],
    smtp: Smtp = "",
    outbox: Outbox = "",
) -> int:
    """Mail a trial copy of an issue to a few addresses.

    The copy is what a send would make, but its links unsubscribe nobody, and no ledger knows of it.
    """
    context = open_context(placeholders=bool(outbox))
    plan = plan_of(context, Wish(smtp=smtp, outbox=outbox))
    need_target(plan)
    open_transport(context, plan)  # the relay's address and the password file, before the compile
    context.settings.require_sendable()
    for address in to:
        normalise(address)
    options = ContentOptions(title=title, subject=subject, preheader=preheader, lang=lang, date=date, template=template)
    result, report = compile_checked(context, items, options)
    heed(report)
    write_pictures(context, result.pictures)
    compiled = result.compilation.compiled
    messages = _trials(context, compiled, to)
    outcomes = asyncio.run(send_trials(open_transport(context, plan), messages))
    for message, outcome in zip(messages, outcomes, strict=True):
        print(one_line(f"{message.rcpt_to}: {outcome.kind.value.replace('_', ' ')}: {outcome}"))
    return 0 if all(outcome.kind is Kind.ACCEPTED for outcome in outcomes) else 1


def compile_checked(
    context: CommandContext, items: Sequence[str], options: ContentOptions
) -> tuple[CompileResult, Report]:
    """Compile, and return with it what the checks say; `heed` prints that and refuses."""
    result = compile_items(context, items, options)
    specimen = specimen_of(result.compilation.compiled, keys=workspace_keys(context), now=office_now(context))
    return result, report_on(result, specimen)


def heed(report: Report) -> None:
    """Print the warnings. Raises GateError when something breaks the mail."""
    for finding in report.findings:
        if not finding.waived and finding.severity == "warning":
            say(str(finding))
    gate(report)


def _trials(context: CommandContext, compiled: CompiledIssue, to: Sequence[str]) -> list[Message]:
    keys = workspace_keys(context)
    readers = [_reader(context, keys, typed) for typed in to]
    signer = load_signer(context.settings)
    return trial_messages(compiled, readers, keys=keys, now=office_now(context), signer=signer)


def _reader(context: CommandContext, keys: Keys, typed: str) -> Reader:
    try:
        return known_person(context, keys, typed)
    except InputError:  # nobody of ours: the specimen's values under their address
        return Reader(address=normalise(typed).mailbox)
