"""The Russian catalogue is whole: every English sentence that an editor or a designer can meet has an entry.

The sentences are read from the program's own source by `program_sentences`.
"""

from __future__ import annotations

import itertools
import re
import tomllib
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.check import IDS
from newsletter.check.finding import SEVERITIES
from newsletter.check.mixed_letters import _CYRILLIC_ALIKE, _LATIN_ALIKE
from newsletter.content.load import load_item
from newsletter.errors import NewsletterError
from newsletter.translation import (
    HOLES,
    LANGUAGES,
    Catalogue,
    catalogue,
    finding_name,
    read_sentences,
    sentence,
    severity_name,
)
from tests.program_sentences import (
    HOLE,
    NO_MESSAGES,
    NOT_COVERED,
    PACKAGE,
    WITH_THEIR_WORDS,
    covered_modules,
    said_in,
    sentences,
)


def entries() -> dict[str, str]:
    return read_sentences((PACKAGE / "words" / "ru.toml").read_text(encoding="utf-8"))


def with_holes(english: str) -> str:
    """Return an entry's English with HOLE for each of its holes, of whatever kind."""
    return re.sub(rf"\{{(?:{'|'.join(HOLES)}|)\}}", HOLE, english)


def filled(text: str) -> str:
    """Return a sentence with a number in each hole, a value that all but words take."""
    numbers = itertools.count(7001)
    return re.sub(HOLE, lambda _: str(next(numbers)), text)


RUSSIAN = catalogue("ru")
KNOWN = {with_holes(english) for english in entries()}


def test_every_sentence_that_an_editor_or_designer_can_meet_is_translated() -> None:
    missing = [
        f'newsletter/{said.module}:{said.line}: add to words/ru.toml: "{said.text.replace(HOLE, "{}")}" = "…"'
        for said in sentences()
        if said.text not in KNOWN
        and said.text not in WITH_THEIR_WORDS.get(said.module, ())
        and RUSSIAN.translate(filled(said.text)) == filled(said.text)
    ]
    assert "\n".join(missing) == ""


@pytest.mark.parametrize(
    "said", [one for table in WITH_THEIR_WORDS.values() for all_ in table.values() for one in all_]
)
def test_a_sentence_that_needs_its_words_is_translated_with_them(said: str) -> None:
    translated = RUSSIAN.translate(said)
    assert translated != said
    assert not re.search(r"\b(?:the|with|has|text|nothing)\b", translated)


def test_the_walk_finds_sentences_in_every_way_the_program_builds_them() -> None:
    found = {(said.module, said.text.replace(HOLE, "{}")) for said in sentences()}
    assert {
        ("check/no_date.py", "there is no date: the mail shows none"),  # an argument
        ("check/subject_cut.py", "the subject has {} characters; phones show: «{}»"),  # a condition inside
        ("check/mjml_nesting.py", "put it in {}"),  # of a tuple that is yielded
        ("content/keys.py", "has the year 0"),  # of an error that another wraps
        ("check/typography.py", "hyphens for dashes"),  # of a table
        ("check/hosts.py", "is no host name"),  # what a function returns
        ("render/child.py", "{}: not in order, left out: {}"),  # a note
        ("config.py", 'write {} = ["…", "…"]'),
    } <= found


def test_no_name_of_what_is_left_out_is_stale() -> None:
    assert [name for name in NOT_COVERED if not (PACKAGE / name).exists()] == []
    said = {(one.module, one.text) for path in covered_modules() for one in said_in(path)}
    assert [
        one
        for table in (NO_MESSAGES, WITH_THEIR_WORDS)
        for module, texts in table.items()
        for text in texts
        if (one := (module, text)) not in said
    ] == []


def test_no_entry_translates_what_the_program_no_longer_says() -> None:
    """Every two words that stand side by side in an entry do so in the program, but for the joints of two sentences."""
    pairs = {pair for path in PACKAGE.rglob("*.py") for one in said_in(path) for pair in word_pairs(one.text)}
    foreign = tomllib.loads((PACKAGE / "words" / "ru.toml").read_text(encoding="utf-8"))["foreign"]
    stale = {
        english: unsaid
        for english in entries()
        if english not in foreign
        and len(unsaid := [pair for pair in word_pairs(with_holes(english)) if pair not in pairs]) > MOST_JOINTS
    }
    assert stale == {}


