"""What `send`, `resume` and `status` print of an issue, and who sends it now.

Nothing of the sender is imported here: `status` must be quick.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from newsletter.cli.context import CommandContext
from newsletter.cli.output import one_line, print_json
from newsletter.delivery.state import IssueState
from newsletter.sending.lock import IssueLock, being_sent, is_held
from newsletter.sending.places import FOLDER, Places
from newsletter.sending.report import as_json, as_text, read_told, shown_state
from newsletter.sending.report_sums import as_lines, read_sums
from newsletter.store.database import Engine, reading
from newsletter.store.issues import IssueRow


def places_of(context: CommandContext) -> Places:
    return Places(folder=context.workspace.private_dir(FOLDER))


def office_zone(context: CommandContext) -> ZoneInfo:
    """Return the zone in which people are told times."""
    return ZoneInfo(context.settings.office.timezone)


def state_of(context: CommandContext, row: IssueRow) -> IssueState:
    """Return the state as people should read it."""
    folder = places_of(context).folder
    return shown_state(row, is_held=lambda code: is_held(folder, code))


def print_report(
    context: CommandContext, engine: Engine, row: IssueRow, *, in_json: bool, in_full: bool = False
) -> None:
    """Print how an issue stands; in full also by domain, by reply, by relay and by run."""
    state = state_of(context, row)
    if in_json:
        print_json(as_json(row, state))
        return
    zone = office_zone(context)
    with reading(engine) as conn:
        sums = as_lines(read_sums(conn, row), zone=zone) if in_full else ()
        text = as_text(row, state, read_told(conn, row), zone=zone, sums=sums)
    print("\n".join(one_line_keeping_indent(line) for line in text.split("\n")))


def one_line_keeping_indent(line: str) -> str:
    """Return a line of a report with what came from outside made harmless."""
    clean = one_line(line)
    return " " * (len(line) - len(line.lstrip(" "))) + clean


def refuse_if_held(context: CommandContext, row: IssueRow) -> None:
    """Raise GateError with the holder's name when a living process sends the issue."""
    folder, now = places_of(context).folder, datetime.now(UTC).astimezone(office_zone(context))
    if row.sender:
        raise being_sent(row, now)
    if is_held(folder, row.code):
        with IssueLock(folder, row.code) as lock:
            lock.acquire(now=now)
