"""The cascade against Chromium: every text of the samples in the same colours, size and weight, light and dark."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from newsletter.check.cascade import seen_texts
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, compile_here
from newsletter.settings import Sender, Settings

pytestmark = [pytest.mark.service, pytest.mark.slow]

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
Row = tuple[str, str, str, float, bool]

SETTINGS = Settings(
    public_url="https://news.zarechye.example",
    sender=Sender(from_="press@zarechye.example", unsubscribe_mailto="unsubscribe@zarechye.example"),
)
# What each text that shows looks like.
SCRIPT = """() => {
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const rows = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const style = getComputedStyle(node.parentElement);
    if (!node.data.trim() || !range.getClientRects().length || style.visibility === 'hidden') continue;
    const bold = Number(style.fontWeight) >= 700;
    rows.push([node.data, style.color, ground(node.parentElement), parseFloat(style.fontSize), bold]);
  }
  return rows;
}"""

TRICKY = """<html><head><style>
p { color: #111 } .x p, p.y { color: #222 } p.y { color: #333; font-weight: 600 } .z { color: #444 !important }
td { font-size: 150% } h1 { font-size: 2em } #i { color: #555 } small { color: hsl(200, 50%, 30%) }
@media screen and (max-width: 479px) { p { color: red !important } }
@media (prefers-color-scheme: dark) { body { background: #101314 !important } .x p { color: #eee !important } }
</style></head><body style="background:#fafafa;color:#010203">
<div class="x"><p>один</p><p class="y">два</p><p class="z" style="color:#999">три</p></div>
<table bgcolor="#eef5f6"><tr><td>четыре<b>пять</b></td><th>шесть</th></tr></table>
<h1>семь</h1><p id="i" class="y">восемь <small>девять</small></p><a href="https://a.example">десять</a>
<div style="font:bold 14pt/1.5 Arial;background:#fff url(x.png)">11<span style="font-weight:400">12</span></div>
<p style="display:none">нет</p><p style="visibility:hidden">нет</p></body></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip("chromium is not installed: the mail cannot be looked at")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


def in_chromium(browser: Browser, html: str, *, dark: bool) -> list[Row]:
    page = browser.new_page(viewport={"width": 1000, "height": 800}, color_scheme="dark" if dark else "light")
    page.route("**/*", lambda route: route.abort())
    page.set_content(html, wait_until="domcontentloaded")
    rows = page.evaluate(SCRIPT)
    page.close()
    return [
        (" ".join(text.split()), in_hex(colour), in_hex(ground), round(size, 2), bold)
        for text, colour, ground, size, bold in rows
    ]


def in_hex(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def page_of(item: Path, theme: str, root: Path) -> str:
    request = CompileRequest(
        root=root, items=(item,), options=ContentOptions(template=theme), settings=SETTINGS,
        template_dirs=(root / "templates",),
    )  # fmt: skip
    part = compile_here(request).compilation.compiled.variants[""].html
    return "".join(piece if isinstance(piece, str) else "x" for piece in part)


def looked_at(page: str, *, dark: bool) -> list[Row]:
    return [
        (one.text, str(one.colour), str(one.ground), round(one.size_px, 2), one.bold)
        for one in seen_texts(page, dark=dark)
    ]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("theme", ["press", "plain"])
def test_the_sample_digest_looks_as_in_chromium(repo_root: Path, browser: Browser, theme: str, dark: bool) -> None:
    page = page_of(repo_root / "content" / "2026-11-zarechye-digest", theme, repo_root)
    assert len(seen_texts(page)) > 40
    assert looked_at(page, dark=dark) == in_chromium(browser, page, dark=dark)


@pytest.mark.parametrize("dark", [False, True])
def test_tricky_css_looks_as_in_chromium(browser: Browser, dark: bool) -> None:
    assert looked_at(TRICKY, dark=dark) == in_chromium(browser, TRICKY, dark=dark)
