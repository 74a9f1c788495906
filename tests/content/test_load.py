from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.content.item import (
    Block,
    FigureGroup,
    Image,
    Link,
    ListBlock,
    NewsItem,
    Quote,
    Table,
    plain,
)
from newsletter.content.load import load_item, load_items
from newsletter.errors import InputError

ITEMS = sorted(
    path
    for path in (Path(__file__).parents[1] / "data" / "items").iterdir()
    if re.match(r"\d\d-.*\.(txt|md)$", path.name)
)
LEAD = "Завод в Зареченске увеличил выпуск модулей за 2023 год на 5%, сообщила директор Анна Белова."


def load(folder: Path, text: str | bytes, name: str = "a.txt", title: str = "") -> NewsItem:
    path = folder / "content" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_item(path, root=folder, title=title)


def words_of(item: NewsItem) -> str:
    """Return every word that an item carries."""
    return " ".join((item.title, plain(item.lead), *map(_words, item.blocks), item.closing))


def _words(block: Block) -> str:
    if isinstance(block, Quote):
        return f"{plain(block.text)} {block.speaker} {block.role} {block.attribution}"
    if isinstance(block, ListBlock):
        return " ".join(plain(item) for item in block.items)
    if isinstance(block, Table):
        return " ".join(plain(cell) for row in (block.header, *block.rows) for cell in row)
    if isinstance(block, Link):
        return f"{block.text} {block.href}"
    if isinstance(block, FigureGroup | Image):
        return ""
    return plain(block.text)


@pytest.mark.parametrize("source", ITEMS, ids=lambda path: path.stem)
def test_encoding_and_line_ends_make_no_difference(source: Path, tmp_path: Path) -> None:
    text = source.read_text(encoding="utf-8").replace("×", "x")  # windows-1251 has no multiplication sign
    items = []
    for number, (encoding, newline) in enumerate(
        [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("cp1251", "\n"), ("cp1251", "\r\n"), ("utf-8", "\r")]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        items.append(load(folder, text.replace("\n", newline).encode(encoding), source.name))
    assert all(item == items[0] for item in items)


@pytest.mark.parametrize("source", ITEMS, ids=lambda path: path.stem)
def test_no_word_is_lost_and_every_block_knows_its_line(source: Path) -> None:
    item = load_item(source, root=source.parent)
    lines = source.read_text(encoding="utf-8").split("\n")
    body = "\n".join(lines[item.origin.line - 1 :])
    found = words_of(item)
    for word in re.findall(r"[^\W\d_]{2,}", body):
        assert word in found
    for block in item.blocks:
        assert block.origin.path == source.name
        first = re.findall(r"\w+", _words(block))[:1]
        assert not first or first[0] in " ".join(lines[block.origin.line - 1 :])


@pytest.mark.parametrize("source", ITEMS, ids=lambda path: path.stem)
def test_an_item_crosses_a_pipe(source: Path) -> None:
    item = load_item(source, root=source.parent)
    assert pickle.loads(pickle.dumps(item)) == item  # noqa: S301  our own bytes


def test_front_matter_overrides_what_is_found(tmp_path: Path) -> None:
    text = f"""---
title: Свой заголовок
lead: Свой лид.
date: 14.05.2024
source: Пресс-служба ОЭЗ «Заречье»
lang: ru
closing: no
figures:
  - 7 млрд рублей | оборот
  - text: первое место
    measures: в рейтинге
places: {{Европа: [Сербия]}}
quotes: [{{begins: Мы рады, speaker: Ольга Краснова, role: директор лицея}}]
button: {{text: Читать, href: "https://zarechye.example/a"}}
---
{LEAD}
«Мы рады», – сказал некто.
Поставки идут в Китай.
Подписывайтесь на наш канал.
"""
    item = load(tmp_path, text)
    assert (item.title, item.title_proposed, plain(item.lead)) == ("Свой заголовок", False, "Свой лид.")
    assert (item.date, item.source, item.closing) == (date(2024, 5, 14), "Пресс-служба ОЭЗ «Заречье»", "")
    assert [(figure.text, figure.measures, figure.proposed) for figure in item.figures] == [
        ("7 млрд рублей", "оборот", False),
        ("первое место", "в рейтинге", False),
    ]
    assert [(region.name, region.places, region.proposed) for region in item.regions] == [
        ("Европа", ("Сербия",), False)
    ]
    assert [(quote.speaker, quote.role, quote.proposed) for quote in item.quotes] == [
        ("Ольга Краснова", "директор лицея", False)
    ]
    assert isinstance(item.blocks[0], FigureGroup)
    assert isinstance(item.blocks[-1], Link)
    assert words_of(item).count(LEAD) == 1
    assert (item.front_lines["title"], item.blocks[1].origin.line) == (2, 16)


def test_the_title_of_the_command_line_beats_all(tmp_path: Path) -> None:
    item = load(tmp_path, f"---\ntitle: Из файла\n---\n{LEAD}", title="Из команды")
    assert (item.title, item.title_proposed) == ("Из команды", False)


def test_a_title_in_the_text_is_no_proposal_and_one_from_the_lead_is(tmp_path: Path) -> None:
    assert load(tmp_path, f"Завод растет\n\n{LEAD}").title == "Завод растет"
    item = load(tmp_path, LEAD)
    assert (item.title, item.title_proposed) == ("Завод в Зареченске увеличил выпуск модулей за 2023 год на 5%", True)


def test_an_item_that_opens_with_a_quote_keeps_it_as_its_lead_s_words(tmp_path: Path) -> None:
    item = load(tmp_path, "«Мы рады», – сказала Анна Белова.\n\nЗавод открыт.")
    assert words_of(item).count("Мы рады") >= 1


def test_rules_leave_another_language_alone(tmp_path: Path) -> None:
    item = load(tmp_path, "---\nlang: en\ntitle: Growth\n---\nExports grew by 5%.\n\nЧитайте нас в канале.")
    assert (item.figures, item.closing, item.lang) == ((), "", "en")


def test_a_quote_that_front_matter_names_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no quote begins with") as caught:
        load(tmp_path, f"---\ntitle: А\nquotes: [{{begins: Нет такой}}]\n---\n{LEAD}")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.odt", "Текст", "this one is .odt; open it in a word processor and save it as .docx"),
        ("a.DOC", "Текст", "save it as .docx"),
        ("a.rtf", "Текст", "save it as .docx"),
        ("a.pages", "Текст", "save it as .docx"),
        ("a.pdf", "Текст", "copy its text into a .txt file"),
        ("issue.toml", "", "name the folder"),
        ("~$a.docx", "Текст", "has the file open; name 'a.docx'"),
        ("a", "Текст", ".txt, .md, .html or .docx"),
        ("a.docx", "Текст", "no Word file"),
        ("a.html", "<p> </p>", "no words"),
        ("a.txt", "---\ntitle: А\n---\n \n", "no text after the front matter"),
        ("a.md", "***\n", "no words"),
    ],
)
def test_what_is_no_item_is_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, name)
    assert words in str(caught.value)
    assert caught.value.path == f"content/{name}"


