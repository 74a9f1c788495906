"""An issue that no check has anything to say of; each test spoils one thing of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.check import Checked, Finding, run_checks
from newsletter.content.item import NewsItem, Origin, Paragraph, Span
from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse

ITEM = "content/opening.md"
UNSUBSCRIBE = SlotUse(field="links.unsubscribe", context="url")
UNSUBSCRIBE_PLAIN = SlotUse(field="links.unsubscribe", context="plain")

MakeChecked = Callable[..., Checked]
Find = Callable[..., list[Finding]]


def good_item() -> NewsItem:
    return NewsItem(
        title="В «Заречье» открыли испытательный стенд",
        title_proposed=False,
        lead=(Span(text="Стенд заработал в Зареченске."),),
        date=datetime.date(2026, 11, 20),
        source="Пресс-служба ОЭЗ «Заречье»",
        blocks=(Paragraph(text=(Span(text="Подробности на сайте."),), origin=Origin(path=ITEM, line=9)),),
        front={"title": "…"},
        front_lines={"title": 2, "waive": 4, "preheader": 5},
        origin=Origin(path=ITEM, line=7),
    )


def good_compiled() -> CompiledIssue:
    html = ('<body><p>Стенд</p><a href="', UNSUBSCRIBE, '">Отписаться</a></body>')
    return CompiledIssue(
        lang="ru",
        title="Стенд",
        preheader="Первые испытания пройдут в декабре, заявки уже принимают",
        subject=("Стенд",),
        headers=MailHeaders(
            from_name="Пресс-служба",
            from_mailbox="press@zarechye.example",
            return_path="press@zarechye.example",
            unsubscribe_mailto="unsubscribe@zarechye.example",
            public_url="https://news.zarechye.example",
        ),
        variant_fields={},
        variants={"": CompiledVariant(html=html, text=("Стенд\n", UNSUBSCRIBE_PLAIN, "\n"))},
    )


@pytest.fixture
def make_checked() -> MakeChecked:
    """Return a function that builds the faultless issue with some fields changed."""

    def make(**changes: Any) -> Checked:
        checked = Checked(
            subject="Стенд",
            preheader="Первые испытания пройдут в декабре, заявки уже принимают",
            title="В «Заречье» открыли испытательный стенд",
            title_proposed=False,
            date=datetime.date(2026, 11, 20),
            items=(good_item(),),
            compiled=good_compiled(),
            sample_html='<body><h1>Стенд</h1><a href="https://news.zarechye.example/u/x">Отписаться</a></body>',
            sample_text="Стенд\nhttps://news.zarechye.example/u/x\n",
        )
        return replace(checked, **changes)

    return make


@pytest.fixture
def find(make_checked: MakeChecked) -> Find:
    """Return a function that checks the changed issue and gives the findings of one id."""

    def run(finding_id: str, **changes: Any) -> list[Finding]:
        return [one for one in run_checks(make_checked(**changes)).findings if one.id == finding_id]

    return run
