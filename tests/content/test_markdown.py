from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.draft import Draft
from newsletter.content.item import (
    Block,
    FigureGroup,
    Heading,
    Image,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Span,
    Table,
    plain,
)
from newsletter.content.load import load_item
from newsletter.content.markdown import parse_markdown
from newsletter.errors import InputError

ROOT = Path("nowhere")


def draft(body: str, root: Path = ROOT) -> Draft:
    return parse_markdown(body, shown="a.md", first_line=1, item=root / "content" / "a.md", root=root)


def only(body: str, root: Path = ROOT) -> Block:
    (block,) = draft(body, root).blocks
    return block


def test_a_first_heading_is_the_title_and_later_ones_keep_between_two_and_four() -> None:
    found = draft("# Заголовок\n\n# Раз\n\n## Два\n\n###### Шесть")
    assert plain(found.title) == "Заголовок"
    assert [(block.level, plain(block.text)) for block in found.blocks if isinstance(block, Heading)] == [
        (2, "Раз"),
        (2, "Два"),
        (4, "Шесть"),
    ]


def test_styles_become_spans() -> None:
    block = only("Слово **жирное** *косое* `код` [ссылка](https://заречье.рф).")
    assert isinstance(block, Paragraph)
    assert Span(text="жирное", bold=True) in block.text
    assert Span(text="косое", italic=True) in block.text
    assert Span(text="код", code=True) in block.text
    assert Span(text="ссылка", href="https://xn--80akaf0c3b9a.xn--p1ai") in block.text


def test_line_breaks_are_spaces_unless_asked_for() -> None:
    block = only("раз\nдва  \nтри")
    assert isinstance(block, Paragraph)
    assert plain(block.text) == "раз два\nтри"


def test_tags_are_text() -> None:
    block = only("<script>alert(1)</script> и <b>слово</b>")
    assert isinstance(block, Paragraph)
    assert plain(block.text) == "<script>alert(1)</script> и <b>слово</b>"


def test_a_link_alone_is_a_button() -> None:
    block = only("[Отчёт **целиком**](https://zarechye.example/r)")
    assert isinstance(block, Link)
    assert (block.text, block.href) == ("Отчёт целиком", "https://zarechye.example/r")


