"""`newsletter report`: the account of an issue, on the terminal, row by row as CSV, or as a page for the office."""

from __future__ import annotations

import csv
from typing import Annotated

import typer

from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.issues import IssueId
from newsletter.cli.opening import open_ledger
from newsletter.cli.reporting import office_zone, print_report, state_of
from newsletter.cli.whole_file import STDOUT, whole_file
from newsletter.errors import UsageError
from newsletter.sending.report_rows import rows
from newsletter.store.account import each_delivery
from newsletter.store.database import Engine, reading
from newsletter.store.issues import IssueRow, find_issue, load_issue


def report(
    issue: IssueId,
    *,
    as_csv: Annotated[
        str, typer.Option("--csv", metavar="FILE", help="Write one row for each delivery; - is stdout.")
    ] = "",
    as_html: Annotated[
        str, typer.Option("--html", metavar="FILE", help="Write one page to show and to keep; - is stdout.")
    ] = "",
    excel: Annotated[bool, typer.Option("--excel", help="CSV as a Russian Excel opens it: semicolons, BOM.")] = False,
) -> int:
    """Show who got an issue, who did not and why.

    By domain, by reply and by run: on the terminal, unless a file is named, which is written whole or not at all and
    readable for its owner alone.
    """
    if as_csv and as_html:
        raise UsageError("--csv and --html exclude each other", fix="run the command twice")
    if excel and not as_csv:
        raise UsageError("--excel is about the CSV file", fix="add --csv FILE")
    context = open_context()
    engine = open_ledger(context)
    try:
        with reading(engine) as conn:
            row = find_issue(conn, issue)
        if as_csv:
            _write_csv(context, engine, row, as_csv, excel=excel)
        elif as_html:
            _write_page(context, engine, row, as_html)
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


def _write_page(context: CommandContext, engine: Engine, row: IssueRow, out: str) -> None:
    # Only here: the page brings a template engine.
    from newsletter.web.languages import choose_language
    from newsletter.web.report_page import Reported, read_reported, report_page

    language = choose_language(context.settings.review.language or context.settings.office.lang, "")
    with reading(engine) as conn:
        row = load_issue(conn, row.id)  # in one view with the sums: the issue may be being sent
        read = read_reported(conn, row)
    told = Reported(
        row=row,
        state=state_of(context, row),
        read=read,
        office=context.settings.office.name,
        zone=office_zone(context),
        language=language,
    )
    with whole_file(out) as file:
        file.write(report_page(told))
    if out != STDOUT:
        print(f"{out}: issue {row.code}, to open in a browser")
