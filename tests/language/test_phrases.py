from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.language.numbers import leading_bound
from newsletter.language.phrases import is_label, is_verb, noun_phrase


@pytest.mark.parametrize(
    "word", ["выросла", "составит", "получили", "создано", "опрошены", "идут", "проложить", "стоит"]
)
def test_verbs_are_told_by_their_look(word: str) -> None:
    assert is_verb(word)


@pytest.mark.parametrize("word", ["персонала", "область", "совет", "недели", "страны", "жители", "ребят", "площадь"])
def test_nouns_that_look_like_verbs_are_none(word: str) -> None:
    assert not is_verb(word)


@pytest.mark.parametrize(
    "phrase",
    [
        "отправив за рубеж продукции",
        "теперь ребят приносят согласие",
        "против рублей у автобуса",
        "в сутки",
        "молодые",
        "первые проходят стажировку",
        "небольшому заводу",
        "налог на прибыль для них",
        "доля до 18",
        "продажи за",
        "объём «вывоза",
        "обновить оборудование",
        "",
    ],
)
def test_fragments_are_no_labels(phrase: str) -> None:
    assert not is_label(phrase, verb_first=True)


@pytest.mark.parametrize(
    "phrase", ["объем экспорта", "экспорта обеспечили приборы", "компаний собираются строить цеха"]
)
def test_phrases_that_stand_alone_are_labels(phrase: str) -> None:
    assert is_label(phrase)


def test_a_verb_may_open_a_label_only_where_the_number_has_its_noun() -> None:
    assert is_label("создано на предприятии", verb_first=True)
    assert not is_label("создано на предприятии")


def test_a_noun_phrase_ends_before_its_verb() -> None:
    assert noun_phrase("реставрация усадьбы продолжалась год и") == "реставрация усадьбы"
    assert noun_phrase("стипендиальный фонд на") == "стипендиальный фонд"


def test_the_words_that_bound_a_figure_are_found_whole() -> None:
    written = ["не менее чем к четверти", "чуть больше половины", "Более 68%", "248 млн рублей", "в 2,7 раза"]
    assert [leading_bound(text) for text in written] == ["не менее чем", "чуть больше", "Более", "", ""]


@given(st.text(max_size=60))
def test_any_text_is_a_label_or_none(text: str) -> None:
    assert is_label(text) in {True, False}
    assert len(noun_phrase(text)) <= len(text)
