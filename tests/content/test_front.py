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
        ("---\ndate: 2024-02-31\n---\nТекст", 2, "'date' must be a date"),
        ("---\ntitle: А: Б: В\n---\nТекст", 2, "broken"),
        ("---\ntitle: А\nlead: [1\n---\nТекст", 4, "broken"),
        ("---\n- а\n- б\n---\nТекст", 2, "not a mapping"),
        ("---\nпросто слова\n---\nТекст", 2, "not a mapping"),
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


@given(st.text(max_size=200))
def test_any_text_between_the_dashes_is_read_or_refused(source: str) -> None:
    try:
        front = split_front(f"---\n{source}\n---\nТекст", "a.md")
    except InputError:
        return
    assert set(front.values) <= set(KEYS)