MOST_JOINTS = 1


def word_pairs(text: str) -> list[tuple[str, str]]:
    return [pair for part in text.split(HOLE) for pair in itertools.pairwise(re.findall(r"[\w.-]+", part))]


@pytest.mark.parametrize("identity", IDS)
def test_every_finding_has_a_short_name_in_each_language(identity: str) -> None:
    for language in LANGUAGES:
        name = finding_name(identity, language)
        assert name != identity
        assert 2 <= len(name.split()) <= 6
        assert bool(re.search("[а-яё]", name)) is (language == "ru")


def test_names_are_only_of_findings_that_there_are_and_differ() -> None:
    names = tomllib.loads((PACKAGE / "words" / "names.toml").read_text(encoding="utf-8"))
    assert sorted(names["finding"]) == sorted(IDS)
    assert sorted(names["severity"]) == sorted(SEVERITIES)
    for language in LANGUAGES:
        assert len({finding_name(identity, language) for identity in IDS}) == len(IDS)


def test_an_unknown_finding_is_called_by_its_id() -> None:
    assert finding_name("newer_than_this", "ru") == "newer_than_this"
    assert severity_name("warning", "ru") == "предупреждение"
    assert severity_name("warning", "fr") == "warning"


def test_translations_are_russian_and_begin_as_a_part_of_a_line() -> None:
    wrong = {english: russian for english, russian in entries().items() if slip_in(english, russian)}
    assert wrong == {}


def slip_in(english: str, russian: str) -> bool:
    is_untranslated = not re.search("[а-яё]", russian) and english not in SAME_IN_BOTH
    return bool(
        (is_untranslated and re.search("[a-z]{3}", with_holes(english)))
        or russian.endswith(".")
        or re.match("[А-ЯЁ][а-яё]", russian)
        or russian.count("«") != russian.count("»")
        or re.search(r" [-–] |  ", russian)
    )


SAME_IN_BOTH = frozenset({"true or false", "MJML: {words}", "ValueError: {words}", "office", "brand"})


# What is said, and what an editor reads: by way of each kind of hole.
READ = (
    ("there is no date: the mail shows none", "даты нет: в письме её тоже не будет"),
    ("the subject has 51 characters; phones show: «Рост|…»", "в теме 51 знак; телефон обрежет её так: «Рост|…»"),
    ("the subject has 42 characters; phones show: «Рост|…»", "в теме 42 знака; телефон обрежет её так: «Рост|…»"),
    (
        "the subject has 77 characters; most lists show: «Рост|…»",
        "в теме 77 знаков; почта почти везде обрежет её так: «Рост|…»",
    ),
    ("front matter knows no key 'titel'", "такого ключа в шапке не бывает: «titel»"),
    ("did you mean 'title'?", "может быть, title?"),
    ("'date' has the day 31; February 2026 has 28 days", "ключ «date»: дня 31 не бывает: февраль 2026 — 28 дней"),
    (
        "'lang' must be a language code such as ru, not 'рус'",
        "ключ «lang»: здесь нужен код языка, например ru, а написано «рус»",
    ),
    ("smtp.window must be a whole number", "для smtp.window нужно другое: целое число"),
    ("smtp.window must be between 1 and 50", "smtp.window: здесь нужно число от 1 до 50"),
    (
        "the link «Форум «Заречье» сегодня» leads nowhere: https:// names no host",
        "ссылка «Форум «Заречье» сегодня» никуда не ведёт: в адресе https:// нет имени сайта",
    ),
    (
        "«Текст» and 2 more: #aaaaaa on #ffffff is 2.3:1, 4.5:1 is readable",
        "«Текст» и ещё 2: #aaaaaa на #ffffff даёт контраст 2,3:1, читается от 4,5:1",
    ),
    ("write a colour or a size in px, %, 1 to 4 of them", "напишите: цвет или размер в px, %, от 1 до 4 значений"),
    (
        "the checks refuse this issue: a link has an empty address [link_target]; there is no date: the mail shows none"
        " [no_date]; and 3 more",
        "проверки не пропускают этот выпуск: у ссылки пустой адрес [link_target]; даты нет: в письме её тоже не будет"
        " [no_date]; и ещё 3",
    ),
    (
        "position («position: fixed») is not supported by Apple Mail on iOS, Mail.ru (line 5 of the HTML)",
        "position («position: fixed») не поддерживают: Apple Mail на iOS, Mail.ru (строка 5 готового HTML)",
    ),
    (
        "typography is mended in the mail in 7 places (quotes 6, minus signs 1), first: «Луч»",
        "в письме исправлены знаки, мест — 7 (кавычки — 6, минусы — 1), первое: «Луч»",
    ),
    ("the file has more than 2,000 signs", "the file has more than 2,000 signs"),
    ("a name here has more than 2,000 characters", "имя здесь длиннее 2\u00a0000 знаков"),
    ("cannot be read: Permission denied", "прочесть не удалось: нет прав на чтение или запись"),
    ("cannot be read: Operation not permitted", "прочесть не удалось: Operation not permitted"),
    (
        "subscriber.name is filled in for each subscriber and cannot be used as a condition",
        "subscriber.name у каждого подписчика своё, его нельзя использовать как условие",
    ),
    (
        "this mail has 1 of 2 approvals (Анна Белова); nothing was sent",
        "у этого письма 1 из 2 согласований (Анна Белова); ничего не отправлено",
    ),
)


