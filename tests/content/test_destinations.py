from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.destinations import find_regions
from newsletter.language.table import words


def regions(*texts: str) -> dict[str, tuple[str, ...]]:
    return {region.name: region.places for region in find_regions(texts)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Поставки идут в США и Канаду.", {"Северная Америка": ("США", "Канада")}),
        (
            "Приборы покупают в Европе – Польше, Австрия и Чехии, в Азии – Китае и Южной Корее.",
            {"Европа": ("Польша", "Австрия", "Чехия"), "Азия": ("Китай", "Южная Корея")},
        ),
        ("Экспорт в страны СНГ (Казахстан, Армения) вырос.", {"СНГ": ("Казахстан", "Армения")}),
        (
            "Кабель отгружают в Египет. Станки отправляют в Пермский край.",
            {"Африка": ("Египет",), "Россия": ("Пермский край",)},
        ),
        ("Продукцию закупают Индия и Объединенные Арабские Эмираты.", {"Азия": ("Индия", "ОАЭ")}),
        ("Первая партия отправлена в Африку.", {"Африка": ()}),
    ],
)
def test_destinations_stand_under_their_part_of_the_world(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert regions(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Развиваются контакты с партнерами в Турции.",
        "Ведутся переговоры о поставках в Мексику.",
        "Станки привезены из Германии, поставки из Италии задержались.",
        "Резиденты ОЭЗ Москвы поставили продукцию за рубеж.",
        "Делегация из Китая посетила завод.",
        "Он родился в Австрии.",
    ],
)
def test_contacts_origins_and_homes_are_no_destinations(text: str) -> None:
    assert regions(text) == {}


def test_a_place_counts_once() -> None:
    assert regions("Поставки идут в Китай.", "Экспорт в Китай растет.") == {"Азия": ("Китай",)}


WORDS = words("поставки в на из и , – : Европа Китай Литве США страны СНГ . ; также")


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_order_of_words_gives_each_place_once(text: str) -> None:
    places = [place for region in find_regions([text]) for place in region.places]
    assert len(places) == len(set(places))
