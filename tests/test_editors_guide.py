"""The editor's guide is true: it names every key, setting and finding, and what it shows can be read."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from newsletter.check import IDS
from newsletter.config import known_settings
from newsletter.content.front import split_front
from newsletter.content.item import FigureGroup, NewsItem
from newsletter.content.keys import KEYS
from newsletter.content.load import load_item
from newsletter.issue_file import ISSUE_KEYS, parse_issue_file
from newsletter.language.typography import typeset_text
from newsletter.settings import Typography
from newsletter.web.desk_page import TABS
from tests.word_files import paragraph, styles, word_file

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "editors.ru.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<lang>[a-z]+)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table rows of a section by the name in their first cell."""
    found: dict[str, list[str]] = {}
    for line in section(heading).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and (name := re.fullmatch(r"`([a-z_]+)`", cells[0])):
            found[name[1]] = [cell.replace(r"\|", "|") for cell in cells[1:]]
    return found


def code(cell: str) -> str:
    shown = re.search(r"`([^`]+)`", cell)
    assert shown, cell
    return shown[1]


def examples(*languages: str) -> list[tuple[str, str]]:
    return [(found["lang"], found["text"]) for found in FENCE.finditer(GUIDE) if found["lang"] in languages]


SAMPLE = ROOT / "content" / "2026-11-zarechye-export.md"
EXAMPLES = examples("yaml")
KEY_ROWS, ISSUE_ROWS = rows("Шапка файла"), rows("Дайджест: несколько новостей в одном письме")


def test_every_key_of_front_matter_has_its_row_and_no_other_has() -> None:
    assert set(KEY_ROWS) == set(KEYS)


def test_every_key_of_an_issue_file_has_its_row_and_no_other_has() -> None:
    assert set(ISSUE_ROWS) == set(ISSUE_KEYS)


def test_every_finding_of_an_item_or_a_mail_is_explained() -> None:
    assert set(rows("Проверки")) == {name for name in IDS if not name.startswith("mjml_")}


def test_every_typographic_rule_is_shown() -> None:
    assert list(rows("Типографика")) == [field.name for field in fields(Typography)]


@pytest.mark.parametrize("rule", ["quotes", "dashes", "ranges", "minus", "spaces", "ellipsis", "digit_groups"])
def test_what_a_typographic_rule_is_said_to_make_is_what_it_makes(rule: str) -> None:
    before, after = rows("Типографика")[rule][:2]
    assert typeset_text(f"Вот {code(before)}", "ru", Typography()).replace("\u00a0", " ") == f"Вот {after}"


def test_the_change_shown_is_the_one_that_a_fix_makes() -> None:
    before, after = (line[1:] for line in examples("diff")[0][1].splitlines())
    assert typeset_text(before, "ru", Typography()).replace("\u00a0", " ") == after


@pytest.mark.parametrize("key", KEY_ROWS)
def test_the_example_of_a_key_of_front_matter_can_be_read(key: str) -> None:
    example = code(KEY_ROWS[key][1])
    assert set(split_front(f"---\n{example}\n---\nТекст.", "guide").values) == {key}


@pytest.mark.parametrize("key", ISSUE_ROWS)
def test_the_example_of_a_key_of_an_issue_file_can_be_read(key: str) -> None:
    written = parse_issue_file(code(ISSUE_ROWS[key][1]), "issue.toml")
    found = {"intro": bool(written.intro), "order": bool(written.order)}.get(key, key in written.values)
    assert found


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=range(len(EXAMPLES)))
def test_a_head_that_is_shown_can_be_read(text: str) -> None:
    front = split_front(f"{text}Текст.", "guide")
    assert front.values
    assert front.body.strip() == "Текст."


@pytest.mark.parametrize("text", [text for _, text in examples("toml")])
def test_an_issue_file_that_is_shown_can_be_read(text: str) -> None:
    assert parse_issue_file(text, "issue.toml").values


@pytest.mark.parametrize(("lang", "text"), examples("txt", "markdown", "html"))
def test_an_item_that_is_shown_can_be_read(lang: str, text: str, tmp_path: Path) -> None:
    assert not item_of(lang, text, tmp_path).title_proposed


def item_of(lang: str, text: str, folder: Path) -> NewsItem:
    path = folder / f"item.{'md' if lang == 'markdown' else lang}"
    path.write_text(text, encoding="utf-8")
    return load_item(path, root=folder)


def test_the_plain_text_shown_has_all_that_the_guide_says_of_it(tmp_path: Path) -> None:
    (lang, text), *_ = examples("txt")
    item = item_of(lang, text, tmp_path)
    assert [block.kind for block in item.blocks] == ["quote", "paragraph", "list", "link"]
    assert item.quotes[0].speaker == "Ирина Лаптева"


def test_the_page_shown_gives_what_the_guide_says_of_it(tmp_path: Path) -> None:
    (lang, text), *_ = examples("html")
    item = item_of(lang, text, tmp_path)
    assert (item.rubric, item.link) == ("Закупки", "https://zarechye.example/news/pavilion")
    assert item_of(lang, f"---\nrubric: Конкурс\n---\n{text}", tmp_path).rubric == "Конкурс"


def corrected(head: str, folder: Path) -> NewsItem:
    """Return the sample letter under another head."""
    body = SAMPLE.read_text(encoding="utf-8").split("---\n", 2)[2]
    return item_of("markdown", f"{head}{body}", folder)


