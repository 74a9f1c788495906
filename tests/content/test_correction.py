"""What `issue.toml` says of one file: it beats the file's own, and a mistake in it is one of `issue.toml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from newsletter.content.correction import Correction
from newsletter.content.item import FigureGroup, Link, NewsItem, plain
from newsletter.content.load import load_corrected
from newsletter.errors import InputError
from newsletter.issue_file import parse_issue_file
from tests.word_files import paragraph, word_file

SAID = """title = "Неделя"

[item."a"]
title = "Порт принял контейнер"
lead = "Контейнер стал миллионным."
date = 2026-11-18
rubric = "Порт"
link = "https://zarechye.example/3"
source = "Пресс-служба порта"
closing = "no"
figures = ["251 тысяча | контейнеров за год", { text = "14 стран" }]
places = { "Азия" = ["Индия"] }
quotes = [{ begins = "Мы ждали", speaker = "Алла Иванова", role = "крановщица" }]
button = { text = "Весь отчёт", href = "https://zarechye.example/r" }
waive = { no_date = "вечное" }
"""
TEXT = "Порт принял груз. «Мы ждали этого дня», – сказал Пётр Неверов."


def said(text: str, name: str) -> Correction:
    return parse_issue_file(text.replace('"a"', f'"{name}"'), "content/week/issue.toml").items[name]


def load(folder: Path, name: str, data: bytes, text: str = SAID) -> NewsItem:
    (folder / name).write_bytes(data)
    (item,) = load_corrected(folder / name, root=folder, correction=said(text, name))
    return item


def feed(*entries: str) -> bytes:
    items = "".join(f"<item><title>Порт</title><description>{entry}</description></item>" for entry in entries)
    return f'<rss version="2.0"><channel><title>Лента</title>{items}</channel></rss>'.encode()


FILES = {
    "порт.docx": word_file(paragraph("Груз в порту") + paragraph(TEXT)),
    "лента.xml": feed(TEXT),
    "порт.md": f"---\ntitle: Свой\nrubric: Своя\n---\n{TEXT}".encode(),
    "порт.txt": TEXT.encode(),
    "порт.html": f"<h1>Свой</h1><p>{TEXT}</p>".encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_said_of_a_file_beats_its_own(tmp_path: Path, name: str) -> None:
    item = load(tmp_path, name, FILES[name])
    assert (item.title, item.title_proposed, item.rubric) == ("Порт принял контейнер", False, "Порт")
    assert (item.date, item.source, item.link) == (
        date(2026, 11, 18),
        "Пресс-служба порта",
        "https://zarechye.example/3",
    )
    assert plain(item.lead) == "Контейнер стал миллионным."
    assert [(quote.speaker, quote.role) for quote in item.quotes] == [("Алла Иванова", "крановщица")]
    assert [(region.name, region.places) for region in item.regions] == [("Азия", ("Индия",))]
    assert item.front["waive"] == {"no_date": "вечное"}
    group, button = item.blocks[0], item.blocks[-1]
    assert isinstance(group, FigureGroup)
    assert isinstance(button, Link)
    assert [figure.text for figure in group.figures] == ["251 тысяча", "14 стран"]
    assert (group.origin.path, group.origin.line) == ("content/week/issue.toml", 11)
    assert (button.origin.path, button.origin.line) == ("content/week/issue.toml", 14)
    assert not {"title", "rubric"} & set(item.front_lines)


def test_what_is_not_said_stays_as_the_file_has_it(tmp_path: Path) -> None:
    item = load(tmp_path, "порт.md", FILES["порт.md"], '[item."a"]\nlink = "https://zarechye.example/3"')
    assert (item.title, item.rubric, item.front_lines["title"]) == ("Свой", "Своя", 2)
    assert load(tmp_path, "порт.md", FILES["порт.md"], '[item."a"]\nrubric = ""').rubric == "Своя"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[item."a"]\nquotes = [{ begins = "Нет" }]', 2, "no quote begins with 'Нет'"),
        ('[item."a"]\n\nlink = "https://bank@zarechye.example"', 3, "user name before the host"),
    ],
)
def test_a_mistake_seen_in_the_item_is_named_where_it_is_written(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        load(tmp_path, "порт.txt", FILES["порт.txt"], text)
    assert (caught.value.path, caught.value.line) == ("content/week/issue.toml", line)


def test_a_table_about_a_feed_of_several_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a feed of 2") as caught:
        load(tmp_path, "лента.xml", feed(TEXT, TEXT))
    assert (caught.value.path, caught.value.line) == ("content/week/issue.toml", 3)
