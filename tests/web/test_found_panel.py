"""What the page says the loader understood: guesses told from facts, each with its place and the lines that mend it."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.workspace import Workspace
from tests.room_server import desk_path


@pytest.fixture
def base(room_workspace: Workspace) -> str:
    return desk_path(room_workspace, room_workspace.root / "content" / "optika.md")


def found_of(client: TestClient, workspace: Workspace, *items: Path) -> str:
    answer = client.get(f"{desk_path(workspace, *items)}panel/found")
    assert answer.status_code == 200
    return html.unescape(answer.text)


def write(workspace: Workspace, name: str, text: str) -> Path:
    file = workspace.content / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_speaker_stands_with_the_words_and_both_places(
    client: TestClient, room_workspace: Workspace, base: str
) -> None:
    page = html.unescape(client.get(f"{base}panel/found").text)
    assert "Мы вышли на полную мощность за полгода" in " ".join(page.split()).replace("\u00a0", " ")
    assert "<strong>Антон Берг</strong>, директор завода" in page
    assert re.search(r'data-goto-block="0\.\d"', page)
    assert 'data-goto-line="content/optika.md:13"' in page


def test_a_proposed_title_is_marked_and_its_lines_can_be_copied(client: TestClient, room_workspace: Workspace) -> None:
    body = "Завод «Линза» запустил в ОЭЗ «Заречье» новый цех оптики, в котором заняты 120 человек.\n\nЦех большой.\n"
    page = found_of(client, room_workspace, write(room_workspace, "untitled.txt", body))
    assert "Заголовок предложен программой: проверьте" in page
    assert '---\ntitle: "' in page
    assert "догадка" in page


def test_a_figure_that_may_count_anything_is_marked_as_a_guess(client: TestClient, room_workspace: Workspace) -> None:
    body = "# Новый цех\n\nЦех открыт.\n\nЗавод заработал 76 млн, и это много.\n"
    page = found_of(client, room_workspace, write(room_workspace, "guess.md", body))
    assert "Что именно считают — догадка: проверьте" in page


def test_every_item_of_a_digest_has_its_own_part(client: TestClient, room_workspace: Workspace) -> None:
    folder = room_workspace.content / "week"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.md").write_text(f"# Новость {name}\n\nТекст.\n\n«Рады», — сказал Антон Берг.\n", "utf-8")
    (folder / "issue.toml").write_text("", encoding="utf-8")
    page = found_of(client, room_workspace, folder)
    assert [name in page for name in ("Новость one", "Новость two")] == [True, True]
    assert 'data-goto-block="1.0"' in page


def test_what_is_not_shown_is_told(client: TestClient, room_workspace: Workspace) -> None:
    body = "# Цех\n\nЦех открыт.\n\nЕщё абзац о цехе.\n\nПодписывайтесь на наш канал в Телеграме!\n"
    page = found_of(client, room_workspace, write(room_workspace, "call.md", body))
    assert "Подписывайтесь на наш канал" in page
    assert 'closing: "no"' in page


def test_words_of_an_item_are_never_html(client: TestClient, room_workspace: Workspace) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    body = f'---\ntitle: "{hostile}"\n---\nЛид {hostile}.\n\n«Рады {hostile}», — сказал директор завода Антон Берг.\n'
    file = write(room_workspace, "hostile.txt", body)
    answer = client.get(f"{desk_path(room_workspace, file)}panel/found").text
    assert "<script" not in answer
    assert "<img" not in answer
    assert "&lt;script&gt;" in answer


def test_words_about_the_speaker_that_are_printed_nowhere_else_stand_under_the_quote(
    client: TestClient, room_workspace: Workspace
) -> None:
    body = (
        "# Цех\n\nЦех открыт.\n\n«Мы вышли на полную мощность», — рассказал на встрече директор завода Антон Берг.\n\n"
        "«Людей хватает, и это главное», — сказала технолог Мария Ольшанская.\n"
    )
    page = found_of(client, room_workspace, write(room_workspace, "aside.md", body)).replace("\u00a0", " ")
    assert "как в тексте: «рассказал на встрече директор завода Антон Берг»" in page
    assert page.count("как в тексте") == 1


@pytest.mark.parametrize(
    ("role", "is_told"), [("технолог цеха", True), ("директор", False), ("директор завода", False)]
)
def test_a_person_with_two_roles_is_told_quietly(
    client: TestClient, room_workspace: Workspace, role: str, is_told: bool
) -> None:
    body = (
        "# Цех\n\nЦех открыт.\n\n«Мы вышли на полную мощность», — сказал директор завода Антон Берг.\n\n"
        f"«Людей хватает, и это главное», — отметил {role} Антон Берг.\n"
    )
    page = found_of(client, room_workspace, write(room_workspace, "roles.md", body)).replace("\u00a0", " ")
    assert ("Антон Берг в тексте с разными должностями" in page) is is_told
