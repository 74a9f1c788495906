"""The mail as a frame of the room shows it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.content.item import Origin
from newsletter.render.blocks import BlockRange
from newsletter.render.compiled import SlotUse
from newsletter.web.export import without_loads
from newsletter.web.frame import Look, marked, simulate, without_links
from newsletter.workspace import Workspace
from tests.room_server import desk_path

NAME = SlotUse(field="subscriber.name", context="text")
EXPORT = "2026-11-zarechye-export.md"
_MARKS = re.compile(r"<!--(?:block|end) [\d.]+-->")


def block(index: int, start: int, end: int) -> BlockRange:
    origin = Origin(path="content/a.md", line=1)
    return BlockRange(item=0, index=index, kind="paragraph", origin=origin, start=start, end=end)


def test_marks_stand_around_each_block_and_slots_have_no_length() -> None:
    part = ("<p>да</p>", NAME, "<p>нет</p>")
    first, second = len("<p>да</p>".encode()), len("<p>нет</p>".encode())
    found = marked(part, [block(0, 0, first), block(1, first, first + second)])
    assert "".join(piece if isinstance(piece, str) else "{name}" for piece in found) == (
        "<!--block 0.0--><p>да</p><!--end 0.0--><!--block 0.1-->{name}<p>нет</p><!--end 0.1-->"
    )


@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=5), data=st.data())
def test_without_its_marks_the_marked_mail_is_the_mail(texts: list[str], data: st.DataObject) -> None:
    part = tuple(piece for text in texts for piece in (text, NAME))
    whole = "".join(texts)
    places = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    offsets = [len(whole[:place].encode()) for place in places]
    blocks = [block(n, start, end) for n, (start, end) in enumerate(pairwise(offsets))]
    found = marked(part, blocks)
    assert [piece for piece in found if isinstance(piece, SlotUse)] == [NAME] * len(texts)
    assert _MARKS.sub("", "".join(piece for piece in found if isinstance(piece, str))) == _MARKS.sub("", whole)
    assert sum(len(_MARKS.findall(piece)) for piece in found if isinstance(piece, str)) == 2 * len(blocks)


def frame(client: TestClient, workspace: Workspace, query: str = "") -> tuple[str, str]:
    answer = client.get(f"{desk_path(workspace, workspace.content / EXPORT)}mail{query}")
    assert answer.status_code == 200
    return answer.text, answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "sources"),
    [
        ("", "'self'"),
        ("?pictures=none", "'none'"),
        ("?pictures=all", "'self' https: http: data:"),
        ("?pictures=*", "'self'"),
    ],
)
def test_only_the_pictures_asked_for_may_load_and_nothing_else_at_all(
    client: TestClient, room_workspace: Workspace, asked: str, sources: str
) -> None:
    _, policy = frame(client, room_workspace, asked)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["img-src"] == sources
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == "'unsafe-inline'"
    assert rules["sandbox"] == "allow-same-origin"
    assert "script-src" not in rules


def test_a_simulation_takes_what_the_program_takes(client: TestClient, room_workspace: Workspace) -> None:
    whole, _ = frame(client, room_workspace)
    assert "<style" in whole
    assert "<title>" in whole
    without, _ = frame(client, room_workspace, "?simulation=nostyle")
    assert "<style" not in without
    forwarded, _ = frame(client, room_workspace, "?simulation=nohead")
    assert "<title>" not in forwarded
    assert "<style" not in forwarded
    assert "charset=utf-8" in forwarded
    outlook, _ = frame(client, room_workspace, "?simulation=mso")
    assert "<!--[if mso" not in outlook
    assert all("Приборы" in one for one in (whole, without, forwarded, outlook))


def test_dark_by_force_goes_with_any_simulation(client: TestClient, room_workspace: Workspace) -> None:
    for query in ("?dark=inverted", "?simulation=inverted", "?dark=inverted&simulation=inverted"):
        assert frame(client, room_workspace, query)[0].count("filter:invert(1)") == 2, "the page, and pictures back"
    both, _ = frame(client, room_workspace, "?dark=inverted&simulation=nohead")
    assert "filter:invert(1)" in both
    assert "<title>" not in both
    assert "filter:invert(1)" not in frame(client, room_workspace, "?dark=dark")[0], "honoured dark is the browser's"


@given(st.text(max_size=200))
def test_no_simulation_fails_over_any_text(html: str) -> None:
    for simulation in ("", "nostyle", "nohead", "mso", "inverted"):
        simulate(html, simulation)


def test_every_block_named_in_the_frame_has_a_place_in_a_file(client: TestClient, room_workspace: Workspace) -> None:
    html, _ = frame(client, room_workspace)
    named = set(re.findall(r"<!--block ([\w.]+)-->", html))
    desk = desk_path(room_workspace, room_workspace.content / EXPORT)
    places = client.get(f"{desk}blocks").json()
    assert named == set(places)
    text = (room_workspace.content / EXPORT).read_text(encoding="utf-8").splitlines()
    quote = next(place for place in places.values() if place["kind"] == "quote")
    assert quote["file"] == f"content/{EXPORT}"
    assert "«Рост идёт" in text[quote["line"] - 1]


def test_a_look_is_own_pictures_and_no_simulation_unless_asked() -> None:
    assert Look() == Look(pictures="own", simulation="", is_inverted=False)


@pytest.mark.parametrize("rel", ["preconnect", "dns-prefetch", "stylesheet"])
def test_no_link_of_a_template_calls_a_host_when_the_mail_is_looked_at(rel: str) -> None:
    told = (
        f'<head><LINK\nrel="{rel}" href="https://evil.example/"/></head><body><a href="https://a.example">a</a></body>'
    )
    assert without_links(told) == '<head></head><body><a href="https://a.example">a</a></body>'
    assert "<link" not in without_loads(told).lower()
