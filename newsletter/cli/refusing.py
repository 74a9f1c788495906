"""What `send` refuses before it shows anything: what is not there, sent already, under an embargo or not approved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from newsletter.cli.approve import approve_command
from newsletter.cli.context import CommandContext
from newsletter.cli.reporting import office_zone, refuse_if_held
from newsletter.content.decode import read_text
from newsletter.content.front import split_front
from newsletter.errors import GateError, InputError, UsageError
from newsletter.issue import ContentOptions, Issue
from newsletter.issue_folder import open_folder
from newsletter.render.child import CompileResult
from newsletter.review.deciding import standing_of
from newsletter.review.gate import admit
from newsletter.sending.report import shown_time
from newsletter.store.database import Connection, now
from newsletter.store.freezing import already_sent
from newsletter.store.issues import latest_of_pair
from newsletter.store.subscribers import find_list
from newsletter.subscriber import open_list


def need_files(context: CommandContext, items: Sequence[str], to: str) -> None:
    """Raise InputError for a file that is not there: before a second is spent on compiling the others."""
    for item in items:
        if not Path(item).exists():
            raise InputError("there is no such file", path=item, fix="check the name of the news item")
    if to and not Path(to).is_file():
        open_list(Path(to), shown=context.workspace.shown(Path(to)))  # raises with the reason


def need_list_written(context: CommandContext, items: Sequence[str]) -> None:
    """Raise UsageError when nothing names a list: seen by front matter or issue.toml alone, before the compile."""
    path = Path(items[0])
    if len(items) > 1:
        raise no_list()
    if path.is_dir():
        folder = open_folder(path, root=context.workspace.root)
        if folder.written.values.get("list"):
            return
        if len(folder.items) > 1 or folder.written.intro:
            raise no_list()
        path = folder.items[0]  # a letter: its front matter may name one
    if path.suffix.lower() not in (".md", ".txt") or not path.is_file():
        return  # the compile knows
    shown_path = context.workspace.shown(path)
    if not split_front(read_text(path, shown_path), shown_path).word("list"):
        raise no_list()


def no_list() -> UsageError:
    return UsageError("no list is named", fix="add --list NAME or --to FILE.csv")


def refuse_if_sent(context: CommandContext, conn: Connection, key: str, list_name: str) -> None:
    """Raise GateError when the pair is being sent or was sent."""
    list_id = find_list(conn, list_name)
    earlier = latest_of_pair(conn, key, list_id) if list_id else None
    if earlier is not None:
        refuse_if_held(context, earlier)
        raise already_sent(conn, earlier)


def refuse_embargo(context: CommandContext, conn: Connection, issue: Issue) -> None:
    """Raise GateError before the moment that an item or the issue names."""
    if issue.embargo_until is None or now(conn) >= issue.embargo_until:
        return
    where = issue.embargo_origin or issue.items[0].origin
    raise GateError(
        f"not to be sent before {shown_time(issue.embargo_until, office_zone(context))} (embargo_until)",
        path=where.path,
        line=where.line,
        fix='send it then; "newsletter test" mails trial copies now',
    )


def need_approvals(
    context: CommandContext,
    conn: Connection,
    result: CompileResult,
    list_name: str,
    *,
    items: Sequence[str],
    options: ContentOptions,
) -> list[dict[str, object]]:
    """Return the approvals that let the mail go to a list, as its row keeps them. Raises GateError."""
    standing = standing_of(conn, result, context.settings, list_name=list_name)
    admit(
        standing,
        list_name=list_name,
        manifest=result.compilation.compiled.manifest,
        zone=office_zone(context),
        path=context.workspace.shown(Path(items[0])),
        approve=approve_command(items, options),
    )
    return [
        {"decision": one.id, "who": one.who, "at": one.at.isoformat(), "list": one.list_name}
        for one in standing.approvals
    ]
