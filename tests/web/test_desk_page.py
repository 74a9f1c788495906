"""The page of one issue and its own panels."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from newsletter.check.inbox import DESKTOP_CHARACTERS, PHONE_CHARACTERS, cut
from newsletter.errors import ConfigError
from newsletter.settings import Settings
from newsletter.web.desk_page import TABS
from newsletter.web.languages import catalogue
from newsletter.web.panels import PANELS
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace
from tests.room_server import desk_path

Client = Callable[..., AbstractContextManager[TestClient]]
LONG = "Новый цех оптики и сборки приборов открылся в особой экономической зоне «Заречье» раньше срока"


@pytest.fixture
def page(client: TestClient, room_workspace: Workspace) -> Callable[..., str]:
    """Return a function that gives what lies below the desk of `content/optika.md`."""

    def get(below: str = "", language: str = "ru") -> str:
        path = desk_path(room_workspace, room_workspace.content / "optika.md")
        answer = client.get(f"{path}{below}", headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        return answer.text

    return get


def pulse(page: str) -> dict[str, object]:
    found = re.search(r'data-pulse="([^"]*)"', page)
    assert found
    told: dict[str, object] = json.loads(html.unescape(found[1]))
    return told


def write(workspace: Workspace, text: str) -> None:
    (workspace.content / "optika.md").write_text(text, encoding="utf-8")


def reread(client: TestClient) -> None:
    client.app.state.room.files_changed()  # type: ignore[attr-defined] # as following tells it


def test_the_page_holds_no_script_or_style_of_its_own_and_each_tab_once(page: Callable[..., str]) -> None:
    text = page("?two=1&width=320&tab=text")
    assert not re.search(r"<script(?![^>]* src=)", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=", text)
    assert [name for name in TABS if f'id="tab-{name}"' in text] == [name for name in TABS if name in PANELS]
    assert {re.sub("2$", "", name) for name in re.findall(r'name="(\w+)"[^>]* data-look', text)} == {
        "width",
        "dark",
        "pictures",
        "simulation",
    }


def test_what_stands_around_the_mail_comes_with_the_page(
    client: TestClient, page: Callable[..., str], room_workspace: Workspace
) -> None:
    text = page()
    assert 'class="chip chip-draft"' in text
    assert 'id="reader-button"' in text
    assert "Новый цех оптики: 120 рабочих мест" in html.unescape(text).replace("\u00a0", " ")
    assert '<details class="inbox" id="inbox-fold">' in text
    assert '<details class="inbox" id="inbox-fold" open>' in page("?inbox=on")
    good = (room_workspace.content / "optika.md").read_text(encoding="utf-8")
    write(room_workspace, good.replace("date: 2026", "dat: <b>2026"))
    reread(client)
    assert 'class="fault"' in page()


def test_a_wish_in_the_address_is_the_control_s_state_and_any_other_word_is_not(page: Callable[..., str]) -> None:
    chosen = r'name="width" value="(\w+)"[^>]*checked'
    assert re.findall(chosen, page()) == ["600"]
    assert re.findall(chosen, page("?width=320")) == ["320"]
    assert re.findall(chosen, page('?width="><script>')) == ["600"]


def test_the_page_speaks_the_browser_s_language(page: Callable[..., str]) -> None:
    russian, english = page(), page(language="en-GB,en;q=0.9")
    assert 'lang="ru"' in russian
    assert "Проверки" in russian
    assert 'lang="en"' in english
    assert "Checks" in english
    inbox = r"<summary.*?</summary>|<div class=\"inbox-card.*?</div>"
    words_of_the_mail = rf"(?s)<h1.*?</h1>|<title>.*?</title>|data-pulse=\"[^\"]*\"|{inbox}"
    ours = re.sub(words_of_the_mail, "", english)
    assert not re.search("[А-Яа-яё]", html.unescape(ours).replace('<b>"Имя"</b> & Ко', ""))


def test_every_word_of_the_room_has_both_languages() -> None:
    for key, both in catalogue().items():
        assert both.keys() == {"ru", "en"}, key
        holes = [set(re.findall(r"\{(\w+)", words)) for words in both.values()]
        assert holes[0] == holes[1], key


def test_the_pulse_names_the_mail_and_grows_with_a_change(
    client: TestClient, page: Callable[..., str], room_workspace: Workspace
) -> None:
    first = pulse(page())
    assert first["title"] == "В\u00a0Заречье открыли цех оптики"
    assert first["broken"] is False
    assert isinstance(first["errors"], int)
    text = (room_workspace.content / "optika.md").read_text(encoding="utf-8")
    reread(client)
    assert pulse(page()) == first, "saved without a change"
    write(room_workspace, text.replace("120 человек", "121 человек"))
    reread(client)
    second = pulse(page())
    assert second["mail"] != first["mail"]
    assert int(str(second["number"])) > int(str(first["number"]))


def test_a_broken_file_is_told_with_its_lines_over_the_last_good_mail(
    client: TestClient, page: Callable[..., str], room_workspace: Workspace
) -> None:
    assert page("panel/fault") == ""
    good = (room_workspace.content / "optika.md").read_text(encoding="utf-8")
    write(room_workspace, good.replace("date: 2026", "dat: <b>2026"))
    reread(client)
    told = page("panel/fault")
    assert 'role="alert"' in told
    assert 'data-goto-line="content/optika.md:4"' in told
    assert re.search(r'<li class="wrong"[^>]*><span[^>]*>4</span><code>dat: &lt;b&gt;2026-11-20</code>', told)
    assert "последнее исправное письмо" in told
    assert "last good mail" in page("panel/fault", "en")
    assert "цех оптики" in page("mail")
    assert pulse(page())["broken"] is True
    write(room_workspace, good)
    reread(client)
    assert page("panel/fault") == ""


def test_what_was_never_good_shows_its_fault_alone(
    client: TestClient, page: Callable[..., str], room_workspace: Workspace
) -> None:
    write(room_workspace, "---\nnonsense: 1\n---\nТекст.\n")
    assert pulse(page()) == {
        "number": 1,
        "mail": "",
        "title": "content/optika.md",
        "broken": True,
        "busy": False,
        "errors": None,
        "warnings": None,
    }
    assert "письмо появится само" in page("panel/fault")
    assert "Письма пока нет" in page("panel/text")
    assert page("panel/inbox") == ""
    assert client.get(f"{desk_path(room_workspace, room_workspace.content / 'optika.md')}mail").status_code == 404


def test_broken_settings_are_a_fault_like_any_other(
    premises: Premises, client_of: Client, room_workspace: Workspace
) -> None:
    def load() -> Settings:
        raise ConfigError("the port is no number", path="newsletter.toml", line=3, fix="write digits")

    with client_of(replace(premises, load_settings=load)) as client:
        desk = desk_path(room_workspace, room_workspace.content / "optika.md")
        assert client.get(desk).status_code == 200
        told = client.get(f"{desk}panel/fault", headers={"Accept-Language": "en"}).text
    assert "the port is no number." in told.lower()
    assert "newsletter.toml" in told


def test_the_inbox_is_cut_where_the_checks_say(
    client: TestClient, page: Callable[..., str], room_workspace: Workspace
) -> None:
    text = (room_workspace.content / "optika.md").read_text(encoding="utf-8")
    write(room_workspace, re.sub(r"subject: .*", f"subject: {LONG}", text))
    reread(client)
    shown = html.unescape(page("panel/inbox")).replace("\u00a0", " ")
    assert f"<b>{cut(LONG, DESKTOP_CHARACTERS)}</b>" in shown
    assert f'<span class="inbox-subject">{cut(LONG, PHONE_CHARACTERS)}</span>' in shown


def test_an_embargo_that_is_still_on_lies_over_the_mail(
    client: TestClient, page: Callable[..., str], room_workspace: Workspace
) -> None:
    assert page("panel/embargo").strip() == ""
    text = (room_workspace.content / "optika.md").read_text(encoding="utf-8")
    write(room_workspace, text.replace("lang: ru", "lang: ru\nembargo_until: 2026-11-25T10:00+03:00"))
    reread(client)
    told = page("panel/embargo").replace("\u00a0", " ")
    assert "Эмбарго до 25 ноября 2026 г., 10:00 · не публиковать" in told
    assert told.count("data-words") > 20
    write(room_workspace, text.replace("lang: ru", "lang: ru\nembargo_until: 2026-11-22T10:00+03:00"))
    reread(client)
    assert page("panel/embargo").strip() == "", "it is over"


def test_a_panel_or_page_that_is_none_is_not_found(client: TestClient, room_workspace: Workspace) -> None:
    desk = desk_path(room_workspace, room_workspace.content / "optika.md")
    assert client.get(f"{desk}panel/nonsense").status_code == 404
    missing = client.get("i/0123456789ab/")
    assert missing.status_code == 404
    assert "Такой страницы нет" in missing.text
    assert client.get(f"{desk}picture/x.png").status_code == 404
