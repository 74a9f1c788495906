"""An item saved from the page."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.content.file_text import parse_file_text
from newsletter.web.editing import differences
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace
from tests.room_server import HOST, desk_path

ORIGIN = f"http://{HOST}"
RUSSIAN = "Завод запустил в особой экономической зоне новый цех оптики.\n\nЦех занял три тысячи квадратных метров.\n"


class Editor:
    """What the page of one issue does when its form of a file is sent."""

    def __init__(self, client: TestClient, workspace: Workspace, issue: Path) -> None:
        self.client, self.base = client, desk_path(workspace, issue)

    def opened(self, number: int = 0) -> dict[str, str]:
        """Return the hidden fields of a form as they came with the page."""
        page = self.client.get(f"{self.base}panel/source").text
        forms = re.findall(r'name="file" value="(\w+)">\s*<input type="hidden" name="sha256" value="(\w+)"', page)
        return {"file": forms[number][0], "sha256": forms[number][1]}

    def save(self, values: Mapping[str, object]) -> tuple[int, dict[str, object]]:
        body = json.dumps(values, ensure_ascii=True).encode()
        headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
        answer = self.client.post(f"{self.base}save", content=body, headers=headers)
        return answer.status_code, answer.json() if "json" in answer.headers["content-type"] else {}


@pytest.fixture
def item(room_workspace: Workspace) -> Path:
    return room_workspace.content / "optika.md"


@pytest.fixture
def editor(client: TestClient, room_workspace: Workspace, item: Path) -> Editor:
    return Editor(client, room_workspace, item)


def test_a_saved_text_is_on_the_disk_and_in_the_mail(editor: Editor, item: Path) -> None:
    text = item.read_text(encoding="utf-8").replace("120 рабочих мест", "121 рабочее место")
    status, said = editor.save(editor.opened() | {"text": text})
    assert (status, said["ok"]) == (200, True)
    assert item.read_text(encoding="utf-8") == text
    assert "121 рабочее место" in editor.client.get(f"{editor.base}panel/inbox").text


def test_a_text_that_changes_nothing_is_not_written(editor: Editor, item: Path) -> None:
    before = item.stat().st_ino
    _, said = editor.save(editor.opened() | {"text": item.read_text(encoding="utf-8")})
    assert "Изменений нет" in str(said["message"])
    assert item.stat().st_ino == before


def test_a_file_changed_meanwhile_is_not_overwritten_and_both_texts_are_shown(editor: Editor, item: Path) -> None:
    fields = editor.opened()
    item.write_text("---\ntitle: Другой заголовок\n---\nЧужая правка <b>.\n", encoding="utf-8")
    status, said = editor.save(fields | {"text": "Моя правка <script>.\n"})
    assert status == 409
    error, conflict = said["error"], said["conflict"]
    assert isinstance(error, dict)
    assert isinstance(conflict, dict)
    assert error["message"].startswith("Файл изменился на диске")
    assert conflict["text"] == item.read_text(encoding="utf-8")
    assert conflict["sha256"] == hashlib.sha256(item.read_bytes()).hexdigest()
    assert "Чужая правка &lt;b&gt;." in error["html"]
    assert "Моя правка &lt;script&gt;." in error["html"]


def test_who_has_seen_the_other_version_may_save_over_it_but_not_over_a_third(editor: Editor, item: Path) -> None:
    fields = editor.opened()
    item.write_text("Чужая правка.\n", encoding="utf-8")
    _, said = editor.save(fields | {"text": "Моя правка."})
    seen = said["conflict"]["sha256"]  # type: ignore[index] # a plain object of JSON
    item.write_text("Третья правка.\n", encoding="utf-8")
    assert editor.save(fields | {"text": "Моя правка.", "over": seen})[0] == 409
    assert item.read_text(encoding="utf-8") == "Третья правка.\n"
    item.write_text("Чужая правка.\n", encoding="utf-8")
    assert editor.save(fields | {"text": "Моя правка.", "over": seen})[0] == 200
    assert item.read_text(encoding="utf-8") == "Моя правка."


def test_code_page_mark_and_line_ends_of_a_file_stay(editor: Editor, item: Path) -> None:
    item.write_bytes(RUSSIAN.replace("\n", "\r\n").encode("cp1251"))
    text = RUSSIAN.replace("новый", "второй")
    assert editor.save(editor.opened() | {"text": text})[0] == 200
    assert item.read_bytes() == text.replace("\n", "\r\n").encode("cp1251")


def test_a_sign_that_the_code_page_lacks_is_named_and_utf8_takes_it(editor: Editor, item: Path) -> None:
    item.write_bytes(RUSSIAN.encode("cp1251"))
    fields = editor.opened()
    status, said = editor.save(fields | {"text": f"{RUSSIAN}≥\n"})
    assert status == 409
    error = said["error"]
    assert isinstance(error, dict)
    assert "≥" in error["message"]
    assert "windows-1251" in error["message"]
    assert error["line"] == 4
    assert 'name="utf8"' in editor.client.get(f"{editor.base}panel/source").text
    assert editor.save(fields | {"text": f"{RUSSIAN}≥\n", "utf8": True})[0] == 200
    assert item.read_text(encoding="utf-8") == f"{RUSSIAN}≥\n"


@pytest.mark.parametrize("text", ["", "  \n\n"])
def test_an_empty_text_is_refused(editor: Editor, item: Path, text: str) -> None:
    before = item.read_bytes()
    assert editor.save(editor.opened() | {"text": text})[0] == 409
    assert item.read_bytes() == before


def test_issue_toml_can_be_saved_empty(client: TestClient, room_workspace: Workspace) -> None:
    issue = room_workspace.content / "2026-11-zarechye-digest"
    editor = Editor(client, room_workspace, issue)
    assert editor.save(editor.opened(0) | {"text": ""})[0] == 200
    assert (issue / "issue.toml").read_bytes() == b""


@pytest.mark.parametrize("name", ["../newsletter.toml", "content/optika.md", "0", "", "newsletter.toml"])
def test_a_file_is_never_named_by_its_path(editor: Editor, name: str) -> None:
    assert editor.save(editor.opened() | {"file": name, "text": "Текст."})[0] == 404


def test_a_file_of_another_issue_cannot_be_saved(client: TestClient, room_workspace: Workspace, editor: Editor) -> None:
    other = Editor(client, room_workspace, room_workspace.content / "2026-11-zarechye-export.md")
    assert editor.save(other.opened() | {"text": "Текст."})[0] == 404


@pytest.mark.parametrize(
    "values",
    [{"text": 1}, {"text": ["а"]}, {"sha256": "0"}, {"sha256": None}, {"utf8": "yes"}, {"over": 3}, {"file": {}}],
)
def test_what_no_form_sends_is_refused(editor: Editor, item: Path, values: dict[str, object]) -> None:
    before = item.read_bytes()
    assert editor.save(editor.opened() | {"text": "Текст."} | values)[0] == 400
    assert item.read_bytes() == before


def test_a_text_beyond_the_limit_is_refused(editor: Editor, item: Path) -> None:
    before = item.read_bytes()
    status, said = editor.save(editor.opened() | {"text": "a" * (2 * 1024**2 + 1)})
    assert status == 409
    assert "2" in str(said["error"])
    assert item.read_bytes() == before


def test_a_link_out_of_the_workspace_is_neither_shown_nor_written(
    client: TestClient, room_workspace: Workspace, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("Тайна.\n", encoding="utf-8")
    folder = room_workspace.content / "folder"
    folder.mkdir()
    (folder / "issue.toml").write_text('order = ["own.md"]\n', encoding="utf-8")
    (folder / "own.md").write_text("---\ntitle: Своя\n---\nСвоя новость.\n", encoding="utf-8")
    (folder / "link.txt").symlink_to(secret)
    editor = Editor(client, room_workspace, folder)
    page = client.get(f"{editor.base}panel/source").text
    assert "Своя новость." in page
    assert "Тайна" not in page
    assert "link.txt" not in page


def test_a_link_to_a_file_of_the_workspace_stays_a_link(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    link = room_workspace.content / "link.md"
    link.symlink_to(item)
    editor = Editor(client, room_workspace, item)
    assert editor.save(editor.opened() | {"text": "Новый текст.\n"})[0] == 200
    assert link.is_symlink()


def test_an_item_named_outside_the_workspace_can_be_saved(
    premises: Premises,
    client_of: Callable[..., AbstractContextManager[TestClient]],
    room_workspace: Workspace,
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("---\ntitle: Снаружи\n---\nНовость снаружи.\n", encoding="utf-8")
    with client_of(replace(premises, opened=(outside,))) as client:
        editor = Editor(client, room_workspace, outside)
        assert editor.save(editor.opened() | {"text": "---\ntitle: Снаружи\n---\nДругая.\n"})[0] == 200
    assert "Другая." in outside.read_text(encoding="utf-8")


def test_a_protected_file_is_refused_in_plain_words(editor: Editor, item: Path) -> None:
    item.chmod(0o444)
    status, said = editor.save(editor.opened() | {"text": "Другой текст.\n"})
    assert status == 409
    assert re.search("[а-я]", str(said["error"]["message"]))  # type: ignore[index] # a plain object of JSON
    assert os.access(item, os.R_OK)


def test_a_broken_item_can_be_mended_where_it_is_shown(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "broken.md"
    item.write_text("---\ntitle: [\n---\nТекст новости.\n", encoding="utf-8")
    editor = Editor(client, room_workspace, item)
    fields = editor.opened()
    assert editor.save(fields | {"text": "---\ntitle: Исправлено\n---\nТекст новости.\n"})[0] == 200
    assert "Исправлено" in client.get(f"{editor.base}panel/text").text


LINES = st.lists(st.sampled_from(["а", "б", "<в>", ""]), min_size=1, max_size=8)


@given(LINES, LINES)
def test_what_differs_names_every_line_of_one_side_alone(theirs: list[str], mine: list[str]) -> None:
    there = parse_file_text(Path("a.md"), "a.md", "\n".join(theirs).encode())
    rows = differences(there, "\n".join(mine))
    assert rows is not None
    assert (rows == ()) == ("\n".join(theirs) == "\n".join(mine))
    kept = [line for kind, line in rows if kind == "theirs"]
    assert all(line in theirs for line in kept)
    assert all(line in mine for kind, line in rows if kind in ("mine", "same"))


def test_texts_too_long_to_compare_are_not_compared() -> None:
    there = parse_file_text(Path("a.md"), "a.md", b"a\n" * 4000)
    assert differences(there, "b\n" * 4000) is None
