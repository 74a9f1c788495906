"""The room used as an editor uses it: looked at, read with another's eyes, discussed, approved."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

from tests.room_server import ITEM, ROOT, Opened, RoomProcess, fill_workspace, running_room

pytestmark = [pytest.mark.service, pytest.mark.slow]

SECONDS = 15_000  # milliseconds; a busy machine compiles slowly
TABS = ("findings", "text", "source", "wire", "found", "changes", "review")
Desk = Callable[..., Page]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomProcess]:
    """A room with the twelve people of the example list; `send` needs two approvals."""
    workspace = fill_workspace(tmp_path_factory.mktemp("editors"))
    settings = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(
        re.sub(r"# approvals_required = 0", "approvals_required = 1", settings), encoding="utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "newsletter",
        "subscribers",
        "import",
        "subscribers/example.csv",
        "--list",
        "press",
    ]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=workspace.root, env=environ, check=False, capture_output=True)
    with running_room(workspace) as room:
        yield room


@pytest.fixture
def item(room: RoomProcess, request: pytest.FixtureRequest) -> Path:
    """An item of this test's own."""
    path = room.workspace.content / f"{re.sub(r'[^a-z_]+', '-', request.node.name)[:60]}.md"
    path.write_text(ITEM, encoding="utf-8")
    return path


@pytest.fixture
def desk(room: RoomProcess, item: Path, opened: Opened) -> Desk:
    def open_desk(query: str = "", **options: object) -> Page:
        page = opened(room.desk(item) + query, **options)
        page.set_default_timeout(SECONDS)
        expect.set_options(timeout=SECONDS)
        page.locator("body[data-shown]").wait_for()
        return page

    return open_desk


def mail(page: Page, pane: str = "") -> FrameLocator:
    return page.frame_locator(f'[data-pane="{pane}"] iframe[data-live]')


def live(page: Page) -> Locator:
    return page.locator('[data-pane=""] iframe[data-live]')


def open_tab(page: Page, name: str) -> Locator:
    page.locator(f"#tab-{name}").click()
    panel = page.locator(f"#panel-{name}")
    expect(panel.locator("> *").first).to_be_visible()
    return panel


# Looking


@pytest.mark.parametrize("width", [320, 360, 600, 800])
def test_the_mail_is_as_wide_as_asked(desk: Desk, width: int) -> None:
    page = desk()
    page.locator(f'input[name=width][value="{width}"]').check()
    expect(live(page)).to_have_js_property("clientWidth", width)


def test_the_free_width_takes_what_there_is(desk: Desk) -> None:
    page = desk(width=1600)
    page.locator("input[name=width][value=free]").check()
    assert live(page).evaluate("frame => frame.clientWidth") > 800


def test_inverted_colours_are_a_simulation_of_the_frame(desk: Desk) -> None:
    page = desk()
    with page.expect_response(re.compile("dark=inverted")):
        page.locator("input[name=dark][value=inverted]").check()
    expect(mail(page).locator("html")).to_have_css("filter", re.compile(r"invert\(1\)"))


@pytest.mark.parametrize("simulation", ["nostyle", "nohead", "mso"])
def test_each_simulation_shows_the_mail_and_says_what_it_is(desk: Desk, simulation: str) -> None:
    page = desk()
    with page.expect_response(re.compile(f"simulation={simulation}")):
        page.locator("select[name=simulation]").select_option(simulation)
    expect(mail(page).get_by_role("heading", name="оптики")).to_be_visible()
    assert "Имитация" in page.locator("select[name=simulation] option:checked").inner_text()
    assert f"simulation={simulation}" in page.url


