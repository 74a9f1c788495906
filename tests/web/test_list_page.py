"""The list of items and issues, which compiles nothing."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.decision import Decision, Verdict
from newsletter.errors import CompileError
from newsletter.store.database import Engine, writing
from newsletter.store.reviews import add_decision
from newsletter.web.headline import headline_of
from newsletter.web.languages import words_of
from newsletter.web.list_page import shown_when
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace
from tests.room_server import NOW, desk_path

Client = Callable[..., AbstractContextManager[TestClient]]
AT = NOW.astimezone(UTC)


@pytest.fixture
def bare(premises: Premises, workspace: Workspace) -> Premises:
    """Premises of an empty workspace whose compiler must not be called."""

    def refuse(_request: object) -> None:
        raise CompileError("the list compiles", fix="do not")

    return replace(premises, workspace=workspace, compile=refuse)  # type: ignore[arg-type] # never returns


@pytest.fixture
def listed(bare: Premises, client_of: Client) -> Callable[..., str]:
    """Return a function that gives the list's page as the browser gets it."""

    def show(language: str = "ru") -> str:
        with client_of(bare) as client:
            answer = client.get("", headers={"Accept-Language": language})
        assert answer.status_code == 200
        return answer.text

    return show


def write(workspace: Workspace, name: str, text: str, *, hours_ago: float = 0) -> Path:
    path = workspace.content / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    touch(path, hours_ago)
    return path


def touch(path: Path, hours_ago: float) -> None:
    moment = (NOW - timedelta(hours=hours_ago)).timestamp()
    os.utime(path, (moment, moment))


def titles(page: str) -> list[str]:
    return re.findall(r'<h2 class="issue-title"><a [^>]*>(.*?)</a>', page)


def test_an_empty_folder_says_how_to_begin(listed: Callable[..., str]) -> None:
    assert "Положите новость в папку content" in listed()
    assert "Put a news item into the folder content" in listed("en")


def test_items_and_issues_come_newest_first_with_their_titles(listed: Callable[..., str], workspace: Workspace) -> None:
    write(workspace, "old.md", "---\ntitle: Старая новость\n---\nТекст.\n", hours_ago=30)
    write(workspace, "new.txt", "Новая новость\n\nТекст.\n", hours_ago=1)
    write(workspace, "week/issue.toml", 'title = "Неделя"\n', hours_ago=50)
    write(workspace, "week/one.md", "# Первая\n", hours_ago=3)
    page = listed()
    assert titles(page) == ["Новая новость", "Неделя", "Старая новость"], "a folder is as new as its newest file"
    assert "Выпуск · content/week" in page
    assert "сегодня, 11:00" in page
    assert "вчера, 6:00" in page
    assert page.count("черновик") == 3


def test_a_title_is_escaped(listed: Callable[..., str], workspace: Workspace) -> None:
    write(workspace, "x.txt", "<script>alert(1)</script>\n")
    assert titles(listed()) == ["&lt;script&gt;alert(1)&lt;/script&gt;"]


def decide(engine: Engine, key: str, verdict: Verdict, *, hours_ago: float) -> None:
    made = Decision(
        key=key, digest="a" * 64, verdict=verdict, who="Анна Ким", at=AT - timedelta(hours=hours_ago), subject="Тема"
    )
    with writing(engine) as conn:
        add_decision(conn, made)


@pytest.mark.parametrize(
    ("verdict", "saved_hours_ago", "word"),
    [
        (Verdict.APPROVED, 3, "согласовано"),
        (Verdict.APPROVED, 1, "изменено после согласования"),
        (Verdict.REJECTED, 3, "возвращено на доработку"),
        (Verdict.REJECTED, 1, "изменено после возврата"),
    ],
)
def test_a_decision_is_told_and_whether_the_file_was_saved_since(
    listed: Callable[..., str],
    workspace: Workspace,
    engine: Engine,
    verdict: Verdict,
    saved_hours_ago: float,
    word: str,
) -> None:
    write(workspace, "a.md", "---\ntitle: А\nkey: april\n---\nТекст.\n", hours_ago=saved_hours_ago)
    decide(engine, "april", verdict, hours_ago=2)
    page = listed()
    assert f"</span>{word}</span>" in page
    assert "Анна Ким, сегодня, 10:00" in page


