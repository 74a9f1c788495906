from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.language.periods import find_periods, resolved


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("За первые три месяца 2021 года", "январь–март 2021 года"),
        ("в первом квартале 2021 года", "первый квартал 2021 года"),
        ("в IV квартале 2026 года", "четвертый квартал 2026 года"),
        ("за девять месяцев 2023 г.", "январь–сентябрь 2023 года"),
        ("за первое полугодие 2025 года", "первое полугодие 2025 года"),
        ("с январем–сентябрем 2021 года", "январь–сентябрь 2021 года"),
        ("в мае 2021 года", "май 2021 года"),
        ("в 2021 году", "2021 год"),
        ("двенадцати месяцев 2020 года", "2020 год"),
    ],
)
def test_a_period_is_named_in_the_nominative(text: str, name: str) -> None:
    (period,) = find_periods(text)
    assert period.name == name


@pytest.mark.parametrize("text", ["14 мая 2024", "две трети", "в 2021", "20 месяцев назад", "за три дня"])
def test_days_and_bare_numbers_are_no_periods(text: str) -> None:
    assert all(period.year == 0 for period in find_periods(text))


@pytest.mark.parametrize(
    ("text", "year", "months"),
    [
        ("аналогичный период прошлого года", 2020, (1, 3)),
        ("тот же период 2018 года", 2018, (1, 3)),
        ("годом ранее", 2020, (1, 3)),
        ("прошлый год", 2020, (1, 12)),
    ],
)
def test_a_relative_period_is_resolved_by_the_one_it_is_compared_with(
    text: str, year: int, months: tuple[int, int]
) -> None:
    (of,) = find_periods("первый квартал 2021 года")
    (period,) = find_periods(text)
    found = resolved(period, this_year=0, of=of)
    assert (found.year, (found.first, found.final)) == (year, months)


def test_this_year_stays_unknown_without_a_year() -> None:
    (period,) = find_periods("в этом году")
    assert resolved(period, this_year=0).year == 0
    assert resolved(period, this_year=2024).year == 2024


@given(st.text(max_size=100))
def test_any_text_has_periods_or_none(text: str) -> None:
    for period in find_periods(text):
        assert text[period.start : period.end].strip()
        assert period.name
