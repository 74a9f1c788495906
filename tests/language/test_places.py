from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.language.declension import case_forms
from newsletter.language.places import find_places


@pytest.mark.parametrize(
    ("text", "name", "region"),
    [
        ("в Швейцарии", "Швейцария", "Европа"),
        ("в Нидерландах", "Нидерланды", "Европа"),
        ("из Литвы", "Литва", "Европа"),
        ("в Южную Корею", "Южная Корея", "Азия"),
        ("в Китае", "Китай", "Азия"),
        ("с Израилем", "Израиль", "Азия"),
        ("в ОАЭ", "ОАЭ", "Азия"),
        ("в Объединенных Арабских Эмиратах", "ОАЭ", "Азия"),
        ("в Соединенные Штаты", "США", "Северная Америка"),
        ("в Саудовской Аравии", "Саудовская Аравия", "Азия"),
        ("в Республику Беларусь", "Беларусь", "СНГ"),
        ("в Египте", "Египет", "Африка"),
        ("на Кубу", "Куба", "Латинская Америка"),
        ("на Филиппины", "Филиппины", "Азия"),
        ("в Пермском крае", "Пермский край", "Россия"),
        ("в Самарской области", "Самарская область", "Россия"),
        ("на Ближнем Востоке", "Ближний Восток", "Ближний Восток"),
        ("в странах Юго-Восточной Азии", "Юго-Восточная Азия", "Юго-Восточная Азия"),
    ],
)
def test_a_place_in_any_case_is_named_in_the_nominative(text: str, name: str, region: str) -> None:
    (place,) = find_places(text)
    assert (place.name, place.region) == (name, region)


def test_a_place_inside_another_word_is_none() -> None:
    assert find_places("Индиана, Ирана-нет, китайский, Куба-либре") == []


def test_the_longest_name_wins() -> None:
    assert [place.name for place in find_places("Южная Корея и Северная Америка")] == [
        "Южная Корея",
        "Северная Америка",
    ]


def test_a_name_that_does_not_decline_has_one_form() -> None:
    assert case_forms("США") == {"США"}
    assert case_forms("Чили") == {"Чили"}


NAMES = (
    "в из Самарская и Нижегородской области Юго-Восточной Азии Южную Корею Китай, Литва Республику Беларусь ОАЭ . завод"
)


@given(text=st.lists(st.sampled_from(NAMES.split())).map(" ".join))
def test_places_are_stretches_of_the_text_in_its_order(text: str) -> None:
    places = find_places(text)
    assert [place.start for place in places] == sorted(place.start for place in places)
    for place in places:
        assert text[place.start : place.end].strip() == text[place.start : place.end] != ""
        assert (place.name, place.region) in {(known.name, known.region) for known in find_places(text[place.start :])}
