"""Controls of the room that few use daily, each used as an editor would; and none that no test uses at all."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from newsletter.web.pages import HERE
from tests.room_server import ITEM, Opened, RoomProcess, fill_workspace, running_room
from tests.smtp_servers import Sink, refusing

pytestmark = [pytest.mark.service, pytest.mark.slow]

SECONDS = 30_000  # milliseconds; a busy machine compiles slowly
BRANCH = '{% if variant.language|default("ru") == "en" %}<p>Good afternoon.</p>{% else %}<p>Добрый день.</p>{% endif %}'
VARIANTS = "template: branching\nvariants: {language: [ru, en]}\n"
VERA, PRESS, STRANGER = "vera@zarechye.example", "press@zarechye.example", "boss@elsewhere.example"
Desk = Callable[..., Page]


@pytest.fixture
def item(shared_room: RoomProcess, request: pytest.FixtureRequest) -> Path:
    """An item of this test's own."""
    path = shared_room.workspace.content / f"{re.sub(r'[^a-z_]+', '-', request.node.name)[:60]}.md"
    path.write_text(ITEM, encoding="utf-8")
    return path


@pytest.fixture
def desk(shared_room: RoomProcess, item: Path, opened: Opened) -> Desk:
    return lambda query="", **options: visited(opened("", **options), shared_room.desk(item) + query)


def visited(page: Page, address: str) -> Page:
    """Go there; return the page once its mail is on the screen."""
    page.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    page.goto(address)
    page.locator("body[data-shown]").wait_for()
    return page


def again(page: Page) -> None:
    page.reload()
    page.locator("body[data-shown]").wait_for()


def mail(page: Page, pane: str = "") -> FrameLocator:
    return page.frame_locator(f'[data-pane="{pane}"] iframe[data-live]')


def open_tab(page: Page, name: str) -> Locator:
    page.locator(f"#tab-{name}").click()
    panel = page.locator(f"#panel-{name}")
    expect(panel.locator("> *").first).to_be_visible()
    return panel


def width_of(one: Locator) -> float:
    box = one.bounding_box()
    assert box
    return box["width"]


# Another variant


@pytest.fixture
def branching(shared_room: RoomProcess, item: Path) -> Path:
    """The item in a theme of the workspace's own that says another word to those who read English."""
    templates = shared_room.workspace.templates
    theme = templates / "branching"
    shutil.copytree(templates / "plain", theme, dirs_exist_ok=True)
    letter = (templates / "plain" / "letter.mjml").read_text(encoding="utf-8")
    assert "<h1>" in letter
    (theme / "letter.mjml").write_text(letter.replace("<h1>", f"{BRANCH}<h1>", 1), encoding="utf-8")
    item.write_text(ITEM.replace("---\n", f"---\n{VARIANTS}", 1), encoding="utf-8")
    return item


def test_another_variant_is_chosen_shown_and_kept_in_the_address(branching: Path, desk: Desk) -> None:
    page = desk()
    variant = page.locator("select[name=variant]")
    expect(mail(page).get_by_text("Добрый день.")).to_be_visible()
    variant.select_option(label="en")
    expect(mail(page).get_by_text("Good afternoon.")).to_be_visible()
    expect(mail(page).get_by_text("Добрый день.")).to_have_count(0)
    assert "variant=language%3Den" in page.url
    again(page)
    expect(mail(page).get_by_text("Good afternoon.")).to_be_visible()
    expect(variant.locator("option:checked")).to_have_text("en")
    variant.select_option("")
    expect(mail(page).get_by_text("Добрый день.")).to_be_visible()
    assert "variant" not in page.url


def test_what_is_said_beside_the_mail_is_of_the_chosen_variant(branching: Path, desk: Desk) -> None:
    page = desk("?two=1&variant=language%3Den", width=1600)
    expect(mail(page, "2").get_by_text("Good afternoon.")).to_be_visible()
    expect(open_tab(page, "wire").get_by_role("link", name="Скачать .eml")).to_have_attribute(
        "href", re.compile(r"variant=language%3Den")
    )
    page.locator("select[name=variant]").select_option(label="ru")
    expect(page.locator("#panel-wire a[download]")).to_have_attribute("href", re.compile(r"variant=language%3Dru"))


