"""The page of an issue in a real browser: what stays where it is when a file is saved, and what a click leads to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.room_server import ITEM, Opened, RoomProcess

pytestmark = [pytest.mark.service, pytest.mark.slow]

SECONDS = 10_000  # milliseconds; a busy machine compiles slowly
LONG = "".join(f"\nАбзац номер {number} о цехе оптики и о тех, кто в нём работает.\n" for number in range(100, 160))


@pytest.fixture
def item(shared_room: RoomProcess, request: pytest.FixtureRequest) -> Path:
    """An item of this test's own, longer than a screen."""
    path = shared_room.workspace.content / f"{request.node.name.split('[')[0][:40]}.md"
    path.write_text(ITEM + LONG, encoding="utf-8")
    return path


@pytest.fixture
def desk(shared_room: RoomProcess, item: Path, opened: Opened) -> Callable[..., Page]:
    """Return a function that opens the item's page and waits until its mail is on the screen."""

    def open_desk(query: str = "", **options: object) -> Page:
        page = opened(shared_room.desk(item) + query, **options)
        page.locator("body[data-shown]").wait_for(timeout=SECONDS)
        return page

    return open_desk


def mail(page: Page, pane: str = "") -> FrameLocator:
    return page.frame_locator(f'[data-pane="{pane}"] iframe[data-live]')


def test_a_saved_word_is_shown_in_place_and_what_was_read_stays_where_it_is(
    desk: Callable[..., Page], item: Path
) -> None:
    page = desk()
    page.evaluate("document.getElementById('scroller').scrollTop = 600")
    before = int(page.evaluate("document.body.dataset.shown"))
    item.write_text((ITEM + LONG).replace("Абзац номер 130", "Новый абзац 130"), encoding="utf-8")
    expect(mail(page).get_by_text("Новый абзац 130")).to_be_visible(timeout=SECONDS)
    assert page.evaluate("document.getElementById('scroller').scrollTop") == 600
    expect(page.locator("iframe")).to_have_count(1)
    page.locator(f"body:not([data-shown='{before}'])").wait_for(timeout=SECONDS)
    assert int(page.evaluate("document.body.dataset.shown")) > before


def test_a_broken_file_tells_its_line_over_the_mail_and_recovers_by_itself(
    desk: Callable[..., Page], item: Path
) -> None:
    page = desk()
    item.write_text(ITEM.replace("rubric:", "rubrik:"), encoding="utf-8")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("строка 6", timeout=SECONDS)
    expect(alert).to_contain_text("rubrik: Производство")
    expect(mail(page).get_by_text("Абзац номер 103")).to_be_attached()
    item.write_text(ITEM, encoding="utf-8")
    expect(alert).to_have_count(0, timeout=SECONDS)


def test_a_link_of_the_mail_tells_its_address_and_leads_nowhere(desk: Callable[..., Page]) -> None:
    page = desk()
    address = page.url
    mail(page).get_by_role("link", name="на сайте зоны").click()
    status = page.locator("#status")
    expect(status).to_contain_text("Ссылка ведёт на https://zarechye.example/news/optika")
    link = status.get_by_role("link", name="Открыть в новой вкладке")
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert page.url == address
    assert len(page.context.pages) == 1


def test_a_block_leads_to_its_line_and_to_a_comment_on_it(desk: Callable[..., Page]) -> None:
    page = desk()
    mail(page).get_by_text("Абзац номер 107").click()
    tools = page.get_by_role("group", name="Выделенное место письма")
    tools.get_by_role("button", name="Источник").click()
    expect(page.locator(".line-marked")).to_contain_text("Абзац номер 107", timeout=SECONDS)
    tools.get_by_role("button", name="Замечание").click()
    form = page.locator('form[data-post="comment"]')
    expect(form.get_by_role("combobox", name="О чём")).to_contain_text("Абзац номер 107", timeout=SECONDS)
    page.keyboard.press("Escape")
    expect(page.locator(".marker")).to_have_count(0)


def test_what_the_address_says_is_shown_again_after_a_reload(desk: Callable[..., Page]) -> None:
    page = desk()
    page.get_by_role("radio", name="320").first.check()
    page.get_by_role("button", name="Два вида рядом").click()
    expect(mail(page, "2").get_by_text("Абзац номер 101")).to_be_attached(timeout=SECONDS)
    page.get_by_role("tab", name="Текст").click()
    page.reload()
    page.locator("body[data-shown]").wait_for(timeout=SECONDS)
    expect(page.get_by_role("radio", name="320").first).to_be_checked()
    expect(page.get_by_role("tab", name="Текст")).to_have_attribute("aria-selected", "true")
    assert page.locator('[data-pane="2"]').is_visible()


def test_dark_is_what_the_mail_itself_gives(desk: Callable[..., Page]) -> None:
    page = desk("?dark=dark", scheme="null")
    dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    frame = page.frames[1]
    assert frame.evaluate(dark) is True
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(page.get_by_role("radio", name="Светлая").first).to_be_checked()
    assert page.frames[1].evaluate(dark) is False


def test_keys_are_letters_inside_a_field(desk: Callable[..., Page]) -> None:
    page = desk()
    page.keyboard.press("s")
    field = page.get_by_role("searchbox", name="Найти подписчика")
    expect(field).to_be_focused()
    page.keyboard.type("t2p")
    expect(field).to_have_value("t2p")
    assert "two" not in page.url
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_screen_has_to_be_scrolled_sideways(desk: Callable[..., Page], width: int) -> None:
    page = desk("?two=1&tab=review", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
