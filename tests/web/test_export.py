"""The page to mail to the boss: complete, inert, and without anything personal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from newsletter.cli.main import main
from newsletter.config import load_settings
from newsletter.content.picture import Picture
from newsletter.decision import Decision, Verdict
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, CompileResult, compile_here
from newsletter.review.standing import Standing
from newsletter.specimen import report_on, specimen_of
from newsletter.tokens import Keys
from newsletter.web.export import MARK, Exported, export_page, in_scheme, without_loads
from newsletter.workspace import Workspace, template_dirs
from tests.room_server import NOW, ROOT, Opened, fill_workspace

XHTML = "{http://www.w3.org/1999/xhtml}"
SETTINGS, _ = load_settings(ROOT, {}).with_placeholders()
HOSTILE = """\
---
title: "<script>alert(1)</script> & «Цех»"
subject: '"></iframe><script>alert(1)</script>'
date: 2026-11-20
lang: ru
---
Текст <script>alert(1)</script> и <img src=x onerror=alert(1)>.

«Мы вышли на полную мощность», — сказал директор <b onclick=alert(1)>Антон Берг</b>.

![Цех](https://pictures.example/a.png)
"""


def compiled(workspace: Workspace, item: Path) -> CompileResult:
    request = CompileRequest(
        root=workspace.root,
        items=(item,),
        options=ContentOptions(),
        settings=SETTINGS,
        template_dirs=template_dirs(workspace),
    )
    return compile_here(request)


def exported(result: CompileResult, standing: Standing | None = None) -> Exported:
    keys = Keys(secrets={1: b"k" * 32}, current=1)
    specimen = specimen_of(result.compilation.compiled, keys=keys, now=NOW)
    return Exported(
        result=result,
        settings=SETTINGS,
        specimen=specimen,
        report=report_on(result, specimen),
        standing=standing or Standing(),
        now=NOW,
        language="ru",
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return fill_workspace(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def sample(place: Workspace) -> CompileResult:
    return compiled(place, place.content / "2026-11-zarechye-export.md")


@pytest.fixture(scope="module")
def hostile(place: Workspace) -> CompileResult:
    item = place.content / "hostile.md"
    item.write_text(HOSTILE, encoding="utf-8")
    return compiled(place, item)


@pytest.fixture(scope="module")
def page_with(sample: CompileResult) -> Callable[[str], str]:
    """Return a function that gives the page of a mail whose title and preheader are a text."""
    what, issue = exported(sample), sample.issue

    def page_with(text: str) -> str:
        changed = replace(issue, preheader=text, items=(replace(issue.items[0], title=text),))
        return export_page(replace(what, result=replace(sample, issue=changed)))

    return page_with


def documents(page: str) -> Iterator[str]:
    """Yield the page and the documents of its frames."""
    yield page
    tree = html5lib.parse(page)
    yield from (frame.get("srcdoc", "") for frame in tree.iter(f"{XHTML}iframe"))


def complaints(page: str) -> list[str]:
    """Return whatever in a page, or in a frame of it, could run, load, or be sent."""
    found = []
    for document in documents(page):
        for element in html5lib.parse(document).iter():
            if not isinstance(element.tag, str):
                continue
            name = element.tag.removeprefix(XHTML)
            if name in {"script", "object", "embed", "form", "base", "link", "svg", "audio", "video", "template"}:
                found.append(name)
            for key, value in element.attrib.items():
                if key.startswith("on") or key in {"formaction", "srcset", "background", "ping"}:
                    found.append(f"{name} {key}")
                if key == "src" and not value.startswith("data:image/"):
                    found.append(f"{name} src={value}")
                if key == "href" and not re.match(r"https?:|mailto:|tel:", value):
                    found.append(f"{name} href={value}")
                if key == "style" and "url(" in value:
                    found.append(f"{name} {value}")
            if name == "style" and re.search(r"@import|url\(|expression", element.text or ""):
                found.append("style loads")
    return found


def test_the_page_tells_all_that_is_needed_to_decide(sample: CompileResult) -> None:
    page = export_page(exported(sample))
    assert page.startswith(MARK)
    tree = html5lib.parse(page)
    frames = list(tree.iter(f"{XHTML}iframe"))
    assert [(frame.get("sandbox"), frame.get("width")) for frame in frames] == [("", "600"), ("", "360"), ("", "600")]
    text = " ".join("".join(tree.itertext()).split())
    told = ("412 млн рублей за квартал", "23 ноября 2026", "Черновик", "Ирина Лаптева", "Что говорят проверки")
    for part in (*told, sample.compilation.compiled.digest, "Текстовая версия", "From", "Пресс-служба ОЭЗ «Заречье» <"):
        assert part in text
    assert re.search(r'name="robots" content="noindex', page)
    assert "default-src 'none'" in page
    assert len(page.encode()) < 400_000


def test_nothing_in_it_runs_or_loads(sample: CompileResult, hostile: CompileResult) -> None:
    for result in (sample, hostile):
        page = export_page(exported(result))
        assert complaints(page) == []
        assert "<script" not in page.lower()


def test_what_could_run_would_be_found() -> None:
    frame = "<iframe srcdoc='&lt;img src=//x onerror=1&gt;'></iframe>"
    assert complaints(f"<p onclick=x><script></script>{frame}") == ["p onclick", "script", "img src=//x", "img onerror"]


def test_another_hosts_picture_is_a_frame_with_its_words(hostile: CompileResult) -> None:
    page = export_page(exported(hostile))
    assert "pictures.example/a.png" not in "".join(list(documents(page))[1:])
    assert 'alt="Цех"' in list(documents(page))[1]


@pytest.mark.parametrize(
    "img",
    ['<img src="https://a.example/x.png" alt="x">', "<img alt=x src=https://a.example/x.png>",
     "<IMG SRC='//a.example/x'>",
     '<img src="data:text/html,a.example">', '<img srcset="https://a.example/x 2x" src="a.example">'],
)  # fmt: skip
def test_no_address_of_a_picture_stays(img: str) -> None:
    assert "a.example" not in without_loads(f"<head></head>{img}")


def test_own_pictures_are_inside(sample: CompileResult) -> None:
    own = Picture(data=b"\x89PNG", suffix="png", width=600, height=300)
    assets = "https://assets.example/x/"
    what = exported(replace(sample, pictures=(own,)))
    shown = what.specimen.variant
    variant = sample.compilation.compiled.variants[shown]
    html = (*variant.html[:-1], f'<img src="{assets}a/{own.name}" alt="">', variant.html[-1])
    compiled_issue = replace(sample.compilation.compiled, variants={shown: replace(variant, html=html)})
    result = replace(what.result, compilation=replace(sample.compilation, compiled=compiled_issue))
    page = export_page(replace(what, result=result, settings=replace(SETTINGS, assets_url=assets)))
    assert page.count("data:image/png;base64,iVBORw==") == 3
    assert complaints(page) == []


def test_nobodys_address_or_token_is_in_it(sample: CompileResult) -> None:
    what = exported(sample)
    token = what.specimen.values["links.unsubscribe"].rpartition("/")[2]
    delivery = re.search(rb"unsubscribe\+(\w+)@", what.specimen.message.data)
    page = export_page(what)
    assert delivery
    assert token not in page
    assert delivery[1].decode() not in page
    assert "/u/example" in page


def test_dark_and_light_are_shown_whatever_the_readers_browser_prefers() -> None:
    css = "@media (prefers-color-scheme: dark){p{color:#fff}}@media(prefers-color-scheme:light){}"
    html = f"<head><style>{css}</style></head>"
    assert "@media (min-width:0px){p" in in_scheme(html, is_dark=True)
    assert "@media(max-width:0px){}" in in_scheme(html, is_dark=True)
    assert "@media (max-width:0px){p" in in_scheme(html, is_dark=False)
    assert "prefers-color-scheme" not in in_scheme(html, is_dark=False)


def decision(result: CompileResult, who: str, verdict: Verdict) -> Decision:
    compiled_issue = result.compilation.compiled
    return Decision(
        key="x",
        digest=compiled_issue.digest,
        verdict=verdict,
        who=who,
        note="<b>всё</b> верно",
        at=NOW.astimezone(UTC),
        subject="x",
    )


def test_it_says_who_approved_or_rejected(sample: CompileResult) -> None:
    yes, no = decision(sample, "Анна Ветрова", Verdict.APPROVED), decision(sample, "Пётр Лугов", Verdict.REJECTED)
    page = export_page(exported(sample, Standing(approvals=(yes,), required=2)))
    assert "Согласовал 1 человек, не хватает 1 согласования" in page
    assert "Анна Ветрова, 23 ноября 2026" in page.replace("\u00a0", " ")
    assert "&lt;b&gt;всё&lt;/b&gt; верно" in page
    assert "Возвращено на доработку: Пётр Лугов" in export_page(exported(sample, Standing(rejection=no)))
    assert "Изменено после согласования" in export_page(exported(sample, Standing(earlier=yes)))


@pytest.mark.parametrize(("until", "is_held"), [(NOW + timedelta(minutes=1), True), (NOW, False), (None, False)])
def test_an_embargo_is_seen_on_every_screen(sample: CompileResult, until: datetime | None, is_held: bool) -> None:
    page = export_page(exported(replace(sample, issue=replace(sample.issue, embargo_until=until))))
    assert ('class="watermark"' in page) is is_held
    assert ("Эмбарго до 23 ноября 2026" in page.replace("\u00a0", " ")) is is_held


def test_english_is_whole(sample: CompileResult) -> None:
    page = export_page(replace(exported(sample), language="en"))
    assert "What the checks say" in page
    assert "Draft: nobody has approved it yet" in page


@given(text=st.text(alphabet=st.sampled_from("<>\"'&=/ -!]sciptonerrv{}%#;:`\n"), max_size=60))
@settings(max_examples=25)
def test_no_word_of_the_mail_gets_out_of_its_place(page_with: Callable[[str], str], text: str) -> None:
    outside = re.sub(r'srcdoc="[^"]*"', "", page_with(text))
    assert complaints(outside) == []
    assert len(list(html5lib.parse(outside).iter(f"{XHTML}iframe"))) == 3


# The command


@pytest.mark.slow
def test_the_command_writes_the_page_and_again(
    room_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(room_workspace.root)
    for _ in range(2):
        assert main(["preview", "content/optika.md", "--export", "review.html"]) == 0
        assert capsys.readouterr().out == "review.html\n"
    page = (room_workspace.root / "review.html").read_text(encoding="utf-8")
    assert "Новый цех оптики: 120 рабочих мест" in page.replace("\u00a0", " ")
    assert [path.name for path in room_workspace.root.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--export", "review.html"], "name the item"),
        (["content/optika.md", "--export", "content/optika.md"], "is no name of one"),
        (
            ["content/optika.md", "--export", "content/2026-11-zarechye-digest/pavilion.html"],
            "is no page that --export",
        ),
        (["content/optika.md", "--export", "content/none/review.html"], "cannot write"),
        (["content/optika.md", "--export", "folder.html"], "cannot write"),
    ],
)
def test_a_slip_costs_no_file(
    room_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(room_workspace.root)
    (room_workspace.root / "folder.html").mkdir()
    before = {path: path.read_bytes() for path in room_workspace.content.rglob("*") if path.is_file()}
    assert main(["preview", *arguments]) in (2, 3)
    assert said in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in room_workspace.content.rglob("*") if path.is_file()}


# In a browser


@pytest.mark.service
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_from_a_file_and_asks_for_nothing(
    opened: Opened,
    hostile: CompileResult,
    sample: CompileResult,
    tmp_path: Path,
    scheme: str,
) -> None:
    for name, result in (("a", sample), ("b", hostile)):
        file = tmp_path / f"{name}.html"
        file.write_text(export_page(exported(result)), encoding="utf-8")
        page: Page = opened("", scheme=scheme)
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))  # noqa: B023
        page.on("console", lambda message: said.append(message.text))  # noqa: B023
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert said == [], "not even its own policy is broken"
        grounds = [
            page.locator("iframe").nth(number).content_frame.locator("body").evaluate(
                "body => [body, document.documentElement].map(one => getComputedStyle(one))"
                ".map((style, number) => number ? style.colorScheme : style.backgroundColor)"
            )
            for number in range(3)
        ]  # fmt: skip
        assert [scheme for _, scheme in grounds] == ["light", "light", "dark"]
        assert grounds[0][0] == grounds[1][0] != grounds[2][0]


@pytest.mark.service
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_as_wide_as_the_screen(opened: Opened, sample: CompileResult, tmp_path: Path, width: int) -> None:
    file = tmp_path / "page.html"
    file.write_text(export_page(exported(sample)), encoding="utf-8")
    page: Page = opened(file.as_uri(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # The frames are about as tall as their mails: a guess may be a quarter too large, and hardly too small.
    for frame in page.locator("iframe:visible").all():
        shown = frame.evaluate("frame => frame.clientHeight")
        needed = frame.content_frame.locator("body").evaluate("body => document.documentElement.scrollHeight")
        assert 0.97 <= shown / max(needed, 1) <= 1.3