@pytest.mark.parametrize(("english", "russian"), READ)
def test_a_message_is_read_in_russian(english: str, russian: str) -> None:
    assert RUSSIAN.translate(english) == russian


def test_a_title_that_reads_like_a_message_stays_as_it_was_typed() -> None:
    said = "no title was given; «the file is empty» was made from the first paragraph"
    assert "«the file is empty»" in RUSSIAN.translate(said)


def test_a_value_that_looks_like_a_hole_is_not_filled() -> None:
    said = "there is no image file '{1} {2:a|b|c} {}' under content/ or beside the item"
    assert "«{1} {2:a|b|c} {}»" in RUSSIAN.translate(said)


def test_what_no_entry_knows_is_returned_as_it_is() -> None:
    assert RUSSIAN.translate("a message of tomorrow: 5") == "a message of tomorrow: 5"
    assert RUSSIAN.translate("") == ""


def test_the_english_room_reads_what_the_program_says() -> None:
    assert catalogue("en").translate(READ[0][0]) == READ[0][0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("empty.txt", ""),
        ("item.doc", "x"),
        ("item.docx", "x"),
        ("feed.xml", "<x/>"),
        ("open.md", "---\ntitle: Рост\n\nТекст\n"),
        ("key.md", "---\ntitel: Рост\n---\nТекст\n"),
        ("twice.md", "---\ntitle: Рост\ntitle: Рост\n---\nТекст\n"),
        ("colon.md", "---\ntitle: Итоги: рост\n---\nТекст\n"),
        ("glued.md", "---\ntitle:Рост\n---\nТекст\n"),
        ("tab.md", "---\ntitle: Рост\n\tdate: 2026-11-23\n---\nТекст\n"),
        ("dashes.md", "———\ntitle: Рост\n———\nТекст\n"),
        ("day.md", "---\ndate: 31.02.2026\n---\nТекст\n"),
        ("month.md", "---\ndate: 2026-13-01\n---\nТекст\n"),
        ("quotes.md", "---\nquotes: Рост\n---\nТекст\n"),
        ("figures.md", "---\nfigures: Рост\n---\nТекст\n"),
        ("begins.md", "---\nquotes: [{begins: Рост}]\n---\n# Рост\n\nТекст\n"),
        ("picture.md", "# Рост\n\n![Цех](plant.jpg)\n"),
        ("inside.md", "# Рост\n\nТекст ![Цех](https://zarechye.example/a.jpg) дальше\n"),
        ("link.md", "# Рост\n\nТекст [сюда](javascript:alert) дальше\n"),
        ("cells.md", "# Рост\n\n| а | б |\n| --- | --- |\n| 1 | 2 | 3 |\n"),
        ("group.md", "# Рост\n\n```figures\n```\n"),
        ("said.md", "# Рост\n\n> — Анна Белова, директор завода\n"),
    ],
)
def test_an_item_that_is_refused_is_refused_in_russian(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / "content").mkdir()
    path = tmp_path / "content" / file
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NewsletterError) as refused:
        load_item(path, root=tmp_path)
    for said in (refused.value.message, refused.value.fix):
        assert RUSSIAN.translate(said) != said, said


