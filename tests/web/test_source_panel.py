"""The source of a mail, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.web.numbered import GROUP, lines_of, numbered
from newsletter.workspace import Workspace
from tests.room_server import desk_path
from tests.word_files import paragraph, word_file


@pytest.fixture
def item(room_workspace: Workspace) -> Path:
    return room_workspace.content / "optika.md"


def panel(client: TestClient, workspace: Workspace, issue: Path) -> str:
    base = desk_path(workspace, issue)
    client.app.state.room.files_changed()  # type: ignore[attr-defined] # what watching the folder ends in
    answer = client.get(f"{base}panel/source")
    assert answer.status_code == 200
    return answer.text


def test_item_templates_and_markup_have_a_place_for_every_line(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    page = panel(client, room_workspace, item)
    for number, _ in enumerate(item.read_text(encoding="utf-8").splitlines(), start=1):
        assert f'data-line="content/optika.md:{number}"' in page
    assert 'data-line="templates/press/letter.mjml:1"' in page
    assert 'data-line="MJML:1"' in page
    assert "&lt;mjml" in page


def test_a_line_with_a_finding_leads_to_it(client: TestClient, room_workspace: Workspace, item: Path) -> None:
    item.write_text("---\ntitle: Цех\n---\nПодробности: [здесь](http://zarechye.example/a).\n", encoding="utf-8")
    page = panel(client, room_workspace, item)
    button = re.search(r'data-line="content/optika.md:4"[^>]*><button[^>]*data-goto-finding="(\d+)"', page)
    assert button is not None
    findings = client.get(f"{desk_path(room_workspace, item)}panel/findings").text
    assert f'id="finding-{button[1]}"' in findings


def test_the_field_holds_the_file_to_the_letter(client: TestClient, room_workspace: Workspace, item: Path) -> None:
    text = "\n\nПервая строка пустая.\n</textarea><script>alert(1)</script>\n"
    item.write_text(text, encoding="utf-8")
    page = panel(client, room_workspace, item)
    field = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert field is not None, "one line end belongs to the tag"
    assert field[1] == text.replace("<", "&lt;").replace(">", "&gt;")


def test_an_issue_shows_its_file_and_each_item_left_out_ones_too(client: TestClient, room_workspace: Workspace) -> None:
    folder = room_workspace.content / "2026-11-zarechye-digest"
    (folder / "later.md").write_text("Потом.\n", encoding="utf-8")
    page = panel(client, room_workspace, folder)
    shown = re.findall(r'class="sheet-name">(content/[^<]+)<', page)
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    assert shown[0].endswith("/issue.toml")
    assert sorted(name.rpartition("/")[2] for name in shown) == names
    assert page.count('data-post="save"') == len(names)


def test_a_word_file_is_shown_as_it_was_understood_and_not_edited(
    client: TestClient, room_workspace: Workspace
) -> None:
    item = room_workspace.content / "порт.docx"
    item.write_bytes(word_file(paragraph("В Заречье открыли порт", style="Title") + paragraph("Порт принял <суда>.")))
    page = panel(client, room_workspace, item)
    assert "Это файл Word" in page
    assert "Порт принял &lt;суда&gt;." in page
    assert 'data-line="content/порт.docx:2"' in page
    assert "<textarea" not in page


def test_a_feed_is_text_that_the_site_changes(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "news.xml"
    item.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Новости</title>'
        "<item><title>Порт открыт</title><description>Порт принял суда.</description></item></channel></rss>",
        encoding="utf-8",
    )
    page = panel(client, room_workspace, item)
    assert "&lt;rss" in page
    assert "правьте новость на сайте" in page
    assert "<textarea" not in page


def test_a_file_that_cannot_be_read_says_why(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "binary.md"
    item.write_bytes(b"\x00\x01\x02")
    page = panel(client, room_workspace, item)
    assert 'class="sheet-note"' in page
    assert "<textarea" not in page


def test_an_item_of_twenty_thousand_lines_is_one_page(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    lines = "".join(f"строка {number}\n" for number in range(20_000))
    item.write_text(f"---\ntitle: [\n---\n{lines}", encoding="utf-8")  # broken: nothing is compiled of it
    page = client.get(f"{desk_path(room_workspace, item)}panel/source").text
    assert page.count("data-line=") == 20_003
    assert page.count('class="rows"') == -(-20_003 // GROUP)


@given(st.text(max_size=200), st.text(min_size=1, max_size=20))
def test_a_line_never_makes_markup_of_its_text_or_its_file(text: str, file: str) -> None:
    html = str(numbered(file, lines_of(text)))
    bare = re.sub(r'<span class="rows?[^"]*"(?: data-line="[^"<>]*" data-number="\d+")?>|</span>', "", html)
    assert "<" not in bare
    assert ">" not in bare


def test_while_a_file_is_broken_only_its_wrong_line_is_marked(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    linked = "---\ntitle: Цех\n---\nПодробности: [здесь](http://zarechye.example/a).\n"
    item.write_text(linked, encoding="utf-8")
    assert "data-goto-finding" in panel(client, room_workspace, item)
    item.write_text(linked.replace("title: Цех", "date: вчера\ntitle: Цех"), encoding="utf-8")
    page = panel(client, room_workspace, item)
    assert "data-goto-finding" not in page
    assert "с замечаниями проверок" not in page
    assert re.findall(r'row-error" data-line="([^"]+)"', page) == ["content/optika.md:2"]
    assert "Ошибка в этой строке: " in page


def test_the_wrong_line_of_a_file_that_never_was_a_mail_is_marked(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    item.write_text("---\ntitle: Цех\ndate: вчера\n---\nСлова.\n", encoding="utf-8")
    page = panel(client, room_workspace, item)
    assert re.findall(r'row-error" data-line="([^"]+)"', page) == ["content/optika.md:3"]