def test_the_corrections_shown_correct_the_sample_letter(tmp_path: Path) -> None:
    quotes, figures, places = (text for _, text in EXAMPLES if re.match("---\n(quotes|figures|places):", text))
    assert {quote.speaker for quote in corrected(quotes, tmp_path).quotes} >= {"Ирина Лаптева", "Вера Кленова"}
    assert corrected(quotes, tmp_path).quotes[0].role == "заместитель губернатора Зареченского края"
    (group, *_) = corrected(figures, tmp_path).blocks
    assert isinstance(group, FigureGroup)
    assert [figure.text for figure in group.figures] == ["412 млн рублей", "каждый шестой", "12 стран"]
    assert {region.name: region.places for region in corrected(places, tmp_path).regions} == {
        "Европа": ("Сербия", "Венгрия", "Италия"),
        "Россия": ("Пермский край",),
    }


def test_every_block_of_the_guide_is_of_a_language_that_is_read_here() -> None:
    assert {found["lang"] for found in FENCE.finditer(GUIDE)} <= {"yaml", "toml", "txt", "markdown", "html", "diff"}


def messages() -> list[str]:
    """Return what the first cells of the table of messages quote."""
    found = re.findall(r"^\| `([^`]+)` \|", section("Если команда остановилась"), re.MULTILINE)
    return [str(words) for words in found]


@cache
def program_texts() -> tuple[str, ...]:
    """Return every text in the program's source, "…" where a value is filled in; comments and docstrings not."""
    found: list[str] = []
    for path in sorted((ROOT / "newsletter").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr):
                node.value = ast.Constant(value=None) if isinstance(node.value, ast.Constant) else node.value
            elif isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return tuple(found)


def test_the_commonest_messages_are_explained_each_once() -> None:
    assert len(messages()) >= 20
    assert len(set(messages())) == len(messages())


@pytest.mark.parametrize("message", messages())
def test_a_message_that_is_explained_is_one_of_the_program(message: str) -> None:
    wanted = message.removesuffix("…").strip()
    assert [words for words in program_texts() if wanted in words]


def test_a_message_of_nobody_is_found_nowhere() -> None:
    assert not [words for words in program_texts() if "the file is too funny" in words]


def word_item(folder: Path, *bodies: str) -> NewsItem:
    path = folder / "item.docx"
    body = "".join((paragraph("Заголовок дня", style="t"), paragraph("Завод открыт, гости приехали утром."), *bodies))
    path.write_bytes(word_file(body, parts={"word/styles.xml": styles(t="Title", q="Цитата")}))
    return load_item(path, root=folder)


def test_both_ways_to_name_the_speaker_in_word_are_read(tmp_path: Path) -> None:
    plain, signature = re.findall(r"^- .*?`([^`]+)`", section("Документ Word"), re.MULTILINE)
    styled = (paragraph("Рост идёт четвёртый квартал.", style="q"), paragraph(signature, style="q"))
    for bodies in ((paragraph(plain),), styled):
        (quote,) = word_item(tmp_path, *bodies).quotes
        assert (quote.speaker, quote.role) == ("Анна Белова", "директор завода")


def test_a_lead_of_the_head_leaves_the_first_paragraph_in_the_text(tmp_path: Path) -> None:
    item = item_of("txt", "---\nlead: Новая вводка.\n---\nЗаголовок дня\n\nПервый абзац.\n\nВторой абзац.\n", tmp_path)
    assert len(item.blocks) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1251", "koi8-r"])
def test_an_encoding_that_needs_no_saving_anew_is_read(encoding: str, tmp_path: Path) -> None:
    (_, text), *_ = examples("txt")
    path = tmp_path / "item.txt"
    path.write_bytes(re.sub("[«»–]", "-", text).encode(encoding))  # KOI8-R has none of these
    assert load_item(path, root=tmp_path).title.endswith("вырос в 1,9 раза")


ROOM = section("Посмотреть, обсудить, согласовать")
QUOTED = sorted(set(re.findall(r"\*\*(.+?)\*\*", ROOM.replace("\n", " "))))


@cache
def room_words() -> tuple[re.Pattern[str], ...]:
    """Return what the room's screens say in Russian; a hole of a phrase stands for any words."""
    found = []
    for path in sorted((ROOT / "newsletter" / "web" / "words").glob("*.toml")):
        for phrase in tomllib.loads(path.read_text(encoding="utf-8")).values():
            words = re.split(r"\{[^}]*\}", phrase["ru"])
            if len("".join(words)) > 3:  # "{who}, {when}" would be found in anything
                found.append(re.compile(".+".join(map(re.escape, words))))
    return tuple(found)


def on_screen(quoted: str) -> bool:
    return any(words.fullmatch(quoted.rstrip(".")) or words.fullmatch(quoted) for words in room_words())


def test_the_room_has_the_words_that_the_guide_quotes_of_it() -> None:
    assert len(QUOTED) >= 40
    assert [quoted for quoted in QUOTED if not on_screen(quoted)] == []


def test_words_of_no_screen_are_found_nowhere() -> None:
    assert not on_screen("Сделать хорошо")


def test_every_tab_of_the_room_is_explained() -> None:
    words = tomllib.loads((ROOT / "newsletter" / "web" / "words" / "shell.toml").read_text(encoding="utf-8"))
    explained = re.findall(r"^\| \*\*(.+?)\*\* \|", ROOM.partition("### Вкладки")[2].partition("###")[0], re.MULTILINE)
    assert explained == [words[f"tab_{name}"]["ru"] for name in TABS]


def test_the_settings_that_the_guide_names_exist() -> None:
    named = {name for name in re.findall(r"`([a-z_]+)`", ROOM) if f"review.{name}" in known_settings()}
    assert named == {"approvals_required", "separate_author", "test_addresses"}
