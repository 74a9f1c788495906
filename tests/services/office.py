"""A workspace with one frozen issue for ten thousand people, to be sent by `newsletter resume` as a process.

Frozen once; each test has a copy. `addresses` are in the order in which they are mailed, known before the send: so a
server can be told which of them it does not know, in a row and in the middle.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, select

from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse, Step
from newsletter.store.audience import Meant
from newsletter.store.database import open_database, reading, writing
from newsletter.store.freezing import Again, freeze
from newsletter.store.imports import import_rows
from newsletter.store.issues import Plan, load_issue, verify_counts
from newsletter.store.schema import delivery
from newsletter.store.subscribers import need_list
from newsletter.subscriber import GoodRow, read_address
from newsletter.tokens import load_keys
from newsletter.workspace import Workspace

PEOPLE = 10_000
SENDER = "news@zarechye.example"
CONNECTIONS = 4
# A relay of the office's own: several mails may be on their way on a connection.
SETTINGS = """[smtp]
url = "{url}"
own_relay = true
window = {window}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The sender's side of one test."""

    workspace: Workspace
    code: str
    issue_id: int
    addresses: tuple[str, ...]

    def copy(self, root: Path) -> Office:
        shutil.copytree(self.workspace.root, root)
        return Office(workspace=Workspace(root=root), code=self.code, issue_id=self.issue_id, addresses=self.addresses)

    def begin(self, url: str, *options: str, window: int = 1) -> subprocess.Popen[str]:
        """Start the send; the caller waits for its end."""
        settings = SETTINGS.format(url=url, window=window)
        (self.workspace.root / "newsletter.toml").write_text(settings, encoding="utf-8")
        command = [sys.executable, "-m", "newsletter", "resume", self.code, "--smtp", url, "--no-wait", *options]
        return subprocess.Popen(
            command,
            cwd=self.workspace.root,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def send(self, url: str, *options: str, window: int = 1) -> tuple[int, str]:
        """Send to the end, and return the exit code and what was said."""
        with self.begin(url, *options, window=window) as process:
            said, _ = process.communicate(timeout=240)
        return process.returncode, said

    def rows(self) -> list[Row[tuple[str, str, str, int, str, str]]]:
        """Each delivery's address, state, scope, code, reply and queue id, in the order of mailing."""
        columns = delivery.c
        wanted = select(
            columns.address, columns.state, columns.scope, columns.code, columns.reply, columns.queue_id
        ).order_by(columns.position)
        engine = open_database(_url(self.workspace))
        try:
            with reading(engine) as conn:
                assert verify_counts(conn, self.issue_id).audience == PEOPLE
                return list(conn.execute(wanted))
        finally:
            engine.dispose()

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows())


def open_office(root: Path) -> Office:
    """Make a workspace in `root` and freeze the issue."""
    for name in ("content", "templates", "subscribers"):
        (root / name).mkdir(parents=True)
    (root / "newsletter.toml").write_text("", encoding="utf-8")
    (root / "var").mkdir(mode=0o700)
    workspace = Workspace(root=root)
    keys = load_keys(workspace.key_file, {})
    engine = open_database(_url(workspace))
    import_rows(engine, "press", (_row(number) for number in range(PEOPLE)), keys=keys)
    with writing(engine) as conn:
        meant = Meant(
            key="content/april.md",
            list_id=need_list(conn, "press"),
            list_name="press",
            compiled=_compiled(),
            keys=keys,
        )
        plan = Plan(transport="smtp", target="smtp://127.0.0.1:1", connections=CONNECTIONS, rate=0.0, uncertain="hold")
        issue_id = freeze(conn, meant, plan=plan, timezone="Europe/Moscow", again=Again.NO)
        code = load_issue(conn, issue_id).code
        order = select(delivery.c.address).order_by(delivery.c.position)
        addresses = tuple(conn.scalars(order))
    engine.dispose()
    return Office(workspace=workspace, code=code, issue_id=issue_id, addresses=addresses)


def _row(number: int) -> GoodRow:
    address = read_address(f"reader{number}@mail{number % 20}.example")
    return GoodRow(line=number, address=address, fields={"city": f"№ {number}"})


def _url(workspace: Workspace) -> str:
    return f"sqlite:///{workspace.var / 'newsletter.db'}"


def _compiled() -> CompiledIssue:
    """A mail of some kilobytes: what the server does with envelopes is looked at, not with content."""
    name = SlotUse(field="subscriber.name", context="text", steps=(Step(name="default", args=("читатель",)),))
    lines = "".join(f"<p>Строка {number} новостей промышленной площадки.</p>\n" for number in range(30))
    return CompiledIssue(
        lang="ru",
        title="Новости площадки",
        preheader="",
        subject=("Новости: ", SlotUse(field="subscriber.city", context="plain")),
        headers=MailHeaders(
            from_name="Пресс-служба",
            from_mailbox=SENDER,
            return_path=SENDER,
            unsubscribe_mailto="unsubscribe@zarechye.example",
            public_url="https://news.zarechye.example",
        ),
        variant_fields={},
        variants={"": CompiledVariant(html=("<p>", name, f"</p>\n{lines}"), text=(name, "\n.\n"))},
    )
