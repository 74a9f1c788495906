"""The CSV file of an issue: one row each, and nothing that a spreadsheet calculates, however it is opened."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.sending.report_rows import HEAD, as_text_cell, harmless, rows

SIGNS = "=+-@＝＋－＠"


def delivery(**changed: object) -> SimpleNamespace:
    at = datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)
    known: dict[str, object] = {
        "address": "p@a.example", "state": "accepted", "attempt": 1, "first_at": at, "date_sent": at, "next_at": None,
        "relay": "relay.example:25", "code": 250, "enhanced": "2.0.0", "reply": "2.0.0 Ok: queued as 4Abc",
        "queue_id": "4Abc", "exclusion": "", "stage": "content", "scope": "none", "dkim": "s2026", "later": None,
    }  # fmt: skip
    return SimpleNamespace(**(known | changed))


def written(excel: bool = False, **changed: object) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if excel else ",", lineterminator="\r\n")
    writer.writerows(rows([delivery(**changed)], zone=ZoneInfo("Europe/Moscow"), excel=excel))
    return out.getvalue()


def test_a_delivery_is_one_row_with_times_in_the_offices_zone() -> None:
    head, row = csv.reader(written().splitlines())
    assert tuple(head) == HEAD
    assert dict(zip(head, row, strict=True)) == {
        "address": "p@a.example", "state": "accepted", "attempts": "1", "first_try": "2026-11-23 12:00:03+03:00",
        "last_try": "2026-11-23 12:00:03+03:00", "next_try": "", "relay": "relay.example:25", "code": "250",
        "enhanced": "2.0.0", "reply": "2.0.0 Ok: queued as 4Abc", "queue_id": "4Abc", "excluded": "",
        "stage": "content", "fault": "none", "dkim": "s2026", "later": "",
    }  # fmt: skip


def opened(text: str) -> list[str]:
    """Return every cell that some program may see: by its separator, with and without regard to quotes and blanks."""
    cells = []
    for separator in (",", ";", "\t", "|"):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting):
                cells += row
    return cells


def is_calculated(cell: str) -> bool:
    return cell.strip(' \t\r\n"`\u00a0')[:1] in tuple(SIGNS)


HOSTILE = (
    "=HYPERLINK(0)", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", " =1", '"=1', "x;=cmd|' /C calc'!A0", 'x";=1',
    "x\n=1", "x\u2028=1", "x, -1", "＝1", "x\t@y", "''=1", "\x00=1", "\ufeff=1", "|=1", "x;\u00a0=1",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("excel", [False, True])
def test_hostile_reply_is_calculated_by_no_spreadsheet(text: str, excel: bool) -> None:
    file = written(excel, reply=text, address=f"{text}@a.example", queue_id=text, relay=text, dkim=text)
    assert [cell for cell in opened(file) if is_calculated(cell)] == []
    assert len(file.splitlines()) == 2


@settings(max_examples=150)
@given(st.text(alphabet=st.sampled_from("a1 =+-@,;|\t\"'`\r\n＝\u00a0\u200b\ufeff\u202e."), max_size=12))
def test_whatever_is_replied_no_cell_is_a_formula_and_no_line_is_added(text: str) -> None:
    for excel in (False, True):
        file = written(excel, reply=text)
        assert not any(is_calculated(cell) for cell in opened(file))
        assert len(re.split(r"\r\n|\r|\n", file.rstrip("\r\n"))) == 2


def test_ordinary_words_stay_as_they_are() -> None:
    said = "5.1.1 <a-b@c.example>: Recipient address rejected: User unknown; see https://c.example/?a=b"
    assert harmless(said) == said


@pytest.mark.parametrize("text", ["5.1.1", "12E5", "00123", "3/4", "12345678901234567890", "1 000"])
def test_for_excel_an_apostrophe_keeps_a_code_from_becoming_a_date_or_a_number(text: str) -> None:
    assert as_text_cell(text) == f"'{text}"
    assert f";{text};" not in written(excel=True, queue_id=text)
    assert f",{text}," in written(queue_id=text)


@pytest.mark.parametrize("text", ["", "4Abc", "E", "s2026 ed2026"])
def test_for_excel_text_stays_text(text: str) -> None:
    assert as_text_cell(text) == text
