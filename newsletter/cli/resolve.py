"""`newsletter resolve`: a person says what became of the doubtful ones, and the ledger keeps who said so."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from newsletter.address import normalise
from newsletter.cli.context import open_context
from newsletter.cli.issues import IssueId
from newsletter.cli.keeping import open_keys
from newsletter.cli.opening import open_store
from newsletter.cli.options import Json
from newsletter.cli.output import one_line, print_json
from newsletter.cli.reporting import refuse_if_held
from newsletter.delivery.state import DeliveryState
from newsletter.errors import UsageError
from newsletter.store.database import Connection, now, reading, writing
from newsletter.store.deliveries import find_delivery
from newsletter.store.evidence import settle_doubt
from newsletter.store.issues import IssueRow, find_issue, load_issue
from newsletter.tokens import Keys

MAX_WORDS = 500  # characters of a name or a note


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    LOST = "lost"


_AFTER = {Verdict.ACCEPTED: DeliveryState.ACCEPTED, Verdict.LOST: DeliveryState.PENDING}


def resolve(
    issue: IssueId,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Whose delivery is uncertain.")],
    *,
    as_: Annotated[
        Verdict, typer.Option("--as", help="accepted: they have the mail; lost: they do not, resume mails them again.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so: first and last name.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="How it is known.")] = "",
    json: Json = False,
) -> int:
    """Say what became of deliveries that are uncertain.

    Name and note are kept with the deliveries. Of several addresses either all are resolved or none.
    """
    by, note = one_line(by), one_line(note)
    if not by:
        raise UsageError("--by needs a name", fix='write who says so: --by "Anna Belova"')
    if max(len(by), len(note)) > MAX_WORDS:
        raise UsageError(f"--by and --note take at most {MAX_WORDS} characters")
    context = open_context()
    keys = open_keys(context)
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
        if as_ is Verdict.LOST:
            # A sender at work reads on from where it is: it would not see whom this puts back before it.
            refuse_if_held(context, row)
        with writing(engine) as conn:
            done = _settle_all(conn, row, keys, addresses, as_, {"by": by, "note": note})
            left = load_issue(conn, row.id).counts.uncertain
    finally:
        engine.dispose()
    _tell(row, done, as_, left, in_json=json)
    return 0


def _settle_all(
    conn: Connection, row: IssueRow, keys: Keys, addresses: list[str], verdict: Verdict, detail: dict[str, object]
) -> list[str]:
    at = now(conn)
    done: dict[str, str] = {}
    for typed in addresses:
        address = normalise(typed)
        if address.key in done:
            continue
        found = find_delivery(conn, row.id, keys.address_key(address.key))
        if found is None:
            raise UsageError(f"issue {row.code} was not meant for {typed}", fix=f'its list is "{row.list_name}"')
        state = DeliveryState(found.state)
        detail = {**detail, "attempt": found.attempt}
        if not settle_doubt(conn, row.id, found.id, _AFTER[verdict], at=at, detail=detail):
            raise UsageError(
                f"the delivery to {typed} is {state.value.replace('_', ' ')}, not uncertain; nobody was resolved",
                fix=f'"newsletter report {row.code}" names the uncertain',
            )
        done[address.key] = address.display
    return list(done.values())


def _tell(row: IssueRow, done: list[str], verdict: Verdict, left: int, *, in_json: bool) -> None:
    after = _AFTER[verdict].value
    if in_json:
        resolved = [{"address": address, "state": after} for address in done]
        print_json({"issue": row.code, "resolved": resolved, "uncertain": left})
        return
    for address in done:
        print(one_line(f"{address}: {after}"))
    if verdict is Verdict.LOST:
        print(f'"newsletter resume {row.code}" mails them again')
    if left:
        print(f"{left:,} of issue {row.code} {'is' if left == 1 else 'are'} still uncertain")
