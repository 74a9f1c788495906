"""The lines that the page proposes: pasted where it says, they are what the program then understands."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.front import split_front
from newsletter.content.item import Figure, NewsItem, Origin, Quote, Region, plain
from newsletter.content.load import load_corrected, load_item
from newsletter.content.polish import polish_item
from newsletter.content.spans import letters_of, text_of
from newsletter.issue_file import parse_issue_file
from newsletter.language.typography import typeset
from newsletter.settings import Typography
from newsletter.web.mends import Home, Mend, figures_value, home_of, mend, places_value, quotes_value
from tests.word_files import paragraph, word_file

BODY = """\
Завод «Линза» запустил цех оптики в Заречье, и экспорт вырос на 12 % за год

Продукцию покупают в Литве, Сербии и Казахстане. Экспорт составил 248 млн рублей за первый квартал 2026 года.

«Мы вышли на полную мощность за полгода - это наш рекорд», — сказал директор завода Антон Берг.

«Мы вышли на полную мощность, и теперь нам нужны люди», — рассказала технолог Вера Кленова.
"""
WORD = word_file("".join(paragraph(one.strip()) for one in BODY.split("\n\n")))


def paste(text: str, found: Mend) -> str:
    """Return a file's text after somebody has done what the page says."""
    lines = text.split("\n")
    match found.where:
        case "top":
            return found.lines + text
        case "front" | "table":
            lines.insert(found.line, found.lines)
        case "instead":
            end = found.line
            while end < len(lines) and lines[end].startswith((" ", "\t", "-")) and lines[end] != "---":
                end += 1
            lines[found.line - 1 : end] = [found.lines]
        case "table_new":
            return f"{text}\n{found.lines}\n"
        case other:
            raise AssertionError(other)
    return "\n".join(lines)


def as_mailed(item: NewsItem) -> NewsItem:
    """Return the item as the page has it: with its typography set."""
    return polish_item(item, Typography())


def file_of(tmp_path: Path, text: str, name: str = "optika.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def need(found: Mend | None) -> Mend:
    assert found is not None
    return found


FRONTS = {
    "no front matter": ("", "top"),
    "front matter without the key": ('---\nsubject: "Цех"\n---\n', "front"),
    "the key is there": (
        '---\ntitle: "Старый"\nquotes:\n  - begins: Мы вышли на полную мощность, и\n    speaker: Вера К.\n'
        'figures:\n  - "1 цех"\nplaces:\n  Азия: [Казахстан]\nsubject: Цех\n---\n',
        "instead",
    ),
}


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", ["optika.txt", "optika.md", "optika.html"])
def test_pasted_lines_mend_title_speaker_figures_and_places(tmp_path: Path, front: str, name: str) -> None:
    top, where = FRONTS[front]
    paragraphs = "".join(f"<p>{one}</p>\n" for one in BODY.split("\n\n"))
    text = top + (f"<html><body>\n{paragraphs}</body></html>" if name.endswith("html") else BODY)
    for key, word in (("title", "Новый"), ("quotes", "Пётр Лугов"), ("figures", "300"), ("places", "Польша")):
        path = file_of(tmp_path, text, name)
        item = as_mailed(load_item(path, root=tmp_path))
        home = home_of(item, tmp_path, None, is_alone=True)
        changed = _changed(item, key, word)
        found = need(mend(home, key, changed))
        assert (found.where, found.file) == (where, name)
        path.write_text(paste(text, found), encoding="utf-8")
        again = load_item(path, root=tmp_path)
        if key == "title":
            assert (again.title, again.title_proposed) == ("Новый", False)
        elif key == "quotes":
            assert again.quotes[0].speaker == "Пётр Лугов"
            assert plain(again.quotes[0].text).startswith("Мы вышли на полную мощность за")
            assert not again.quotes[0].proposed
            assert again.quotes[1].speaker in ("Вера Кленова", "Вера К.")
        elif key == "figures":
            assert any("300" in figure.text for figure in again.figures)
        else:
            assert [(region.name, region.places) for region in again.regions][-1] == ("Европа", ("Польша",))


def _changed(item: NewsItem, key: str, word: str) -> object:
    """Return what an editor makes of the proposed value: one word in it is another."""
    if key == "title":
        return word
    if key == "quotes":
        entries = quotes_value(item, item.quotes[0])
        return [*entries[:-1], {**entries[-1], "speaker": word}]
    if key == "figures":
        return figures_value([replace(figure, text=f"{word} цехов") for figure in item.figures[:1]])
    return {**{name: places for name, places in places_value(item.regions).items() if name == "x"}, "Европа": [word]}


def test_unchanged_lines_leave_the_item_as_it_was(tmp_path: Path) -> None:
    path = file_of(tmp_path, BODY)
    item = load_item(path, root=tmp_path)
    home = home_of(item, tmp_path, None, is_alone=True)
    for key, value in (
        ("quotes", quotes_value(as_mailed(item), as_mailed(item).quotes[1])),
        ("places", places_value(item.regions)),
    ):
        path.write_text(paste(BODY, need(mend(home, key, value))), encoding="utf-8")
        again = load_item(path, root=tmp_path)
        assert [(one.speaker, one.role) for one in again.quotes] == [(one.speaker, one.role) for one in item.quotes]
        assert [(one.name, one.places) for one in again.regions] == [(one.name, one.places) for one in item.regions]


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("", "table_new"),
        ('title = "Выпуск"\n', "table_new"),
        ('[item."optika.docx"]\nrubric = "Цех"\n', "table"),
        ('[item."optika.docx"]\nquotes = []\ntitle = "Старый"\n', "instead"),
    ],
)
def test_a_word_file_is_mended_in_the_table_of_its_folder(tmp_path: Path, table: str, where: str) -> None:
    folder = tmp_path / "week"
    folder.mkdir()
    (folder / "optika.docx").write_bytes(WORD)
    for key in ("title", "quotes"):
        file = folder / "issue.toml"
        file.write_text(table, encoding="utf-8")
        written = parse_issue_file(table, "week/issue.toml").items.get("optika.docx")
        (item,) = load_corrected(folder / "optika.docx", root=tmp_path, correction=written)
        home = home_of(as_mailed(item), tmp_path, folder, is_alone=True)
        found = need(mend(home, key, _changed(as_mailed(item), key, "Пётр Лугов")))
        assert (found.where, found.file) == (where, "week/issue.toml")
        text = paste(table, found)
        correction = parse_issue_file(text, "week/issue.toml").items["optika.docx"]
        (again,) = load_corrected(folder / "optika.docx", root=tmp_path, correction=correction)
        assert (again.title if key == "title" else again.quotes[0].speaker) == "Пётр Лугов"


