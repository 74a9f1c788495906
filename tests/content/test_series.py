from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.facts import Passage, tell_figures
from newsletter.content.item import Origin, Series
from newsletter.content.series import find_series

HERE = Origin(path="a.txt", line=1)


def series(*texts: str) -> Series | None:
    return find_series(tell_figures([Passage(text, HERE) for text in texts]))


def test_ratios_give_the_years_before() -> None:
    found = series(
        "За девять месяцев 2023 года экспорт составил 612,4 млн рублей, что в 1,6 раза больше, чем за тот же период "
        "2022 года. По сравнению с январем–сентябрем 2021 года поставки выросли в 3,2 раза."
    )
    assert found is not None
    assert (found.measures, found.unit) == ("экспорт", "млн рублей")
    assert [(point.label, point.text, point.derived) for point in found.points] == [
        ("2021", "≈ 190 млн рублей", True),
        ("2022", "≈ 380 млн рублей", True),
        ("2023", "612,4 млн рублей", False),
    ]
    assert [point.value for point in found.points] == [Decimal(190_000_000), Decimal(380_000_000), Decimal(612_400_000)]


def test_a_percentage_of_growth_gives_the_year_before() -> None:
    found = series("Выручка за 2025 год достигла 4,72 млрд рублей, это на 23,5% больше, чем годом ранее.")
    assert found is not None
    assert [(point.label, point.text) for point in found.points] == [
        ("2024", "≈ 3,82 млрд рублей"),
        ("2025", "4,72 млрд рублей"),
    ]


def test_an_earlier_amount_that_is_stated_is_not_derived() -> None:
    found = series("Выручка в 2025 году составила 3,6 млрд рублей против 2,9 млрд рублей годом ранее.")
    assert found is not None
    assert [(point.label, point.text, point.derived) for point in found.points] == [
        ("2024", "2,9 млрд рублей", False),
        ("2025", "3,6 млрд рублей", False),
    ]


def test_a_derived_amount_is_written_as_the_item_writes_it() -> None:
    found = series("В 2025 году завод вывез продукции на $1,2 млрд — это на 14% больше, чем в 2024 году.")
    assert found is not None
    assert found.points[0].text == "≈ $1,1 млрд"


@pytest.mark.parametrize(
    "text",
    [
        "Экспорт составил 248 млн рублей, это в 2,7 раза больше, чем годом ранее.",
        "В 2021 году экспорт составил 248 млн рублей, это в 2,7 раза больше плана.",
        "В 2021 году экспорт составил 248 млн рублей. Число резидентов по сравнению с 2020 годом выросло в 2 раза.",
        "В первом квартале 2021 года экспорт составил 248 млн рублей, это в 2,7 раза больше, чем за весь 2020 год.",
        "В 2021 году экспорт составил более 248 млн рублей, это в 2,7 раза больше, чем в 2020 году.",
        "В 2021 году экспорт составил 248 млн рублей, это более чем в 2 раза больше, чем в 2020 году.",
        "В 2021 году экспорт составил 248 млн рублей, это в 2 раза меньше, чем в 2020 году.",
        "В 2021 году экспорт составил 248 млн рублей.",
    ],
)
def test_a_doubt_gives_no_series(text: str) -> None:
    assert series(text) is None


TOLD = st.lists(
    st.sampled_from(
        [
            "экспорт",
            "составил",
            "вырос",
            "412",
            "млн",
            "рублей",
            "в",
            "1,9",
            "раза",
            "больше",
            "чем",
            "2024",
            "2025",
            "году",
            "годом",
            "ранее",
            ",",
            ".",
            "вдвое",
            "за",
            "год",
        ]
    )
).map(" ".join)


@given(texts=st.lists(TOLD, max_size=4))
def test_a_series_has_points_in_the_order_of_their_years(texts: list[str]) -> None:
    found = series(*texts)
    if found is not None:
        years = [point.label for point in found.points]
        assert len(years) > 1
        assert years == sorted(set(years))
        assert all(point.value > 0 for point in found.points)
