"""Makes docs/pictures/room-*.png: the editors' room as an editor sees it, on an invented office's samples.

    python -m docs.make_room_pictures [--out DIR] [--only NAME...]

A workspace as `newsletter init` makes it gets a few news, readers, decisions and comments; `newsletter preview` runs
over it, and Debian's Chromium looks. The same pictures come again but for the dates on them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from docs.make_pictures import ITEMS, ROOT, SETTINGS, shrink
from newsletter.cli.chromium import find_chromium
from newsletter.workspace import Workspace
from tests.room_server import RoomProcess

OWN = SETTINGS | {
    "NEWSLETTER_SENDER__UNSUBSCRIBE_MAILTO": "unsubscribe@zarechye.example",
    "NEWSLETTER_SMTP__URL": "smtp://localhost:2525",  # nothing is sent there
    "NEWSLETTER_REVIEW__TEST_ADDRESSES": "anna.sokolova@zarechye.example, boris.latyshev@zarechye.example",
    "NEWSLETTER_REVIEW__APPROVALS_REQUIRED": "1",
}
COLOURS = 256  # of a palette: the greys of the room beside the colours of the mail, some of them rare
SWITCHES = (
    "--disable-lcd-text",
    "--force-color-profile=srgb",
    "--no-sandbox",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
EMBARGO = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"  # one that is over would show nothing
OPTICS, DIRECTOR, INTERNS = "2026-11-optika.txt", "2026-12-sklad.md", "2026-11-praktika.md"
NEWS = {
    OPTICS: """\
Завод «Линза» запустил в «Заречье» цех оптики

Завод «Линза» запустил в особой экономической зоне «Заречье» цех оптики. В производство вложено 340 млн рублей, \
создано 120 рабочих мест.

«Мы вышли на полную мощность за полгода. Первые объективы уже уехали в Казахстан», – сказал директор завода Антон Берг.

«Следующим летом откроем вторую линию и позовём ещё сорок человек».

Объективы поставляют в Казахстан и Беларусь. Весной к ним добавятся линзы для приборов ночного видения.

Подписывайтесь на наш канал, чтобы не пропустить новости.
""",
    DIRECTOR: f"""\
---
title: В «Заречье» построят холодный склад
subject: Холодный склад на 12 тысяч паллет
preheader: Строить начнут в марте, примут первый груз через год
date: 2026-12-01
rubric: Стройка
embargo_until: {EMBARGO}T10:00
---

Особая экономическая зона «Заречье» построит холодный склад на 12 тысяч паллет. Строить начнут в марте.

«Своего холода ждут все, кто возит лекарства и сыр», – сказала директор ОЭЗ «Заречье» Вера Кленова.

В проект вложат 1,4 млрд рублей. На складе будет 90 рабочих мест.
""",
    INTERNS: """\
---
title: На практику в «Заречье» пришли 64 студента
subject: 64 студента пришли на практику
preheader: Кого взяли заводы и кого позовут остаться
date: 2026-11-12
---

Заводы особой экономической зоны «Заречье» приняли на практику 64 студента.

