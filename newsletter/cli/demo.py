"""`newsletter demo`: the whole way on this machine, by the very commands that an office would type.

It makes a workspace of its own in `var/demo/`, starts an SMTP server on loopback, and runs the commands in it. The
workspace stays, so that what was sent can be looked at, and taken further.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from newsletter.cli.init import make_workspace
from newsletter.errors import DiskError, UsageError
from newsletter.workspace import MARKER, find_workspace

ITEM = "content/2026-11-zarechye-export.md"
DIGEST = "content/2026-11-zarechye-digest"
LIST = "demo"
RECEIVED = "received"

# What a real send needs. Nothing under .example exists (RFC 2606), so nothing that escapes can reach anybody.
SETTINGS = {
    "public_url": "https://news.zarechye.example",
    "from": "Пресс-служба ОЭЗ «Заречье» <news@zarechye.example>",
    "unsubscribe_mailto": "unsubscribe@zarechye.example",
}


def demo() -> int:
    """Show the whole way on this machine, with nothing to set up.

    Imports the example list, builds the sample item, and sends the sample digest to every subscriber over SMTP, to a
    server that this command starts. Nothing leaves the machine. Works in var/demo/, emptied first.
    """
    from newsletter.transport.embedded import EmbeddedServer

    folder = _demo_folder()
    _empty(folder)
    make_workspace(folder, {})
    _fill_in(folder / MARKER)
    received = folder / RECEIVED
    with contextlib.chdir(folder), _without_settings(), EmbeddedServer(received) as server:
        code = _run(["subscribers", "import", "subscribers/example.csv", "--list", LIST]) or _run(
            ["build", ITEM, "--out", "mail"]
        )
        if code == 0:
            code = _run(["send", DIGEST, "--list", LIST, "--smtp", server.url, "--yes"])
    letters = sorted(received.glob("*.eml"))
    print(f"\n{len(letters)} mails were received over SMTP; they lie in {_shown(received)}/")
    print(_what_next(folder, letters))
    return code


def _demo_folder() -> Path:
    """`var/demo/` of the workspace around us; outside of any, a new folder of the system's."""
    try:
        workspace = find_workspace(Path.cwd())
    except UsageError:
        return Path(tempfile.mkdtemp(prefix="newsletter-demo-"))
    if workspace.root.name == "demo" and workspace.root.parent.name == "var":
        raise UsageError("this is the demo's own folder", fix="run the demo from your workspace, above var/")
    return workspace.private_dir("demo")


def _empty(folder: Path) -> None:
    try:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise DiskError(
            f"cannot empty the demo's folder: {error.strerror}", path=str(folder), fix="remove it by hand"
        ) from error


def _fill_in(settings: Path) -> None:
    """Write SETTINGS into the demo's newsletter.toml, where they stand empty."""
    text = settings.read_text(encoding="utf-8")
    for name, value in SETTINGS.items():
        text = re.sub(rf"^{name}\s*=.*$", f'{name} = "{value}"', text, count=1, flags=re.MULTILINE)
    settings.write_text(text, encoding="utf-8")


def _run(arguments: Sequence[str]) -> int:
    """Run one command of the program as a person would, its line shown first; returns its exit code."""
    from newsletter.cli.main import main

    print(f"\n$ newsletter {shlex.join(arguments)}", flush=True)
    return main(list(arguments))


@contextlib.contextmanager
def _without_settings() -> Iterator[None]:
    """Hide NEWSLETTER_… while the demo runs: it must not reach an office's own database or relay."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith("NEWSLETTER_")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _what_next(folder: Path, letters: Sequence[Path]) -> str:
    shown = _shown(folder)
    first = f"{RECEIVED}/{letters[0].name}" if letters else RECEIVED
    activate = Path(sys.prefix, "bin", "activate")
    found = shutil.which("newsletter") or not activate.is_file()
    path = "" if found else f'  . {shlex.quote(_shown(activate))}    so that the shell finds "newsletter"\n'
    return f"""
What to try next:
{path}  cd {shlex.quote(shown)}
  open mail/issue.html in a browser, mail/issue.txt in an editor; that is one item as a letter
  open {first} in a mail program; that is the digest
  newsletter status                              what was sent
  newsletter check {ITEM}
  edit {ITEM}, then: newsletter build {ITEM}
  newsletter build {DIGEST}
  newsletter send {DIGEST} --list {LIST} --again --outbox out

Your own office: "newsletter init DIR", and docs/usage.md."""


def _shown(path: Path) -> str:
    here = Path(os.path.abspath(os.curdir))
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
