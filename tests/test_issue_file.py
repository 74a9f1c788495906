"""`issue.toml`: what it may say, and one line with its place for everything else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.item import Span, plain
from newsletter.errors import InputError
from newsletter.issue_file import ISSUE_KEYS, MAX_CHARS, Written, parse_issue_file

SHOWN = "content/week/issue.toml"

WHOLE = '''key = "week-47"
title = "Неделя в «Заречье»"
subject = "Пять новостей"
preheader = "Экспорт, открытие, конкурс"
date = 2026-11-20
lang = "ru"
template = "press"
list = "press"
author = "Анна Соколова"
embargo_until = 2026-11-20T10:00:00+03:00
order = ["two.md", "one.txt"]
intro = """
Добрый день!

О **главном** за неделю – [на сайте](https://zarechye.example/week).
"""
waive = { no_date = "вечное" }
[variants]
language = ["ru", "en"]
'''


def read(text: str) -> Written:
    return parse_issue_file(text, SHOWN)


def test_everything_an_issue_can_say_is_read() -> None:
    written = read(WHOLE)
    assert written.order == ("two.md", "one.txt")
    assert plain(written.intro) == "Добрый день!\n\nО главном за неделю – на сайте."
    assert Span(text="на сайте", href="https://zarechye.example/week") in written.intro
    assert written.values == {
        "key": "week-47",
        "title": "Неделя в «Заречье»",
        "subject": "Пять новостей",
        "preheader": "Экспорт, открытие, конкурс",
        "date": date(2026, 11, 20),
        "lang": "ru",
        "template": "press",
        "list": "press",
        "author": "Анна Соколова",
        "embargo_until": "2026-11-20T10:00:00+03:00",
        "waive": {"no_date": "вечное"},
        "variants": {"language": ["ru", "en"]},
    }


@pytest.mark.parametrize("words", ["20 ноября 2026", "20 ноября 2026 г.", "20.11.2026", "2026-11-20"])
def test_a_day_is_written_as_offices_write_it(words: str) -> None:
    assert read(f'date = "{words}"').values == {"date": date(2026, 11, 20)}


def test_an_empty_file_says_nothing() -> None:
    assert read("").values == {}
    assert read('title = ""\nintro = " "').values == {}


def test_whole_example_names_every_key() -> None:
    assert {*read(WHOLE).values, "intro", "order"} == set(ISSUE_KEYS)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('title = "a"\nsubjekt = "b"', 2, "did you mean 'subject'"),
        ('\n\nzzzzzz = "b"', 3, "the keys are"),
        ("title = 5", 1, "'title' must be text in straight quotes"),
        ('lang = "ru"\ntitle = ["a"]', 2, "'title' must be text"),
        ("title = «Неделя»", 1, 'put it in quotes: title = "«Неделя»"'),
        ("title = “Неделя”", 1, 'not straight ones; write title = "Неделя"'),
        ("title = Неделя", 1, 'without straight quotes; put it in quotes: title = "Неделя"'),
        ('title: "Неделя"', 1, 'equals sign must; write title = "Неделя"'),
        ('title = "Неделя\ndate = 2026-11-20', 1, 'the quote mark " opened in this line is not closed'),
        ('title = "А "Б" В"', 1, "between single ones: title = 'А \"Б\" В'"),
        ('key = "k"\nintro = """\nТекст\n\nещё', 2, '""" opened in this line is not closed'),
        ("title =", 1, "'title' has no value"),
        ('key = "k"\ndate = 20.11.2026', 2, 'put it in quotes: date = "20.11.2026"'),
        ("date = 20 ноября 2026", 1, 'put it in quotes: date = "20 ноября 2026"'),
        ("date = 2026-11-31", 1, "November has 30 days"),
        ('order = ["a.md", "b.md"', 1, "bracket [ opened in this line is not closed"),
        ("order = [a.md, b.md]", 1, "an entry of this list stands without straight quotes"),
        ('заголовок = "а"', 1, "not of Latin letters"),
        ('title = "a"\ntitle = "b"', 2, "stands twice"),
        ('date = "20 ноября"', 1, "must be a date"),
        ('date = "2026-11-31"', 1, "November has 30 days"),
        ('embargo_until = "завтра"', 1, "must be a moment"),
        ('title = "a"\norder = "one.md"', 2, "must be a list of file names"),
        ("order = []", 1, "must be a list of file names"),
        ("order = [1]", 1, "straight quotes"),
        ('order = [\n"a.md",\n"../b.md"]', 1, "leads out of it"),
        ('order = ["/etc/passwd"]', 1, "leads out of it"),
        ('order = [".."]', 1, "leads out of it"),
        ('order = ["a.md", "a.md"]', 1, "twice"),
        ('key = "   "\n', 1, "must not be empty"),
        ('variants = "ru"', 1, "must be a mapping"),
        ('waive = ["no_date"]', 1, "must be a mapping"),
        ('title = "a\\u001bb"', 1, "control characters"),
        ('key = "k"\nintro = """\nДобрый день!\n\n- раз\n- два\n"""', 5, "paragraphs of text, this is a list"),
        ('intro = "# Заголовок"', 1, "this is a heading"),
        ('intro = """\nРаз.\n\n[тут](javascript:x)\n"""', 4, "link address"),
        ('intro = "![план](план.png)"', 1, "image"),
        ("[office]\nname = 1", 1, "knows no key 'office'"),
        ('key = "k"\n[item."a.docx"]\nrubrik = "Порт"', 3, "knows no key 'rubrik'; did you mean 'rubric'"),
        ('[item."a.docx"]\nrubric = "П"\nsubject = "Тема"', 3, "the table of an item knows no key 'subject'"),
        ('[item."a.docx"]\ndate = "завтра"', 2, "'date' must be a date"),
        ('[item."a.docx"]\n\nlink = "порт"', 3, "'link' must be a whole https address"),
        ("[item.a.docx]\nrubric = 'П'", 1, 'put the file\'s whole name in quotes: [item."name.docx"]'),
        ("[item.порт.docx]\nrubric = 'П'", 1, '[item."file.docx"]'),
        ("item = 'a.docx'", 1, "'item' is a table of one file"),
        ("a = " + "[" * 5_000, 1, ""),
        ("a = 1" + "0" * 5_000, 0, "plain values"),
        ("#" * (MAX_CHARS + 1), 0, "longer than 16 KB"),
    ],
)
def test_a_mistake_is_one_error_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert words in str(caught.value)
    assert caught.value.path == SHOWN
    if line and words:
        assert caught.value.line == line
    assert caught.value.fix


VALUES = st.recursive(
    st.one_of(
        st.integers(), st.booleans(), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace").decode())
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.tuples(st.sampled_from([*ISSUE_KEYS, "orders", "a"]), VALUES).map(
                lambda pair: f"{pair[0]} = {pair[1]!r}"
            ),
            max_size=5,
        ).map("\n".join),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused_with_file_and_way_out(text: str) -> None:
    refused: InputError | None = None
    values: set[str] = set()
    try:
        values = set(read(text).values)
    except InputError as error:
        refused = error
    assert values <= set(ISSUE_KEYS)
    assert refused is None or (refused.path == SHOWN and refused.fix and refused.line <= text.count("\n") + 1)
