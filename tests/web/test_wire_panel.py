"""Headers, size and source of the message, as an editor reads them."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.check.encoded_size import MAX_ENCODED_BYTES, encoded_bytes
from newsletter.message.headers import HEADER_ORDER
from newsletter.store.database import Engine, reading
from newsletter.store.people import search_people
from newsletter.store.subscribers import list_label
from newsletter.web.languages import catalogue
from newsletter.workspace import Workspace
from tests.room_server import HOST, desk_path


@pytest.fixture
def item(room_workspace: Workspace) -> Path:
    return room_workspace.content / "optika.md"


@pytest.fixture
def base(room_workspace: Workspace, item: Path) -> str:
    return desk_path(room_workspace, item)


def test_every_header_that_we_write_has_a_name_and_a_meaning_in_both_languages() -> None:
    for name in HEADER_ORDER:
        key = f"wire.of_{name.lower().replace('-', '_')}"
        for words in (key, f"{key}_means"):
            assert set(catalogue()[words]) == {"ru", "en"}, name


def test_headers_are_decoded_with_the_raw_form_beside(client: TestClient, base: str) -> None:
    page = client.get(f"{base}panel/wire").text
    assert re.search(r'<th role="rowheader" scope="row">Тема<span[^>]*>Subject</span></th>', page)
    assert '<span class="field-value">Новый цех оптики: 120 рабочих мест</span>' in page
    assert "Subject: =?utf-8?b?" in page
    assert "Отписка одним нажатием" in page
    assert '<span class="field-value">23\N{NO-BREAK SPACE}ноября 2026\N{NO-BREAK SPACE}г., 12:00</span>' in page


def test_a_subscriber_s_mail_names_a_list_of_theirs_where_the_item_names_none(
    client: TestClient, base: str, engine: Engine, add_people: Callable[..., None]
) -> None:
    add_people("anna@zarechye.example", name="Анна")
    with reading(engine) as conn:
        (anna,) = search_people(conn, "anna@")
        label = list_label(conn, "press")
    assert label
    theirs = email.message_from_bytes(client.get(f"{base}message.eml?as=s{anna.id}").content)
    assert label in theirs["List-ID"]
    assert "specimen" in email.message_from_bytes(client.get(f"{base}message.eml").content)["List-ID"]


def test_the_size_is_the_one_that_the_check_goes_by(client: TestClient, base: str) -> None:
    page = client.get(f"{base}panel/wire").text
    message = email.message_from_bytes(client.get(f"{base}message.eml").content, policy=email.policy.default)
    html = message.get_body(("html",))
    assert html is not None
    size = encoded_bytes(len(html.get_content().replace("\r\n", "\n").encode()))
    meter = re.search(r"<meter[^>]*>", page)
    assert meter is not None
    assert f'max="{MAX_ENCODED_BYTES}"' in meter[0]
    shown = int(re.search(r'value="(\d+)"', meter[0])[1])  # type: ignore[index] # it is there, or the test fails
    assert shown == pytest.approx(size, rel=0.02)
    assert 'style="' not in page


def test_a_mail_beyond_what_gmail_shows_is_called_so(client: TestClient, base: str, item: Path) -> None:
    item.write_text("---\ntitle: Длинная\n---\n" + "Очень длинный абзац новости. " * 2_000, encoding="utf-8")
    page = client.get(f"{base}panel/wire").text
    assert "verdict-over" in page
    assert "Gmail обрежет письмо" in page


def test_the_parts_are_shown_as_sent_and_decoded(client: TestClient, base: str) -> None:
    page = client.get(f"{base}panel/wire").text
    assert "text/plain · base64" in page
    assert "text/html · base64" in page
    assert "&lt;html" in page
    assert "Content-Transfer-Encoding: base64" in page


def test_the_message_is_a_file_to_keep(client: TestClient, base: str) -> None:
    answer = client.get(f"{base}message.eml")
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith('attachment; filename="optika.eml"')
    message = email.message_from_bytes(answer.content, policy=email.policy.default)
    assert message["Subject"] == "Новый цех оптики: 120 рабочих мест"


def test_the_file_is_of_the_reader_that_the_page_shows(client: TestClient, base: str) -> None:
    page = client.get(f"{base}panel/wire", params={"as": "x-latin"}).text
    link = re.search(r'href="([^"]*message\.eml[^"]*)"', page)
    assert link is not None
    assert link[1].endswith("/message.eml?as=x-latin")
    message = email.message_from_bytes(client.get(f"http://{HOST}{link[1]}").content, policy=email.policy.default)
    text = message.get_body(("plain",))
    assert text is not None
    assert "Jonathan" in text.get_content()


def test_a_name_outside_ascii_names_the_file_too(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / 'порт "1";.md'
    item.write_text("Новость порта.\n", encoding="utf-8")
    answer = client.get(f"{desk_path(room_workspace, item)}message.eml")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"______1__.eml\"; filename*=UTF-8''%D0%BF%D0%BE%D1%80%D1%82%20%221%22%3B.eml"
    )


def test_without_a_mail_there_is_no_file(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "broken.md"
    item.write_text("---\ntitle: [\n---\nТекст.\n", encoding="utf-8")
    assert client.get(f"{desk_path(room_workspace, item)}message.eml").status_code == 404


def test_shapes_of_scripts_in_headers_and_parts_are_only_words(client: TestClient, base: str, item: Path) -> None:
    item.write_text(
        '---\ntitle: "<script>alert(1)</script>"\nsubject: "</pre><script>alert(2)</script>"\n---\n'
        'Слово <img src=x onerror=alert(3)> и "><svg onload=alert(4)>.\n',
        encoding="utf-8",
    )
    page = client.get(f"{base}panel/wire", params={"as": "x-html"}).text
    assert "&lt;script&gt;alert(2)" in page
    for shape in ("<script", "<img", "<svg", "</pre><s"):
        assert shape not in page