def test_a_word_file_alone_is_told_to_get_a_folder(tmp_path: Path) -> None:
    (tmp_path / "optika.docx").write_bytes(WORD)
    item = load_item(tmp_path / "optika.docx", root=tmp_path)
    found = need(mend(home_of(item, tmp_path, None, is_alone=True), "title", "Цех"))
    assert found.where == "folder"
    assert parse_issue_file(found.lines, "issue.toml").items["optika.docx"].values == {"title": "Цех"}


def test_one_entry_of_a_feed_has_no_lines(tmp_path: Path) -> None:
    item = load_item(file_of(tmp_path, BODY), root=tmp_path)
    entry = replace(item, origin=Origin(path="news.xml", line=3))
    assert mend(home_of(entry, tmp_path, None, is_alone=False), "title", "Цех") is None


def test_a_quote_without_a_letter_has_no_lines() -> None:
    quote = Quote(text=text_of("…"), speaker="", role="", origin=Origin(path="a.txt", line=1))
    item = NewsItem(
        title="А", title_proposed=False, lead=(), date=None, source="", blocks=(quote,), origin=quote.origin
    )
    assert quotes_value(item, quote) == []


hostile = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60) | st.sampled_from(
    [
        '"',
        "\\",
        "'''",
        "# нет",
        ": да",
        "{x}",
        "[a, b]",
        "---",
        "\u2028",
        "\x85",
        "&a",
        "*a",
        "!!python",
        "%YAML",
        "=",
        "|",
    ]
)


@settings(max_examples=200)
@given(words=hostile, others=st.lists(hostile, max_size=3))
def test_lines_are_read_back_as_they_were_meant_whatever_the_words(words: str, others: list[str]) -> None:
    quotes = [{"begins": f"Мы {words}", "speaker": words, "role": ""}]
    figure = Figure(text=f"5 {words}", kind="count", value=None, measures=words, origin=Origin(path="a", line=1))
    places = places_value([Region(name=f"Р {words}", places=tuple(f"М {one}" for one in others))])
    for key, value in (
        ("title", f"О {words}"),
        ("quotes", quotes),
        ("figures", figures_value([figure])),
        ("places", places),
    ):
        top = need(mend(Home(file="a.txt"), key, value))
        front = split_front(f"{top.lines}Текст.\n", "a.txt")
        table = need(mend(Home(file="issue.toml", syntax="toml", table=f"{words}.docx"), key, value))
        read = parse_issue_file(table.lines, "issue.toml").items
        assert [correction.values[key] for correction in read.values()] == [front.values[key]]
        assert set(tomllib.loads(table.lines)) == {"item"}
        if key == "title":
            assert letters_of(str(front.values[key])) == letters_of(f"О {words}")


@settings(max_examples=200)
@given(st.text(st.sampled_from("абв АБ «»\"'-–—.,:;!?…%№10 \u00a0(c)тыс.г"), max_size=60))
def test_typography_leaves_the_letters_by_which_a_quote_is_found(words: str) -> None:
    assert letters_of(typeset(words, "ru", Typography()).text) == letters_of(words)
