"""The page of an issue in a real browser: what stays where it is when a file is saved, and what a click leads to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, Route, expect

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
    wait_for_scheme(page, "dark")
    page.keyboard.press("d")  # inverted, which is a document of its own
    page.keyboard.press("d")
    expect(page.get_by_role("radio", name="Светлая").first).to_be_checked()
    wait_for_scheme(page, "light")


def wait_for_scheme(page: Page, scheme: str) -> None:
    """Wait until the mail sees these colours. A frame found now may be another's place by the next call: so in one."""
    frame = f'[data-pane=""] iframe[data-live][data-scheme="{scheme}"]'
    sees = f"contentWindow.matchMedia('(prefers-color-scheme: {scheme})').matches"
    page.wait_for_function(f"() => document.querySelector('{frame}')?.{sees}", timeout=SECONDS)


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


def place_of(page: Page, words: str) -> float:
    """Return how far below the top of the screen a block of the mail stands."""
    box = mail(page).get_by_text(words).bounding_box()
    assert box
    return box["y"]


@pytest.mark.parametrize("width", [360, 1280])
def test_words_added_above_leave_what_is_read_in_its_place(desk: Callable[..., Page], item: Path, width: int) -> None:
    page = desk(width=width)
    mail(page).get_by_text("Абзац номер 130").evaluate("one => one.scrollIntoView({ block: 'center' })")
    before = place_of(page, "Абзац номер 130")
    more = "".join(f"\nДобавлено выше, {number}: ещё несколько слов о цехе.\n" for number in range(5))
    item.write_text((ITEM + LONG).replace("\nАбзац номер 105", f"{more}\nАбзац номер 105"), encoding="utf-8")
    expect(mail(page).get_by_text("Добавлено выше, 4")).to_be_attached(timeout=SECONDS)
    assert place_of(page, "Абзац номер 130") == pytest.approx(before, abs=2)


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800), (1600, 1000)])
def test_the_mail_does_not_move_once_it_is_there(
    desk: Callable[..., Page], item: Path, opened: Opened, shared_room: RoomProcess, width: int, height: int
) -> None:
    """What stands above the mail comes with the page: a room that gives no panel at all shows the mail as high."""
    whole = desk(width=width, height=height)
    expect(whole.locator("#panel-findings > *").first).to_be_attached(timeout=SECONDS)
    bare = opened("", width=width, height=height)
    bare.route("**/panel/**", lambda route: route.abort())
    bare.goto(shared_room.desk(item))
    bare.locator("body[data-shown]").wait_for(timeout=SECONDS)
    expect(bare.locator(".chip")).to_have_count(1)
    tops = [top_of_mail(page) for page in (whole, bare)]
    assert tops[0] == tops[1]


def top_of_mail(page: Page) -> float:
    return float(page.locator("iframe[data-live]").evaluate("one => one.getBoundingClientRect().top"))


def test_the_line_in_the_inbox_is_slim_unfolds_and_stays_so(desk: Callable[..., Page]) -> None:
    page = desk(height=800)
    card = page.locator(".inbox-card")
    expect(card).to_be_hidden()
    assert top_of_mail(page) < 200
    page.locator(".inbox-row").click()
    expect(card).to_be_visible()
    page.reload()
    page.locator("body[data-shown]").wait_for(timeout=SECONDS)
    expect(card).to_be_visible()
    page.locator(".inbox-row").click()
    expect(card).to_be_hidden()
    assert "inbox=off" in page.url


def test_on_a_phone_one_touch_leads_to_a_panel_and_back_to_the_words_that_were_read(desk: Callable[..., Page]) -> None:
    page = desk(width=360, height=740)
    mail(page).get_by_text("Абзац номер 120").evaluate("one => one.scrollIntoView()")
    before = page.evaluate("scrollY")
    page.get_by_role("tab", name="Текст").click()
    expect(page.locator("#panel-text")).to_be_in_viewport(timeout=SECONDS)
    expect(mail(page).get_by_text("Абзац номер 120")).not_to_be_in_viewport()
    page.get_by_role("button", name="К письму").click()
    assert page.evaluate("scrollY") == before


def test_controls_of_two_looks_stand_in_rows_of_one_height(desk: Callable[..., Page]) -> None:
    page = desk("?two=1", width=1440)
    expect(mail(page, "2").get_by_text("Абзац номер 101")).to_be_attached(timeout=SECONDS)
    for what in (".segments-width", ".choices", ".frames"):
        tops = page.locator(what).evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
        assert tops[0] == tops[1], what


def test_a_button_that_came_with_the_page_is_still_the_same_when_its_panel_is_fetched(
    shared_room: RoomProcess, item: Path, opened: Opened
) -> None:
    """Somebody may have reached for it meanwhile."""
    page = opened("")
    held: list[Route] = []
    page.route("**/panel/reader*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wraps no built-in
    with page.expect_request("**/panel/reader*"):
        page.goto(shared_room.desk(item))
    button = page.locator("#reader-button").element_handle()
    assert button
    with page.expect_response("**/panel/reader*"):
        for route in held:
            route.continue_()
    page.locator("#panel-findings > *").first.wait_for(timeout=SECONDS)
    assert button.evaluate("one => one.isConnected")