def test_a_mail_without_variants_offers_none(desk: Desk) -> None:
    page = desk()
    expect(page.locator("#reader-button")).to_be_visible()
    expect(page.locator("select[name=variant]")).to_have_count(0)


# A trial mail


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """A relay that takes every mail but those to PRESS."""
    with Sink(answers=refusing("rcpt", "550 5.1.1 no such user", rcpt=PRESS)) as sink:
        yield sink


@pytest.fixture(scope="module")
def mailing_room(sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomProcess]:
    """A room that may mail trials to two addresses."""
    workspace = fill_workspace(tmp_path_factory.mktemp("mailing"))
    file = workspace.settings_file
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ('public_url = ""', 'public_url = "https://news.zarechye.example"'),
        ('from = ""', 'from = "Пресс-служба <news@zarechye.example>"'),
        ('unsubscribe_mailto = ""', 'unsubscribe_mailto = "unsubscribe@zarechye.example"'),
        ("[smtp]", f'[smtp]\nurl = "{sink.url}"'),
        ("[review]", f'[review]\ntest_addresses = ["{VERA}", "{PRESS}"]'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    with running_room(workspace) as room:
        yield room


@pytest.fixture
def trial(mailing_room: RoomProcess, opened: Opened, sink: Sink) -> Locator:
    """The form on an editor's screen; the relay has met nobody."""
    sink.accepted.clear()
    sink.commands.clear()
    page = visited(opened(""), mailing_room.desk(mailing_room.workspace.content / "optika.md"))
    return open_tab(page, "review").locator("form[data-post=trial]")


def test_a_trial_arrives_at_the_chosen_address_and_the_page_says_so(trial: Locator, sink: Sink) -> None:
    trial.locator("select[name=to]").select_option(VERA)
    trial.get_by_role("button", name="Отправить пробное").click()
    expect(trial.page.locator("#status")).to_contain_text(f"{VERA}: принято")
    sink.settle()
    assert sink.recipients == [VERA]
    arrived = email.message_from_bytes(sink.accepted[0].data, policy=email.policy.default)
    assert arrived["To"] == VERA
    assert arrived["Subject"] == "Новый цех оптики: 120 рабочих мест"
    assert "120 человек" in arrived.get_body(("plain",)).get_content()  # type: ignore[union-attr] # there is one


def test_a_refused_trial_is_said_in_the_form_with_the_servers_words(trial: Locator, sink: Sink) -> None:
    trial.locator("select[name=to]").select_option("*")
    trial.get_by_role("button", name="Отправить пробное").click()
    expect(trial.get_by_role("alert")).to_contain_text(f"{PRESS}: почтовый сервер отказал (550 5.1.1")
    expect(trial.get_by_role("alert")).to_contain_text(f"{VERA}: принято")
    assert sink.recipients == [VERA]


def test_no_other_address_is_offered_or_taken_from_a_page_that_was_tampered_with(trial: Locator, sink: Sink) -> None:
    offered = trial.locator("select[name=to] option").evaluate_all("all => all.map(one => one.value)")
    assert offered == [VERA, PRESS, "*"]
    trial.locator("select[name=to]").evaluate(
        "(list, address) => { list.options[0].value = address; list.value = address }", STRANGER
    )
    trial.get_by_role("button", name="Отправить пробное").click()
    expect(trial.get_by_role("alert")).to_contain_text("Этого адреса нет среди тех")
    assert sink.commands == []


# Help and keys


def test_the_list_of_keys_opens_by_its_button_and_escape_closes_it(desk: Desk) -> None:
    page = desk()
    button, dialog = page.locator("#help-button"), page.locator("#help")
    button.click()
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Закрыть")).to_be_focused()
    page.keyboard.press("t")
    assert "two=" not in page.url, "keys are quiet behind a dialog"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    dialog.get_by_role("button", name="Закрыть").click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("code", ["Slash", "Digit7"])  # where the sign stands on an English and a Russian keyboard
def test_the_list_of_keys_opens_by_the_question_mark(desk: Desk, code: str) -> None:
    page = desk()
    pressed = {"key": "?", "code": code, "shiftKey": True, "bubbles": True}
    page.evaluate("pressed => document.body.dispatchEvent(new KeyboardEvent('keydown', pressed))", pressed)
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_the_list_of_keys_opens_from_within_the_mail(desk: Desk) -> None:
    page = desk()
    mail(page).get_by_text("120 человек").first.click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_every_key_that_the_list_names_has_its_row(desk: Desk) -> None:
    page = desk()
    page.keyboard.press("?")
    rows = page.locator("#help .keys > div")
    expect(rows).to_have_count(9)
    for row in rows.all():
        expect(row.locator("kbd").first).to_be_visible()
        expect(row.locator("dd")).not_to_be_empty()


def test_keys_stay_off_until_they_are_wanted_again(desk: Desk) -> None:
    page = desk()
    page.locator("#help-button").click()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    again(page)
    page.keyboard.press("2")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_hidden()
    assert "width=" not in page.url
    page.locator("#help-button").click()
    page.locator("#keys-on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator("input[name=width][value='360']")).to_be_checked()


# The panel beside the mail


def test_the_panel_is_made_wide_and_stays_so(desk: Desk) -> None:
    page = desk()
    side, wide = page.locator("#side"), page.locator("#side-wide")
    before = width_of(side)
    wide.click()
    expect(wide).to_have_attribute("aria-pressed", "true")
    assert width_of(side) > before + 100
    again(page)
    expect(wide).to_have_attribute("aria-pressed", "true")
    assert width_of(side) > before + 100
    page.keyboard.press("w")
    expect(wide).to_have_attribute("aria-pressed", "false")
    assert width_of(side) == pytest.approx(before, abs=1)
    assert "side=" not in page.url


def test_the_panel_is_hidden_and_the_mail_takes_its_place(desk: Desk) -> None:
    page = desk()
    side, toggle = page.locator("#side"), page.locator("#side-toggle")
    before = width_of(page.locator("#mail"))
    toggle.click()
    expect(side).to_be_hidden()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    assert width_of(page.locator("#mail")) > before + 100
    again(page)
    expect(side).to_be_hidden()
    page.keyboard.press("p")
    expect(side).to_be_visible()
    expect(page.locator("[role=tabpanel]:visible > *").first).to_be_visible()


def test_a_hidden_panel_comes_back_for_what_it_has_to_show(desk: Desk) -> None:
    page = desk("?side=off")
    mail(page).get_by_text("120 человек").first.click()
    page.locator('.marker [data-mark="source"]').click()
    expect(page.locator("#side")).to_be_visible()
    expect(page.locator(".line-marked")).to_contain_text("120 человек")


def test_the_mark_on_a_block_is_taken_away_by_its_button(desk: Desk) -> None:
    page = desk()
    mail(page).get_by_text("120 человек").first.click()
    expect(page.locator(".marker")).to_have_count(1)
    page.locator('.marker [data-mark="close"]').click()
    expect(page.locator(".marker")).to_have_count(0)


# The way in and out


def test_the_way_back_leads_to_the_list_of_issues(shared_room: RoomProcess, desk: Desk) -> None:
    page = desk()
    page.get_by_role("link", name="Все выпуски и новости").click()
    page.wait_for_url(shared_room.home)


def test_the_first_tab_stop_leads_past_the_bar_to_the_mail(desk: Desk) -> None:
    page = desk()
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="К письму")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#mail")).to_be_focused()


def test_on_a_phone_a_button_of_the_panels_leads_back_to_the_mail(desk: Desk) -> None:
    page = desk(width=360, height=740)
    page.get_by_role("tab", name="Текст").click()
    expect(page.locator("#panel-text")).to_be_in_viewport()
    page.locator("#to-mail").click()
    expect(mail(page).get_by_role("heading", name="оптики")).to_be_in_viewport()


# What is taken away from the page


def lines_to_copy(page: Page) -> tuple[Locator, str]:
    """Open the first lines that the page proposes; return their button and what is to be copied."""
    panel = open_tab(page, "found")
    panel.locator("details.mend summary").first.click()
    button = panel.get_by_role("button", name="Скопировать строки").first
    words = button.get_attribute("data-copy")
    assert words
    expect(panel.locator(".mend-lines").first).to_have_text(words)
    return button, words


def pasted(page: Page) -> str:
    """Return what the keys of pasting put into the form of a comment."""
    field = open_tab(page, "review").locator("form[data-post=comment] textarea")
    field.focus()
    page.keyboard.press("Control+V")
    return field.input_value()


@pytest.mark.parametrize("is_granted", [True, False])
def test_proposed_lines_are_copied_by_a_button(desk: Desk, is_granted: bool) -> None:
    page = desk()
    if is_granted:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button, words = lines_to_copy(page)
    button.click()
    expect(page.locator("#status")).to_have_text("Скопировано")
    assert pasted(page).strip() == words.strip()


def test_lines_are_copied_where_a_browser_gives_pages_no_clipboard(desk: Desk) -> None:
    page = desk()
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })")
    again(page)
    button, words = lines_to_copy(page)
    button.click()
    expect(page.locator("#status")).to_have_text("Скопировано")
    assert pasted(page).strip() == words.strip()


