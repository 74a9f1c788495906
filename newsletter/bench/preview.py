"""From a saved file to the new words on the screen: the room as a process, a browser that looks at it.

Playwright is a development tool and no dependency: it is imported here alone, and only when this is asked for.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.errors import UsageError
from newsletter.workspace import package_data

WARM = 2  # saves that are not counted: the first compiles load models and the browser its fonts
WORD = "Продажи"
SAMPLE = "2026-11-zarechye-export.md"
# Resolves with the page's own clock once the frame that is shown holds a word; every frame of the screen is asked.
_SEEN = """word => new Promise(resolve => {
  const look = () => {
    const isSeen = one => one.checkVisibility({visibilityProperty: true});
    const frames = [...document.querySelectorAll('iframe')].filter(isSeen);
    const seen = frames.some(one => one.contentDocument?.body?.textContent.includes(word));
    if (seen) requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})"""


def run(*, saves: int, folder: Path, chromium: str) -> dict[str, float | int | str]:
    """Save an item `saves` times; return milliseconds from the end of the write to the frame that shows it."""
    item = _workspace(folder)
    with _room(folder, item) as address:
        taken = list(_measured(address, item, saves=saves, chromium=chromium))[WARM:]
    return {
        "item": item.name,
        "saves": saves,
        "milliseconds_median": round(statistics.median(taken), 1),
        "milliseconds_worst": round(max(taken), 1),
    }


def _workspace(folder: Path) -> Path:
    """Make a workspace of the program's own samples; return the item that is saved again and again."""
    (folder / "newsletter.toml").write_bytes(package_data("newsletter.toml").read_bytes())
    (folder / "content").mkdir()
    (folder / "var").mkdir(mode=0o700)
    item = folder / "content" / SAMPLE
    item.write_bytes((package_data("content") / SAMPLE).read_bytes())
    return item


@contextmanager
def _room(folder: Path, item: Path) -> Iterator[str]:
    # -P keeps a file named like a standard module in the current directory from being imported.
    command = [sys.executable, "-P", "-m", "newsletter", "preview", str(item), "--port", "0", "--no-browser"]
    package = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - opened with a pipe
        address = process.stdout.readline().strip()
        if not address:
            raise UsageError(f"the preview did not start: {process.communicate()[1].strip()}")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def _measured(address: str, item: Path, *, saves: int, chromium: str) -> Iterator[float]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        fix = "install it beside the program: pip install playwright (Chromium is the machine's own)"
        raise UsageError("bench preview drives a browser with playwright, which is not installed", fix=fix) from error
    text = item.read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        # Chromium refuses to start as root with its sandbox; what it opens here is our own page.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] * (os.geteuid() == 0))
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            page.locator("body[data-shown]").wait_for()
            for number in range(WARM + saves):
                word = f"{WORD}{number}"
                item.write_text(text.replace("\n\n", f"\n\n{word} ", 1), encoding="utf-8")
                written = time.time()
                yield page.evaluate(_SEEN, word) - written * 1000
        finally:
            browser.close()
