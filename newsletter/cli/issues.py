"""`newsletter status`, `stop` and `show`: what the ledger tells of issues that were sent."""

from __future__ import annotations

import hashlib
import sys
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.address import normalise
from newsletter.cli.context import open_context
from newsletter.cli.opening import open_ledger, open_store
from newsletter.cli.options import Json
from newsletter.cli.output import one_line, print_json
from newsletter.cli.reporting import office_zone, places_of, print_report, state_of
from newsletter.delivery.state import DeliveryState, IssueState
from newsletter.errors import ConfigError, StoreError, UsageError
from newsletter.sending.lock import is_sent_now
from newsletter.sending.report import as_json, shown_time
from newsletter.settings_source import FILE
from newsletter.store.database import reading, writing
from newsletter.store.deliveries import find_delivery
from newsletter.store.issues import IssueRow, find_issue, list_issues, load_compiled, request_stop, set_state

IssueId = Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's short id.")]


def status(
    issue: Annotated[str, typer.Argument(metavar="[ISSUE]", help="The issue's short id.", show_default=False)] = "",
    *,
    json: Json = False,
) -> int:
    """Show the issues sent, or the counts of one.

    Without ISSUE all of them, newest first. "interrupted" is an issue that is not finished and that nobody sends.
    """
    context = open_context()
    engine = open_ledger(context)
    try:
        with reading(engine) as conn:
            rows = (find_issue(conn, issue),) if issue else list_issues(conn)
        if issue:
            print_report(context, engine, rows[0], in_json=json)
            return 0
    finally:
        engine.dispose()
    states = [state_of(context, row) for row in rows]
    if json:
        print_json({"issues": [as_json(row, state) for row, state in zip(rows, states, strict=True)]})
    elif not rows:
        print("no issue was sent yet")
    for row, state in zip(rows, states, strict=True):
        if not json:
            print(_line(row, state, office_zone(context)))
    return 0


def stop(issue: IssueId) -> int:
    """Halt a running send; resume goes on with it.

    The sender finishes the messages under way, one a connection, and records them.
    """
    context = open_context()
    folder = places_of(context).folder
    engine = open_ledger(context)
    try:
        with writing(engine) as conn:
            row = find_issue(conn, issue)
            if row.counts.is_finished:
                raise UsageError(f"issue {row.code} is finished: there is nothing to stop")
            if is_sent_now(folder, row):
                request_stop(conn, row.id)
                print(f"issue {row.code} stops after the messages under way")
            else:
                set_state(conn, row.id, IssueState.STOPPED, reason="stopped by a person")
                print(f'issue {row.code} is stopped; "newsletter resume {row.code}" goes on with it')
    finally:
        engine.dispose()
    return 0


def show(
    issue: IssueId,
    *,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Whose message.")],
) -> int:
    """Rebuild exactly the message that one address was sent.

    Writes its bytes to stdout after comparing them with what the ledger noted when they left.
    """
    # Only here: they bring the whole compile chain, and `status` must be quick.
    from newsletter.cli.delivering import ledger_keys
    from newsletter.message.dkim_keys import signer_of
    from newsletter.message.merge import Merger, Recipient
    from newsletter.render.compiled import CompiledIssue

    context = open_context()
    keys = ledger_keys(context)
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
            found = find_delivery(conn, row.id, keys.address_key(normalise(to).key))
            compiled = CompiledIssue.from_bytes(load_compiled(conn, row.id))
    finally:
        engine.dispose()
    if found is None:
        raise UsageError(f"issue {row.code} was not meant for {to}", fix=f'its list is "{row.list_name}"')
    if not found.sha256 or not found.address:
        state = DeliveryState(found.state).value.replace("_", " ")
        raise UsageError(f"nothing has left for {to} (it is {state})", fix=f'see "newsletter status {row.code}"')
    sent: datetime = found.date_sent
    if found.dkim and not context.settings.dkim.domain:
        raise ConfigError(
            f"the message was signed by DKIM ({found.dkim}), and dkim.domain is not set",
            path=FILE,
            fix="set it as it was then",
        )
    signer = signer_of(context.settings, found.dkim, context.workspace.private_dir("dkim")) if found.dkim else None
    merger = Merger(compiled, keys=keys.pinned(row.key_id), issue_id=row.id, list_label=row.list_label, signer=signer)
    recipient = Recipient(
        delivery_id=found.id,
        subscriber_id=found.subscriber_id or 0,
        list_id=row.list_id,
        address=found.address,
        variant=found.variant,
        values=found.slot_values,
        position=found.position,
    )
    data = merger.message(recipient, date=sent.astimezone(ZoneInfo(row.timezone))).data
    if hashlib.sha256(data).hexdigest() != found.sha256:
        key, keys_of = (", a DKIM key", " and the keys of var/dkim") if found.dkim else ("", "")
        raise StoreError(
            f"the message cannot be rebuilt as it was sent: the secret{key} or the program has changed",
            path=str(Path("var") / "secret.key"),
            fix=f"restore the secret{keys_of}, or use the version that sent it",
        )
    sys.stdout.buffer.write(data)
    return 0


def _line(row: IssueRow, state: IssueState, zone: tzinfo) -> str:
    counts = row.counts
    return one_line(
        f"{row.code}  {shown_time(row.created_at, zone)}  {state.value:<11}  "
        f"{counts.accepted:,} of {counts.audience - counts.excluded:,} accepted  {row.key} to {row.list_name}"
    )
