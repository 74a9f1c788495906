"""Subscribers looked up for the room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.store.database import Engine, reading, writing
from newsletter.store.people import lists_of, next_person, read_person, search_people
from newsletter.store.subscribers import unsubscribe
from newsletter.tokens import Keys

Add = Callable[..., None]


@pytest.fixture
def people(add_people: Add) -> None:
    add_people("anna@zarechye.example", name="Анна Ёлкина", city="Зареченск")
    add_people("boris@delo.example", name="Борис", city="Лесогорье")
    add_people("vera@delo.example", name="Вера 100 %", city="Зареченск", list_name="other")


def found(engine: Engine, text: str, **options: str) -> list[str]:
    with reading(engine) as conn:
        return [person.address for person in search_people(conn, text, **options)]  # type: ignore[arg-type] # list_name


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("typed", ["анна", "Анна", "АННА", "ёлкина", "ANNA@", "зареченск анна"])
def test_whoever_is_meant_is_found_by_name_address_or_city_whatever_the_case(engine: Engine, typed: str) -> None:
    assert found(engine, typed) == ["anna@zarechye.example"]


@pytest.mark.usefixtures("people")
def test_every_word_must_fit(engine: Engine) -> None:
    assert found(engine, "зареченск") == ["anna@zarechye.example", "vera@delo.example"]
    assert found(engine, "зареченск delo") == ["vera@delo.example"]
    assert found(engine, "борис зареченск") == []


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("typed", ["%", "_", "\\", "100 %"])
def test_signs_of_the_database_s_own_patterns_are_letters(engine: Engine, typed: str) -> None:
    assert found(engine, typed) == (["vera@delo.example"] if "%" in typed else [])


@pytest.mark.usefixtures("people")
def test_a_list_narrows_the_search_and_a_limit_ends_it(engine: Engine) -> None:
    assert found(engine, "", list_name="other") == ["vera@delo.example"]
    with reading(engine) as conn:
        assert len(search_people(conn, "", limit=2)) == 2


@pytest.mark.usefixtures("people")
def test_a_person_is_read_with_their_data_and_nobody_is_none(engine: Engine) -> None:
    with reading(engine) as conn:
        anna = search_people(conn, "anna@")[0]
        assert read_person(conn, anna.id) == anna
        assert anna.fields["name"] == "Анна Ёлкина"
        assert read_person(conn, 10**9) is None


@pytest.mark.usefixtures("people")
def test_steps_go_round_the_list_both_ways(engine: Engine) -> None:
    with reading(engine) as conn:
        anna, boris = search_people(conn, "", list_name="press")
        assert next_person(conn, anna.id, list_name="press") == boris
        assert next_person(conn, boris.id, list_name="press") == anna, "after the last comes the first"
        assert next_person(conn, anna.id, list_name="press", step=-1) == boris
        assert next_person(conn, 0, list_name="press") == anna, "after nobody comes the first"
        assert next_person(conn, 0, list_name="nobody's") is None


def test_the_lists_of_a_person_are_those_they_are_on_still_the_first_joined_first(
    engine: Engine, keys: Keys, add_people: Callable[..., None]
) -> None:
    add_people("anna@zarechye.example", list_name="press")
    add_people("anna@zarechye.example", list_name="partners")
    with writing(engine) as conn:
        (anna,) = search_people(conn, "anna@")
        assert lists_of(conn, anna.id) == ("press", "partners")
        unsubscribe(conn, keys.address_key("anna@zarechye.example"), list_name="press", reason="asked")
        assert lists_of(conn, anna.id) == ("partners",)
        assert lists_of(conn, anna.id + 1) == ()
