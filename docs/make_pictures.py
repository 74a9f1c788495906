"""Makes docs/pictures/*.png: the sample letter and the sample digest, looked at in Chromium in every way that matters.

    python -m docs.make_pictures [--out DIR] [--only NAME...]

Chromium is found, run and kept from the network as by `newsletter build --png`; the pictures are reduced to a palette,
and `overview.png` is put together of three of them. docs/make_thunderbird_pictures.py makes those of Thunderbird.
"""

from __future__ import annotations

import argparse
import html
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from newsletter.cli.chromium import Chromium, Shot, find_chromium, open_chromium

ROOT = Path(__file__).resolve().parents[1]
ITEMS = {"letter": "2026-11-zarechye-export.md", "digest": "2026-11-zarechye-digest"}  # below content/
SETTINGS = {
    "NEWSLETTER_PUBLIC_URL": "https://news.zarechye.example",
    "NEWSLETTER_ARCHIVE_URL": "https://news.zarechye.example",
    "NEWSLETTER_SENDER__FROM": "Пресс-служба ОЭЗ «Заречье» <news@zarechye.example>",
}
LOGO = {"NEWSLETTER_BRAND__LOGO": "https://zarechye.example/logo.png"}
COLOURS = 64  # of a picture's palette; flat colours and the greys of letters lose nothing that shows
OVERVIEW = ("digest-600", "letter-600", "digest-360-dark")
OVERVIEW_HEIGHT, OVERVIEW_FADE, OVERVIEW_GAP, OVERVIEW_GROUND = 1300, 120, 40, "#d9dfe1"


def as_it_is(mail: Path) -> str:
    return (mail / "issue.html").read_text(encoding="utf-8")


def inverted(mail: Path) -> str:
    """Return what programs make of a mail that they darken unasked: all turned round but hues and pictures."""
    style = (
        "<style>html { filter: invert(1) hue-rotate(180deg); background: #fff; }"
        " img { filter: invert(1) hue-rotate(180deg); }</style></head>"
    )
    return as_it_is(mail).replace("</head>", style, 1)


def without_styles(mail: Path) -> str:
    """Return what programs show that drop every `style` element."""
    return re.sub(r"<style.*?</style>", "", as_it_is(mail), flags=re.DOTALL)


def text_part(mail: Path) -> str:
    text = html.escape((mail / "issue.txt").read_text(encoding="utf-8"))
    return f'<pre style="font: 15px/21px monospace; margin: 24px; width: max-content">{text}</pre>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    shot: Shot
    kind: str = "digest"
    theme: str = ""
    logo: bool = False  # one that cannot be loaded: how the mail stands with images off
    page: Callable[[Path], str] = as_it_is


def of_every_kind(kind: str, widths: tuple[int, ...], dark: tuple[int, ...]) -> list[Picture]:
    """Return the pictures that letter and digest have in common."""
    light = [Picture(name=f"{kind}-{width}", kind=kind, shot=Shot(width=width)) for width in widths]
    at_night = [Picture(name=f"{kind}-{width}-dark", kind=kind, shot=Shot(width=width, dark=True)) for width in dark]
    return [
        *light,
        *at_night,
        Picture(name=f"{kind}-360-inverted", kind=kind, shot=Shot(width=360), page=inverted),
        Picture(name=f"{kind}-600-images-off", kind=kind, shot=Shot(width=600), logo=True),
        Picture(name=f"{kind}-600-plain", kind=kind, shot=Shot(width=600), theme="plain"),
        Picture(name=f"{kind}-text", kind=kind, shot=Shot(width=720), page=text_part),
    ]


PICTURES = (
    *of_every_kind("letter", (360, 600, 1200), (360, 600)),
    *of_every_kind("digest", (320, 360, 600, 1200), (320, 360, 600, 1200)),
    Picture(name="digest-600-no-style", shot=Shot(width=600), page=without_styles),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="make the pictures of docs/pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--only", nargs="*", default=[picture.name for picture in PICTURES], metavar="NAME")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    wanted = [picture for picture in PICTURES if picture.name in given.only]
    with tempfile.TemporaryDirectory() as folder:
        mails = {picture.name: mail_of(picture, Path(folder)) for picture in wanted}
        with open_chromium(find_chromium(os.environ), timeout_seconds=300) as browser:
            for picture in wanted:
                print(photograph(browser, picture, mails[picture.name], given.out))
    if set(OVERVIEW) <= {picture.name for picture in wanted}:
        print(put_together(given.out))
    return 0


def mail_of(picture: Picture, folder: Path) -> Path:
    """Build the mail that `picture` shows, unless it is there already."""
    made = folder / f"{picture.kind}-{picture.theme}-{picture.logo}"
    options = ["--template", picture.theme] if picture.theme else []
    settings = SETTINGS | (LOGO if picture.logo else {})
    return made if made.is_dir() else build(ITEMS[picture.kind], made, settings, *options)


def build(item: str, folder: Path, settings: dict[str, str], *options: str) -> Path:
    """Run `newsletter build` on an item of content/ into `folder`, which is returned."""
    command = [sys.executable, "-m", "newsletter", "build", f"content/{item}", "--out", str(folder), *options]
    own = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    subprocess.run(command, cwd=ROOT, env=own | settings, check=True, stdout=subprocess.DEVNULL)
    return folder


def photograph(browser: Chromium, picture: Picture, mail: Path, out: Path) -> Path:
    path = out / f"{picture.name}.png"
    path.write_bytes(browser.photograph(picture.page(mail), picture.shot, lambda url: None))
    shrink(path)
    return path


def put_together(out: Path) -> Path:
    """Put the pictures of `OVERVIEW` side by side, cut at one height, where they fade: the mails go on."""
    shown = []
    for name in OVERVIEW:
        with Image.open(out / f"{name}.png") as file:
            shown.append(file.convert("RGB").crop((0, 0, file.width, OVERVIEW_HEIGHT)))
    width = sum(picture.width for picture in shown) + OVERVIEW_GAP * (len(shown) + 1)
    whole = Image.new("RGB", (width, OVERVIEW_HEIGHT + 2 * OVERVIEW_GAP), OVERVIEW_GROUND)
    left = OVERVIEW_GAP
    for picture in shown:
        whole.paste(picture, (left, OVERVIEW_GAP))
        fade = Image.linear_gradient("L").resize((picture.width, OVERVIEW_FADE))
        whole.paste(OVERVIEW_GROUND, (left, OVERVIEW_GAP + OVERVIEW_HEIGHT - OVERVIEW_FADE), fade)
        left += picture.width + OVERVIEW_GAP
    path = out / "overview.png"
    whole.save(path)
    shrink(path, colours=256)  # the fading needs them
    return path


def shrink(path: Path, *, colours: int = COLOURS) -> None:
    """Reduce the picture to a palette."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