def test_pictures_are_shown_only_as_asked(desk: Desk, item: Path) -> None:
    item.write_text(f"{ITEM}\n![Цех](https://pictures.example/a.png)\n", encoding="utf-8")
    page = desk()
    asked: list[str] = []

    def note(route: Route) -> None:  # reached only by what the frame's policy lets through
        asked.append(route.request.url)
        route.abort()

    page.context.route("https://pictures.example/**", note)
    page.reload()
    page.locator("body[data-shown]").wait_for()
    expect(mail(page).locator("img")).to_have_attribute("alt", "Цех")
    assert asked == [], "nothing is fetched before somebody asks"
    with page.expect_request("https://pictures.example/a.png"):
        page.locator("select[name=pictures]").select_option("all")


def test_two_looks_stand_side_by_side(desk: Desk) -> None:
    page = desk(width=1600)
    page.locator("#two").click()
    expect(mail(page, "2").get_by_role("heading", name="оптики")).to_be_visible()
    page.locator("input[name=dark2][value=inverted]").check()
    expect(mail(page, "2").locator("html")).to_have_css("filter", re.compile("invert"))
    expect(mail(page).locator("html")).to_have_css("filter", "none")


# Another's eyes


def test_a_reader_is_searched_picked_and_followed_by_the_next(desk: Desk) -> None:
    page = desk()
    page.locator("#reader-button").click()
    page.locator("[data-people]").fill("Борис")
    page.locator("[data-people-results] [data-reader]", has_text="Борис").first.click()
    expect(mail(page).get_by_text("Борис").first).to_be_visible()
    assert re.search(r"as=s\d+", page.url)
    before = page.url
    page.locator("#reader-next").click()
    expect(mail(page).get_by_text("Борис")).to_have_count(0)
    page.locator("#reader-previous").click()
    expect(mail(page).get_by_text("Борис").first).to_be_visible()
    assert page.url == before


@pytest.mark.parametrize(
    ("word", "seen"),
    [
        ("x-long", "Преображенский-Задунайский"),
        ("x-html", '<b>"Имя"</b> & Ко'),
        ("x-latin", "Jonathan O'Connor-Smith III"),
    ],
)
def test_a_made_up_reader_is_greeted_letter_by_letter(desk: Desk, word: str, seen: str) -> None:
    page = desk()
    page.locator("#reader-button").click()
    page.locator(f'#readers [data-reader="{word}"]').click()
    expect(mail(page).get_by_text(seen).first).to_be_visible()


def test_every_tab_opens_and_says_something_of_the_mail(desk: Desk) -> None:
    page = desk()
    said = {"text": "оптики", "source": "Завод «Линза» запустил", "wire": "Subject", "found": "Антон Берг"}
    for name in TABS:
        panel = open_tab(page, name)
        expect(panel).to_contain_text(said.get(name, ""))
        assert f"tab={name}" in page.url


# Discussing and deciding


def test_a_comment_is_made_on_a_block_and_dealt_with(desk: Desk) -> None:
    page = desk()
    mail(page).get_by_text("120 человек").first.click()
    page.locator('.marker [data-mark="comment"]').click()
    form = page.locator("form[data-post=comment]")
    form.locator("textarea").fill("Сколько из них новых?")
    form.locator("input[name=name]").fill("Анна Ветрова")
    form.get_by_role("button", name="Добавить замечание").click()
    remark = page.locator(".remark", has_text="Сколько из них новых?")
    expect(remark).to_contain_text("120 человек")
    remark.get_by_role("button", name="Решено").click()
    expect(page.locator("#status")).to_contain_text("Замечание решено")
    expect(page.locator(".remark:not(.remark-resolved)", has_text="Сколько из них новых?")).to_have_count(0)


def decide(page: Page, verdict: str, who: str = "Анна Ветрова") -> None:
    form = open_tab(page, "review").locator("form[data-post=decide]")
    form.locator("input[name=name]").fill(who)
    form.locator("textarea[name=note]").fill("Проверьте дату." if verdict == "rejected" else "")
    form.locator(f"button[value={verdict}]").click()


