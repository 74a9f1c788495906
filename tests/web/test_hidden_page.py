"""A page that nobody looks at gives its connection back, and is up to date when it is looked at again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.room_server import RoomProcess

pytestmark = [pytest.mark.slow, pytest.mark.service]

HIDE = """hidden => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def item_in(room: RoomProcess, name: str) -> Path:
    item = room.workspace.content / name
    item.write_text("---\ntitle: Новый цех\n---\nЗавод запустил цех.\n", encoding="utf-8")
    return item


def test_a_page_looked_at_again_shows_what_was_saved_meanwhile(
    shared_room: RoomProcess, opened: Callable[..., Page]
) -> None:
    item = item_in(shared_room, "hidden.md")
    page = opened(shared_room.desk(item))
    mail = page.frame_locator("iframe[data-live]").locator("body").first
    expect(mail).to_contain_text("Завод запустил цех")
    page.evaluate(HIDE, True)
    item.write_text(item.read_text(encoding="utf-8").replace("запустил", "открыл"), encoding="utf-8")
    page.evaluate(HIDE, False)
    expect(mail).to_contain_text("Завод открыл цех")
    expect(page.locator("#lost")).to_be_hidden()


def test_more_pages_than_a_browser_has_connections_are_all_served(
    shared_room: RoomProcess, opened: Callable[..., Page]
) -> None:
    item = item_in(shared_room, "many.md")
    context = opened("").context  # a browser counts its connections for all pages of a person
    for _ in range(8):
        page = context.new_page()
        page.goto(shared_room.desk(item))
        expect(page.frame_locator("iframe[data-live]").locator("body").first).to_contain_text("Завод запустил цех")
        page.evaluate(HIDE, True)
