"""`newsletter approve`: a person says that a mail may go, or that it may not; kept, and written beside the item."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.opening import open_store
from newsletter.cli.options import Date, Items, Lang, Preheader, Subject, Template, Title
from newsletter.cli.output import one_line, warn
from newsletter.cli.trial import compile_checked, heed
from newsletter.decision import Verdict
from newsletter.issue import ContentOptions
from newsletter.review.deciding import Ballot, Decided, check_words, decide
from newsletter.review.gate import approvals_in_words

_DIGEST_SHOWN = 16  # characters, as `send` shows it
_NAMED = 3  # items that a command shown to a person spells out


def approve(
    items: Items,
    *,
    title: Title = "",
    subject: Subject = "",
    preheader: Preheader = "",
    lang: Lang = "",
    date: Date = "",
    template: Template = "",
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so: first and last name.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A word to go with it.")] = "",
    reject: Annotated[bool, typer.Option("--reject", help="Reject the mail: it is not to be sent.")] = False,
    list_name: Annotated[
        str, typer.Option("--list", metavar="NAME", help="For this list alone.", show_default="every list")
    ] = "",
) -> int:
    """Approve the mail of an issue, or reject it.

    It counts for this very mail: once a letter of it changes, send asks for a new approval. Kept in the database, and
    as a file in the folder ITEM.reviews beside the item.
    """
    context = open_context(placeholders=True, quiet=True)
    ballot = Ballot(verdict=Verdict.REJECTED if reject else Verdict.APPROVED, who=as_, note=note, list_name=list_name)
    check_words(ballot)  # before a second is spent on compiling
    options = ContentOptions(title=title, subject=subject, preheader=preheader, lang=lang, date=date, template=template)
    engine = open_store(context)
    try:
        result, report = compile_checked(context, items, options)
        if not reject:
            heed(report)
        if context.settings.review.separate_author and not result.issue.authors:
            warn("review.separate_author is set, but this mail names no author: anybody can approve it")
        paths = [Path(item) for item in items]
        done = decide(engine, ballot, result=result, report=report, items=paths, settings=context.settings)
    finally:
        engine.dispose()
    print(_line(context, done))
    return 0


def _line(context: CommandContext, done: Decided) -> str:
    made = done.decision
    where = f" for the list {made.list_name}" if made.list_name else ""
    return one_line(
        f"{made.verdict.value}: {made.subject}  {made.digest[:_DIGEST_SHOWN]}  "
        f"{approvals_in_words(done.standing)}{where}  {context.workspace.shown(done.record)}"
    )


def approve_command(items: Sequence[str], options: ContentOptions) -> str:
    """Return the command that approves what was compiled from `items` with `options`, for a message."""
    named = shlex.join(items) if len(items) <= _NAMED else f"{shlex.join(items[:1])} …"
    given = [word for name, value in asdict(options).items() if value for word in (f"--{name}", str(value))]
    return " ".join(filter(None, ("newsletter approve", named, shlex.join(given), "--as NAME")))
