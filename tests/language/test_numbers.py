from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.language.numbers import bound_of, count_of, ordinal_of, value_of


@pytest.mark.parametrize(
    ("number", "scale", "value"),
    [
        ("1,35", "млрд", "1350000000"),
        ("12", "тыс.", "12000"),
        ("127 300", "", "127300"),
        ("2\u00a0185", "", "2185"),
        ("4.5", "", "4.5"),
        ("3", "триллиона", "3000000000000"),
        ("2", "миллиарда", "2000000000"),
        ("2", "миллиона", "2000000"),
    ],
)
def test_a_written_number_has_its_value(number: str, scale: str, value: str) -> None:
    assert value_of(number, scale) == Decimal(value)


@given(st.integers(min_value=0, max_value=10**9))
def test_grouped_digits_are_one_number(number: int) -> None:
    assert value_of(f"{number:,}".replace(",", "\u00a0")) == number


@given(st.integers(min_value=1, max_value=9999), st.sampled_from([("тыс.", 3), ("млн", 6), ("млрд", 9), ("трлн", 12)]))
def test_a_scaled_value_is_never_written_with_an_exponent(number: int, scale: tuple[str, int]) -> None:
    value = value_of(str(number), scale[0])
    assert str(value) == str(number * 10 ** scale[1])


def test_words_bound_and_count() -> None:
    assert [bound_of(words) for words in ("Не менее чем", "свыше", "до", "почти", "ровно")] == [
        "more",
        "more",
        "less",
        "about",
        "",
    ]
    assert [count_of(words) for words in ("тридцать", "сорок две", "двенадцать")] == [30, 42, 12]
    assert [ordinal_of(word) for word in ("восьмой", "третьей", "пятую", "ноль")] == [8, 3, 5, 0]
