from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.facts import Passage, figure_of, tell_figures
from newsletter.content.item import Figure, Origin
from newsletter.language.amounts import money, number_text, share, times


def read(sentence: str) -> Figure:
    """Read the one figure of a sentence, as rules do."""
    (told,) = tell_figures([Passage(sentence, Origin(path="a.md", line=1))])
    return figure_of(told)


def shown(text: str) -> str:
    return text.replace("\u00a0", "°")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2500000000", "2,5°млрд рублей"),
        ("248000000", "248°млн рублей"),
        ("1350000000000", "1,35°трлн рублей"),
        ("2567000000", "2567°млн рублей"),
        ("1234567", "1°234°567°рублей"),
        ("1000000", "1°млн рублей"),
        ("1", "1°рубль"),
        ("2", "2°рубля"),
        ("21", "21°рубль"),
        ("12500", "12°500°рублей"),
        ("1500.5", "1500,5°рубля"),
        ("-2500000", "−2,5°млн рублей"),
        ("0", "0°рублей"),
    ],
)
def test_money_is_said_with_the_scale_that_shortens_it(value: str, said: str) -> None:
    assert shown(money(Decimal(value))) == said


def test_money_has_other_currencies_and_english() -> None:
    assert shown(money(5_500_000, "USD")) == "5,5°млн долларов"
    assert shown(money(3, "CNY")) == "3°юаня"
    assert shown(money(Decimal("2.5e9"), "EUR", "en")) == "2.5°billion euros"
    assert shown(money(1, lang="en")) == "1°rouble"
    with pytest.raises(ValueError, match="RUB, USD"):
        money(1, "XXX")


@pytest.mark.parametrize(
    ("value", "form", "said"),
    [
        ("0.5", "part", "половина"),
        ("0.3333", "part", "треть"),
        ("0.25", "by", "на четверть"),
        ("0.5", "by", "на половину"),
        ("0.75", "part", "три четверти"),
        ("0.68", "part", "68°%"),
        ("0.12", "by", "на 12°%"),
        ("0.125", "each", "каждый восьмой"),
        ("0.125", "each-f", "каждая восьмая"),
        ("0.3333", "each", "каждый третий"),
        ("0.33", "part", "33°%"),
        ("0.055", "each", "5,5°%"),
    ],
)
def test_a_share_is_said_in_words_where_it_has_some(value: str, form: str, said: str) -> None:
    assert shown(share(Decimal(value), form)) == said


def test_a_share_is_said_in_english_too() -> None:
    assert [share(0.5, lang="en"), share(0.25, "by", "en"), share(0.125, "each", "en"), share(0.68, "part", "en")] == [
        "half", "by a quarter", "one in 8", "68%",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="each-f"):
        share(0.5, "whole")


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        ("2", "вдвое"),
        ("3", "втрое"),
        ("1.5", "в полтора раза"),
        ("2.7", "в 2,7°раза"),
        ("7", "в 7°раз"),
        ("22", "в 22°раза"),
    ],
)
def test_growth_is_said_in_one_word_where_there_is_one(ratio: str, said: str) -> None:
    assert shown(times(Decimal(ratio))) == said


def test_what_is_no_number_is_refused() -> None:
    for say in (number_text, money, share, times):
        with pytest.raises(ValueError, match="no number"):
            say(Decimal("NaN"))


MANTISSA = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999.99"), places=2)


@given(MANTISSA, st.sampled_from([0, 3, 6, 9, 12]), st.sampled_from(["RUB", "USD", "EUR", "CNY"]))
@settings(max_examples=200, deadline=None)
def test_money_that_was_said_is_read_as_the_same(mantissa: Decimal, power: int, currency: str) -> None:
    value = mantissa * 10**power
    figure = read(f"Экспорт составил {money(value, currency)}.")
    assert (figure.kind, figure.value) == ("amount", value)


@given(st.integers(min_value=1, max_value=9999).map(lambda n: Decimal(n) / 10000))
@settings(max_examples=200, deadline=None)
def test_a_share_that_was_said_is_read_as_the_same(value: Decimal) -> None:
    each = read(f"{share(value, 'each').capitalize()} резидент поставляет продукцию за рубеж.")
    part = read(f"На приборы пришлось {share(value, 'part')} экспорта.")
    by = read(f"Экспорт вырос {share(value, 'by')}.")
    assert {each.kind, part.kind, by.kind} == {"share"}
    for figure in (each, part, by):
        assert figure.value is not None
        assert abs(figure.value - value) <= Decimal("0.0001")


@given(st.decimals(min_value=Decimal("1.1"), max_value=Decimal(100), places=1))
@settings(max_examples=200, deadline=None)
def test_growth_that_was_said_is_read_as_the_same(ratio: Decimal) -> None:
    figure = read(f"Экспорт вырос {times(ratio)}.")
    assert (figure.kind, figure.value) == ("ratio", ratio)


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=3))
def test_a_number_in_figures_has_all_its_digits(value: Decimal) -> None:
    said = number_text(value)
    assert Decimal(said.replace("\u00a0", "").replace(",", ".").replace("\u2212", "-")) == value
