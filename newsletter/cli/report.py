"""`newsletter report`: the account of an issue, on the terminal, row by row as CSV, or as a page for the office."""

from __future__ import annotations

import csv
from typing import Annotated

import typer

from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.issues import IssueId
from newsletter.cli.opening import open_ledger
from newsletter.cli.reporting import office_zone, print_report
from newsletter.cli.whole_file import STDOUT, whole_file
from newsletter.errors import UsageError
from newsletter.sending.report_rows import rows
from newsletter.store.account import each_delivery
from newsletter.store.database import Engine, reading
from newsletter.store.issues import IssueRow, find_issue


def report(
    issue: IssueId,
    *,
    as_csv: Annotated[
        str, typer.Option("--csv", metavar="FILE", help="Write one row for each delivery; - is stdout.")
    ] = "",
    excel: Annotated[bool, typer.Option("--excel", help="CSV as a Russian Excel opens it: semicolons, BOM.")] = False,
) -> int:
    """Show who got an issue, who did not and why.

    By domain, by reply and by run, on the terminal unless told otherwise. A file is written whole or not at all, readable for its owner alone.
    """
    if excel and not as_csv:
        raise UsageError("--excel is about the CSV file", fix="add --csv FILE")
    context = open_context()
    engine = open_ledger(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
        if as_csv:
            _write_csv(context, engine, row, as_csv, excel=excel)
        else:
            print_report(context, engine, row, in_json=False, in_full=True)
    finally:
        engine.dispose()
    return 0


def _write_csv(context: CommandContext, engine: Engine, row: IssueRow, out: str, *, excel: bool) -> None:
    count = -1  # the head
    with reading(engine) as conn, whole_file(out, encoding="utf-8-sig" if excel else "utf-8") as file:
        writer = csv.writer(file, delimiter=";" if excel else ",", lineterminator="\r\n")
        for cells in rows(each_delivery(conn, row.id), zone=office_zone(context), excel=excel):
            writer.writerow(cells)
            count += 1
    if out != STDOUT:
        print(f"{out}: issue {row.code}, {count:,} {'delivery' if count == 1 else 'deliveries'}")
