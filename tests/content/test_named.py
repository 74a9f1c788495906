from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.facts import Passage
from newsletter.content.item import NewsItem, Origin
from newsletter.content.load import load_item
from newsletter.content.named import find_organisations, find_people
from newsletter.language import recogniser
from newsletter.language.institutions import find_institutions
from newsletter.language.recogniser import find_entities, rules_alone
from newsletter.language.table import words

HERE = Origin(path="a.txt", line=1)
needs_models = pytest.mark.skipif(not recogniser.available(), reason="needs the extra ru")


def people(*texts: str) -> list[str]:
    return [one.text for one in find_people([Passage(text, HERE) for text in texts], [()] * len(texts))]


def organisations(*texts: str) -> list[str]:
    return [one.text for one in find_organisations([Passage(text, HERE) for text in texts], [()] * len(texts))]


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        (["Пётр Ильин открыл цех.", "Ильин рад."], ["Пётр Ильин"]),
        (["По словам Петра Ильина, цех открыт. Сказал Пётр Львович Ильин."], ["Пётр Львович Ильин"]),
        (["Цех открыл А. С. Белов.", "Вручили Анне Седовой."], ["А. С. Белов", "Анне Седовой"]),
        (["Сказал Кирилл Мамин-Сибиряк и Нгуен Ван Тхань."], ["Кирилл Мамин-Сибиряк", "Нгуен Ван Тхань"]),
        (["Приехал John Smith из Nordwave Systems."], ["John Smith"]),
        (["Особая экономическая зона «Заречье» в Нижнем Новгороде."], []),
    ],
)
def test_people_stand_once_in_their_fullest_form_as_written(texts: list[str], named: list[str]) -> None:
    assert people(*texts) == named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ООО «Изразец и Ко» и завод «Вектор» открыли цех.", ["ООО «Изразец и Ко»", "«Вектор»"]),
        (
            "В Особой экономической зоне «Заречье» работает компания «Люмирон».",
            ["Особой экономической зоне «Заречье»", "«Люмирон»"],
        ),
        ("Министерство сельского хозяйства сообщило о планах.", ["Министерство сельского хозяйства"]),
        ("Сообщили в министерстве промышленности региона.", ["министерстве промышленности"]),
        ("В Нижнеборском политехническом колледже учатся.", ["Нижнеборском политехническом колледже"]),
        ("Ученики школы № 4 победили.", ["школы № 4"]),
        ("Шведская компания Nordwave Systems AB строит.", ["Nordwave Systems AB"]),
        ("Конкурс «Первая тяга» и программа «Старт» завершены.", []),
        ("Министерство напоминает о сроках. Федерация провела турнир.", []),
        ("На конкурс стартапов «Первая тяга» пришли двое.", []),
    ],
)
def test_organisations_stand_as_written_without_the_common_noun(text: str, named: list[str]) -> None:
    assert organisations(text) == named


def test_an_organisation_stands_once_in_its_fullest_form() -> None:
    assert organisations("Завод «Вектор» растёт.", "ООО «Вектор» и «Вектора» цех.") == ["ООО «Вектор»"]


WORDS = words(
    "Пётр Ильина ООО «Вектор» завод министерство промышленности и № 4 школы « » А. С. Nordwave AB , . области"
)


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_what_is_named_stands_in_the_text_and_never_twice(text: str) -> None:
    for named in (people(text), organisations(text)):
        assert all(one in text for one in named)
        assert len(set(named)) == len(named)
    spans = list(find_institutions(text))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def load(folder: Path, text: str) -> NewsItem:
    (folder / "a.txt").write_text(text, encoding="utf-8")
    return load_item(folder / "a.txt", root=folder)


TEXT = "Цех открыт.\n\n«Мы рады», – сказал Бекжан Тулегенов, технолог. «И мы», – добавила Айжамал Сейткали.\n"


@needs_models
def test_the_models_find_people_whom_no_table_knows_and_the_rules_alone_find_the_others(tmp_path: Path) -> None:
    found = [one.text for one in load(tmp_path, TEXT).people]
    assert found == ["Бекжан Тулегенов", "Айжамал Сейткали"]
    with rules_alone():
        alone = load(tmp_path, TEXT)
    assert alone.people == ()
    assert [quote.speaker for quote in alone.quotes] == ["Бекжан Тулегенов", "Айжамал Сейткали"]


@needs_models
def test_what_the_models_name_is_written_as_in_the_text(tmp_path: Path) -> None:
    text = "Цех открыт.\n\nСпециалисты АО «Ёлочный завод» встретили Семёна Ёлкина и Нгуен Ван Тханя.\n"
    found = load(tmp_path, text)
    assert all(one.text in text for one in (*found.people, *found.organisations))
    assert "Семёна Ёлкина" in [one.text for one in found.people]
    assert all(one.origin.line == 3 for one in found.people)


@needs_models
def test_an_item_of_another_language_is_not_read(tmp_path: Path) -> None:
    found = load(tmp_path, "---\nlang: en\n---\nPeter Smith of Nordwave Systems opened the plant.\n\nMore.\n")
    assert (found.people, found.organisations, found.spoken) == ((), (), ())


@needs_models
def test_spans_lie_inside_their_text() -> None:
    text = "«Ёлочный завод» и Фёдор Ёлкин\u00a0– в Ханое; No, 5 %."
    assert all(re.search(r"\w", text[start:end]) for start, end, _ in find_entities(text))