def test_a_sentence_of_a_page_begins_large_and_ends_with_a_stop() -> None:
    assert sentence("файл пустой") == "Файл пустой."
    assert sentence("issue.toml пуст") == "issue.toml пуст."
    assert sentence("http://a.example leads nowhere") == "http://a.example leads nowhere."
    assert sentence("mailto:a@b.example ведёт в никуда") == "mailto:a@b.example ведёт в никуда."
    assert sentence("строка: пусто") == "Строка: пусто."
    assert sentence("public_url must not be empty") == "public_url must not be empty."
    assert sentence("there is no date: the mail shows none") == "There is no date: the mail shows none."
    assert sentence("может быть, title?") == "Может быть, title?"
    assert sentence("") == ""


@pytest.mark.parametrize(
    ("english", "russian", "why"),
    [
        ("a {}{number} b", "{1} {2}", "two holes touch"),
        ("a {} b {}", "а {1}", "does not show every value"),
        ("a {number} b", "{1:знак|знака|знаков}", "does not show every value"),
        ("a {}", "{1} {2}", "does not show every value"),
        ("{words}", "{1}", "any message"),
    ],
)
def test_an_entry_that_would_lose_a_value_is_refused(english: str, russian: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Catalogue({english: russian})


def test_a_sentence_that_stands_twice_in_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        read_sentences('[a]\n"x" = "y"\n[b]\n"x" = "z"\n')


def test_the_entry_that_says_most_of_a_message_wins() -> None:
    words = Catalogue({"the file {}": "файл {1}", "the file {} is empty": "файл {1} пуст", "{} is empty": "{1}: пусто"})
    assert words.translate("the file a is empty") == "файл a пуст"
    assert words.translate("the file a is full") == "файл a is full"
    assert words.translate("a folder is empty") == "a folder: пусто"


# Texts that somebody could write into an item: words of messages, repeated, broken, with the catalogue's own signs.
PIECES = st.sampled_from(
    [
        *itertools.chain.from_iterable(with_holes(english).split(HOLE) for english in entries()),
        "«",
        "»",
        "{1}",
        "'",
        "; ",
    ]
)
HOSTILE = st.lists(PIECES | st.text(max_size=20), max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
@example("«" * 10_000)
@example("the link «" + "» leads nowhere: " * 600)
@example("a; " * 3_300)
@example("; ".join(["May"] * 120))
@example("{} («x») is not supported by y (line 5 of the HTML): " * 200)
@example("the checks refuse this issue: " + "there is no date: the mail shows none [no_date]; " * 200)
@example(" or ".join(["write a colour"] * 600))
def test_translating_never_raises_whatever_it_is_given(text: str) -> None:
    assert isinstance(RUSSIAN.translate(text), str)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(entries())), st.lists(st.text(min_size=1, max_size=60), min_size=9, max_size=9))
def test_translating_never_loses_what_an_entry_shows_as_it_is(english: str, values: list[str]) -> None:
    """Each value is shown whole, or, where it holds words of the sentence itself, cut elsewhere but not lost."""
    given_values = iter(values)
    shown: list[str] = []

    def value(found: re.Match[str]) -> str:
        shown.append(
            {"{}": next(given_values), "{number}": "7", "{name}": "title", "{quoted}": "key"}.get(found[0], "x")
        )
        return f"'{shown[-1]}'" if found[0] == "{quoted}" else shown[-1]

    said = re.sub(rf"\{{(?:{'|'.join(HOLES)}|)\}}", value, english)
    translated = RUSSIAN.translate(said)
    if translated != said:
        assert not (Counter("".join(shown)) - Counter(translated)), (said, translated)


@pytest.mark.parametrize("script", [_LATIN_ALIKE, _CYRILLIC_ALIKE])
def test_every_letter_that_looks_like_another_is_named_in_russian(script: frozenset[str]) -> None:
    for letter in script:
        name = unicodedata.name(letter).lower()
        said = RUSSIAN.translate(f"«{letter}ход» has Latin letters among others: [{letter}]ход (letter 1 is {name})")
        assert re.fullmatch(rf".*\(буква 1 по счёту — [а-я]+ «{letter}»\)", said), said