@pytest.mark.parametrize("reader", ["", "x-html"])
def test_the_mail_is_downloaded_as_a_file_that_mail_programs_read(desk: Desk, item: Path, reader: str) -> None:
    page = desk(f"?as={reader}")
    panel = open_tab(page, "wire")
    with page.expect_download() as download:
        panel.get_by_role("link", name="Скачать .eml").click()
    assert download.value.suggested_filename == f"{item.stem}.eml"
    got = email.message_from_bytes(download.value.path().read_bytes(), policy=email.policy.default)
    assert got.defects == []
    assert got["Subject"] == "Новый цех оптики: 120 рабочих мест"
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]
    assert ("& Ко" in got.get_body(("plain",)).get_content()) == (reader == "x-html")  # type: ignore[union-attr]


# None is forgotten

_TAG = re.compile(r"<(?:a|button|input|select|textarea|summary|dialog)\b[^>]*>")
_NAME = re.compile(r'\b(?:id|name|data-mark)="([\w-]+)"')
_MACRO = re.compile(r'\{\{ (?:radios|choice)\(t, "(\w+)"')
_PAGES = sorted(path.stem for path in (HERE / "pages").glob("*.html"))


def controls_of(page: str) -> set[str]:
    """Return the names of what can be used on a page, as its template writes them."""
    return {name for tag in _TAG.findall(page) for name in _NAME.findall(tag)} | set(_MACRO.findall(page))


def is_used(name: str, tests: str) -> bool:
    word = re.escape(name)
    return re.search(rf"#{word}\b(?!-)|(?:name|data-mark)=\"?{word}\b(?!-)|\"{word}\":", tests) is not None


def test_a_control_is_known_by_its_id_or_its_name() -> None:
    page = '<button type="button" id="two" class="b"><p id="lost"><select name="to">{{ choice(t, "pictures", s) }}'
    assert controls_of(page) == {"two", "to", "pictures"}
    assert is_used("two", 'page.locator("#two")')
    assert not is_used("side", 'page.locator("#side-wide")')


@pytest.mark.parametrize("page", _PAGES)
def test_every_control_of_the_page_is_used_by_some_test(page: str) -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    names = controls_of((HERE / "pages" / f"{page}.html").read_text(encoding="utf-8"))
    assert [name for name in sorted(names) if not is_used(name, tests)] == []
