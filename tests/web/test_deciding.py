"""Decisions and comments by the page: kept as the page showed the mail, refused with a reason otherwise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.decision import Verdict
from newsletter.store.database import Engine, reading
from newsletter.store.reviews import list_comments, list_decisions
from newsletter.workspace import Workspace
from tests.room_review import ballot, digest_on, post
from tests.room_server import desk_path

KEY = "content/optika.md"


@pytest.fixture
def base(room_workspace: Workspace) -> str:
    return desk_path(room_workspace, room_workspace.root / KEY)


def write(workspace: Workspace, old: str, new: str) -> None:
    file = workspace.root / KEY
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_an_approval_is_kept_and_written_beside_the_item(
    client: TestClient, base: str, room_workspace: Workspace, engine: Engine
) -> None:
    answer = post(client, f"{base}decide", ballot(digest_on(client, base), note="Проверила числа."))
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    with reading(engine) as conn:
        (made,) = list_decisions(conn, KEY)
    assert (made.verdict, made.who, made.note) == (Verdict.APPROVED, "Анна Соколова", "Проверила числа.")
    (record,) = (room_workspace.content / "optika.reviews").iterdir()
    assert tomllib.loads(record.read_text(encoding="utf-8"))["digest"] == made.digest


def test_a_rejection_is_kept_too(client: TestClient, base: str, engine: Engine) -> None:
    answer = post(client, f"{base}decide", ballot(digest_on(client, base), verdict="rejected", note="Не та дата"))
    assert answer.status_code == 200
    with reading(engine) as conn:
        assert list_decisions(conn, KEY)[0].verdict is Verdict.REJECTED
    assert "возвращено на доработку" in client.get(f"{base}panel/state").text


def test_a_mail_is_sent_back_only_with_a_word_of_what_to_mend(client: TestClient, base: str, engine: Engine) -> None:
    sent_back = ballot(digest_on(client, base), verdict="rejected", note=" \r\n ")
    answer = post(client, f"{base}decide", sent_back)
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == "Что доработать, пока не сказано."
    assert "«Примечание к решению»" in answer.json()["error"]["fix"]
    with reading(engine) as conn:
        assert list_decisions(conn, KEY) == ()

    post(client, f"{base}comment", {"name": "Вера", "text": "Точно 120?", "block": ""})
    with reading(engine) as conn:
        number = str(list_comments(conn, KEY)[0].id)
    settled = {"comment": number, "done": True, "name": "Вера"}
    post(client, f"{base}settle", settled)
    assert post(client, f"{base}decide", sent_back).status_code == 409  # what is resolved asks for nothing
    post(client, f"{base}settle", settled | {"done": False})
    assert post(client, f"{base}decide", sent_back).status_code == 200


def test_one_changed_letter_refuses_the_approval_and_names_the_file(
    client: TestClient, base: str, room_workspace: Workspace, engine: Engine
) -> None:
    seen = digest_on(client, base)
    write(room_workspace, "120 человек", "121 человек")
    answer = post(client, f"{base}decide", ballot(seen))
    assert answer.status_code == 409
    assert KEY in answer.json()["error"]["message"]
    assert "изменилось" in answer.json()["error"]["message"]
    with reading(engine) as conn:
        assert list_decisions(conn, KEY) == ()
    assert digest_on(client, base) != seen  # the page shows the new mail at once


def test_an_approval_does_not_outlive_a_change(client: TestClient, base: str, room_workspace: Workspace) -> None:
    post(client, f"{base}decide", ballot(digest_on(client, base)))
    assert "согласовано: Анна Соколова" in client.get(f"{base}panel/state").text
    write(room_workspace, "120 человек", "121 человек")
    post(client, f"{base}decide", ballot("0" * 64))  # is refused, and brings the page up to date
    assert "изменено после согласования" in client.get(f"{base}panel/state").text


def test_errors_of_the_checks_refuse_an_approval_and_the_form_says_why(
    client: TestClient, base: str, room_workspace: Workspace, engine: Engine
) -> None:
    footer = room_workspace.templates / "press" / "parts" / "footer.mjml"
    words = footer.read_text(encoding="utf-8")
    footer.write_text(words.replace("{{ links.unsubscribe }}", "https://zarechye.example/"), encoding="utf-8")
    page = client.get(f"{base}panel/review").text
    assert "Согласовать пока нельзя" in page
    assert re.search(r'value="approved"[^>]* disabled', page)
    answer = post(client, f"{base}decide", ballot(digest_on(client, base)))
    assert answer.status_code == 409
    with reading(engine) as conn:
        assert list_decisions(conn, KEY) == ()


def test_an_author_cannot_approve_where_that_is_set(client: TestClient, base: str, room_workspace: Workspace) -> None:
    settings = room_workspace.settings_file
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[review]", "[review]\nseparate_author = true"), encoding="utf-8")
    page = client.get(f"{base}panel/review").text
    assert "Пётр Ветров" in page
    answer = post(client, f"{base}decide", ballot(digest_on(client, base), name="петр ветров"))
    assert answer.status_code == 409
    assert post(client, f"{base}decide", ballot(digest_on(client, base))).status_code == 200


MALFORMED: tuple[object, ...] = (
    b"",
    b"[]",
    b"{",
    b"[" * 100_000,
    {"verdict": "perhaps", "name": "А", "digest": "0" * 64},
    {"verdict": "approved", "name": "А"},
    {"verdict": "approved", "name": "А", "digest": ""},
    {"verdict": "approved", "name": 1, "digest": "0" * 64},
    {"verdict": "approved", "name": "А", "digest": "0" * 64, "note": ["x"]},
    {"verdict": ["approved"], "name": "А", "digest": "0" * 64},
    {"verdict": "approved", "name": "А", "digest": "0" * 64, "list": None},
)


def test_what_no_form_sends_is_refused_with_a_sentence(client: TestClient, base: str) -> None:
    for posted in MALFORMED:
        answer = post(client, f"{base}decide", posted)
        assert answer.status_code == 400, posted
        assert answer.json()["error"]["message"].endswith(".")


def test_a_body_without_end_is_refused(client: TestClient, base: str) -> None:
    assert post(client, f"{base}decide", b'{"note": "' + b"x" * 5_000_000).status_code == 413


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "А\u202eБ", "А\nБ", "\u200b"])
def test_a_name_that_nobody_has_decides_nothing(client: TestClient, base: str, engine: Engine, name: str) -> None:
    answer = post(client, f"{base}decide", ballot(digest_on(client, base), name=name))
    assert answer.status_code == 409
    with reading(engine) as conn:
        assert list_decisions(conn, KEY) == ()


def test_a_comment_stands_at_its_block_until_it_is_resolved(client: TestClient, base: str, engine: Engine) -> None:
    posted = {"name": "Вера Кленова", "text": "Точно 120?", "block": "0.0", "digest": digest_on(client, base)}
    answer = post(client, f"{base}comment", posted)
    assert answer.status_code == 200
    with reading(engine) as conn:
        (made,) = list_comments(conn, KEY)
    assert (made.item, made.block, made.quoted[:8]) == (KEY, 0, "Цех заня")
    page = client.get(f"{base}panel/review").text
    assert "Точно 120?" in page
    assert 'data-goto-block="0.0"' in page

    settled = {"comment": str(made.id), "done": True, "name": "Анна Соколова"}
    assert post(client, f"{base}settle", settled).status_code == 200
    assert "Решено: Анна Соколова" in client.get(f"{base}panel/review").text
    assert post(client, f"{base}settle", settled | {"done": False}).status_code == 200
    with reading(engine) as conn:
        assert list_comments(conn, KEY)[0].is_open


def test_a_comment_can_be_about_the_whole_mail(client: TestClient, base: str, engine: Engine) -> None:
    assert post(client, f"{base}comment", {"name": "Вера", "text": "Коротко!", "block": ""}).status_code == 200
    with reading(engine) as conn:
        assert list_comments(conn, KEY)[0].block is None


def test_a_comment_on_a_place_of_another_mail_is_refused(client: TestClient, base: str) -> None:
    posted = {"name": "Вера", "text": "Нет", "block": "0.0", "digest": "0" * 64}
    assert post(client, f"{base}comment", posted).status_code == 409


def test_a_comment_on_no_place_is_refused(client: TestClient, base: str) -> None:
    for block in ("0.999", "7.0", "x", "0.0.0", "-1.0", "٠.٠", "0.0\n", 3, None):
        answer = post(client, f"{base}comment", {"name": "Вера", "text": "Нет", "block": block})
        assert answer.status_code == 400, block


def test_a_comment_is_settled_by_its_number_alone(client: TestClient, base: str) -> None:
    for number in ("0", "-1", "x", "9" * 30, 1.5, True, None, [1]):
        answer = post(client, f"{base}settle", {"comment": number, "done": True, "name": "Вера"})
        assert answer.status_code == 400, number


def test_a_comment_of_another_issue_is_out_of_reach(
    client: TestClient, base: str, room_workspace: Workspace, engine: Engine
) -> None:
    post(client, f"{base}comment", {"name": "Вера", "text": "Коротко!", "block": ""})
    with reading(engine) as conn:
        number = list_comments(conn, KEY)[0].id
    other = desk_path(room_workspace, _another(room_workspace))
    assert post(client, f"{other}settle", {"comment": number, "done": True, "name": "Вера"}).status_code == 409


def _another(workspace: Workspace) -> Path:
    file = workspace.content / "other.md"
    file.write_text("# Другая новость\n\nТекст другой новости.\n\nЕщё абзац.\n", encoding="utf-8")
    return file


def test_names_and_notes_are_shown_as_they_were_typed(client: TestClient, base: str) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'&"
    post(client, f"{base}decide", ballot(digest_on(client, base), name=hostile, note=f"{hostile}</textarea>"))
    post(client, f"{base}comment", {"name": hostile, "text": f"{hostile}</p><script>", "block": "0.0"})
    for panel in ("review", "state"):
        page = client.get(f"{base}panel/{panel}").text
        assert "<img" not in page
        assert "<script" not in page
        assert "&lt;img src=x" in page


@pytest.mark.parametrize(("name", "field"), [("decide", b"list"), ("comment", b"text"), ("save", b"text")])
def test_half_a_character_is_a_plain_refusal(client: TestClient, base: str, name: str, field: bytes) -> None:
    sent = b'{"verdict": "approved", "digest": "%s", "sha256": "%s", "%s": "a\\ud800"}' % (b"0" * 64, b"0" * 64, field)
    source = client.get(f"{base}panel/source").text
    file = re.search(r'name="file" value="(\w+)"', source)
    assert file
    answer = post(client, f"{base}{name}", sent.replace(b"{", b'{"file": "%s", ' % file[1].encode(), 1))
    assert answer.status_code == 400
    assert "half of a character" in answer.json()["error"]["message"]