def test_an_image_alone_is_an_image(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.png").write_bytes(b"png")
    block = only('![Цех изнутри](a.png "Фото: Мария Луговая")', tmp_path)
    assert isinstance(block, Image)
    assert (block.src, block.alt, block.credit) == ("content/a.png", "Цех изнутри", "Фото: Мария Луговая")


def test_nested_lists_become_one_list() -> None:
    block = only("1. раз\n   - внутри\n     - глубже\n2. два\n\n   абзац")
    assert isinstance(block, ListBlock)
    assert block.ordered
    assert [plain(item) for item in block.items] == ["раз", "– внутри", "– – глубже", "два\nабзац"]


def test_a_table_has_a_header_and_rows() -> None:
    block = only("| Год | Сумма |\n| --- | ---: |\n| 2023 | **5** |\n| 2024 | |")
    assert isinstance(block, Table)
    assert [plain(cell) for cell in block.header] == ["Год", "Сумма"]
    assert [[plain(cell) for cell in row] for row in block.rows] == [["2023", "5"], ["2024", ""]]


@pytest.mark.parametrize(
    ("body", "words", "speaker", "role"),
    [
        ("> Слова.\n>\n> — Анна Белова, директор", "Слова.", "Анна Белова", "директор"),
        ("> «Слова»\n> – Анна Белова", "Слова", "Анна Белова", ""),
        ("> Слова и\n> ещё слова.", "Слова и ещё слова.", "", ""),
        ("> Край помогал\n> — от подбора до сетей.", "Край помогал — от подбора до сетей.", "", ""),
        (
            "> Край помогал\n> - от подбора до сетей.\n>\n> — Анна Белова",
            "Край помогал – от подбора до сетей.",
            "Анна Белова",
            "",
        ),
        ("> Надо:\n> - раз\n> - два", "Надо:\n– раз\n– два", "", ""),
        ("> Надо:\n> - раз", "Надо:\n– раз", "", ""),
        ("> Раз.\n>\n> Два.\n>\n> -- Анна Белова, директор, депутат", "Раз.\nДва.", "Анна Белова", "директор, депутат"),
    ],
)
def test_a_block_quote_may_be_signed(body: str, words: str, speaker: str, role: str) -> None:
    block = only(body)
    assert isinstance(block, Quote)
    assert (plain(block.text), block.speaker, block.role) == (words, speaker, role)


def test_a_figures_block_groups_figures() -> None:
    block = only("```figures\n248 млн рублей | экспорт за квартал | в 2,7 раза больше\n\nпервое место\n```")
    assert isinstance(block, FigureGroup)
    first, second = block.figures
    assert (first.number, first.unit, first.measures, first.comparison) == (
        "248",
        "млн рублей",
        "экспорт за квартал",
        "в 2,7 раза больше",
    )
    assert (second.text, second.number, second.value, second.origin.line) == ("первое место", "первое место", None, 4)


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("Текст.\n\nСлово ![alt](https://h.example/a.png) слово", 3, "an image stands"),
        ("- ![alt](https://h.example/a.png)", 1, "an image stands"),
        ("[![alt](https://h.example/a.png)](https://h.example)", 1, "an image stands"),
        ("раз\nдва [ссылка](page.html)", 2, "link address"),
        ("[ссылка](javascript:alert(1))", 1, "link address"),
        ("Текст.\n\n![alt](none.png)", 3, "no image file"),
        ("- | а | б |\n  | --- | --- |\n  | в | г |", 1, "table"),
        ("Текст.\n\n" + ">" * 40 + " глубоко", 3, "nested too deeply"),
        ("| а | б |\n| --- | --- |\n| в | г | лишнее |", 3, "more cells"),
        ("Текст.\n\n```figures\nа | б | в | г | д\n```", 4, "must read as"),
        ("```figures\n```", 1, "empty"),
    ],
)
def test_what_has_no_place_in_a_mail_is_refused_with_its_line(body: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        draft(body)
    assert words in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize("body", [">" * 20_000 + "a", "- " * 5_000 + "a", "*a " * 3_000 + "a*" * 3_000])
def test_depth_abuse_is_refused(body: str) -> None:
    with pytest.raises(InputError, match="nested too deeply"):
        draft(body)


def test_a_paragraph_of_many_lines_is_read_whole() -> None:
    block = only("слово\n" * 20_000)
    assert isinstance(block, Paragraph)
    assert plain(block.text).count("слово") == 20_000


MARKS = st.sampled_from(
    [
        "слово",
        "ещё",
        "# ",
        "## ",
        "> ",
        "- ",
        "1. ",
        "*",
        "**",
        "`",
        "\n",
        "\n\n",
        "| ",
        " | --- |",
        "---",
        "    ",
        "<b>",
        "&amp;",
        "\\",
    ]
)


@given(st.lists(MARKS, max_size=40))
def test_no_word_is_lost(parts: list[str]) -> None:
    body = " ".join(parts)
    try:
        found = draft(body)
    except InputError:
        return
    text = plain(found.title) + "".join(map(_all_words, found.blocks))
    assert text.count("слово") + text.count("ещё") == parts.count("слово") + parts.count("ещё")


def _all_words(block: Block) -> str:
    if isinstance(block, Table):
        return " ".join(plain(cell) for row in (block.header, *block.rows) for cell in row)
    if isinstance(block, ListBlock):
        return " ".join(plain(item) for item in block.items)
    if isinstance(block, Quote):
        return " ".join((plain(block.text), block.speaker, block.role))
    assert isinstance(block, Paragraph | Heading)
    return plain(block.text)


def test_tens_of_thousands_of_brackets_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="opening brackets"):
        load_item(tmp_path / "a.md", root=tmp_path)
