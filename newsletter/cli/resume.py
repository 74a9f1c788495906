"""`newsletter resume`: an issue goes on from its frozen form; nothing is loaded or compiled again."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.delivering import Job, Wish, deliver, ledger_keys, plan_of
from newsletter.cli.opening import open_store
from newsletter.cli.options import Json
from newsletter.cli.processes import refuse_processes
from newsletter.cli.reporting import office_zone, print_report, refuse_if_held
from newsletter.cli.sending_options import NoWait, Outbox, Processes, SameConnections, SameRate, Smtp, Uncertain
from newsletter.errors import GateError
from newsletter.review.gate import refuse_rejected_since
from newsletter.sending.report import shown_time
from newsletter.sending.session import Opening
from newsletter.store.database import Engine, now, reading
from newsletter.store.deliveries import refuse_no_code
from newsletter.store.issues import IssueRow, find_issue
from newsletter.store.reviews import list_decisions


def resume(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's short id.")],
    *,
    smtp: Smtp = "",
    outbox: Outbox = "",
    connections: SameConnections = None,
    rate: SameRate = "",
    uncertain: Uncertain = "",
    no_wait: NoWait = False,
    processes: Processes = 1,
    retry_refused: Annotated[
        str, typer.Option("--retry-refused", metavar="CODE", help="Try again those refused with 550, 5.7.1, 5.7 …")
    ] = "",
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="Go on although the database was restored from a copy.")
    ] = False,
    json: Json = False,
) -> int:
    """Go on with an issue that was stopped or interrupted.

    Uses the relay, connections, rate and policy of its send, unless told otherwise, and never asks.
    """
    if retry_refused:
        refuse_no_code(retry_refused)
    context = open_context()
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
        wish = Wish(smtp=smtp, outbox=outbox, connections=connections, rate=rate, uncertain=uncertain)
        plan = plan_of(context, wish, before=row.plan)
        refuse_processes(engine, plan, processes)
        refuse_if_held(context, row)
        if row.counts.is_finished and not retry_refused and not (plan.uncertain == "resend" and row.counts.uncertain):
            print_report(context, engine, row, in_json=json)
            return 0 if row.counts.is_clean else 1
        _refuse_embargo(context, engine, row)
        _refuse_rejected(context, engine, row)
        job = Job(
            context=context,
            engine=engine,
            keys=ledger_keys(context),
            plan=plan,
            opening=Opening(is_fresh=False, retry_refused=retry_refused, after_restore=after_restore),
            no_wait=no_wait,
            as_json=json,
            before=row.plan,
            processes=processes,
        )

        return deliver(job, lambda: row.id)
    finally:
        engine.dispose()


def _refuse_embargo(context: CommandContext, engine: Engine, row: IssueRow) -> None:
    with reading(engine) as conn:
        is_early = row.embargo_until is not None and now(conn) < row.embargo_until
    if row.embargo_until is not None and is_early:
        when = shown_time(row.embargo_until, office_zone(context))
        raise GateError(
            f"issue {row.code} is not to be sent before {when} (embargo_until)",
            fix=f'"newsletter resume {row.code}" goes on then',
        )


def _refuse_rejected(context: CommandContext, engine: Engine, row: IssueRow) -> None:
    """Raise GateError when a reviewer rejected the mail after it was frozen; approvals are not counted again."""
    with reading(engine) as conn:
        decisions = list_decisions(conn, row.key)
    refuse_rejected_since(
        decisions,
        digest=row.digest,
        list_name=row.list_name,
        frozen_at=row.created_at,
        code=row.code,
        zone=office_zone(context),
    )