def test_what_the_room_has_compiled_is_told_by_its_digest(
    client: TestClient, room_workspace: Workspace, engine: Engine
) -> None:
    """Saved after the approval without a change of the mail: the file's time alone would call it changed."""
    item = room_workspace.content / "optika.md"
    moment = (NOW + timedelta(hours=1)).timestamp()
    os.utime(item, (moment, moment))
    client.get(desk_path(room_workspace, item))
    digest = client.app.state.room.find(desk_path(room_workspace, item)[2:-1]).showing.digest  # type: ignore[attr-defined]
    made = Decision(key="content/optika.md", digest=digest, verdict=Verdict.APPROVED, who="Я", at=AT, subject="Т")
    with writing(engine) as conn:
        add_decision(conn, made)
    assert "</span>согласовано</span>" in client.get("").text


@pytest.mark.parametrize(
    ("at", "russian", "english"),
    [
        (NOW.replace(hour=0, minute=5), "сегодня, 0:05", "today, 0:05"),
        (NOW - timedelta(days=1), "вчера, 12:00", "yesterday, 12:00"),
        (datetime(2026, 11, 21, tzinfo=UTC), "21\u00a0ноября", "21\u00a0November"),
        (datetime(2025, 12, 31, 22, tzinfo=UTC), "1\u00a0января", "1\u00a0January"),
        (datetime(2025, 12, 31, 20, tzinfo=UTC), "31\u00a0декабря 2025", "31\u00a0December 2025"),
    ],
)
def test_moments_are_told_as_people_tell_them_in_the_office_s_zone(at: datetime, russian: str, english: str) -> None:
    assert shown_when(at, NOW, words_of("ru")) == russian
    assert shown_when(at, NOW, words_of("en")) == english


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.md", "---\ntitle: 'Из шапки'\n---\n# Из текста\n", "Из шапки"),
        ("a.md", "---\ndate: 2026-11-20\n---\n\n# Из текста\n", "Из текста"),
        ("a.txt", "\n\nПервая строка\nвторая\n", "Первая строка"),
        ("a.html", "<title>Вкладка</title><h1>Главное <b>слово</b> &amp; всё</h1>", "Главное слово & всё"),
        ("a.html", "<p>без заголовка</p>", "a"),
        ("a.docx", "PK", "a"),
        ("a.txt", "", "a"),
        ("a.txt", "слово " * 40, "слово " * 17 + "слово…"),
    ],
)
def test_the_title_is_read_from_the_first_lines(tmp_path: Path, name: str, text: str, title: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert headline_of(tmp_path / name).title == title


@given(data=st.binary(max_size=300), suffix=st.sampled_from([".md", ".txt", ".html", ".docx", ".xml"]))
def test_no_file_makes_the_list_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("headline") / f"a{suffix}"
    path.write_bytes(b"---\ntitle: " + data)
    found = headline_of(path)
    assert found.title
    assert "\n" not in found.title


def test_one_odd_file_does_not_cost_the_list(listed: Callable[..., str], workspace: Workspace) -> None:
    write(workspace, "good.md", "---\ntitle: Новость\n---\nТекст.\n", hours_ago=1)
    write(workspace, "name\udcff.md", "Имя файла не в UTF-8\n\nТекст.\n")
    write(workspace, "deep/issue.toml", f"title = {'[' * 900}{']' * 900}\n", hours_ago=2)
    write(workspace, "long/issue.toml", f"title = {'9' * 5000}\n", hours_ago=3)
    assert titles(listed()) == ["Новость", "deep", "long"]


def test_a_desk_opens_beside_a_file_with_an_odd_name(bare: Premises, client_of: Client, workspace: Workspace) -> None:
    write(workspace, "name\udcff.md", "Имя файла не в UTF-8\n\nТекст.\n")
    new = write(workspace, "new.md", "Новость\n\nТекст.\n")
    with client_of(bare) as client:
        assert client.get(desk_path(workspace, new)).status_code == 200


def test_a_title_with_very_many_spaces_is_read_at_once(workspace: Workspace) -> None:
    # A pattern that backtracked over them took minutes, in which the whole room stood still.
    path = write(workspace, "a.md", f"---\ntitle:  а{' ' * 60_000}б  \n---\nТекст.\n")
    begun = time.process_time()
    assert headline_of(path).title == "а б"
    assert time.process_time() - begun < 1