Каждого четвёртого после защиты позовут остаться.
""",
}
# What stands in the digest since somebody approved it: a figure, and two things that the checks find.
EDITS = (
    ("investments.md", "составили 2,6 млрд рублей", "составили 2,7 млрд рублей"),
    ("open-day.md", "Вход свободный", "\u0042ход свободный"),  # a Latin B
    ("open-day.md", "нужна только регистрация", "записаться можно [здесь](https://zarechye.example/open-day)"),
)
DECISIONS = (
    (ITEMS["letter"], "Борис Латышев", "Назовите в теме сумму: 412 млн рублей", "--reject"),
    (ITEMS["letter"], "Анна Соколова", "Сверила с таблицей департамента"),
    (ITEMS["digest"], "Анна Соколова", ""),
)
# What was said of the letter, by the words with which the paragraph begins; one of the two was followed.
REMARKS = {
    "Рост идёт": "Слова согласованы с Ириной Лаптевой?",
    "Датчики давления": "Павел Гречин просил назвать ещё и Сербию: проверьте",
}
FOLLOWED = "Павел Гречин просил"
# What is there once the mail and every panel that is seen are, and what is gone once the checks are through. Selectors,
# because the policy of the page lets no text be run that a test might bring.
PRESENT = (
    "body[data-shown]",
    ".bar-state > *",
    ".bar-reader > *",
    ".inbox-holder > *",
    "#side[hidden], .panel:not([hidden]) > *",
)
ABSENT = (".checking", "iframe.coming")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    item: str = ""  # below content/; nothing: the list
    asked: dict[str, str] = field(default_factory=dict)  # the state of the page, as its address has it
    width: int = 1280
    height: int = 800
    dark: bool = False
    prepare: Callable[[Page, Path], None] = lambda page, root: None  # what an editor does before the picture


def mending(page: Page, root: Path) -> None:
    """Unfold the lines that mend a guess."""
    guess = page.locator(".found-quote.is-guess").first
    guess.locator("summary").click()
    guess.scroll_into_view_if_needed()


def editing(page: Page, root: Path) -> None:
    """Open the item's text to write in it."""
    page.locator("#panel-source details.edit > summary").first.click()


def side_by_side(page: Page, root: Path) -> None:
    for number in range(2):
        page.frame_locator(".changes-frames iframe").nth(number).locator("table").last.wait_for()


def breaking(page: Page, root: Path) -> None:
    """Save a head with the mistake that is made most often, while the mail is looked at."""
    file = root / "content" / OPTICS
    good = file.read_text(encoding="utf-8")
    file.write_text(f"---\ndate: 2026-11-20\nsubject: Новый цех: 120 рабочих мест\n---\n{good}", encoding="utf-8")
    page.locator(".fault .fault-place button").click()
    page.locator("#panel-source", has_text="subject: Новый цех").wait_for()


PICTURES = (
    Picture(name="room-list", height=560),
    Picture(name="room-desktop", item=ITEMS["digest"], asked={"tab": "findings"}),
    Picture(name="room-dark", item=ITEMS["letter"], asked={"tab": "text", "dark": "dark"}, dark=True),
    Picture(name="room-two", item=ITEMS["digest"], asked={"two": "1", "side": "off", "width": "360", "width2": "600"}),
    Picture(name="room-review", item=ITEMS["letter"], asked={"tab": "review"}, height=1750),
    Picture(name="room-found", item=OPTICS, asked={"tab": "found"}, height=900, prepare=mending),
    Picture(name="room-changes", item=ITEMS["digest"], asked={"tab": "changes", "side": "wide"}, prepare=side_by_side),
    Picture(name="room-source", item=OPTICS, asked={"tab": "source"}, prepare=editing),
    Picture(name="room-phone", item=DIRECTOR, width=360, height=740),
    Picture(name="room-fault", item=OPTICS, asked={"tab": "source"}, prepare=breaking),  # last: its item is broken now
)


def main() -> int:
    parser = argparse.ArgumentParser(description="make the pictures of the editors' room")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--only", nargs="*", default=[picture.name for picture in PICTURES], metavar="NAME")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = make_workspace(Path(folder) / "office")
        with open_room(root) as room, open_browser() as browser:
            discuss(browser, room)
            for picture in PICTURES:
                if picture.name in given.only:
                    print(photograph(browser, picture, room, given.out))
    return 0


