"""Who sends in `bench send`: this program, Postfix's own load generator, and the usual libraries."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.bench.office import Office
from newsletter.bench.plain import LINK, NAME, Work
from newsletter.bench.smtp_sink import find_program
from newsletter.config import load_settings
from newsletter.errors import UsageError
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, compile_here
from newsletter.render.mjml import to_html
from newsletter.render.slots import without_marks
from newsletter.workspace import Workspace, template_dirs

OURS, SMTP_SOURCE = "newsletter", "smtp_source"
SELECTOR = "bench"
_SLOT = "{{ … }}"  # what `without_marks` leaves where a person's value stood


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A client: `command` gets the server's port and a number of messages."""

    name: str
    command: Callable[[int, int], Sequence[str]]
    messages: int  # of each of its runs
    environ: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What all contestants have in common."""

    office: Office
    item: Sequence[str]
    connections: int
    is_signed: bool

    def newsletter(self, *, name: str = OURS, environ: dict[str, str] | None = None) -> Contestant:
        def command(port: int, _messages: int) -> Sequence[str]:
            return self.office.sending(self.item, f"smtp://127.0.0.1:{port}", connections=self.connections)

        return Contestant(name=name, command=command, messages=self.office.people, environ=environ or {})

    def smtp_source(self, sample: Path, *, messages: int) -> Contestant:
        """The same bytes again and again, one connection each kept (-d), a new recipient each (-N), lock-step."""
        program = find_program("smtp-source")

        def command(port: int, number: int) -> Sequence[str]:
            return [
                *(program, "-d", "-N", "-s", str(self.connections), "-m", str(number), "-F", str(sample)),
                *("-f", "news@zarechye.example", "-t", "reader@mail.example", f"inet:127.0.0.1:{port}"),
            ]

        return Contestant(name=SMTP_SOURCE, command=command, messages=messages)

    def library(self, way: str, inliner: str, *, messages: int) -> Contestant:
        """The usual libraries; see bench/plain.py."""
        folder = self.office.folder
        page, text, subject = _page(self.office, self.item)
        paths = folder / "page.html", folder / "page.txt"
        for path, content in zip(paths, (page, text), strict=True):
            path.write_text(content, encoding="utf-8")
        key = key_file(self.office) if self.is_signed else None

        def command(port: int, number: int) -> Sequence[str]:
            work = folder / f"{way}-{inliner}.json"
            Work(
                way=way,
                inliner=inliner,
                port=port,
                messages=number,
                connections=min(self.connections, number),
                page=str(paths[0]),
                text=str(paths[1]),
                subject=subject,
                dkim_key=str(key or ""),
                dkim_selector=SELECTOR,
            ).write(work)
            return [sys.executable, "-m", "newsletter.bench.plain", str(work)]

        name = way if inliner == "premailer" else f"{way}_with_our_inliner"
        return Contestant(name=name, command=command, messages=messages)


def key_file(office: Office) -> Path:
    return office.root / "var" / "dkim" / f"{SELECTOR}.key"


def signing(office: Office) -> dict[str, str]:
    """Make a key of RSA-2048 where there is none; returns the settings that sign with it."""
    if not key_file(office).exists():
        office.run("dkim", "keygen", "--selector", SELECTOR)
    return {"NEWSLETTER_DKIM__DOMAIN": "zarechye.example", "NEWSLETTER_DKIM__SELECTOR": SELECTOR}


def write_sample(office: Office, content: bytes) -> Path:
    """Write one finished mail as smtp-source wants it: lines without CR, dots as they are."""
    path = office.folder / "sample.txt"
    path.write_bytes(content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n")
    return path


def _page(office: Office, item: Sequence[str]) -> tuple[str, str, str]:
    """Return the page before its styles are inlined, the text and the subject, a person's values marked."""
    settings = load_settings(office.root, office.env())
    theme = item[item.index("--template") + 1] if "--template" in item else ""
    options = ContentOptions(template=theme, title="Расписание приёмной")
    request = CompileRequest(
        root=office.root,
        items=(office.root / item[0],),
        options=options,
        settings=settings,
        template_dirs=template_dirs(Workspace(root=office.root)),
    )
    result = compile_here(request)
    mjml = without_marks(next(iter(result.compilation.mjml.values())))
    html = to_html(mjml, folders=(), locate=lambda _offset: ("", 0))
    html = re.sub(rf'(href=")[^"]*{re.escape(_SLOT)}[^"]*"', rf'\1{LINK}"', html).replace(_SLOT, NAME)
    if NAME not in html or LINK not in html:
        raise UsageError("the page of the bench has lost its places for a person's values")
    text = (office.folder / "built" / "issue.txt").read_text(encoding="utf-8")
    return html, f"{NAME}\n{text}\n{LINK}\n", "Расписание приёмной изменилось"
