"""Titles and leads in a mail: found by their words, marked around what shows them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.content.item import NewsItem, Origin
from newsletter.content.spans import text_of
from newsletter.render.compiled import SlotUse
from newsletter.web.openings import openings, with_openings
from newsletter.workspace import Workspace
from tests.room_server import desk_path

NAME = SlotUse(field="subscriber.name", context="text")


def item_of(title: str, lead: str = "") -> NewsItem:
    origin = Origin(path="content/a.md", line=1)
    return NewsItem(
        title=title, title_proposed=False, lead=text_of(lead), date=None, source="", blocks=(), origin=origin
    )


def joined(part: tuple[str | SlotUse, ...]) -> str:
    return "".join(piece if isinstance(piece, str) else "{name}" for piece in part)


def test_marks_stand_around_heading_and_lead_and_not_in_the_contents() -> None:
    part = (
        '<title>Порт</title><div title="Порт > причал">Суда пришли.</div><ul><li>Порт</li></ul><p>Здравствуйте, ',
        NAME,
        "!</p><h2>Пор<b>т</b></h2><p>Суда&nbsp;пришли.</p>",
    )
    assert joined(with_openings(part, [item_of("Порт", "Суда пришли.")])) == (
        '<title>Порт</title><div title="Порт > причал">Суда пришли.</div><ul><li>Порт</li></ul>'
        "<p>Здравствуйте, {name}!</p>"
        "<!--block 0.title--><h2>Пор<b>т</b></h2><!--end 0.title-->"
        "<!--block 0.lead--><p>Суда&nbsp;пришли.</p><!--end 0.lead-->"
    )


def test_a_cell_of_a_table_is_marked_within() -> None:
    part = with_openings(("<tr><td>Порт</td></tr>",), [item_of("Порт")])
    assert joined(part) == "<tr><td><!--block 0.title-->Порт<!--end 0.title--></td></tr>"


def test_what_the_mail_does_not_say_has_no_place() -> None:
    assert not openings(("<p>Порт открыт</p>",), [item_of("Порт")])


@given(
    html=st.text(st.sampled_from("<>/p b\"'а!-=h1&;"), max_size=80), title=st.text(st.sampled_from("а b"), max_size=3)
)
def test_without_its_marks_the_mail_is_as_it_was(html: str, title: str) -> None:
    part = (html, NAME, html)
    found = joined(with_openings(part, [item_of(title, "а")]))
    assert re.sub(r"<!--(?:block|end) 0\.(?:title|lead)-->", "", found) == joined(part)


def test_every_item_of_the_samples_has_its_title_and_lead_marked_in_the_frame(
    client: TestClient, room_workspace: Workspace
) -> None:
    digest, letter = (
        room_workspace.content / name for name in ("2026-11-zarechye-digest", "2026-11-zarechye-export.md")
    )
    for issue, count in ((digest, len(list(digest.glob("*.md")))), (letter, 1)):
        base = desk_path(room_workspace, issue)
        page = client.get(f"{base}mail").text
        names = [f"{number}.{name}" for number in range(count) for name in ("title", "lead")]
        assert [name for name in names if page.count(f"<!--block {name}-->") != 1] == []
        assert set(names) <= set(client.get(f"{base}blocks").json())
