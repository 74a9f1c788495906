from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.front import split_front
from newsletter.content.keys import KEYS
from newsletter.errors import InputError


def test_a_file_without_front_matter_is_all_body() -> None:
    front = split_front("Текст\n---\nещё", "a.txt")
    assert (front.body, front.body_line, dict(front.values)) == ("Текст\n---\nещё", 1, {})


def test_values_lines_and_the_body_s_line_are_those_of_the_file() -> None:
    front = split_front("---\n\n# заметка\ntitle: Заголовок\n\ndate: 2024-05-14\n---\n\n\nТекст", "a.txt")
    assert dict(front.values) == {"title": "Заголовок", "date": date(2024, 5, 14)}
    assert dict(front.lines) == {"title": 4, "date": 6}
    offset = front.body.split("\n").index("Текст")
    assert front.body_line + offset == 10


def test_words_stay_as_written() -> None:
    front = split_front("---\ntitle: 007\nsubject: no\nauthor: yes\nsource: 1.50\n---\nТекст", "a.txt")
    assert dict(front.values) == {"title": "007", "subject": "no", "author": "yes", "source": "1.50"}


def test_empty_front_matter_and_empty_values_say_nothing() -> None:
    assert dict(split_front("---\n---\nТекст", "a.txt").values) == {}
    assert dict(split_front("---\ntitle:\n---\nТекст", "a.txt").values) == {}


def test_an_empty_key_can_say_that_there_is_none() -> None:
    assert dict(split_front("---\nclosing: no\nplaces:\n---\nТекст", "a.txt").values) == {"closing": "", "places": {}}


def test_structures_are_read() -> None:
    text = (
        "---\nvariants: {language: [ru, en]}\nwaive: {size: проверено}\nlist: press\n"
        "quotes: [{begins: Мы, speaker: Анна Белова}]\nplaces: {Европа: [Литва]}\n"
        "figures: [248 млн рублей | экспорт]\nbutton: {text: Читать, href: https://zarechye.example}\n---\nТекст"
    )
    values = split_front(text, "a.txt").values
    assert values["variants"] == {"language": ["ru", "en"]}
    assert values["waive"] == {"size": "проверено"}
    assert values["quotes"] == [{"begins": "Мы", "speaker": "Анна Белова"}]
    assert values["places"] == {"Европа": ["Литва"]}
    assert values["figures"] == [{"text": "248 млн рублей", "measures": "экспорт"}]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\ntitle: А\nТекст", 1, "not closed"),
        ("---\ntitle: А\ndate: soon\n---\nТекст", 3, "'date' must be a date"),
        ("---\ntitle: А: Б: В\n---\nТекст", 2, 'put the whole text in quotes: title: "А: Б: В"'),
        ("---\ntitle: «А»: Б\n---\nТекст", 2, "a colon stands inside the text; put the whole text in quotes"),
        ("---\ntitle: А\nlead: [1\n---\nТекст", 3, "the bracket [ opened in this line is not closed"),
        ("---\n- а\n- б\n---\nТекст", 2, 'no "key: value" line stands here'),
        ("---\nпросто слова\n---\nТекст", 2, 'no "key: value" line stands here'),
        ("---\ntitle:\tЦех\n---\nТекст", 2, "a tab stands here; use spaces"),
        ("---\nquotes:\n  - begins: А\n\tspeaker: Б\n---\nТекст", 4, "a tab stands here; use spaces"),
        ('---\ntitle: "Цех" открыт\n---\nТекст', 2, "other kind: title: '\"Цех\" открыт'"),
        ("---\ntitle: 'Д'Арк'\n---\nТекст", 2, 'other kind: title: "Д\'Арк"'),
        ('---\ntitle: "А: б\ndate: 2026-11-20\n---\nТекст', 2, 'quote mark " opened in this line is not closed'),
        ('---\ntitle: "А\ndate: 2026-11-20\nsource: "Б"\n---\nТекст', 2, "opened in this line is not closed"),
        ("---\ntitle:Цех\n---\nТекст", 2, 'no space after the colon; write "title: Цех"'),
        ("---\ntitle:Цех\ndate: 2026-11-20\n---\nТекст", 2, 'no space after the colon; write "title: Цех"'),
        ("---\ntitle = Цех\n---\nТекст", 2, 'write a colon: "title: Цех"'),
        ("---\ntitle: А\n date: 2026-11-20\n---\nТекст", 3, "begins with spaces"),
        ("---\ntitle: @а\n---\nТекст", 2, "begins with the sign '@'"),
        ("---\nlead: 'а\n  б'\ntitle: @а\n---\nТекст", 4, "begins with the sign '@'"),
        ("———\ntitle: Цех\n———\nТекст", 1, "write three hyphens"),
        ("\n–––\ntitle: Цех\n---\nТекст", 2, "write three hyphens"),
        ("---\ntitle: Цех\n———\nТекст", 3, "write three hyphens"),
        ("---\ndate: 2026-11-31\n---\nТекст", 2, "'date' has the day 31; November has 30 days"),
        ("---\ndate: 29.02.2026\n---\nТекст", 2, "February 2026 has 28 days"),
        ("---\ndate: 20.13.2026\n---\nТекст", 2, "has the month 13; there are 12"),
        ("---\nembargo_until: 24.11.2026 25:00\n---\nТекст", 2, "must be a moment such as 24.11.2026 10:00"),
        ("---\nembargo_until: 31.11.2026 10:00\n---\nТекст", 2, "November has 30 days"),
        ("---\ntitle: А\ntitel: Б\n---\nТекст", 3, "did you mean 'title'"),
        ("---\ntitle: А\ntitle: Б\n---\nТекст", 3, "twice"),
        ("---\ntitle: &a А\nsubject: *a\n---\nТекст", 3, "alias"),
        ("---\ntitle: [а]\n---\nТекст", 2, "must be text"),
        ('---\nsubject: "А\\r\\nBcc: x"\n---\nТекст', 2, "one line"),
        ('---\ntitle: "А\\u0007"\n---\nТекст', 2, "one line"),
        ("---\nlang: русский\n---\nТекст", 2, "language code"),
        ("---\nvariants: [ru]\n---\nТекст", 2, "mapping"),
        ("---\nwaive: {size: }\n---\nТекст", 2, "must not be empty"),
        ("---\nembargo_until: завтра\n---\nТекст", 2, "moment"),
        ("---\nbutton: {text: А}\n---\nТекст", 2, "lacks 'href'"),
        ("---\nquotes: [{begin: А}]\n---\nТекст", 2, "unknown field"),
        ("---\nfigures: [а | б | в | г | д]\n---\nТекст", 2, "must read as"),
        ("\n---\ntitle: А\n---\nТекст", 2, "first line"),
        ("---\ntitle: " + "[" * 5000 + "]" * 5000 + "\n---\nТекст", 2, "nested too deeply"),
    ],
)
def test_a_mistake_is_one_error_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        split_front(text, "content/a.md")
    assert words in str(caught.value)
    assert (caught.value.path, caught.value.line) == ("content/a.md", line)
    assert caught.value.fix
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fence", ["----", "-----", "--- "])
def test_more_than_three_hyphens_are_a_fence_too(fence: str) -> None:
    front = split_front(f"{fence}\ntitle: Цех\n{fence}\nТекст", "a.txt")
    assert (front.values, front.body.strip()) == ({"title": "Цех"}, "Текст")


