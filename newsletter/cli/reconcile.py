"""`newsletter reconcile`: the relay's log is asked about those whose reply was lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.cli.context import open_context
from newsletter.cli.issues import IssueId
from newsletter.cli.keeping import open_keys
from newsletter.cli.opening import open_store
from newsletter.cli.options import Json
from newsletter.cli.output import one_line, print_json
from newsletter.cli.reporting import office_zone, refuse_if_held
from newsletter.errors import UsageError
from newsletter.sending.reconciling import Finding, Found, Reconciled, Returned, record_findings, search_logs
from newsletter.store.database import reading
from newsletter.store.issues import IssueRow, find_issue


def reconcile(
    issue: IssueId,
    *,
    logs: Annotated[
        list[Path],
        typer.Option("--postfix-log", metavar="FILE", help="The relay's log, plain or .gz; once for each file."),
    ],
    absent_is_lost: Annotated[
        bool,
        typer.Option("--absent-is-lost", help="Put back who is demonstrably not in the log; resume mails them."),
    ] = False,
    log_timezone: Annotated[
        str,
        typer.Option(
            "--log-timezone",
            metavar="ZONE",
            help="The zone of stamps that name none: UTC, Europe/Moscow …",
            show_default="the office's",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the log shows; change nothing.")] = False,
    json: Json = False,
) -> int:
    """Settle the uncertain by the log of a Postfix relay.

    Whom the relay queued is accepted. Who is not in the log stays uncertain unless told otherwise. Later bounces of
    accepted mail are kept beside it, and move no count.
    """
    context = open_context()
    keys = open_keys(context)
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
        if absent_is_lost and not dry_run:
            refuse_if_held(context, row)  # as `resolve --as lost`
        zone = _zone(log_timezone) if log_timezone else office_zone(context)
        done = search_logs(engine, row, keys, logs, zone=zone)
        new = done.returned
        if not dry_run:
            _, new = record_findings(engine, row, done, absent_is_lost=absent_is_lost)
    finally:
        engine.dispose()
    if json:
        print_json(_as_json(row, done, new, absent_is_lost=absent_is_lost, dry_run=dry_run))
    else:
        _tell(row, done, new, absent_is_lost=absent_is_lost, dry_run=dry_run)
    return 1 if any(_state(one, absent_is_lost) == "uncertain" for one in done.findings) else 0


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise UsageError(f'there is no time zone "{name}"', fix="write UTC, Europe/Moscow …") from error


def _state(one: Finding, absent_is_lost: bool) -> str:
    if one.found is Found.ABSENT and absent_is_lost:
        return "pending"
    return "accepted" if one.found is Found.ACCEPTED else "uncertain"


def _tell(row: IssueRow, done: Reconciled, new: list[Returned], *, absent_is_lost: bool, dry_run: bool) -> None:
    if not done.findings:
        print(f"nobody of issue {row.code} is uncertain")
    for one in done.findings:
        print(one_line(f"{one.doubt.address}: {_state(one, absent_is_lost)}: {one.why}"))
    for returned in new:
        print(one_line(f"{returned.bounce.address}: came back later: {returned.bounce.said}"))
    if dry_run:
        print("dry run: nothing was changed")
    if any(_state(one, absent_is_lost) == "pending" for one in done.findings):
        print(f'"newsletter resume {row.code}" mails them again')
    elif any(one.found is Found.ABSENT for one in done.findings):
        print("who is demonstrably not in the log is put back with --absent-is-lost")


def _as_json(
    row: IssueRow, done: Reconciled, new: list[Returned], *, absent_is_lost: bool, dry_run: bool
) -> dict[str, object]:
    return {
        "issue": row.code,
        "dry_run": dry_run,
        "found": [
            {
                "address": one.doubt.address,
                "state": _state(one, absent_is_lost),
                "why": one.why,
                "queue_id": one.trace.queue_id,
                "status": one.trace.status,
            }
            for one in done.findings
        ],
        "bounces": [
            {"address": one.bounce.address, "at": one.bounce.at.isoformat(), "reply": one.bounce.said} for one in new
        ],
    }
