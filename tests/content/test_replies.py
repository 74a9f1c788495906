from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.content.item import NewsItem, Paragraph, Quote, plain
from newsletter.content.load import load_item


def item(folder: Path, text: str) -> NewsItem:
    (folder / "a.txt").write_text(text, encoding="utf-8")
    return load_item(folder / "a.txt", root=folder)


def quotes(found: NewsItem) -> list[tuple[str, str, str]]:
    return [(plain(quote.text), quote.speaker, quote.role) for quote in found.quotes]


def prose(found: NewsItem) -> list[str]:
    return [plain(block.text) for block in found.blocks if isinstance(block, Paragraph)]


INTERVIEW = """Разговор с агрономом

Главный агроном хозяйства «Нива» Кирилл Ложкин рассказал о сезоне.

– Как прошёл сев?

– Закончили за две недели, хотя дожди мешали.

– А что с урожаем?

– Ждём не меньше прошлогоднего. Посмотрим.

Хозяйство работает давно.
"""


def test_answers_of_an_interview_are_quotes_of_whom_it_is_with(tmp_path: Path) -> None:
    found = item(tmp_path, INTERVIEW)
    who = ("Кирилл Ложкин", "главный агроном хозяйства «Нива»")
    assert quotes(found) == [
        ("Закончили за две недели, хотя дожди мешали.", *who),
        ("Ждём не меньше прошлогоднего. Посмотрим.", *who),
    ]
    assert prose(found) == ["– Как прошёл сев?", "– А что с урожаем?", "Хозяйство работает давно."]


def test_a_name_before_a_colon_says_whose_answer_it_is(tmp_path: Path) -> None:
    found = item(
        tmp_path,
        "О цехе говорили с директором.\n\nКорреспондент: Когда откроется цех?\n\n"
        "Анна Белова: Осенью. Людей набрали.\n\n"
        "Корреспондент: А дальше?\n\nА. Белова: – Дальше будет второй цех.\n",
    )
    assert [(words, who) for words, who, _ in quotes(found)] == [
        ("Осенью. Людей набрали.", "Анна Белова"),
        ("Дальше будет второй цех.", "Анна Белова"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Собрали семь проектов.\n\nСамый дорогой проект: Мост через реку.\n",
        "Что нового? Завод открыт.\n\nЦех работает.\n",
        "Цех открыт.\n\n– Первая линия собрана.\n\n– Вторая линия строится.\n",
    ],
)
def test_prose_and_lists_are_no_interview(tmp_path: Path, text: str) -> None:
    assert quotes(item(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        ("Так оценил запуск директор завода «Вектор» Пётр Ильин.", True),
        ("Об этом рассказал директор завода «Вектор» Пётр Ильин.", True),
        ("— Пётр Ильин, директор завода «Вектор»", False),
    ],
)
def test_a_quote_is_signed_by_the_paragraph_behind_it(tmp_path: Path, after: str, kept: bool) -> None:
    found = item(tmp_path, f"Линия запущена.\n\n«Мы ждали этого три года. Линия работает».\n\n{after}\n\nКонец.\n")
    words = "Мы ждали этого три года. Линия работает"
    assert quotes(found) == [(words, "Пётр Ильин", "директор завода «Вектор»")]
    assert prose(found) == ([after] if kept else []) + ["Конец."]


def test_a_quote_without_attribution_goes_on_from_the_one_before_it(tmp_path: Path) -> None:
    found = item(
        tmp_path,
        "Линия запущена.\n\n«Мы рады», – сказал мэр Пётр Ильин.\n\n«Теперь нас ждёт вторая линия, и она больше».\n",
    )
    assert [who for _, who, _ in quotes(found)] == ["Пётр Ильин", "Пётр Ильин"]


def test_an_introduced_reply_after_a_dash_is_a_quote(tmp_path: Path) -> None:
    found = item(tmp_path, "Линия запущена.\n\nМэр Пётр Ильин вспоминает:\n\n– Мы ждали этого три года.\n")
    assert quotes(found) == [("Мы ждали этого три года.", "Пётр Ильин", "мэр")]


@pytest.mark.parametrize(
    ("text", "words", "speaker"),
    [
        ("Мэр Пётр Ильин назвал запуск «самым важным днём года».", "самым важным днём года", "Пётр Ильин"),
        ("Очередь, по словам мэра Петра Ильина, «растёт как снежный ком».", "растёт как снежный ком", "Петр Ильин"),
        (
            "Директор Анна Белова признаёт: цех был «холодным и пустым сараем».",
            "холодным и пустым сараем",
            "Анна Белова",
        ),
    ],
)
def test_words_inside_a_sentence_are_told_apart_and_stay_in_it(
    tmp_path: Path, text: str, words: str, speaker: str
) -> None:
    found = item(tmp_path, f"Линия запущена.\n\n{text}\n")
    assert prose(found) == [text]
    assert [(plain(quote.text), quote.speaker) for quote in found.spoken] == [(words, speaker)]


@pytest.mark.parametrize(
    "text",
    [
        "Мэр Пётр Ильин открыл выставку «Свет и тень года».",
        "Сорт «в тени большого сада» высажен.",
        "Слово «цех на берегу».",
    ],
)
def test_names_of_things_are_nobodys_words(tmp_path: Path, text: str) -> None:
    assert item(tmp_path, f"Линия запущена.\n\n{text}\n").spoken == ()


def test_a_quote_in_the_lead_is_told_apart(tmp_path: Path) -> None:
    found = item(tmp_path, "«Мы рады», – сказал мэр Пётр Ильин.\n\nЦех открыт.\n")
    assert [(plain(quote.text), quote.speaker) for quote in found.spoken] == [("Мы рады", "Пётр Ильин")]
    assert plain(found.lead).startswith("«Мы рады»")


TURNS = [
    "–",
    "Корреспондент:",
    "Анна",
    "Белова:",
    "Как",
    "вырос",
    "завод?",
    "Мы",
    "рады.",
    "«Да»,",
    "сказала",
    "она.",
    "Анна",
    "Белова,",
    "директор",
    "завода",
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.lists(st.sampled_from(TURNS), min_size=1, max_size=8).map(" ".join), min_size=2, max_size=6))
def test_an_interview_loses_no_word(tmp_path: Path, turns: list[str]) -> None:
    told = item(tmp_path, "Новость дня\n\nЗавод открыт для всех.\n\n" + "\n\n".join(turns))
    shown = [plain(told.lead), told.title]
    for block in told.blocks:
        if isinstance(block, Paragraph | Quote):
            shown.append(plain(block.text))
        if isinstance(block, Quote):
            shown += [block.speaker, block.role, block.attribution]
    kept = set(re.findall(r"\w+", " ".join([*shown, told.closing, told.source, told.rubric]).lower()))
    assert set(re.findall(r"\w+", " ".join(turns).lower())) <= kept | {"корреспондент"}
