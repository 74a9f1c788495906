"""Source, findings and editing as an editor uses them: in a browser, over real files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Locator, Page, expect

from tests.room_server import RoomProcess

pytestmark = pytest.mark.slow

ITEM = "---\ntitle: {title}\ndate: 2026-11-20\n---\nЗавод запустил цех.\n\nПодробности: [здесь](http://zarechye.example/a).\n"
Opened = Callable[..., Page]
Shown = Callable[..., tuple[Page, Path]]


@pytest.fixture
def shown(shared_room: RoomProcess, opened: Opened, request: pytest.FixtureRequest) -> Shown:
    """Return a function that writes an item and opens its page at a tab."""

    def show(tab: str, text: str = "", encoding: str = "utf-8") -> tuple[Page, Path]:
        name = re.sub(r"\W", "", request.node.name)[:60]
        item = shared_room.workspace.content / f"{name}.md"
        item.write_bytes((text or ITEM.format(title="Новый цех")).encode(encoding))
        page = opened(f"{shared_room.desk(item)}?tab={tab}&side=wide")
        expect(page.locator(f"#panel-{tab} .leaf")).to_be_visible()
        return page, item

    return show


def editor_of(page: Page) -> Locator:
    page.get_by_text("Править текст").click()
    return page.locator("textarea[name=text]")


def mail_of(page: Page) -> Locator:
    return page.frame_locator("iframe:not(.coming)").locator("body").first


def test_a_saved_word_is_in_the_mail_and_the_field_starts_from_it(shown: Shown) -> None:
    page, item = shown("source")
    field = editor_of(page)
    field.fill(ITEM.format(title="Другой цех"))
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(mail_of(page)).to_contain_text("Другой цех")
    expect(field).to_have_value(ITEM.format(title="Другой цех"))
    expect(page.locator("#status")).to_contain_text("Сохранено")
    assert "Другой цех" in item.read_text(encoding="utf-8")
    field.fill(ITEM.format(title="Третий цех"))
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(mail_of(page)).to_contain_text("Третий цех")


def test_what_is_typed_after_saving_goes_on_from_the_saved_text_before_the_panel_comes_anew(shown: Shown) -> None:
    page, item = shown("source")
    field = editor_of(page)
    page.route("**/panel/source?*", lambda route: route.abort())  # as long as it takes: for ever
    for title in ("Другой цех", "Третий цех"):
        field.fill(ITEM.format(title=title))
        page.get_by_role("button", name="Сохранить", exact=True).click()
        expect(page.locator("#status")).to_contain_text("Сохранено")
        expect(mail_of(page)).to_contain_text(title)
        expect(field).to_have_value(ITEM.format(title=title))
    assert "Третий цех" in item.read_text(encoding="utf-8")
    expect(page.locator("[data-conflict]")).to_be_hidden()


def typed_over_a_change(page: Page, item: Path) -> Locator:
    """Type, let somebody else save the file, save: the conflict stands there."""
    field = editor_of(page)
    field.fill(ITEM.format(title="Моя правка"))
    item.write_text(ITEM.format(title="Чужая правка <b>"), encoding="utf-8")
    expect(mail_of(page)).to_contain_text("Чужая правка")
    expect(field).to_have_value(ITEM.format(title="Моя правка"))
    page.get_by_role("button", name="Сохранить", exact=True).click()
    conflict = page.locator("[data-conflict]")
    expect(conflict).to_be_visible()
    expect(conflict.locator("del")).to_contain_text("Чужая правка <b>")
    expect(conflict.locator("ins")).to_contain_text("Моя правка")
    expect(field).to_have_value(ITEM.format(title="Моя правка"))
    assert "Чужая" in item.read_text(encoding="utf-8")
    return field


def test_a_text_typed_over_a_change_is_not_saved_until_the_editor_says_so(shown: Shown) -> None:
    page, item = shown("source")
    field = typed_over_a_change(page, item)
    page.get_by_role("button", name="Сохранить мой текст поверх").click()
    expect(mail_of(page)).to_contain_text("Моя правка")
    expect(page.locator("[data-conflict]")).to_be_hidden()
    expect(field).to_have_value(ITEM.format(title="Моя правка"))
    assert "Моя правка" in item.read_text(encoding="utf-8")


def test_the_version_on_the_disk_can_be_taken_and_edited_on(shown: Shown) -> None:
    page, item = shown("source")
    field = typed_over_a_change(page, item)
    page.get_by_role("button", name="Взять версию с диска").click()
    expect(field).to_have_value(ITEM.format(title="Чужая правка <b>"))
    expect(page.locator("[data-conflict]")).to_be_hidden()
    field.fill(ITEM.format(title="Общая правка"))
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(mail_of(page)).to_contain_text("Общая правка")


def test_leaving_with_unsaved_text_asks_first(shown: Shown) -> None:
    page, _ = shown("source")
    asked: list[str] = []

    def stay(dialog) -> None:  # type: ignore[no-untyped-def] # Playwright's
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.reload()
    assert asked == [], "nothing was typed"
    expect(page.locator("#panel-source .leaf")).to_be_visible()
    editor_of(page).press_sequentially("а")
    page.reload()
    assert asked == ["beforeunload"]


def test_a_sign_that_the_code_page_lacks_is_saved_in_utf8_when_asked(shown: Shown) -> None:
    page, item = shown("source", ITEM.format(title="Завод запустил новый цех оптики"), "cp1251")
    field = editor_of(page)
    field.fill(ITEM.format(title="Завод ≥ цех"))
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.locator("[data-error]").first).to_contain_text("windows-1251")
    page.get_by_label(re.compile("Сохранить в UTF-8")).check()
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(mail_of(page)).to_contain_text("Завод ≥ цех")
    assert "≥" in item.read_text(encoding="utf-8")


def test_from_a_finding_to_its_line_and_back_and_to_the_block_of_the_mail(shown: Shown) -> None:
    page, _ = shown("findings")
    finding = page.locator(".finding").filter(has=page.locator("code", has_text="insecure_link"))
    finding.get_by_role("button", name="Показать в письме").click()
    expect(page.locator(".marker")).to_be_visible()
    finding.locator("[data-goto-line]").click()
    line = page.locator(".line-marked")
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("Подробности")
    line.locator("[data-goto-finding]").click()
    expect(finding).to_be_focused()


def test_a_broken_item_never_seen_before_is_mended_in_the_room(shown: Shown) -> None:
    page, _ = shown("source", "---\ntitle: [\n---\nЗавод запустил цех.\n")
    editor_of(page).fill(ITEM.format(title="Исправлено"))
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(mail_of(page)).to_contain_text("Исправлено")


def test_an_item_of_twenty_thousand_lines_is_shown_and_its_last_line_is_a_jump_away(shown: Shown) -> None:
    lines = "".join(f"строка {number}\n" for number in range(20_000))
    page, _ = shown("source", f"---\ntitle: [\n---\n{lines}")
    expect(page.locator(".row")).to_have_count(20_003)
    last = page.locator(".row").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    expect(page.locator("textarea[name=text]")).to_have_count(0)
    expect(page.get_by_text("откройте его в текстовом редакторе")).to_be_visible()


def test_shapes_of_scripts_run_nowhere(shown: Shown) -> None:
    shape = "<script>document.title='ran'</script><img src=x onerror=document.title='ran'>"
    page, _ = shown("source", f'---\ntitle: "{shape}"\n---\n{shape}\n</textarea>{shape}\n')
    for tab in ("findings", "text", "wire"):
        page.locator(f"#tab-{tab}").click()
        expect(page.locator(f"#panel-{tab} .leaf")).to_be_visible()
    assert page.title() != "ran"
    assert page.locator(".leaf img, .leaf script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_in_the_four_panels_shuts_somebody_out(shared_room: RoomProcess, opened: Opened, scheme: str) -> None:
    item = shared_room.workspace.content / "axe.md"
    item.write_text(ITEM.format(title="Новый цех"), encoding="utf-8")
    page = opened(shared_room.desk(item), scheme=scheme)
    for tab in ("findings", "text", "source", "wire"):
        page.locator(f"#tab-{tab}").click()
        panel = page.locator(f"#panel-{tab}")
        expect(panel.locator(".leaf")).to_be_visible()
        panel.evaluate("panel => panel.querySelectorAll('.encoded, .edit, .waive').forEach(one => one.open = true)")
        found = Axe().run(page, context=f"#panel-{tab}").response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_a_text_wider_than_the_panel_says_so_and_the_panel_can_be_widened(
    shared_room: RoomProcess, opened: Opened, shown: Shown
) -> None:
    page, item = shown("text")
    expect(page.locator(".typed-hint")).to_be_hidden()
    page.goto(f"{shared_room.desk(item)}?tab=text")
    page.get_by_role("button", name="Раскрыть панель шире").click()
    expect(page.locator(".typed-hint")).to_be_hidden()
    typed = page.locator("#panel-text .typed")
    assert typed.evaluate("one => one.scrollWidth <= one.clientWidth")
