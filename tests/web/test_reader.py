"""Whom the mail is shown for, and the panel that names them."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.render.compiled import CompiledIssue
from newsletter.specimen import ANYBODY
from newsletter.store.database import Engine, reading
from newsletter.store.people import search_people
from newsletter.web.reader import EXTREMES, choose
from newsletter.workspace import Workspace
from tests.ledger import compiled
from tests.room_server import desk_path

__all__ = ["compiled"]

Add = Callable[..., None]


def mail(client: TestClient, room_workspace: Workspace, query: str = "") -> str:
    path = desk_path(room_workspace, room_workspace.content / "2026-11-zarechye-export.md")
    answer = client.get(f"{path}{query}")
    assert answer.status_code == 200
    return answer.text


def test_a_subscriber_is_greeted_by_their_own_name(
    client: TestClient, room_workspace: Workspace, engine: Engine, add_people: Add
) -> None:
    add_people("vera@delo.example", name="Вера Лугова")
    with reading(engine) as conn:
        vera = search_people(conn, "vera")[0]
    assert "Вера Лугова" in mail(client, room_workspace, f"mail?as=s{vera.id}")
    bar = mail(client, room_workspace, f"panel/reader?as=s{vera.id}")
    assert "Вера Лугова" in bar


def test_a_made_up_name_with_markup_stays_a_name(client: TestClient, room_workspace: Workspace) -> None:
    page = mail(client, room_workspace, "mail?as=x-html")
    assert "&lt;b&gt;&quot;Имя&quot;&lt;/b&gt; &amp; Ко" in page
    assert '<b>"Имя"</b>' not in page


def test_whoever_is_gone_is_shown_as_the_specimen(client: TestClient, room_workspace: Workspace) -> None:
    assert "Анна Соколова" in mail(client, room_workspace, "mail?as=s999")
    assert "Образец получателя" in mail(client, room_workspace, "panel/reader?as=s999")


def test_steps_lead_to_the_neighbours_and_from_the_specimen_to_the_first_and_last(
    client: TestClient, room_workspace: Workspace, engine: Engine, add_people: Add
) -> None:
    assert "data-step" not in mail(client, room_workspace, "panel/reader"), "there is nobody to step to"
    add_people("a@delo.example", "b@delo.example", "c@delo.example")
    with reading(engine) as conn:
        a, b, c = (person.id for person in search_people(conn, ""))

    def steps(query: str) -> list[str]:
        return re.findall(r'data-reader="(\w*)" data-step', mail(client, room_workspace, f"panel/reader{query}"))

    assert steps("") == [f"s{c}", f"s{a}"]
    assert steps(f"?as=s{b}") == [f"s{a}", f"s{c}"]
    assert steps(f"?as=s{c}") == [f"s{b}", f"s{a}"]


def test_people_are_found_by_what_is_typed_and_their_names_are_escaped(
    client: TestClient, room_workspace: Workspace, add_people: Add
) -> None:
    assert "Подписчиков пока нет" in mail(client, room_workspace, "people")
    add_people("vera@delo.example", name="<script>alert(1)</script>")
    page = mail(client, room_workspace, "people?q=VERA")
    assert "vera@delo.example" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "По запросу «&lt;b&gt;» никого нет" in mail(client, room_workspace, "people?q=%3Cb%3E")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=st.text(max_size=30) | st.from_regex(r"[sx]-?[0-9a-z]{0,22}", fullmatch=True))
def test_any_other_word_is_the_specimen(word: str, engine: Engine, compiled: CompiledIssue) -> None:
    with reading(engine) as conn:
        chosen = choose(word, compiled, conn)
    assert chosen.reader == ANYBODY or word in EXTREMES
    assert chosen.word in ("", *EXTREMES)
