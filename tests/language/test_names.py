from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.language.names import find_last_name, find_names, gender_of
from newsletter.language.roles import from_instrumental, gender_of_role, is_head, lowered, role_start
from newsletter.language.sentences import sentences


def test_names_begin_with_a_known_first_name() -> None:
    text = "Пришли Анна Белова, Иван Петрович Седов и Артём Римский-Корсаков из Нижнего Новгорода."
    assert [name.words for name in find_names(text)] == ["Анна Белова", "Иван Петрович Седов", "Артём Римский-Корсаков"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("вице-президент по развитию в Восточной Европе Ларс Экстрём", "Ларс Экстрём"),
        ("директор ОЭЗ «Завод «Север» Геннадий Дымов", "Геннадий Дымов"),
        ("глава Зареченска Пётр Ильин", "Пётр Ильин"),
        ("CEO Nord AB John Miller", "John Miller"),
        ("глава компании Юн Сон Хёнсу", "Сон Хёнсу"),
    ],
)
def test_the_last_name_of_an_attribution_is_found_without_a_list(text: str, name: str) -> None:
    found = find_last_name(text)
    assert found is not None
    assert found.words == name


def test_gender_shows_in_first_names_surnames_and_some_roles() -> None:
    assert [gender_of(name) for name in ("Анна Белова", "Илья Белов", "Юлиана Крупская", "Ларс Экстрём")] == [
        "f",
        "m",
        "f",
        "m",
    ]
    assert [gender_of_role(role) for role in ("спортсменка клуба", "глава города", "директор")] == ["f", None, None]


def test_a_role_begins_with_its_adjectives() -> None:
    words = "На встрече выступил первый генеральный директор завода"
    assert words[role_start(words) :] == "первый генеральный директор завода"
    assert role_start("просто слова") == -1
    assert is_head("инженер-технолог")
    assert not is_head("как-нибудь")


def test_a_role_is_written_as_inside_a_sentence() -> None:
    assert [lowered(role) for role in ("Главный технолог", "CEO", "IT-директор")] == [
        "главный технолог",
        "CEO",
        "IT-директор",
    ]


@pytest.mark.parametrize(
    ("role", "nominative"),
    [
        ("Директором по развитию", "директор по развитию"),
        ("Первым заместителем главы", "первый заместитель главы"),
        ("Главным технологом", "главный технолог"),
        ("Космонавтом", "космонавт"),
        ("Флибустьером", ""),
    ],
)
def test_an_appointment_gives_the_role_in_the_nominative(role: str, nominative: str) -> None:
    assert from_instrumental(role) == nominative


def test_a_sentence_does_not_end_after_an_abbreviation() -> None:
    text = "Завод на ул. Ленина открыл И. О. Седов. «Да», – сказал он. 5 тыс. рублей и т. д. Конец."
    assert [text[start:end] for start, end in sentences(text)] == [
        "Завод на ул. Ленина открыл И. О. Седов.",
        "«Да», – сказал он.",
        "5 тыс. рублей и т. д. Конец.",
    ]


@given(st.text(max_size=200))
def test_sentences_cover_a_text_in_order(text: str) -> None:
    spans = sentences(text)
    assert " ".join(text[start:end] for start, end in spans).split() == text.split()
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
