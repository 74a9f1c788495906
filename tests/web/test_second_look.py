"""A mail that changes while somebody decides on it: they are told, and nothing is decided before they have looked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.room_server import ITEM, Opened, RoomProcess

pytestmark = pytest.mark.slow


@pytest.fixture
def item(shared_room: RoomProcess, request: pytest.FixtureRequest) -> Path:
    path = shared_room.workspace.content / f"{re.sub(r'[^a-z_]+', '-', request.node.name)[:60]}.md"
    path.write_text(ITEM, encoding="utf-8")
    return path


def form_of(page: Page) -> Locator:
    form = page.locator("form[data-post=decide]")
    expect(form).to_be_visible()
    return form


def test_a_decision_typed_over_a_change_waits_for_a_second_look(
    shared_room: RoomProcess, opened: Opened, item: Path
) -> None:
    page = opened(f"{shared_room.desk(item)}?tab=review")
    form = form_of(page)
    expect(form.locator("[data-moved]")).to_be_hidden()
    seen = form.locator("input[name=digest]").input_value()
    form.locator("input[name=name]").fill("Анна Ветрова")
    form.locator("textarea").fill("Хорошо")
    item.write_text(ITEM.replace("120 человек", "125 человек"), encoding="utf-8")
    expect(form.locator("[data-moved]")).to_be_visible()
    expect(form.locator("textarea")).to_have_value("Хорошо")
    assert form.locator("input[name=digest]").input_value() == seen
    form.locator("button[value=approved]").click()
    expect(form.locator("[data-error]")).to_contain_text("изменилось")
    expect(page.locator(".chip-approved")).to_have_count(0)
    form.locator("[data-look-again]").click()
    expect(form.locator("[data-moved]")).to_be_hidden()
    assert form.locator("input[name=digest]").input_value() != seen
    form.locator("button[value=approved]").click()
    expect(page.locator(".chip-approved")).to_be_visible()


def test_who_comes_back_to_an_empty_form_begins_with_the_new_mail(
    shared_room: RoomProcess, opened: Opened, item: Path
) -> None:
    page = opened(f"{shared_room.desk(item)}?tab=review")
    seen = form_of(page).locator("input[name=digest]").input_value()
    page.locator("#tab-text").click()
    item.write_text(ITEM.replace("120 человек", "125 человек"), encoding="utf-8")
    expect(page.locator("#panel-text")).to_contain_text("125")
    page.locator("#tab-review").click()
    expect(page.locator(f'form[data-looked="{seen}"]')).to_have_count(0)
    expect(form_of(page).locator("[data-moved]")).to_be_hidden()
    assert form_of(page).locator("input[name=digest]").input_value() != seen
