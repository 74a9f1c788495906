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
from PIL import Image
from starlette.testclient import TestClient

from newsletter.decision import Decision, Verdict
from newsletter.errors import CompileError
from newsletter.issue import ContentOptions
from newsletter.store.database import Engine, writing
from newsletter.store.reviews import add_decision
from newsletter.web.desk import Desk
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


Decided = Callable[..., Callable[[], str]]


@pytest.fixture
def decided(premises: Premises, client_of: Client) -> Decided:
    """Return a function that decides on the mail of an item as it stands, in a room that has compiled nothing since.

    What that returns shows the list, whose compiler must not be called, and gives the words of the state.
    """

    def decide(path: Path, verdict: Verdict = Verdict.APPROVED, **changed: str) -> Callable[[], str]:
        _, result = Desk(premises, (path,), ContentOptions()).compile_now()
        compiled = result.compilation.compiled
        made = Decision(
            key=result.issue.key,
            digest=compiled.digest,
            verdict=verdict,
            who="Анна Ким",
            at=AT - timedelta(hours=2),
            subject="Тема",
            manifest={**compiled.manifest, **changed},
        )
        with writing(premises.engine) as conn:
            add_decision(conn, made)

        def state() -> str:
            def refuse(_request: object) -> None:
                raise CompileError("the list compiles", fix="do not")

            with client_of(replace(premises, compile=refuse)) as client:  # type: ignore[arg-type] # never returns
                page = client.get("", headers={"Accept-Language": "ru"}).text
            row = next(row for row in page.split("<li") if "Анна Ким, сегодня, 10:00" in row)
            return str(re.findall(r"</span>([^<]+)</span>", row)[0])

        return state

    return decide


@pytest.fixture
def item(room_workspace: Workspace) -> Path:
    return room_workspace.content / "optika.md"


def edit(path: Path, before: str, after: str) -> None:
    """Change a file and leave its time as it was, as a checkout or an archive does."""
    seen = path.stat()
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


@pytest.mark.parametrize(
    ("verdict", "untouched", "edited"),
    [
        (Verdict.APPROVED, "согласовано", "изменено после согласования"),
        (Verdict.REJECTED, "возвращено на доработку", "изменено после возврата"),
    ],
)
def test_a_decision_is_told_and_whether_the_file_changed_since_whatever_its_time(
    decided: Decided, item: Path, verdict: Verdict, untouched: str, edited: str
) -> None:
    state = decided(item, verdict)
    touch(item, -1)
    assert state() == untouched, "saved later without a change"
    touch(item, 500)
    edit(item, "120 человек", "121 человек")
    assert state() == edited, "an old time over other words"


def test_a_theme_that_changed_changes_what_was_approved(
    decided: Decided, item: Path, room_workspace: Workspace
) -> None:
    state = decided(item)
    letter = room_workspace.templates / "press" / "letter.mjml"
    edit(letter, "<mj-body", "<!-- wider --><mj-body")
    assert state() == "изменено после согласования"


def test_a_theme_that_has_words_for_the_subject_now_changes_what_was_approved(
    decided: Decided, item: Path, room_workspace: Workspace
) -> None:
    state = decided(item)
    (room_workspace.templates / "press" / "subject.txt").write_text("Новости: {{ issue.title }}", encoding="utf-8")
    assert state() == "изменено после согласования"


def test_a_setting_that_decides_bytes_changes_what_was_approved(
    decided: Decided, item: Path, room_workspace: Workspace
) -> None:
    state = decided(item)
    file = room_workspace.settings_file
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"(?m)^\[office\]\nname = .*", '[office]\nname = "Другая"', text, count=1), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != text
    assert state() == "изменено после согласования"
    file.write_text("nonsense", encoding="utf-8")
    assert state() == "согласовано ранее", "nobody knows what the settings were meant to be"


@pytest.mark.parametrize("name", ["newsletter", "library:lxml", "weather"])
def test_what_cannot_be_compared_is_approved_earlier(decided: Decided, item: Path, name: str) -> None:
    assert decided(item, **{name: "0.0"})() == "согласовано ранее"


def test_a_template_that_takes_in_what_no_manifest_names_leaves_it_open(
    decided: Decided, item: Path, room_workspace: Workspace
) -> None:
    letter = room_workspace.templates / "press" / "letter.mjml"
    edit(letter, "<mj-body", '{% include "press/more.mjml" ignore missing %}<mj-body')
    assert decided(item)() == "согласовано ранее"


def test_an_item_more_in_the_folder_changes_what_was_approved(decided: Decided, room_workspace: Workspace) -> None:
    folder = room_workspace.content / "week"
    write(room_workspace, "week/issue.toml", 'title = "Неделя"\ndate = 2026-11-20\n')
    write(room_workspace, "week/a.md", "---\ntitle: Первая\n---\nТекст первой.\n")
    state = decided(folder)
    assert state() == "согласовано"
    write(room_workspace, "week/b.md", "---\ntitle: Вторая\n---\nТекст второй.\n", hours_ago=500)
    assert state() == "изменено после согласования"


def test_another_picture_under_the_same_name_changes_what_was_approved(
    decided: Decided, item: Path, room_workspace: Workspace
) -> None:
    settings = room_workspace.settings_file.read_text(encoding="utf-8")
    room_workspace.settings_file.write_text(f'assets_url = "https://a.zarechye.example"\n{settings}', encoding="utf-8")
    picture = room_workspace.content / "shop.png"
    save_picture(picture, "navy")
    item.write_text(f"{item.read_text(encoding='utf-8')}\n![Цех](shop.png)\n", encoding="utf-8")
    state = decided(item)
    assert state() == "согласовано"
    seen = picture.stat()
    save_picture(picture, "olive")
    os.utime(picture, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert state() == "изменено после согласования"


def save_picture(path: Path, colour: str) -> None:
    Image.new("RGB", (600, 300), colour).save(path)


def test_a_broken_file_is_not_what_was_approved(
    client: TestClient, room_workspace: Workspace, engine: Engine, item: Path
) -> None:
    """The room still shows the last good mail, which is the approved one."""
    desk = desk_path(room_workspace, item)
    client.get(desk)
    room = client.app.state.room  # type: ignore[attr-defined]
    digest = room.find(desk[2:-1]).showing.digest
    made = Decision(key="content/optika.md", digest=digest, verdict=Verdict.APPROVED, who="Я", at=AT, subject="Т")
    with writing(engine) as conn:
        add_decision(conn, made)
    edit(item, "rubric:", "rubrik:")
    room.files_changed()
    client.get(desk)
    assert "</span>изменено после согласования</span>" in client.get("").text


def test_what_the_room_has_compiled_is_told_by_its_digest(
    client: TestClient, room_workspace: Workspace, engine: Engine
) -> None:
    """Saved after the approval without a change of the mail: the file's time alone would call it changed."""
    item = room_workspace.content / "optika.md"
    moment = (NOW + timedelta(hours=1)).timestamp()
    os.utime(item, (moment, moment))
    client.get(desk_path(room_workspace, item))
    compiled = client.app.state.room.find(desk_path(room_workspace, item)[2:-1]).showing.result.compilation.compiled  # type: ignore[attr-defined]
    made = Decision(
        key="content/optika.md",
        digest=compiled.digest,
        verdict=Verdict.APPROVED,
        who="Я",
        at=AT,
        subject="Т",
        manifest=compiled.manifest,  # by which it goes when word of the new time comes only now
    )
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