def make_workspace(root: Path) -> Path:
    """Make the office's workspace as it stands on a busy day: items, readers, decisions, one issue that was sent."""
    newsletter(root.parent, "init", str(root))
    for name, text in NEWS.items():
        (root / "content" / name).write_text(text, encoding="utf-8")
    (root / "content" / "2026-11-zarechye-export.txt").unlink()  # the same news as the .md
    newsletter(root, "subscribers", "import", "subscribers/example.csv", "--list", "journalists")
    newsletter(root, "send", f"content/{INTERNS}", "--list", "journalists", "--outbox", "rehearsal", "--yes", "--again")
    for item, who, note, *options in DECISIONS:
        newsletter(root, "approve", f"content/{item}", "--as", who, "--note", note, *options)
    for name, old, new in EDITS:
        file = root / "content" / ITEMS["digest"] / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    # Not the digest: the list goes by when its files were saved, and they were after the approval.
    for days, name in enumerate((ITEMS["letter"], OPTICS, DIRECTOR, INTERNS), start=1):
        _age(root / "content" / name, days)
    return root


def newsletter(folder: Path, *words: str) -> None:
    command = [sys.executable, "-P", "-m", "newsletter", *words]
    own = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    environ = own | OWN | {"PYTHONPATH": str(ROOT), "NEWSLETTER_REVIEW__APPROVALS_REQUIRED": "0"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"newsletter {' '.join(words)}: {done.stderr}")


def _age(path: Path, days: int) -> None:
    """Let a file look as if saved so many days before the samples' Monday, at half past two in Moscow."""
    at = (datetime(2026, 11, 23, 11, 30, tzinfo=UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))


@contextmanager
def open_room(root: Path) -> Iterator[RoomProcess]:
    room = RoomProcess.start(Workspace(root=root), environ=OWN)
    try:
        yield room
    finally:
        room.stop()


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(os.environ), args=list(SWITCHES))
        yield browser
        browser.close()


def discuss(browser: Browser, room: RoomProcess) -> None:
    """Leave two comments on the letter, the first of which was followed."""
    page = browser.new_page(locale="ru-RU")
    base = room.desk(room.workspace.content / ITEMS["letter"]).rstrip("/")
    panel = page.request.get(f"{base}/panel/review").text()
    digest = re.findall(r'name="digest" value="(\w+)"', panel)[0]
    for words, remark in REMARKS.items():
        (block,) = re.findall(rf'<option value="([\d.]+)">[^<]*{words}', panel)
        _post(page, f"{base}/comment", digest=digest, block=block, text=remark, name="Борис Латышев")
    panel = page.request.get(f"{base}/panel/review").text()
    (followed,) = re.findall(rf'data-comment="([^"]+)"(?:(?!data-comment).)*?{FOLLOWED}', panel, re.DOTALL)
    _post(page, f"{base}/settle", comment=followed, done=True, name="Анна Соколова")
    page.close()


def _post(page: Page, address: str, **fields: object) -> None:
    """Send what a form of the page sends."""
    origin = re.sub(r"(://[^/]+)/.*", r"\1", address)
    headers = {"Origin": origin, "Content-Type": "application/json"}
    answer = page.request.post(address, data=json.dumps(fields), headers=headers)
    if not answer.ok:
        raise SystemExit(f"{address}: {answer.text()}")


def wait_for_all(page: Page) -> None:
    for selector in PRESENT:
        page.wait_for_selector(selector, state="attached")
    for selector in ABSENT:
        page.wait_for_selector(selector, state="detached")


def photograph(browser: Browser, picture: Picture, room: RoomProcess, out: Path) -> Path:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        locale="ru-RU",
        color_scheme="dark" if picture.dark else "null",
        reduced_motion="reduce",
    )
    page = context.new_page()
    if picture.item:
        page.goto(f"{room.desk(room.workspace.content / picture.item)}?{urlencode(picture.asked)}")
        wait_for_all(page)
    else:
        page.goto(room.home)
    picture.prepare(page, room.workspace.root)
    path = out / f"{picture.name}.png"
    page.screenshot(path=path, animations="disabled", caret="hide")
    context.close()
    shrink(path, colours=COLOURS)
    return path


if __name__ == "__main__":
    sys.exit(main())
