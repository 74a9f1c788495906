"""Makes docs/pictures/thunderbird*.png: the sample letter and the sample digest as Thunderbird shows them.

    python -m docs.make_thunderbird_pictures [--out DIR] [--only NAME]

Needs the Debian packages thunderbird, xvfb, xdotool and imagemagick; no test needs them. Thunderbird runs offline in a
virtual display, with a profile and a home of its own in a temporary folder, and opens the `.eml` that
`newsletter build` writes. Windows are waited for; only processes started here are ended.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from docs.make_pictures import ITEMS, ROOT, SETTINGS, build, shrink

Preferences = dict[str, bool | int | str]

WAIT_SECONDS = 90  # a cold Thunderbird on a busy machine
WIDTH, HEIGHT = 820, 1180
SPECIMEN = (b"@newsletter.invalid", b"@zarechye.example")  # of the To field: an address as readers have it
SETTLED = 3  # so many pictures alike, one after another, and the window is drawn
DARK: Preferences = {"ui.systemUsesDarkTheme": 1, "layout.css.prefers-color-scheme.content-override": 0}
LIGHT: Preferences = {"ui.systemUsesDarkTheme": 0, "layout.css.prefers-color-scheme.content-override": 1}
PREFERENCES: Preferences = {
    "app.donation.eoy.version.viewed": 999,  # no page about donations over the mail
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "intl.locale.requested": "en-US",
    "mail.openMessageBehavior": 0,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.message_display.disable_remote_image": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.online": False,
    "offline.autoDetect": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    kind: str
    dark: bool = False


PICTURES = (
    Picture(name="thunderbird", kind="letter"),
    Picture(name="thunderbird-dark", kind="letter", dark=True),
    Picture(name="thunderbird-digest", kind="digest"),
    Picture(name="thunderbird-digest-dark", kind="digest", dark=True),
)


def main() -> int:
    parser = argparse.ArgumentParser(description="make the Thunderbird pictures of docs/pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--only", default="", help="one of: " + ", ".join(picture.name for picture in PICTURES))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="newsletter-thunderbird-", ignore_cleanup_errors=True) as folder,
        display(Path(folder)) as screen,
    ):
        for picture in PICTURES:
            if given.only in ("", picture.name):
                path = given.out / f"{picture.name}.png"
                photograph(picture, Path(folder) / picture.name, screen, path)
                shrink(path)
                print(path)
    return 0


def photograph(picture: Picture, folder: Path, screen: str, path: Path) -> None:
    mail = build(ITEMS[picture.kind], folder / "mail", SETTINGS) / "issue.eml"
    mail.write_bytes(mail.read_bytes().replace(*SPECIMEN, 1))
    subject = str(message_from_bytes(mail.read_bytes(), policy=policy.default)["Subject"])
    profile = folder / "profile"
    profile.mkdir()
    write_preferences(profile, PREFERENCES | (DARK if picture.dark else LIGHT))
    own = {"DISPLAY": screen, "HOME": str(folder), "TZ": "Europe/Moscow", "LC_ALL": "C.UTF-8"}
    environ = {**os.environ, **own, "LIBGL_ALWAYS_SOFTWARE": "1", "MOZ_ENABLE_WAYLAND": "0"}
    command = ["thunderbird", "--profile", str(profile), "--no-remote", mail.as_uri()]
    with running(command, environ):
        window = wait_for("the window of the mail", lambda: find_window(subject, environ))
        subprocess.run(["xdotool", "windowmove", window, "0", "0"], env=environ, check=True)
        subprocess.run(["xdotool", "windowsize", window, str(WIDTH), str(HEIGHT)], env=environ, check=True)
        take_when_still(window, path, environ)


def write_preferences(profile: Path, values: Preferences) -> None:
    shown = {
        name: str(v).lower() if isinstance(v, bool) else f'"{v}"' if isinstance(v, str) else v
        for name, v in values.items()
    }
    lines = [f'user_pref("{name}", {value});' for name, value in shown.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")


def find_window(subject: str, environ: dict[str, str]) -> str:
    """Return the window whose title is the decoded Subject, or ""."""
    # xdotool matches bytes with an extended regular expression: a dash or a no-break space is several.
    words = ".+".join(re.findall(r"\w+", subject))
    search = ["xdotool", "search", "--onlyvisible", "--name", words]
    found = subprocess.run(search, env=environ, capture_output=True, text=True, check=False)
    return found.stdout.split()[0] if found.stdout.split() else ""


def take_when_still(window: str, path: Path, environ: dict[str, str]) -> None:
    """Write the window's picture once it has stayed the same for a while: a mail is drawn after its frame."""
    seen: list[bytes] = []

    def is_still() -> str:
        subprocess.run(["import", "-window", window, "-strip", str(path)], env=environ, check=True)
        seen.append(path.read_bytes())
        return "still" if len(seen) > SETTLED and len(set(seen[-SETTLED:])) == 1 else ""

    wait_for("the mail to be drawn", is_still, every_seconds=1)


def wait_for(what: str, found: Callable[[], str], *, every_seconds: float = 0.25) -> str:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if value := found():
            return value
        time.sleep(every_seconds)
    raise SystemExit(f"waited {WAIT_SECONDS} seconds in vain for {what}")


@contextmanager
def display(folder: Path) -> Iterator[str]:
    """Run a virtual display of a free number, which it tells itself, and yield its name."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x4000x24", "-nolisten", "tcp"]
    with running(command, {**os.environ, "HOME": str(folder)}, pass_fds=(writer,)):
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as told:
            yield f":{told.readline().strip()}"


@contextmanager
def running(command: list[str], environ: dict[str, str], *, pass_fds: tuple[int, ...] = ()) -> Iterator[None]:
    """Run a program in a process group of its own, which is ended afterwards."""
    process = subprocess.Popen(
        command,
        env=environ,
        pass_fds=pass_fds,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
