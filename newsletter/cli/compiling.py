"""From a command's ITEM and CONTENT to a compiled issue; build, check, test and send share it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.cli.context import CommandContext
from newsletter.cli.keeping import open_keys
from newsletter.cli.output import say
from newsletter.errors import InputError
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, CompileResult, compile_in_child
from newsletter.tokens import Keys
from newsletter.workspace import template_dirs


def compile_items(context: CommandContext, items: Sequence[str], options: ContentOptions) -> CompileResult:
    """Compile the items, or the issue folder, in a child process, and say what was left out or changed on the way.

    Raises NewsletterError with file and line.
    """
    paths = tuple(Path(item) for item in items)
    for path in paths:
        if not path.is_file() and not path.is_dir():
            raise InputError("there is no such file", path=str(path), fix="check the name of the news item")
    result = compile_in_child(
        CompileRequest(
            root=context.workspace.root,
            items=paths,
            options=options,
            settings=context.settings,
            template_dirs=template_dirs(context.workspace),
        )
    )
    for note in result.notes:
        say(note)
    return result


def workspace_keys(context: CommandContext) -> Keys:
    """Return the workspace's keys, made at first need."""
    return open_keys(context)


def office_now(context: CommandContext) -> datetime:
    """Return the time in the office's zone. The clock is read here, at the rim, and passed on."""
    return datetime.now(UTC).astimezone(ZoneInfo(context.settings.office.timezone))