@pytest.mark.parametrize("text", ["———\nЗавод открыт\n———\n", "Завод открыт\n———\ntitle: Цех", "— Да.\ntitle: Цех"])
def test_a_line_of_dashes_above_text_is_no_front_matter(text: str) -> None:
    assert split_front(text, "a.txt").body == text


@pytest.mark.parametrize(
    "words", ["20 ноября 2026", "20 ноября 2026 г.", "20 НОЯБРЯ 2026 года", "20.11.2026", "2026-11-20"]
)
def test_a_day_is_written_as_offices_write_it(words: str) -> None:
    assert split_front(f"---\ndate: {words}\n---\nТекст", "a.txt").values == {"date": date(2026, 11, 20)}


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("24.11.2026 10:00", "2026-11-24T10:00:00"),
        ("24.11.2026, в 9.30", "2026-11-24T09:30:00"),
        ("24 ноября 2026 г. 10:00", "2026-11-24T10:00:00"),
        ("24.11.2026", "2026-11-24T00:00:00"),
        ("2026-11-24T10:00+03:00", "2026-11-24T10:00+03:00"),
        ("2026-11-24 10:00", "2026-11-24T10:00:00"),
    ],
)
def test_an_embargo_is_written_as_offices_write_it(words: str, moment: str) -> None:
    assert split_front(f"---\nembargo_until: {words}\n---\nТекст", "a.txt").values == {"embargo_until": moment}


@given(st.text(alphabet="\t \n:-'\"[]{}@=titledаб", max_size=60))
def test_any_slip_is_read_or_one_error_inside_the_file(source: str) -> None:
    refused: InputError | None = None
    try:
        split_front(f"---\ntitle: А\n{source}\n---\nТекст", "a.md")
    except InputError as error:
        refused = error
    assert refused is None or (1 <= refused.line <= source.count("\n") + 5 and refused.fix)
    assert "\n" not in str(refused)


@given(st.text(max_size=200))
def test_any_text_between_the_dashes_is_read_or_refused(source: str) -> None:
    try:
        front = split_front(f"---\n{source}\n---\nТекст", "a.md")
    except InputError:
        return
    assert set(front.values) <= set(KEYS)
