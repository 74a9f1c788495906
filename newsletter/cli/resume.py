"""`newsletter resume`: an issue goes on from its frozen form; nothing is loaded or compiled again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.delivering import Job, Wish, deliver, ledger_keys, places_of, plan_of, print_report
from newsletter.cli.opening import open_store
from newsletter.cli.options import Json
from newsletter.cli.sending_options import Connections, NoWait, Outbox, Rate, Smtp, Uncertain
from newsletter.sending.lock import IssueLock, is_held
from newsletter.sending.session import Opening
from newsletter.store.database import reading, writing
from newsletter.store.issues import IssueRow, find_issue, save_plan


def resume(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's short id.")],
    *,
    smtp: Smtp = "",
    outbox: Outbox = "",
    connections: Connections = 0,
    rate: Rate = "",
    uncertain: Uncertain = "",
    no_wait: NoWait = False,
    retry_refused: Annotated[
        str, typer.Option("--retry-refused", metavar="CODE", help="Try again those refused with 550, 5.7.1 …")
    ] = "",
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="Go on although the database was restored from a copy.")
    ] = False,
    json: Json = False,
) -> int:
    """Go on with an issue that was stopped or interrupted.

    Uses the relay, connections, rate and policy of its send, unless told otherwise, and never asks.
    """
    context = open_context()
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
        wish = Wish(smtp=smtp, outbox=outbox, connections=connections, rate=rate, uncertain=uncertain)
        plan = plan_of(context, wish, before=row.plan)
        _refuse_if_held(context, row)
        if row.counts.is_finished and not retry_refused and not (plan.uncertain == "resend" and row.counts.uncertain):
            print_report(engine, row, places_of(context), in_json=json)
            return 0 if row.counts.is_clean else 1
        job = Job(
            context=context,
            engine=engine,
            keys=ledger_keys(context),
            plan=plan,
            opening=Opening(is_fresh=False, retry_refused=retry_refused, after_restore=after_restore),
            places=places_of(context),
            no_wait=no_wait,
            as_json=json,
        )

        def prepare() -> int:
            with writing(engine) as conn:
                save_plan(conn, row.id, plan)
            return row.id

        return deliver(job, prepare)
    finally:
        engine.dispose()


def _refuse_if_held(context: CommandContext, row: IssueRow) -> None:
    folder = places_of(context).folder
    if is_held(folder, row.code):
        with IssueLock(folder, row.code) as lock:
            lock.acquire(now=datetime.now(UTC))  # raises with the holder's name
