from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.draft import Draft
from newsletter.content.markdown import parse_markdown
from newsletter.content.mending import mend_body
from newsletter.content.polish import polish_blocks
from newsletter.content.text import parse_text
from newsletter.errors import InputError
from newsletter.settings import Typography

ALL = Typography()
HERE = Path("content/a.md")


def from_markdown(body: str) -> Draft:
    return parse_markdown(body, shown="a.md", first_line=1, item=HERE, root=Path())


def from_text(body: str) -> Draft:
    return parse_text(body, shown="a.txt", first_line=1)


def markdown(body: str, rules: Typography = ALL) -> str:
    return mend_body(body, markdown=True, parse=from_markdown, lang="ru", settings=rules)


def text(body: str) -> str:
    return mend_body(body, markdown=False, parse=from_text, lang="ru", settings=ALL)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('# Завод "Луч"', "# Завод «Луч»"),
        ('Завод **"Луч"** - это', "Завод **«Луч»** — это"),
        ('"Завод *"Луч"* рос"', "«Завод *„Луч“* рос»"),
        ('[ссылка "А"](https://a.example/b--c "t - t")', '[ссылка «А»](https://a.example/b--c "t - t")'),
        ('`"a" - b` - "б"', '`"a" - b` — «б»'),
        ('> "Мы растём", сказал он\n>\n> -- Иван Иванов', "> «Мы растём», сказал он\n>\n> — Иван Иванов"),
        ('| А "Б" | 10-15 км |\n| --- | --- |\n| "x" | - |', "| А «Б» | 10–15 км |\n| --- | --- |\n| «x» | - |"),
        ("- раз - два ;\n- три  четыре", "- раз — два;\n- три четыре"),
        ('"длинная\nцитата"', "«длинная\nцитата»"),
        ("перенос  \nстрока", "перенос  \nстрока"),
        ('![вид "А"](https://a.example/p.png "фото - И.")', '![вид «А»](https://a.example/p.png "фото - И.")'),
        ('```\n"a" - b\n```', '```\n"a" - b\n```'),
        ("<https://a.example/--x> - да", "<https://a.example/--x> — да"),
        ('[а "б"][1]\n\n[1]: https://a.example/ "в - г"', '[а «б»][1]\n\n[1]: https://a.example/ "в - г"'),
    ],
)
def test_markdown_is_mended_in_its_text_alone(written: str, wanted: str) -> None:
    assert markdown(written) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('Завод "Луч" - это рост.', "Завод «Луч» — это рост."),
        ('Первая "строка\nвторая" строка.', "Первая «строка\nвторая» строка."),
        ("Помощь:\n\n- первое ;\n- второе.", "Помощь:\n\n- первое;\n- второе."),
        ("Имя\t10-15 км\nЕщё\t5 км", "Имя\t10–15 км\nЕщё\t5 км"),
        ("№5 и 12500 рублей.", "№ 5 и 12 500 рублей."),
    ],
)
def test_plain_text_is_mended_and_its_marks_of_lists_stay(written: str, wanted: str) -> None:
    assert text(written) == wanted


def test_no_invisible_character_is_written() -> None:
    assert "\u00a0" not in text("В 2025 году - 5 км, № 7, и т. д., А. С. Пушкин.")
    assert text("В 2025 году было 5 км.") == "В 2025 году было 5 км."


def test_an_en_dash_between_words_is_a_style_that_stays() -> None:
    assert text("«Да», – сказал он.") == "«Да», – сказал он."


def test_a_rule_that_is_off_mends_nothing() -> None:
    assert markdown('"а" - б', Typography(quotes=False)) == '"а" — б'


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                '"',
                "'",
                " ",
                "  ",
                "\n",
                "\n\n",
                "слово",
                "- ",
                "-",
                "— ",
                "**",
                "*",
                "_",
                "`",
                "[",
                "](https://a.example/x-y)",
            ),
            *(
                "# ",
                "> ",
                "| a | b |\n|---|---|\n| ",
                " | ",
                "\\",
                "&quot;",
                "<b>",
                "1. ",
                "10-15",
                "...",
                " ,",
                "№5",
                "    ",
            ),
            *("```\n", "«", "»", "https://a.example/", "\t", "---\n"),
        ]
    ),
    max_size=14,
).map("".join)


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_a_mended_markdown_gives_the_same_mail(body: str) -> None:
    try:
        before = from_markdown(body)
    except InputError:
        return
    mended = markdown(body)
    after = from_markdown(mended)
    assert polish_blocks(after.blocks, "ru", ALL) == polish_blocks(before.blocks, "ru", ALL)
    assert mended.count("\n") == body.count("\n")
    assert [c for c in mended if c.isalnum()] == [c for c in body if c.isalnum()]


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_a_mended_text_gives_the_same_mail(body: str) -> None:
    mended = text(body)
    assert polish_blocks(from_text(mended).blocks, "ru", ALL) == polish_blocks(from_text(body).blocks, "ru", ALL)
    assert mended.count("\n") == body.count("\n")


def test_hostile_runs_take_no_time() -> None:
    for body in ("`" * 9_000, "*" * 9_000, "[" * 2_900, "_a" * 4_000, "](" * 4_000):
        try:
            markdown(body)
        except InputError:
            continue
