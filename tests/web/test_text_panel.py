"""The text part as the room shows it."""

from __future__ import annotations

from starlette.testclient import TestClient

from newsletter.workspace import Workspace
from tests.room_server import desk_path


def panel(client: TestClient, workspace: Workspace, item: str = "optika.md", **asked: str) -> str:
    answer = client.get(f"{desk_path(workspace, workspace.content / item)}panel/text", params=asked)
    assert answer.status_code == 200
    return answer.text


def test_the_text_stands_as_the_reader_gets_it(client: TestClient, room_workspace: Workspace) -> None:
    shown = panel(client, room_workspace)
    assert "В Заречье открыли цех оптики" in shown
    assert "<a " not in shown, "links are text"
    assert "строк" in shown


def test_only_lines_longer_than_the_text_is_set_are_marked(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "optika.md"
    address = "https://zarechye.example/" + "a" * 80
    item.write_text(item.read_text(encoding="utf-8") + f"\n[Отчёт]({address})\n", encoding="utf-8")
    marked = [line for line in panel(client, room_workspace).split("typed-line")[1:] if line.startswith(" typed-long")]
    assert any(address in line for line in marked)
    assert all(len(line.partition(">")[2].partition("\n")[0]) > 72 for line in marked)


def test_shapes_of_scripts_in_an_item_are_only_words(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "optika.md"
    item.write_text(
        'Слово <script>alert(1)</script> & "кавычки" <img src=x onerror=alert(1)> в тексте.\n', encoding="utf-8"
    )
    shown = panel(client, room_workspace, **{"as": "x-html"})
    assert "<script" not in shown
    assert "<img" not in shown
