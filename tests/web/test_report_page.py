"""The account of an issue as a page: whole, harmless whatever was replied, and true to the ledger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from newsletter.delivery.state import Counts, DeliveryState, IssueState
from newsletter.sending.report_sums import Sums
from newsletter.store.account import Domain, Domains, PastRun, Relayed, ReplyKind, Slice
from newsletter.store.issues import IssueRow, Plan
from newsletter.web.languages import Language
from newsletter.web.report_chart import HEIGHT, MOST_COLUMNS, MOST_STRETCHES, base_step, draw
from newsletter.web.report_page import NAMED, Read, Reported, clean, report_page

AT = datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202e\x1b[31m\x00"
_S = DeliveryState
COUNTS = Counts(accepted=90, rejected=3, gave_up=1, deferred=2, uncertain=1, excluded=2, pending=1)


def reported(
    *, counts: Counts = COUNTS, text: str = HOSTILE, language: Language = "ru", slices: Sequence[Slice] = ()
) -> Reported:
    row = IssueRow(
        id=1, code="k7m2pq", key=text, list_id=1, list_name=text, list_label="x", number=1, state=IssueState.PAUSED,
        state_reason=text, digest="ab" * 32, subject=text, timezone="Europe/Moscow", key_id=1, embargo_until=None,
        plan=Plan(transport="smtp", target="x", connections=1, rate=0.0, uncertain="hold"), exclusions={},
        created_at=AT, finished_at=None, sending_milliseconds=1_500, epoch=1, stop_requested=False,
        restore_hold=False, approvals=({"who": text, "at": "2026-11-23T08:10:00+00:00"},), counts=counts,
    )  # fmt: skip
    sums = Sums(
        domains=Domains(
            first=(Domain(name=text, states={_S.ACCEPTED: 90, _S.REJECTED: 3}),),
            others=Domain(name="", states={_S.DEFERRED: 2}),
            number=3,
        ),
        replies=(
            ReplyKind(
                state=_S.REJECTED, people=3, stage="rcpt", scope="recipient", code=550, enhanced="5.1.1", reply=text
            ),
        ),
        relays=(Relayed(relay=text, people=97, tries=99, tried_again=2, first_at=AT, last_at=AT),),
        runs=(PastRun(number=1, owner=f"{text}:1", started_at=AT, ended_at=None, end=text),),
        events={"bounce": 1, text: 1},
    )
    people = {_S.REJECTED: [(text, text)] * 3, _S.UNCERTAIN: [(text, "")]}
    read = Read(sums=sums, slices=slices, people=people, excluded={"unsubscribed": 1, text: 1}, next_try=AT)
    return Reported(
        row=row, state=IssueState.PAUSED, read=read, office=text, zone=ZoneInfo("Europe/Moscow"), language=language
    )


def minutes(*people: tuple[int, DeliveryState, int]) -> list[Slice]:
    return [Slice(at=AT + timedelta(minutes=at), states={state: number}) for at, state, number in people]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_hostile_text_is_only_ever_text(language: Language) -> None:
    page = report_page(reported(language=language, slices=minutes((0, _S.ACCEPTED, 5), (1, _S.REJECTED, 1))))
    tree = lxml_html.document_fromstring(page)
    assert {element.tag for element in tree.iter() if isinstance(element.tag, str)} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2", "h3", "p", "div"),
        *("span", "strong", "small", "i", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "dl", "dt", "dd"),
        *("code", "br", "svg", "rect", "details", "summary"),
    }
    assert not any(name.startswith("on") for element in tree.iter() for name in element.attrib)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    assert "<script>" not in page


def test_page_asks_for_nothing_and_runs_nothing() -> None:
    page = report_page(reported(text="x"))
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|url\(|@import|src=|href=|<script|<link", page)


def test_all_eight_counts_and_their_sum_are_told() -> None:
    tree = lxml_html.document_fromstring(report_page(reported(text="x")))
    rows = [
        [" ".join(cell.text_content().split()) for cell in row] for row in tree.xpath("//table[@class='counts']//tr")
    ]
    assert [int(row[1]) for row in rows[:-1]] == [90, 3, 1, 2, 1, 2, 1, 0]
    assert rows[-1][:2] == ["Всего в списке", "100"]
    assert "90 из 98 получателей" in " ".join(tree.text_content().split())


def test_who_was_not_served_is_named_and_the_rest_counted() -> None:
    what = reported(text="x", counts=replace(COUNTS, rejected=NAMED + 40))
    text = lxml_html.document_fromstring(report_page(what)).text_content()
    assert f"И ещё {NAMED + 37}" in text


@pytest.mark.parametrize("counts", [Counts(), Counts(accepted=1), Counts(accepted=999_999, uncertain=1)])
def test_small_and_large_issues_have_a_page(counts: Counts) -> None:
    text = lxml_html.document_fromstring(report_page(reported(text="x", counts=counts))).text_content()
    assert ("100\u00a0%" in text) is (counts.accepted == 1), "100 % is said of all alone"


def test_what_acts_on_a_screen_is_taken_out() -> None:
    assert clean("a\x1b[31m\u202eb\r\nc\u2028d  e\x00") == "a [31mb c d e"


def test_the_chart_shows_every_delivery_in_columns_that_fit() -> None:
    slices = minutes(*[(n, _S.ACCEPTED, 10) for n in range(300)], (9_000, _S.REJECTED, 3), (20_000, _S.DEFERRED, 1))
    chart = draw(slices)
    assert chart is not None
    bars = [bar for stretch in chart.stretches for bar in stretch.bars]
    assert sum(part.people for bar in bars for part in bar.parts) == 3_004
    assert len(bars) <= MOST_COLUMNS
    assert len(chart.stretches) <= MOST_STRETCHES
    assert chart.tallest == max(bar.people for bar in bars)
    assert all(0 <= part.top <= HEIGHT and part.height > 0 for bar in bars for part in bar.parts)
    assert chart.kinds == ["accepted", "deferred", "rejected"]


def test_a_pause_breaks_the_chart_off() -> None:
    chart = draw(minutes((0, _S.ACCEPTED, 5), (1, _S.ACCEPTED, 5), (300, _S.ACCEPTED, 1), (301, _S.ACCEPTED, 1)))
    assert chart is not None
    assert len(chart.stretches) > 1
    assert max(stretch.pause for stretch in chart.stretches) > timedelta(hours=4)


def test_one_moment_is_no_chart() -> None:
    assert draw([]) is None
    assert draw(minutes((0, _S.ACCEPTED, 5))) is None


def test_a_long_issue_is_read_in_coarser_steps() -> None:
    assert base_step(None, None) == timedelta(seconds=1)
    assert base_step(AT, AT + timedelta(hours=5)) == timedelta(minutes=1)
    assert base_step(AT, AT + timedelta(days=30)) == timedelta(hours=1)
