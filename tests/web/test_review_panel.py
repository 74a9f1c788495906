"""The panel on which a mail is approved: what is missing, what stands against it, who said what."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from newsletter.store.database import Engine, reading
from newsletter.store.reviews import list_decisions
from newsletter.workspace import Workspace
from tests.room_review import approve, ballot, digest_on, post, rewrite
from tests.room_server import desk_path

KEY = "content/optika.md"


@pytest.fixture
def base(room_workspace: Workspace) -> str:
    return desk_path(room_workspace, room_workspace.root / KEY)


def shown(client: TestClient, base: str) -> str:
    page = html.unescape(client.get(f"{base}panel/review").text)
    return " ".join(page.replace("\u00a0", " ").split())


def test_what_is_approved_and_how_many_are_needed(client: TestClient, base: str, room_workspace: Workspace) -> None:
    rewrite(client, room_workspace, "newsletter.toml", "[review]", "[review]\napprovals_required = 2")
    page = shown(client, base)
    assert "Новый цех оптики: 120 рабочих мест" in page
    assert digest_on(client, base)[:8] in page
    assert "есть 0, нужно 2" in page
    approve(client, base)
    assert "есть 1, нужно 2" in shown(client, base)


def test_the_list_can_be_chosen_and_an_approval_for_one_is_told(
    client: TestClient, base: str, engine: Engine, add_people: Callable[..., None]
) -> None:
    assert 'name="list"' not in shown(client, base)
    add_people("anna@zarechye.example", list_name="press")
    assert '<option value="press">' in shown(client, base)
    approve(client, base, list="press")
    assert "для списка «press»" in shown(client, base)
    refused = post(client, f"{base}decide", ballot(digest_on(client, base), list="nobody"))
    assert refused.status_code == 409
    with reading(engine) as conn:
        assert [one.list_name for one in list_decisions(conn, KEY)] == ["press"]


def test_waived_findings_are_shown_with_reasons_and_kept_in_the_record(
    client: TestClient, base: str, room_workspace: Workspace, engine: Engine
) -> None:
    rewrite(client, room_workspace, KEY, "date: 2026-11-20\n", 'waive: {no_date: "вечная новость"}\n')
    page = shown(client, base)
    assert "Оставлено намеренно: 1" in page
    assert "Причина: вечная новость" in page
    approve(client, base)
    with reading(engine) as conn:
        (made,) = list_decisions(conn, KEY)
    assert [(one.id, one.reason) for one in made.waived] == [("no_date", "вечная новость")]


def test_warnings_and_open_comments_stand_beside_the_button(
    client: TestClient, base: str, room_workspace: Workspace
) -> None:
    rewrite(client, room_workspace, KEY, "date: 2026-11-20\n", "")
    post(client, f"{base}comment", {"name": "Вера", "text": "Когда?", "block": ""})
    page = shown(client, base)
    assert re.search(r"Есть \d+ предупрежден", page)
    assert "1 замечание ещё открыто" in page
    assert page.index("замечание ещё открыто") < page.index('value="approved"')


def test_the_history_begins_with_the_newest(client: TestClient, base: str) -> None:
    approve(client, base, note="Первое")
    post(client, f"{base}decide", ballot(digest_on(client, base), verdict="rejected", name="Вера", note="Второе"))
    page = shown(client, base)
    assert page.index("Второе") < page.index("Первое")
    assert "content/optika.reviews" in page


def test_a_change_after_the_approval_is_told_where_one_approves(
    client: TestClient, base: str, room_workspace: Workspace
) -> None:
    approve(client, base)
    rewrite(client, room_workspace, KEY, "120 человек", "121 человек")
    page = shown(client, base)
    assert "Письмо изменилось после согласования (Анна Соколова)" in page
    assert f"текст новости — {KEY}" in page


def test_a_comment_on_changed_words_says_so(client: TestClient, base: str, room_workspace: Workspace) -> None:
    post(client, f"{base}comment", {"name": "Вера", "text": "Точно?", "block": "0.0"})
    assert "Текст с тех пор изменён" not in shown(client, base)
    rewrite(client, room_workspace, KEY, "120 человек", "121 человек")
    page = shown(client, base)
    assert "Текст с тех пор изменён" in page
    assert 'data-goto-block="0.0"' in page


def test_other_pages_hear_of_a_decision_and_of_a_comment(client: TestClient, base: str) -> None:
    digest = digest_on(client, base)
    (desk,) = [one for one in client.app.state.room.desks.values() if one.manifests]  # type: ignore[attr-defined]
    heard: list[int] = []
    desk.listen(lambda: heard.append(desk.number))
    post(client, f"{base}decide", ballot(digest))
    post(client, f"{base}comment", {"name": "Вера", "text": "Точно?", "block": ""})
    assert len(heard) == 2


def test_the_panel_speaks_english_where_the_browser_does(client: TestClient, base: str) -> None:
    page = client.get(f"{base}panel/review", headers={"Accept-Language": "en"}).text
    assert "Approve" in page
    assert not re.search(r"Согласовать|Замечан", page)


def test_a_title_and_a_lead_can_be_commented_and_are_shown_in_the_mail(client: TestClient, base: str) -> None:
    page = shown(client, base)
    assert '<option value="0.title">Заголовок: В Заречье открыли цех оптики<' in page
    assert re.search(r'<option value="0\.lead">Вводка: \S', page)
    answer = post(client, f"{base}comment", {"name": "Вера", "text": "Короче!", "block": "0.title"})
    assert answer.status_code == 200
    page = shown(client, base)
    assert "В Заречье открыли цех оптики</blockquote>" in page
    assert 'data-goto-block="0.title"' in page


def test_what_was_given_and_what_is_needed_do_not_run_together(client: TestClient, base: str) -> None:
    words = " ".join(re.sub("<[^>]*>", "", shown(client, base)).split())
    assert "Согласования пока нет (для отправки не обязательны)" in words


def test_the_form_knows_which_mail_it_shows(client: TestClient, base: str) -> None:
    assert f'data-looked="{digest_on(client, base)}"' in shown(client, base)


def test_nothing_is_decided_while_a_file_is_broken(client: TestClient, base: str, room_workspace: Workspace) -> None:
    assert "сначала исправьте файл" not in shown(client, base)
    rewrite(client, room_workspace, KEY, "date: 2026-11-20", "date: вчера")
    page = shown(client, base)
    assert "сначала исправьте файл" in page
    decide = page[page.index('data-post="decide"') : page.index('data-post="comment"')]
    assert re.findall(r'value="(\w+)" disabled aria-describedby="review-broken"', decide) == ["approved", "rejected"]
    assert "data-error" not in decide  # a refusal of before would come back with the mended file
    rewrite(client, room_workspace, KEY, "date: вчера", "date: 2026-11-20")
    page = shown(client, base)
    assert "review-broken" not in page
    assert "data-error" in page[page.index('data-post="decide"') : page.index('data-post="comment"')]


def test_a_mail_without_an_author_is_told_where_the_author_may_not_approve(
    client: TestClient, base: str, room_workspace: Workspace
) -> None:
    rewrite(client, room_workspace, "newsletter.toml", "[review]", "[review]\nseparate_author = true")
    assert "не назван автор" not in shown(client, base)
    file = room_workspace.root / KEY
    (line,) = re.findall(r"^author:.*\n", file.read_text(encoding="utf-8"), re.MULTILINE)
    rewrite(client, room_workspace, KEY, line, "")
    assert "В письме не назван автор: некого отличить от согласующего" in shown(client, base)
    rewrite(client, room_workspace, "newsletter.toml", "separate_author = true", "")
    assert "не назван автор" not in shown(client, base)
