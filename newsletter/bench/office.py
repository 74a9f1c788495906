"""The office that the benches send from: a workspace of its own, a list of people, a mail of a known size.

Everything goes through the command line, as an operator would: what is measured is the program and not its parts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.errors import UsageError

LIST = "bench"
SETTINGS = {
    "NEWSLETTER_PUBLIC_URL": "https://news.zarechye.example",
    "NEWSLETTER_SENDER__FROM": "news@zarechye.example",
    "NEWSLETTER_SENDER__UNSUBSCRIBE_MAILTO": "unsubscribe@zarechye.example",
}
_FRONT = (
    "---\ntitle: Расписание приёмной\nsubject: Расписание приёмной изменилось\ndate: 2026-11-23\nkey: {key}\n---\n\n"
)
_SENTENCE = "Приёмная особой экономической зоны «Заречье» работает по будням с девяти до восемнадцати часов. "
_PARAGRAPH = _SENTENCE * 5
# A mail below 10 KB: the program's own themes are larger. Greeting, text, the link to leave.
_SMALL_THEME = {
    "letter.mjml": """<mjml lang="{{ issue.lang }}"><mj-body><mj-raw>
<h1>{{ issue.title }}</h1><p>{{ subscriber.name|default("читатель") }}</p><p>{{ item.lead|inline }}</p>
{% for block in item.blocks %}<p>{{ block.text|inline }}</p>{% endfor %}
<p><a href="{{ links.unsubscribe }}">Отписаться</a></p>
</mj-raw></mj-body></mjml>
""",
    "letter.txt": '{{ subscriber.name|default("читатель") }}\n\n{{ links.unsubscribe }}\n',
}
_SIZE_TOLERANCE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A workspace in `folder`, with `people` on its list."""

    folder: Path
    people: int
    environ: Mapping[str, str] = field(default_factory=dict)  # settings beside the usual ones

    @property
    def root(self) -> Path:
        return self.folder / "workspace"

    def env(self) -> dict[str, str]:
        package_root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
        return {**os.environ, **SETTINGS, **self.environ, "PYTHONPATH": path}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "newsletter", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command of newsletter to its end; returns its stdout. Raises UsageError unless it is exit code 0."""
        where = self.root if self.root.exists() else self.folder
        done = subprocess.run(
            self.command(*arguments), cwd=where, env=self.env(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise UsageError(f"newsletter {arguments[0]} failed: {done.stderr.strip()[-300:]}")
        return done.stdout

    def sending(self, item: Sequence[str], url: str, *, connections: int) -> list[str]:
        """Return the command that sends to the whole list."""
        return self.command(
            *("send", *item, "--list", LIST, "--smtp", url, "--connections", str(connections)),
            *("--again", "--yes", "--json"),
        )

    def sample(self, item: Sequence[str]) -> bytes:
        """Return the bytes of one person's mail, by a send of its own into an outbox."""
        (self.root / "subscribers" / "one.csv").write_text("email;имя\nreader@mail.example;Анна\n", encoding="utf-8")
        outbox = self.folder / "outbox"
        self.run("send", *item, "--to", "subscribers/one.csv", "--outbox", str(outbox), "--again", "--yes", "--json")
        newest = max(outbox.rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return newest.read_bytes()


def open_office(folder: Path, *, people: int, environ: Mapping[str, str] | None = None) -> Office:
    """Make the workspace and import its list: names for all, fifty domains."""
    office = Office(folder=folder, people=people, environ=environ or {})
    office.run("init", str(office.root))
    rows = (f"reader{n}@mail{n % 50}.example;Читатель {n}\n" for n in range(people))
    with (office.root / "subscribers" / "bench.csv").open("w", encoding="utf-8") as file:
        file.write("email;имя\n")
        file.writelines(rows)
    office.run("subscribers", "import", "subscribers/bench.csv", "--list", LIST)
    theme = office.root / "templates" / "small"
    theme.mkdir()
    for name, text in _SMALL_THEME.items():
        (theme / name).write_text(text, encoding="utf-8")
    return office


def write_item(office: Office, *, wire_bytes: int) -> tuple[list[str], int]:
    """Write an item whose mail has about so many bytes on the wire; returns the arguments that name it, and its size.

    Large mails are in the program's theme, small ones in a theme of their own.
    """
    path = office.root / "content" / f"bench-{wire_bytes}.md"
    theme = "press" if wire_bytes >= 35_000 else "small"
    item = [f"content/{path.name}", "--template", theme]

    def size_of(letters: int) -> int:
        text = _PARAGRAPH * (letters // len(_PARAGRAPH)) + _PARAGRAPH[: letters % len(_PARAGRAPH)]
        paragraphs = [text[n : n + len(_PARAGRAPH)] for n in range(0, len(text), len(_PARAGRAPH))]
        front = _FRONT.format(key=f"bench-{wire_bytes}")
        path.write_text(front + "\n\n".join(paragraphs) + "\n", encoding="utf-8")
        office.run("build", *item, "--out", str(office.folder / "built"))
        return int(json.loads((office.folder / "built" / "issue.json").read_text(encoding="utf-8"))["wire_bytes"])

    # By what a build gave once; where themes have changed since, one look more is enough, sizes being linear.
    base, per_letter = (30_400, 6.0) if theme == "press" else (3_310, 2.58)
    letters = max(100, round((wire_bytes - base) / per_letter))
    size = size_of(letters)
    if abs(size - wire_bytes) > _SIZE_TOLERANCE * wire_bytes:
        size = size_of(max(100, letters + round((wire_bytes - size) / per_letter)))
    return item, size
