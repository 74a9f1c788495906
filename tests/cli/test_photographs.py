"""`newsletter build --png` with a real Chromium: what it draws, what it refuses to load, what it leaves behind."""

from __future__ import annotations

import os
import re
import select
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from newsletter.cli.chromium import Answer, Chromium, Shot, find_chromium, open_chromium
from newsletter.cli.main import main
from newsletter.cli.photographs import SHOTS, published
from newsletter.errors import NewsletterError, UsageError
from newsletter.workspace import Workspace

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ITEM = "---\ntitle: Экспорт вырос\nsubject: Экспорт вырос\ndate: 2026-11-20\n---\n\nПервый абзац новости.\n"
RED, GREEN, WHITE = (255, 0, 0), (0, 128, 0), (255, 255, 255)
BLANK_PAGE = '<!doctype html><html style="background: #fff"><body style="margin: 0; min-height: 50px">'
Colour = tuple[int, ...]
Program = Callable[[str], str]


@pytest.fixture(scope="module")
def chromium() -> str:
    if not CHROMIUM.is_file():
        pytest.skip("chromium is not installed: no picture can be taken")
    return str(CHROMIUM)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Chromium]:
    with open_chromium(chromium) as opened:
        yield opened


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A stand-in for Chromium: a shell script."""

    def write(script: str) -> str:
        path = tmp_path / "chromium"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write


def refuse(url: str) -> None:
    return None


def colours(png: bytes) -> set[Colour]:
    with Image.open(BytesIO(png)) as picture:
        found = picture.convert("RGB").getcolors(1 << 24)
    assert found is not None
    return {colour for _, colour in found if isinstance(colour, tuple)}


def shot(browser: Chromium, body: str, answer: Answer = refuse, *, width: int = 200) -> set[Colour]:
    return colours(browser.photograph(BLANK_PAGE + body, Shot(width=width), answer))


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def stat(process: Path) -> tuple[str, int]:
    """Return state and process group of a folder of /proc; a process that is gone counts as a zombie."""
    try:
        state, _, group = (process / "stat").read_text().rpartition(") ")[2].split()[:3]
    except OSError:
        return "Z", 0
    return state, int(group)


def still_running(is_meant: Callable[[Path], bool]) -> list[int]:
    """Return the processes that `is_meant` chooses of /proc and that do not end: a killed one may need a moment."""
    stay = []
    for process in (path for path in Path("/proc").glob("[0-9]*") if is_meant(path)):
        try:
            descriptor = os.pidfd_open(int(process.name))
        except ProcessLookupError:
            continue
        ready, _, _ = select.select([descriptor], [], [], 10)  # readable when the process has ended
        os.close(descriptor)
        stay += [] if ready else [int(process.name)]
    return stay


def has_profile_in(folder: Path) -> Callable[[Path], bool]:
    def is_meant(process: Path) -> bool:
        try:
            return f"{folder}/newsletter-chromium-".encode() in (process / "cmdline").read_bytes()
        except OSError:
            return False  # it has just ended

    return is_meant


class Counting(ThreadingHTTPServer):
    """Counts every connection, also one that asks for nothing."""

    connections = 0

    def verify_request(self, request: object, client_address: object) -> bool:
        self.connections += 1
        return False


@pytest.fixture
def tracker() -> Iterator[Counting]:
    with Counting(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.service
@pytest.mark.slow
def test_a_build_adds_five_pictures_and_the_next_one_without_takes_them_away(
    chromium: str, in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", chromium)
    (in_workspace.content / "a.md").write_text(ITEM, encoding="utf-8")
    assert main(["build", "content/a.md", "--png"]) == 0
    folder = in_workspace.var / "build" / "a"
    assert {path.name: size(path)[0] for path in folder.glob("*.png")} == {n: s.width for n, s in SHOTS.items()}
    assert (folder / "issue-600.png").read_bytes() != (folder / "issue-600-dark.png").read_bytes()
    assert "issue.json  issue-360.png" in capsys.readouterr().out
    assert main(["build", "content/a.md"]) == 0
    assert list(folder.glob("*.png")) == []


@pytest.mark.service
def test_a_picture_holds_the_whole_page_and_no_more(browser: Chromium) -> None:
    page = BLANK_PAGE + '<div style="height: 3000px"></div>'
    with Image.open(BytesIO(browser.photograph(page, Shot(width=360), refuse))) as picture:
        assert picture.size == (360, 3000)


@pytest.mark.service
def test_an_endless_page_is_cut_where_chromium_ends(browser: Chromium) -> None:
    page = BLANK_PAGE + '<div style="height: 90000px"></div>'
    with Image.open(BytesIO(browser.photograph(page, Shot(width=10), refuse))) as picture:
        assert picture.size == (10, 16_000)


@pytest.mark.service
@pytest.mark.parametrize(("dark", "colour"), [(False, WHITE), (True, GREEN)])
def test_the_page_learns_whether_dark_is_wanted(browser: Chromium, dark: bool, colour: Colour) -> None:
    page = "<style>html { background: #fff } @media (prefers-color-scheme: dark) { html { background: green } }</style>"
    assert colours(browser.photograph(page, Shot(width=100, dark=dark), refuse)) == {colour}


@pytest.mark.service
@pytest.mark.parametrize(
    "script",
    [
        "<script>document.body.style.background = 'red'</script>",
        "<img src=x onerror=\"document.body.style.background = 'red'\">",
        "<body onload=\"document.body.style.background = 'red'\">",
        "<iframe srcdoc=\"<script>document.body.style.background = 'red'</script>\"></iframe>",
    ],
)
def test_no_script_of_a_mail_runs(browser: Chromium, script: str) -> None:
    assert RED not in shot(browser, script)


@pytest.mark.service
@pytest.mark.parametrize(
    "markup",
    [
        '<img src="URL/open.gif">',
        '<link rel="stylesheet" href="URL/a.css">',
        '<link rel="preconnect" href="URL">',
        '<link rel="dns-prefetch" href="URL"><link rel="prefetch" href="URL/next">',
        '<style>@import "URL/b.css"; body { background: url(URL/c.png) }</style>',
        '<iframe src="URL/frame"></iframe><object data="URL/object"></object><video src="URL/v" autoplay></video>',
        '<meta http-equiv="refresh" content="0;url=URL/away">',
    ],
)
def test_a_mail_reaches_no_server(browser: Chromium, tracker: Counting, markup: str) -> None:
    for host in ("127.0.0.1", "localhost"):
        shot(browser, markup.replace("URL", f"http://{host}:{tracker.server_port}"))
    # The count would also rise for us: the tracker works.
    with socket.create_connection(("127.0.0.1", tracker.server_port)) as own:
        assert own.recv(1) == b""
    assert tracker.connections == 1


@pytest.mark.service
def test_a_published_picture_is_shown_and_a_file_of_this_machine_is_not(browser: Chromium, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    Image.new("RGB", (20, 20), GREEN).save(folder / "0a1b.png")
    Image.new("RGB", (20, 20), RED).save(tmp_path / "private.png")
    answer = published("https://news.example/assets/", folder)
    seen = shot(
        browser,
        '<img src="https://news.example/assets/a/0a1b.png">'
        f'<img src="file://{tmp_path}/private.png"><img src="https://news.example/assets/a/../private.png">',
        answer,
    )
    assert GREEN in seen
    assert RED not in seen


def test_only_names_of_published_pictures_are_answered(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    (tmp_path / "secret.key").write_bytes(b"key")
    answer = published("https://news.example", tmp_path)
    assert answer("https://news.example/a/a.png") == (b"picture", "image/png")
    for refused in ("a/secret.key", "a/../a/a.png", "a/missing.png", "a/%2e%2e/a.png", "a/", "b/a.png"):
        assert answer(f"https://news.example/{refused}") is None
    assert answer("https://other.example/a/a.png") is None
    assert published("", tmp_path)("/a/a.png") is None


@pytest.mark.service
def test_nothing_is_left_running_and_no_file_stays(
    chromium: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_chromium(chromium) as opened:
        opened.photograph("<p>Письмо", Shot(width=100), refuse)
        assert any(map(has_profile_in(tmp_path), Path("/proc").glob("[0-9]*")))
    assert still_running(has_profile_in(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.service
def test_a_failure_of_ours_ends_chromium_too(chromium: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def interrupt(url: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_chromium(chromium) as opened:
        opened.photograph("<img src=a.png>", Shot(width=100), interrupt)
    assert still_running(has_profile_in(tmp_path)) == []


@pytest.mark.parametrize("script", ["exit 1", "echo 'cannot open the sandbox' >&2; exit 1"])
def test_a_chromium_that_dies_is_told_in_one_line(program: Program, script: str) -> None:
    said = ": cannot open the sandbox" if "echo" in script else ""
    with pytest.raises(NewsletterError, match=re.escape(f"Chromium ended unexpectedly{said}; see")):
        photograph_with(program(script))


@pytest.mark.parametrize("script", ["sleep 600", "exec sleep 600", "sleep 600 & cat >/dev/null <&3"])
def test_a_chromium_that_hangs_is_ended_with_what_it_started(program: Program, tmp_path: Path, script: str) -> None:
    path = program(f'echo $$ > "{tmp_path}/group"; {script}')
    with pytest.raises(NewsletterError, match=r"Chromium took more than 0\.5 seconds"):
        photograph_with(path, timeout_seconds=0.5)
    group = int((tmp_path / "group").read_text())
    assert still_running(lambda process: stat(process)[0] != "Z" and stat(process)[1] == group) == []


def photograph_with(path: str, *, timeout_seconds: float = 60) -> None:
    with open_chromium(path, timeout_seconds=timeout_seconds) as opened:
        opened.photograph("<p>" + "long " * 100_000, Shot(width=100), refuse)


def test_chromium_is_what_the_variable_names_else_what_is_in_path(program: Program, tmp_path: Path) -> None:
    path = program("")
    assert find_chromium({"PATH": str(tmp_path)}) == path
    assert find_chromium({"PATH": "/nowhere", "CHROMIUM": path}) == path
    with pytest.raises(UsageError, match='CHROMIUM names "/nowhere/chrome", which is no program here'):
        find_chromium({"PATH": str(tmp_path), "CHROMIUM": "/nowhere/chrome"})


def test_without_chromium_a_build_says_what_to_install_before_any_work(
    in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(in_workspace.root))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert main(["build", "content/missing.md", "--png"]) == 2
    assert 'not installed; install the Debian package "chromium"' in capsys.readouterr().err
