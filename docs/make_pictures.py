"""Makes docs/pictures/*.png: the sample item as `newsletter build` makes it, looked at in Chromium.

    python docs/make_pictures.py [--item FILE] [--title TITLE] [--out DIR]

Needs the development requirements and Chromium (`CHROMIUM` names it, else /usr/bin/chromium). Nothing is fetched:
every request of the page is answered with nothing.
"""

from __future__ import annotations

import argparse
import html
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "content" / "2026-11-zarechye-export.md"
ARCHIVE = {"NEWSLETTER_ARCHIVE_URL": "https://news.zarechye.example"}
LOGO = {"NEWSLETTER_BRAND__LOGO": "https://zarechye.example/logo.png"}
# What programs do that darken a mail without asking it: everything turned round, hues kept, pictures turned back.
INVERSION = (
    "<style>html { filter: invert(1) hue-rotate(180deg); background: #fff; }"
    " img { filter: invert(1) hue-rotate(180deg); }</style></head>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    name: str
    width: int
    dark: bool = False
    inverted: bool = False
    logo: bool = False


SHOTS = (
    Shot(name="letter-360", width=360),
    Shot(name="letter-600", width=600),
    Shot(name="letter-1200", width=1200),
    Shot(name="letter-360-dark", width=360, dark=True),
    Shot(name="letter-600-dark", width=600, dark=True),
    Shot(name="letter-360-inverted", width=360, inverted=True),
    Shot(name="letter-600-images-off", width=600, logo=True),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="make the pictures of docs/pictures")
    parser.add_argument("--item", type=Path, default=SAMPLE)
    parser.add_argument("--title", default="")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = build(given.item, given.title, Path(folder) / "plain", ARCHIVE)
        with_logo = build(given.item, given.title, Path(folder) / "logo", ARCHIVE | LOGO)
        for path in take_pictures(plain, with_logo, given.out):
            shrink(path)
            print(path)
    return 0


def build(item: Path, title: str, folder: Path, settings: dict[str, str]) -> Path:
    """Run `newsletter build` on the item into `folder`, which is returned."""
    command = [sys.executable, "-m", "newsletter", "build", str(item.resolve()), "--out", str(folder)]
    command += ["--title", title] if title else []
    own = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    subprocess.run(command, cwd=ROOT, env=own | settings, check=True, capture_output=True)
    return folder


def take_pictures(plain: Path, with_logo: Path, out: Path) -> Iterator[Path]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--force-color-profile=srgb", "--disable-lcd-text"],
        )
        for shot in SHOTS:
            source = ((with_logo if shot.logo else plain) / "issue.html").read_text(encoding="utf-8")
            page = source.replace("</head>", INVERSION, 1) if shot.inverted else source
            yield photograph(browser, page, shot.width, out / f"{shot.name}.png", dark=shot.dark)
        text = html.escape((plain / "issue.txt").read_text(encoding="utf-8"))
        typed = f'<pre style="font: 15px/21px monospace; margin: 24px; width: max-content">{text}</pre>'
        yield photograph(browser, typed, 720, out / "letter-text.png")
        browser.close()


def photograph(browser: Browser, source: str, width: int, path: Path, *, dark: bool = False) -> Path:
    """Take the whole page at `width`, scripts off, every request answered with nothing."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        java_script_enabled=False,
    )
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(source, wait_until="domcontentloaded")
    page.screenshot(path=path, full_page=True)
    context.close()
    return path


def shrink(path: Path) -> None:
    """Reduce the picture to a palette where Pillow is there; flat colours lose nothing that shows."""
    try:
        from PIL import Image
    except ImportError:
        return
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
