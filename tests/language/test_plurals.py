from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.language.plurals import category, plural

NEWS = ("новость", "новости", "новостей")


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (0, "новостей"),
        (1, "новость"),
        (2, "новости"),
        (4, "новости"),
        (5, "новостей"),
        (11, "новостей"),
        (12, "новостей"),
        (14, "новостей"),
        (21, "новость"),
        (22, "новости"),
        (25, "новостей"),
        (101, "новость"),
        (111, "новостей"),
        (112, "новостей"),
        (-1, "новость"),
        (Decimal("1.5"), "новости"),
        (2.5, "новости"),
    ],
)
def test_a_russian_word_follows_its_number(number: Decimal | int, word: str) -> None:
    assert plural(number, *NEWS) == word


def test_an_english_word_has_two_forms() -> None:
    assert [plural(n, "item", "items") for n in (0, 1, 2, 21, Decimal("1.5"))] == [
        "items",
        "item",
        "items",
        "items",
        "items",
    ]


@pytest.mark.parametrize("forms", [(), ("а",), ("а", "б", "в", "г")])
def test_another_count_of_forms_is_refused(forms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="three forms"):
        plural(1, *forms)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_only_the_last_two_digits_count(number: int) -> None:
    assert category(number) == category(abs(number) % 100)
    assert category(number) in {"one", "few", "many"}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000))
def test_every_number_has_a_form(number: Decimal) -> None:
    assert plural(number, *NEWS) in NEWS