def test_approved_is_said_until_a_letter_changes(desk: Desk, item: Path) -> None:
    page = desk()
    decide(page, "approved")
    expect(page.locator(".chip-approved")).to_contain_text("согласовано: Анна Ветрова")
    assert list(item.parent.glob(f"{item.stem}*.reviews/*.toml"))
    item.write_text(ITEM.replace("120 человек", "121 человек"), encoding="utf-8")
    expect(page.locator(".chip-changed")).to_contain_text("изменено после согласования")
    expect(open_tab(page, "changes")).to_contain_text("121")


def test_nobody_approves_what_changed_on_the_disk_while_they_looked(desk: Desk, item: Path) -> None:
    page = desk()
    # The page hears of the change late, as from a slow network drive: what it sends is about the mail that it shows.
    page.route("**/events", lambda route: route.abort())
    page.reload()
    page.locator("body[data-shown]").wait_for()
    form = open_tab(page, "review").locator("form[data-post=decide]")
    form.locator("input[name=name]").fill("Анна Ветрова")
    item.write_text(ITEM.replace("120 человек", "125 человек"), encoding="utf-8")
    form.locator("button[value=approved]").click()
    expect(page.locator("form[data-post=decide] [data-error]")).to_be_visible()
    expect(page.locator("form[data-post=decide] input[name=name]")).to_have_value("Анна Ветрова")
    expect(page.locator(".chip-approved")).to_have_count(0)


def test_a_rejection_stands_until_somebody_approves(desk: Desk) -> None:
    page = desk()
    decide(page, "rejected", "Пётр Лугов")
    expect(page.locator(".chip-rejected")).to_be_visible()
    decide(page, "approved")
    expect(page.locator(".chip-approved")).to_be_visible()


def test_an_editor_without_a_mouse_looks_discusses_and_approves(desk: Desk) -> None:
    page = desk()
    page.keyboard.press("2")
    expect(page.locator('input[name=width][value="360"]')).to_be_checked()
    page.keyboard.press("s")
    expect(page.locator("[data-people]")).to_be_focused()
    page.keyboard.press("Escape")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "tab":
            break
    page.keyboard.press("End")
    expect(page.locator("[role=tab][aria-selected=true]")).to_be_focused()
    while page.evaluate("document.activeElement.id") != "tab-review":
        page.keyboard.press("ArrowLeft")
    name = page.locator("form[data-post=decide] input[name=name]")
    expect(name).to_be_visible()
    reach(page, name)
    page.keyboard.type("Анна Ветрова")
    reach(page, page.locator("form[data-post=decide] button[value=approved]"))
    page.keyboard.press("Enter")
    expect(page.locator(".chip-approved")).to_be_visible()


def reach(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(80):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not lead there")


# Every screen, everybody


def test_a_phone_reaches_everything_without_scrolling_sideways(desk: Desk) -> None:
    page = desk(width=360, height=740)
    for name in ("", *TABS):
        if name:
            page.evaluate("name => document.getElementById(`tab-${name}`).click()", name)
            expect(page.locator(f"#panel-{name} > *").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        button = page.locator(f"#tab-{name}" if name else "#reader-button")
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()


def serious(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, in the page and its frame."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:3]} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_somebody_out(room: RoomProcess, desk: Desk, opened: Opened, scheme: str) -> None:
    page = opened(room.home, scheme=scheme)
    assert serious(page) == []
    page = desk(scheme=scheme)
    for name in TABS:
        open_tab(page, name)
        assert serious(page) == [], name


def test_english_is_spoken_to_a_browser_that_asks_for_it(room: RoomProcess, desk: Desk, opened: Opened) -> None:
    assert re.search("[Ii]ssues", opened(room.home, locale="en-GB").locator("h1").inner_text())
    page = desk(locale="en-GB")
    assert page.locator("html").get_attribute("lang") == "en"
    expect(open_tab(page, "review").locator("button[value=approved]")).to_have_text("Approve")
    controls = page.locator("header.bar, .look, [role=tablist]").evaluate_all(
        "all => all.map(one => one.innerText).join()"
    )
    assert not re.search("[а-яё]", controls.replace("В\u00a0Заречье открыли цех оптики", "")), controls
