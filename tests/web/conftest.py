"""The room in this process, the room as a process, and a browser to look at it with.

The browser is of a module, not of the session: while Playwright's own event loop stands, no other test of the process
can run one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from starlette.testclient import TestClient

from newsletter.cli.chromium import find_chromium
from newsletter.errors import UsageError
from newsletter.web.app import build_app
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace
from tests.ledger import add_people, engine_on_file, keys, migrated_file
from tests.room_server import HOST, TOKEN, Client, Opened, RoomProcess, fill_workspace, make_premises, running_room

__all__ = ["add_people", "engine_on_file", "keys", "migrated_file"]


@pytest.fixture
def room_workspace(tmp_path: Path) -> Workspace:
    """A workspace with the samples and `content/optika.md`."""
    root = tmp_path / "room"
    root.mkdir()
    return fill_workspace(root)


@pytest.fixture
def premises(room_workspace: Workspace, engine, keys) -> Premises:  # type: ignore[no-untyped-def] # tests.ledger
    return make_premises(room_workspace, engine, keys)


@pytest.fixture
def client_of() -> Client:
    """Return a function that opens a client of the room over these premises; `base_url` ends with the secret."""

    @contextmanager
    def client_of(premises: Premises, *, token: str = TOKEN, host: str = HOST) -> Iterator[TestClient]:
        app = build_app(premises, token=token, hosts=[host])
        base = f"http://{host}/{token}/"
        with TestClient(app, base_url=base, follow_redirects=False, raise_server_exceptions=False) as client:
            yield client

    return client_of


@pytest.fixture
def client(premises: Premises, client_of: Client) -> Iterator[TestClient]:
    with client_of(premises) as client:
        yield client


@pytest.fixture(scope="session")
def shared_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomProcess]:
    """One process for all browser tests, with its list open. A test writes an item of its own into `content/`."""
    root = tmp_path_factory.mktemp("room")
    with running_room(fill_workspace(root)) as room:
        yield room


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        program = find_chromium(os.environ)
    except UsageError:
        pytest.skip("chromium is not installed: the room cannot be looked at")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Return a function that opens an address in a fresh context: Russian, light, 1280 × 900 unless asked otherwise.

    `scheme="null"` leaves the frame's own color-scheme the last word.
    """
    contexts: list[BrowserContext] = []

    def open_page(
        address: str, *, width: int = 1280, height: int = 900, scheme: str = "light", locale: str = "ru-RU"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            color_scheme=scheme,  # type: ignore[arg-type] # a plain word
        )
        contexts.append(context)
        context.set_default_timeout(30_000)  # two browsers and two rooms share the cores of a test machine
        page = context.new_page()
        if address:
            page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
