"""The editors' room for tests: in this process over a temporary workspace, or a real process as an editor starts it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from playwright.sync_api import Page
from starlette.testclient import TestClient

from newsletter.cli.preview import LOOPBACK
from newsletter.config import load_settings
from newsletter.content.picture import Picture
from newsletter.delivery.scope import Kind, Outcome, Scope, Stage
from newsletter.issue_folder import issue_key
from newsletter.message.merge import Message
from newsletter.render.child import compile_here
from newsletter.settings import Settings
from newsletter.store.database import Engine
from newsletter.tokens import Keys
from newsletter.web.desk import desk_id
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "tOkEn-of-this_room-0123"
HOST = f"{LOOPBACK}:8025"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
END_SECONDS = 3  # from Ctrl-C to the end of the process

Client = Callable[..., AbstractContextManager[TestClient]]
Opened = Callable[..., Page]

ITEM = """\
---
title: В Заречье открыли цех оптики
subject: "Новый цех оптики: 120 рабочих мест"
date: 2026-11-20
lang: ru
rubric: Производство
author: Пётр Ветров
---
Завод «Линза» запустил в ОЭЗ «Заречье» цех оптики.

Цех занял 3,2 тыс. кв. м, на нём работают 120 человек.

«Мы вышли на полную мощность за полгода», — сказал директор завода Антон Берг.

Подробности: [на сайте зоны](https://zarechye.example/news/optika).
"""


def fill_workspace(root: Path, *, settings: str = "") -> Workspace:
    """Make a workspace as `newsletter init` does: our samples, our settings and one item of a few lines."""
    for name in ("content", "templates", "subscribers"):
        shutil.copytree(ROOT / name, root / name, dirs_exist_ok=True)
    text = (ROOT / "newsletter.toml").read_text(encoding="utf-8")
    (root / "newsletter.toml").write_text(text + settings, encoding="utf-8")
    (root / "var").mkdir(mode=0o700, exist_ok=True)
    (root / "content" / "optika.md").write_text(ITEM, encoding="utf-8")
    return Workspace(root=root)


@dataclass(slots=True)
class Trials:
    """What the room asked to be mailed; every address takes it."""

    sent: list[tuple[Settings, Message]] = field(default_factory=list)

    def __call__(self, settings: Settings, messages: Sequence[Message]) -> Sequence[Outcome]:
        self.sent += [(settings, message) for message in messages]
        return [Outcome(kind=Kind.ACCEPTED, scope=Scope.NONE, stage=Stage.CONTENT, code=250) for _ in messages]


@dataclass(slots=True)
class Published:
    """The names of the pictures that the room wanted in the folder to be published."""

    names: list[str] = field(default_factory=list)

    def __call__(self, pictures: Sequence[Picture]) -> None:
        self.names += [picture.name for picture in pictures]


def make_premises(workspace: Workspace, engine: Engine, keys: Keys, *opened: Path) -> Premises:
    """Return premises that compile in this process, know one moment and mail nothing."""
    return Premises(
        workspace=workspace,
        engine=engine,
        keys=keys,
        load_settings=lambda: load_settings(workspace.root, {}),
        clock=lambda: NOW,
        compile=compile_here,
        send_trials=Trials(),
        write_pictures=Published(),
        opened=tuple(opened),
    )


def desk_path(workspace: Workspace, *items: Path) -> str:
    """Return the page of an issue's desk below the room's secret: "i/0123456789ab/"."""
    return f"i/{desk_id(issue_key(items, workspace.root))}/"


def children_of(pid: int) -> set[int]:
    """Return the living processes that descend from `pid`, as /proc has them."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {pid}


def is_alive(pid: int) -> bool:
    return _parent(Path(f"/proc/{pid}")) > 0


def _parent(process: Path) -> int:
    """Return the parent's number; 0 where the process is no more than a name that its parent did not read yet."""
    try:
        found = re.match(r"\d+ \(.*\) (\S) (\d+)", (process / "stat").read_text(errors="replace"), re.DOTALL)
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended while we looked
    return int(found[2]) if found and found[1] != "Z" else 0


@dataclass(slots=True)
class RoomProcess:
    """A `newsletter preview` that runs. `address` is what it printed first: the page to open."""

    workspace: Workspace
    process: subprocess.Popen[str]
    address: str

    @classmethod
    def start(cls, workspace: Workspace, *arguments: str, environ: dict[str, str] | None = None) -> Self:
        command = [sys.executable, "-P", "-m", "newsletter", "preview", "--port", "0", "--no-browser", *arguments]
        process = subprocess.Popen(
            command,
            cwd=workspace.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise AssertionError(f"the room did not start: {process.communicate()[1]}")
        return cls(workspace, process, address)

    @property
    def home(self) -> str:
        """The list of issues, with a slash at the end."""
        return re.sub(r"i/\w+/$", "", self.address)

    def desk(self, *items: Path) -> str:
        """Return the address of an issue's page."""
        return self.home + desk_path(self.workspace, *items)

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """End it as Ctrl-C does; return exit code, the rest of stdout, and stderr."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            out, err = self.process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"the room did not end within {END_SECONDS} s: {err}") from None
        return self.process.returncode, out, err


@contextmanager
def running_room(workspace: Workspace, *arguments: str) -> Iterator[RoomProcess]:
    room = RoomProcess.start(workspace, *arguments)
    try:
        yield room
    finally:
        room.stop()
