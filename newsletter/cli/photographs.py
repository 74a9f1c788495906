"""The pictures of `newsletter build --png`: at which widths a mail is looked at, in light and in dark.

Of what the mail asks for, only pictures that the workspace itself publishes are shown, read from where they lie
(`var/assets/a/`, under `assets_url`); everything else is refused, so a tracking picture counts nobody.
"""

from __future__ import annotations

import re
from pathlib import Path

from newsletter.cli.chromium import Answer, Shot, find_chromium, open_chromium
from newsletter.cli.context import CommandContext

# A phone, the mail's own width, a desktop; a program's dark mode looks alike at the last two.
SHOTS = {
    "issue-360.png": Shot(width=360),
    "issue-600.png": Shot(width=600),
    "issue-1200.png": Shot(width=1200),
    "issue-360-dark.png": Shot(width=360, dark=True),
    "issue-600-dark.png": Shot(width=600, dark=True),
}
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_PUBLISHED = re.compile(rf"[0-9A-Za-z_-]{{1,128}}\.({'|'.join(_TYPES)})")


def photographs(context: CommandContext, html: str, program: str) -> dict[str, bytes]:
    """Return the PNG files of `html` by name, drawn by the Chromium `program`; raises NewsletterError."""
    answer = published(context.settings.assets_url, context.workspace.var / "assets" / "a")
    with open_chromium(program) as browser:
        return {name: browser.photograph(html, shot, answer) for name, shot in SHOTS.items()}


def camera(context: CommandContext) -> str:
    """Return the Chromium to use; raises UsageError, best before the work of a build."""
    return find_chromium(context.environ)


def published(assets_url: str, folder: Path) -> Answer:
    """Return what answers addresses under `assets_url` from `folder`, and no others."""
    prefix = f"{assets_url.rstrip('/')}/a/"

    def answer(url: str) -> tuple[bytes, str] | None:
        name = url.removeprefix(prefix)
        if not assets_url or name == url or not (found := _PUBLISHED.fullmatch(name)):
            return None
        try:
            return (folder / name).read_bytes(), _TYPES[found[1]]
        except OSError:
            return None  # not published yet, or gone: the mail shows its alternative text, as readers would see it

    return answer


def drop_photographs(folder: Path) -> None:
    """Remove the pictures of an earlier build: they would show another mail than the one beside them."""
    for name in SHOTS:
        (folder / name).unlink(missing_ok=True)
