"""Checks of the words themselves: typography, letters of two alphabets, marks without partners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.check import Finding
from newsletter.check.checked import spans_of
from newsletter.check.mixed_letters import odd_letters
from newsletter.check.unbalanced_quotes import odd_brackets
from newsletter.content.item import NewsItem, Origin, Paragraph, Span
from newsletter.content.load import load_item
from newsletter.content.polish import Mend, mends_of, polish_item
from newsletter.language.quotation import unpaired
from newsletter.language.typography import RULES
from newsletter.settings import Typography

Find = Callable[..., list[Finding]]


def news(*paragraphs: str, title: str = "Заголовок") -> NewsItem:
    return NewsItem(
        title=title,
        title_proposed=False,
        lead=(Span(text="Начало."),),
        date=None,
        source="",
        blocks=tuple(
            Paragraph(text=(Span(text=words),), origin=Origin(path="content/a.md", line=10 + n))
            for n, words in enumerate(paragraphs)
        ),
        front_lines={"title": 2},
        origin=Origin(path="content/a.md", line=7),
    )


def test_a_finding_in_the_lead_has_the_line_of_the_lead(tmp_path: Path, find: Find) -> None:
    """Word for word, link for link: the title stands on line 1, the lead on line 3."""
    path = tmp_path / "a.md"
    path.write_text("# Заголовок\n\nЗавод «Луч (рядом [сайт](https://a.example/)\n", encoding="utf-8")
    item = load_item(path, root=tmp_path)
    (span,) = [place.line for span, place in spans_of(item) if span.href]
    assert span == 3
    assert [finding.line for finding in find("unbalanced_quotes", items=(item,))] == [3, 3]
    path.write_text('# Заголовок\n\nЗавод "Луч"\n', encoding="utf-8")
    mends = list(mends_of(load_item(path, root=tmp_path), Typography()))
    assert [mend.origin.line for mend in mends] == [3]


def test_what_the_mail_mends_is_one_info_for_a_file_with_counts_and_the_first_place(find: Find) -> None:
    item = news("Слова", 'ОЭЗ "Заречье" и "Луч"', 'Рост - это "Луч"')
    (finding,) = find("typography", items=(item,), mends=tuple(mends_of(item, Typography())))
    assert (finding.severity, finding.line, finding.block) == ("info", 11, 1)
    assert 'in 7 places (quotes 6, dashes 1), first: ОЭЗ "Заречье" и "Луч"' in finding.message
    assert "--fix" in finding.fix
    word = replace(item, origin=replace(item.origin, path="content/a.docx"), blocks=(), title="Рост - это")
    (finding,) = find("typography", items=(word,), mends=tuple(mends_of(word, Typography())))
    assert "in 1 place (dashes 1)" in finding.message
    assert "--fix" not in finding.fix


def test_every_rule_has_its_words(find: Find) -> None:
    for made in (True, False):
        mends = tuple(
            Mend(rule=rule, count=2, excerpt="а", origin=Origin(path="a.md", line=1), block=None, made=made)
            for rule in RULES
            if rule != "nbsp_short"  # only binds: nothing to see
        )
        assert len(find("typography", mends=mends)) == (1 if made else len(mends))


def test_a_rule_that_is_off_makes_it_a_warning(find: Find) -> None:
    item = news('ОЭЗ "Заречье"')
    off = tuple(mends_of(item, Typography(quotes=False)))
    (finding,) = find("typography", items=(item,), mends=off)
    assert finding.severity == "warning"
    assert "typography.quotes" in finding.fix


def test_no_break_spaces_and_en_dashes_are_no_finding(find: Find) -> None:
    item = news("Рост – 5 % в г. Зареченск на 10 км")
    assert find("typography", items=(item,), mends=tuple(mends_of(item, Typography()))) == []


@pytest.mark.parametrize(
    ("word", "odd"),
    [
        ("Зaречье", (1,)),
        ("Cбербанк", (0,)),
        ("МТC", (2,)),
        ("Рocсия", (1, 2)),
        ("Zаrechye", (1,)),
        ("Заречье", ()),
        ("Zarechye", ()),
        ("PRщик", ()),
        ("SMMу", ()),
        ("SMMщиками", ()),
        ("zaвод", (1,)),
        ("Zaречье", (1,)),
        ("Zаречье", ()),
        ("YouTubeканал", ()),
        ("Ёлка", ()),
    ],
)
def test_a_letter_of_the_other_alphabet_is_found(word: str, odd: tuple[int, ...]) -> None:
    assert odd_letters(word) == odd


def test_the_finding_shows_letter_and_place(find: Find) -> None:
    (finding,) = find("mixed_letters", items=(news("Особая зона «Зaречье» растёт"),))
    assert (finding.severity, finding.line, finding.block) == ("warning", 10, 0)
    assert "З[a]речье (letter 2 is latin small letter a)" in finding.message


@pytest.mark.parametrize(
    "words",
    [
        "IT-парк, 3D-печать, UX/UI, Wi-Fi и CRM-система",
        "почта: press@zarechye.example, сайт https://zareche.example/новости",
        "Витамин A, вариант b и гепатит C.",
        "Вариант A. Вариант B.",
        "Купили iPhone и Samsung",
    ],
)
def test_what_belongs_together_is_no_finding(words: str, find: Find) -> None:
    assert find("mixed_letters", items=(news(words),)) == []


@pytest.mark.parametrize("words", ["приехали c Москвой", "A завод работает", "работает. B городе"])
def test_a_lone_latin_letter_among_russian_words_is_found(words: str, find: Find) -> None:
    (finding,) = find("mixed_letters", items=(news(words),))
    assert "Latin letter among Russian words" in finding.message


def test_code_may_mix_what_it_likes(find: Find) -> None:
    item = news("слово")
    code = Paragraph(text=(Span(text="Зaречье «", code=True),), origin=Origin(path="content/a.md", line=12))
    assert find("mixed_letters", items=(replace(item, blocks=(code,)),)) == []
    assert find("unbalanced_quotes", items=(replace(item, blocks=(code,)),)) == []


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ('"Мы рады, - сказал директор завода Иван Петров.', [3]),
        ('Он сказал: "Мы очень рады.', [3]),
        ('Завод "Луч открыт.', [3]),
        ('"Мы рады", - сказал директор завода Иван Петров. - "Это важно".', []),
        ('"Мы рады.\n\n"И ещё рады.\n\nИ снова", - сказал директор завода Иван Петров.', []),
        ('Экран 15" купил "Луч".', []),
        ('Код `"` и `a"b`.', []),
    ],
)
def test_a_forgotten_straight_mark_is_found_where_words_were_cut_out(
    words: str, lines: list[int], tmp_path: Path, find: Find
) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"# Заголовок\n\n{words}\n", encoding="utf-8")
    item = polish_item(load_item(path, root=tmp_path), Typography())
    assert [finding.line for finding in find("unbalanced_quotes", items=(item,))] == lines


@pytest.mark.parametrize(
    ("words", "char"),
    [
        ("ОЭЗ «Технополис «Москва» и другие", "«"),
        ("ОЭЗ Заречье» растёт", "»"),
        ("Рост (на 5 % растёт", "("),
        ("Рост на 5 %) растёт", ")"),
    ],
)
def test_a_mark_without_partner_is_a_warning_with_its_line(words: str, char: str, find: Find) -> None:
    (finding,) = find("unbalanced_quotes", items=(news("Слова", words),))
    assert (finding.severity, finding.line, finding.block) == ("warning", 11, 1)
    assert f" {char} has no partner" in finding.message


@pytest.mark.parametrize(
    "words",
    [
        "«Фонд „Развитие“»",
        'монитор 27" и 5\'10"',
        "1) первое; 2) второе; а) третье",
        "спасибо :) и ;-)",
        "(скобки [в скобках])",
        "https://a.example/(b",
    ],
)
def test_marks_with_partners_are_no_finding(words: str, find: Find) -> None:
    assert find("unbalanced_quotes", items=(news(words),)) == []


def test_a_quotation_may_go_on_over_paragraphs(find: Find) -> None:
    assert find("unbalanced_quotes", items=(news("«Первый абзац.", "«Второй абзац.", "Третий», – сказал он."),)) == []
    assert len(find("unbalanced_quotes", items=(news("«Первый абзац.", "Второй абзац."),))) == 1


@given(st.text(alphabet='«»„“”"()[] аб1:.', max_size=40))
def test_only_marks_are_ever_odd(text: str) -> None:
    assert all(text[at] in '«»„“”"' for at in unpaired(text))
    assert all(text[at] in "()[]" for at in odd_brackets(text))


@given(
    st.recursive(
        st.just("слово"),
        lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda parts: "«" + ", ".join(parts) + "»"),
        max_leaves=6,
    )
)
def test_what_was_nested_has_nothing_odd(text: str) -> None:
    assert unpaired(text) == ()
