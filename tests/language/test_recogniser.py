from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.language import recogniser
from newsletter.language.recogniser import find_entities, is_first_name, place_name, rules_alone, versions
from newsletter.render.child import MAX_MEMORY_BYTES

needs_models = pytest.mark.skipif(not recogniser.available(), reason="needs the extra ru")

TEXT = "Нгуен Ван Тхань из компании «Тихий лист» приехал в Ханой, его встретил Фёдор Ёлкин."


def found(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in find_entities(text)]


@needs_models
def test_people_organisations_and_places_are_spans_as_written() -> None:
    assert found(TEXT) == [
        ("Нгуен Ван Тхань", "person"),
        ("Тихий лист", "organisation"),
        ("Ханой", "place"),
        ("Фёдор Ёлкин", "person"),
    ]


@pytest.mark.parametrize("text", ["", " \n", "«»", "…"])
def test_a_text_without_words_names_nothing(text: str) -> None:
    assert found(text) == []


def test_with_the_rules_alone_nothing_is_recognised() -> None:
    with rules_alone():
        assert not recogniser.available()
        assert (found(TEXT), place_name("Ханоя"), is_first_name("Гульнары", "gent")) == ([], "", False)


@needs_models
@pytest.mark.parametrize(("words", "name"), [("Ханоя", "Ханой"), ("Усть-Кутом", "Усть-Кут"), ("столе", ""), ("", "")])
def test_a_place_unknown_to_our_tables_has_its_nominative(words: str, name: str) -> None:
    assert place_name(words) == name


@needs_models
def test_first_names_are_told_by_their_case() -> None:
    assert is_first_name("Гульнара", "nomn")
    assert is_first_name("Гульнары", "gent")
    assert not is_first_name("Завод", "nomn")


def test_the_versions_tell_with_what_an_item_was_read() -> None:
    assert set(versions()) == {"natasha", "pymorphy3"}
    assert all(versions().values())


@needs_models
@pytest.mark.slow
def test_the_models_load_within_the_memory_of_the_compiling_child_and_without_natasha_itself() -> None:
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MAX_MEMORY_BYTES} // 2,) * 2)\n"
        "from newsletter.language.recogniser import find_entities, place_name\n"
        f"assert len(find_entities({TEXT!r})) == 4\n"
        "assert place_name('Ханоя') == 'Ханой'\n"
        "assert not {'natasha', 'pymorphy2', 'yargy'} & set(sys.modules)\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


PIECES = "Анна Белова Нгуен «Тихий лист» Nord AB в Ханое , . – сказал ё 12 \u00a0 \u0301 🙂 А.С."


@needs_models
@settings(max_examples=50)
@given(text=st.lists(st.sampled_from(PIECES.split(" "))).map(" ".join))
def test_spans_lie_in_the_text_in_order_and_apart(text: str) -> None:
    at = 0
    for start, end, _ in find_entities(text):
        assert at <= start < end <= len(text)
        at = end
