"""The chip of an issue: its state in one word, never by colour alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from newsletter.delivery.state import IssueState
from newsletter.sending.lock import IssueLock
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, writing
from newsletter.store.issues import load_issue, set_state
from newsletter.workspace import Workspace
from tests.ledger import compiled, freeze_issue, meant
from tests.room_review import approve, ballot, digest_on, post, rewrite
from tests.room_server import desk_path

__all__ = ["compiled", "freeze_issue", "meant"]
KEY = "content/optika.md"


@pytest.fixture
def base(room_workspace: Workspace) -> str:
    return desk_path(room_workspace, room_workspace.root / KEY)


def chips(client: TestClient, base: str) -> list[tuple[str, str]]:
    """Return class and text of each chip, details included."""
    page = html.unescape(client.get(f"{base}panel/state").text)
    found = re.findall(r'<span class="chip chip-(\w+)"[^>]*>(.*?)</span></span>', page, re.DOTALL)
    return [(kind, re.sub(r"<[^>]+>", "", text)) for kind, text in found]


def test_a_mail_that_nobody_has_looked_at_is_a_draft(client: TestClient, base: str) -> None:
    assert chips(client, base) == [("draft", "черновик. Письмо ещё никто не согласовал")]


def test_who_approved_stands_in_the_chip_until_a_letter_changes(
    client: TestClient, base: str, room_workspace: Workspace
) -> None:
    approve(client, base)
    approve(client, base, name="Вера Кленова")
    assert chips(client, base)[0][0] == "approved"
    assert "согласовано: Анна Соколова, Вера Кленова" in chips(client, base)[0][1]
    rewrite(client, room_workspace, KEY, "120 человек", "121 человек")
    assert chips(client, base)[0][0] == "changed"
    assert "Вера Кленова" in chips(client, base)[0][1]


def test_too_few_approvals_are_counted(client: TestClient, base: str, room_workspace: Workspace) -> None:
    rewrite(client, room_workspace, "newsletter.toml", "[review]", "[review]\napprovals_required = 2")
    assert "нужно 2 согласования" in chips(client, base)[0][1]
    approve(client, base)
    assert chips(client, base)[0] == ("draft", "согласовано 1 из 2. Анна Соколова")
    approve(client, base, name="Вера Кленова")
    assert chips(client, base)[0][0] == "approved"
    assert "2 из 2" in chips(client, base)[0][1]


def test_a_rejection_shows_who_and_why(client: TestClient, base: str) -> None:
    sent_back = ballot(digest_on(client, base), verdict="rejected", note="Не та дата")
    post(client, f"{base}decide", sent_back)
    assert chips(client, base) == [("rejected", "возвращено на доработку. Анна Соколова: Не та дата")]


def test_an_embargo_has_a_chip_of_its_own(client: TestClient, base: str, room_workspace: Workspace) -> None:
    rewrite(client, room_workspace, KEY, "lang: ru", "lang: ru\nembargo_until: 24.11.2026 10:00")
    (_, (kind, text)) = chips(client, base)
    assert kind == "embargo"
    assert "24 ноября 2026 г., 10:00" in text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("state", "kind", "word"),
    [
        (IssueState.FINISHED, "sent", "отправлено"),
        (IssueState.WAITING, "sending", "отправляется"),
        (IssueState.RUNNING, "stopped", "отправка остановлена"),  # nobody holds its lock: the sender died
        (IssueState.STOPPED, "stopped", "отправка остановлена"),
    ],
)
def test_a_mail_on_its_way_says_so(
    client: TestClient,
    base: str,
    engine: Engine,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
    state: IssueState,
    kind: str,
    word: str,
) -> None:
    add_people("anna@zarechye.example", name="Анна", city="Зареченск")
    number = freeze_issue(replace(meant(), key=KEY))
    with writing(engine) as conn:
        set_state(conn, number, state)
    (found, *_) = chips(client, base)
    assert found[0] == kind
    assert found[1].startswith(word)
    assert "press" in found[1]
    assert "После отправки письмо изменили." in found[1]  # what was sent here is another mail


def test_a_send_whose_process_lives_is_going_on(
    client: TestClient,
    base: str,
    engine: Engine,
    room_workspace: Workspace,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> None:
    add_people("anna@zarechye.example", name="Анна", city="Зареченск")
    number = freeze_issue(replace(meant(), key=KEY))
    with writing(engine) as conn:
        set_state(conn, number, IssueState.RUNNING)
        code = load_issue(conn, number).code
    with IssueLock(room_workspace.private_dir("send"), code) as lock:
        lock.acquire(now=datetime.now(UTC))
        assert chips(client, base)[0][0] == "sending"


def test_a_send_does_not_hide_that_somebody_sent_the_mail_back(
    client: TestClient,
    base: str,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> None:
    add_people("anna@zarechye.example", name="Анна", city="Зареченск")
    freeze_issue(replace(meant(), key=KEY))
    post(client, f"{base}decide", ballot(digest_on(client, base), verdict="rejected", note="Не та дата"))
    assert [kind for kind, _ in chips(client, base)] == ["stopped", "rejected"]