def test_items_come_in_the_order_asked_for(tmp_path: Path) -> None:
    load(tmp_path, LEAD, "a.txt")
    load(tmp_path, f"# Второй\n\n{LEAD}", "b.md")
    content = tmp_path / "content"
    titles = [item.title for item in load_items([content / "b.md", content / "a.txt"], root=tmp_path)]
    assert titles[0] == "Второй"


def test_a_plain_item_loads_no_library_of_another_format(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"# Заголовок\n\n{LEAD}", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from newsletter.content.load import load_items; "
        "load_items([Path('a.md')], root=Path()); "
        "print(sorted({'nh3', 'mammoth', 'feedparser', 'lxml'} & set(sys.modules)))"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_file_outside_the_workspace_is_shown_as_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LEAD, encoding="utf-8")
    item = load_item(tmp_path / "a.txt", root=tmp_path / "workspace")
    assert item.origin.path == str(tmp_path / "a.txt")


MANGLED = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text(max_size=150).map(lambda text: f"---\n{text}\n---\n{LEAD}".encode(errors="replace"))
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=MANGLED, name=st.sampled_from(["a.txt", "a.md"]))
def test_any_bytes_are_an_item_or_an_input_error(tmp_path: Path, data: bytes, name: str) -> None:
    try:
        item = load(tmp_path, data, name)
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert item.blocks or plain(item.lead) or item.title
    assert "\n" not in message


SENTENCES = st.sampled_from(
    [
        LEAD,
        "«Мы рады», – сказала Анна Белова.",
        "«Рады, – добавил он. – Очень».",
        "Экспорт составил 248 млн рублей, это в 2,7 раза больше, чем годом ранее.",
        "Поставки идут в Китай и Индию.",
        "Подписывайтесь на наш канал.",
        "– Кто вы? – спросил Пётр Ильин.",
        "- пункт\n- ещё пункт",
        "Заголовок без точки",
        "Он отметил: «Завод «Вектор» растет».",
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(SENTENCES, min_size=1, max_size=8), joint=st.sampled_from([" ", "\n", "\n\n"]))
def test_no_word_of_a_text_is_lost(tmp_path: Path, parts: list[str], joint: str) -> None:
    text = joint.join(parts)
    found = words_of(load(tmp_path, text))
    for word in set(re.findall(r"[^\W\d_]+", text)):
        assert len(re.findall(rf"\b{word}\b", found)) >= len(re.findall(rf"\b{word}\b", text))
