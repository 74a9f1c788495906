"""Subject and preheader as an inbox shows them, each check failing and passing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.check import Checked, Finding
from newsletter.check.inbox import cut, shown_length, words_of

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]


@pytest.mark.parametrize(("length", "severity"), [(40, ""), (41, "info"), (70, "info"), (71, "warning")])
def test_a_subject_is_cut_by_phones_first_and_by_desktops_later(find: Find, length: int, severity: str) -> None:
    findings = find("subject_cut", subject="ы" * length)
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


def test_the_cut_is_shown(find: Find) -> None:
    (finding,) = find("subject_cut", subject="Стенд открыт " * 4)
    assert "«Стенд открыт Стенд открыт Стенд открыт С…»" in finding.message


def test_a_title_that_stands_in_as_subject_is_where_the_finding_is_shown(find: Find) -> None:
    (finding,) = find("subject_cut", subject="ы" * 80)
    assert (finding.file, finding.line) == ("content/opening.md", 2)


def test_marks_without_width_take_no_room() -> None:
    assert shown_length("и\u0306\u200b🎄") == 2
    assert cut("стенд", 5) == "стенд"


def test_a_subject_that_nobody_wrote_has_a_finding_of_its_own(find: Find, make_checked: MakeChecked) -> None:
    item = replace(make_checked().items[0], title_proposed=True)
    changes = {"subject": "ы" * 80, "title": "ы" * 80, "title_proposed": True, "items": (item,)}
    assert find("subject_cut", **changes) == []
    assert find("title_proposed", **changes) != []


@pytest.mark.parametrize(
    ("subject", "shouts"),
    [
        ("СРОЧНО! НОВЫЙ СТЕНД ОТКРЫТ", True),
        ("Стенд открыт!!!", True),
        ("Ура! Стенд открыт!", True),
        ("Как так?!", True),
        ("Стенд открыт!", False),
        ("ОЭЗ «ЗАРЕЧЬЕ»", False),
        ("ОЭЗ «Заречье»: экспорт в СНГ", False),
        ("🎉🎉🎉 Стенд открыт", False),
        ("", False),
    ],
)
def test_a_subject_shouts_by_capitals_or_marks(find: Find, subject: str, shouts: bool) -> None:
    assert bool(find("subject_shouts", subject=subject)) is shouts


@pytest.mark.parametrize(("length", "severity"), [(39, "info"), (40, ""), (130, ""), (131, "warning")])
def test_a_preheader_fits_its_line(find: Find, length: int, severity: str) -> None:
    findings = find("preheader_cut", preheader="ы" * length)
    assert [(one.severity, one.line) for one in findings] == ([(severity, 5)] if severity else [])


def test_a_missing_or_proposed_preheader_has_a_finding_of_its_own(find: Find) -> None:
    assert find("preheader_cut", preheader="") == []
    assert find("preheader_cut", preheader="Стенд", preheader_proposed=True) == []


@pytest.mark.parametrize(
    ("preheader", "name"),
    [
        ("Стенд", "subject"),
        ("«СТЕНД»…", "subject"),
        ("В «Заречье» открыли испытательный стенд – и вот какой", "title"),
        ("В Заречье открыли", "title"),
        ("Стенд примет первых в декабре", ""),
        ("…", ""),
        ("", ""),
    ],
)
def test_a_preheader_that_repeats_is_found(find: Find, preheader: str, name: str) -> None:
    findings = find("preheader_repeats", preheader=preheader)
    assert [f"repeats the {name}:" in one.message for one in findings] == ([True] if name else [])


def test_words_are_compared_without_case_marks_and_the_letter_yo() -> None:
    assert words_of("Ещё: «Ёлка»!") == words_of("еще елка")
