"""A Chromium of its own for one command: finds it, starts it, has it draw a page, leaves nothing behind.

It is spoken to over a pipe (`--remote-debugging-pipe`: DevTools messages as JSON, each ended by a zero byte; Chromium
reads descriptor 3 and writes 4), so no port is open and no library is needed. A page runs no script and reaches no
network: what it asks for is answered by the caller or refused. Profile and home are temporary; a clock ends a Chromium
that hangs, and only the process group that was started here is ever killed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from newsletter.errors import NewsletterError, UsageError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_SECONDS = 60  # for all pictures of one command; five of a long digest take about three on a small machine
MAX_HEIGHT = 16_000  # pixels; beyond 16,384 Chromium's own drawing surfaces end
# A name that nothing can resolve (RFC 6761 section 6.4), so that an address relative to the page is nobody's.
PAGE_URL = "https://mail.invalid/"
_SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # also what Fetch does not see: preconnect, DNS prefetch
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # a container's /dev/shm holds 64 MB, too little for a long page
    "--disable-extensions",
    "--disable-gpu",
    "--disable-lcd-text",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
)

# Returns the bytes and the type of what a page asks for, or None: refused.
Answer = Callable[[str], tuple[bytes, str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """How a page is looked at."""

    width: int  # CSS pixels, and pixels of the picture
    dark: bool = False  # what the page learns as prefers-color-scheme


def find_chromium(environ: Mapping[str, str]) -> str:
    """Return the program that `CHROMIUM` names, else the first of `NAMES` in PATH; raises UsageError."""
    search = environ.get("PATH", os.defpath)
    if named := environ.get("CHROMIUM", ""):
        if program := shutil.which(named, path=search):
            return program
        raise UsageError(f'CHROMIUM names "{named}", which is no program here', fix="correct the variable or unset it")
    if program := next((found for name in NAMES if (found := shutil.which(name, path=search))), None):
        return program
    fix = 'install the Debian package "chromium", or let the variable CHROMIUM name the program'
    raise UsageError("pictures need Chromium, and it is not installed", fix=fix)


class _PipeError(Exception):
    """Chromium is gone, or going."""


@contextmanager
def open_chromium(program: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Iterator[Chromium]:
    """Start `program` with a temporary profile and end it afterwards; raises NewsletterError."""
    with tempfile.TemporaryDirectory(prefix="newsletter-chromium-", ignore_cleanup_errors=True) as profile:
        log = Path(profile) / "stderr"
        with log.open("wb") as stderr:
            process = _start(program, Path(profile), stderr)
        browser = Chromium(process)
        clock = threading.Timer(timeout_seconds, browser.time_out)
        clock.start()
        try:
            yield browser
            browser.close()
        except _PipeError as ended:
            raise _failure(browser, log, timeout_seconds) from ended
        finally:
            clock.cancel()
            clock.join()
            browser.kill()


def _start(program: str, profile: Path, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    # The shell moves its stdin and stdout to where Chromium expects its pipe; `exec` leaves Chromium as our child.
    command = ["/bin/sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null', "sh", program, *_SWITCHES]
    command += [f"--user-data-dir={profile}", "about:blank"]
    if os.geteuid() == 0:
        command.insert(-1, "--no-sandbox")  # Chromium refuses to start as root with it
    own = {"HOME": str(profile), "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**_without_settings(os.environ), **own, "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
        start_new_session=True,  # its own process group: killed as a whole, and Ctrl-C reaches only us
    )


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without our settings: passwords are among them."""
    return {name: value for name, value in environ.items() if not name.startswith("NEWSLETTER_")}


def _failure(browser: Chromium, log: Path, timeout_seconds: float) -> NewsletterError:
    if browser.timed_out:
        fix = "try again on a quieter machine, or build without pictures"
        return NewsletterError(f"Chromium took more than {timeout_seconds:g} seconds", fix=fix)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    what = f"Chromium ended unexpectedly: {said[-1][:300]}" if said else "Chromium ended unexpectedly"
    return NewsletterError(what, fix="see whether it starts at all, or build without pictures")


class Chromium:
    """A running Chromium, to be used inside `open_chromium`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._buffer = b""
        self._last_id = 0
        self._answer: Answer = lambda url: None
        self._loaded: set[str] = set()  # the documents that are complete, by DevTools' loaderId
        self.timed_out = False

    def photograph(self, html: str, shot: Shot, answer: Answer) -> bytes:
        """Return the whole page as PNG, `shot.width` pixels wide; `answer` gives what it may load."""
        page = (html.encode(), "text/html; charset=utf-8")
        self._answer = lambda url: page if url == PAGE_URL else answer(url)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._prepare(session, shot)
        document = self.call("Page.navigate", session, url=PAGE_URL)["loaderId"]
        while document not in self._loaded:
            self._hear(self._receive())
        size = self.call("Page.getLayoutMetrics", session)["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": shot.width, "height": min(size["height"], MAX_HEIGHT), "scale": 1}
        taken = self.call("Page.captureScreenshot", session, format="png", captureBeyondViewport=True, clip=clip)
        self.call("Target.closeTarget", targetId=target)
        return base64.b64decode(taken["data"])

    def _prepare(self, session: str, shot: Shot) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if shot.dark else "light"}
        self.call("Emulation.setScriptExecutionDisabled", session, value=True)
        self.call("Fetch.enable", session, patterns=[{"urlPattern": "*"}])
        self.call("Emulation.setEmulatedMedia", session, media="screen", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            session,
            width=shot.width,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.enable", session)
        self.call("Page.setLifecycleEventsEnabled", session, enabled=True)

    def call(self, method: str, session: str = "", **params: object) -> dict[str, Any]:
        """Return the result of a DevTools command; answers what the page asks for meanwhile."""
        number = self._send(method, session, params)
        while True:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise NewsletterError(f"Chromium refused {method}: {message['error'].get('message', '')}")
                result: dict[str, Any] = message["result"]
                return result
            self._hear(message)

    def _hear(self, message: Mapping[str, Any]) -> None:
        event, session = message.get("method"), message.get("sessionId", "")
        if event == "Fetch.requestPaused":
            self._respond(session, message["params"])
        elif event == "Page.lifecycleEvent" and message["params"]["name"] == "load":
            self._loaded.add(message["params"]["loaderId"])
        elif event == "Inspector.targetCrashed":
            raise _PipeError

    def _respond(self, session: str, params: Mapping[str, Any]) -> None:
        found = self._answer(params["request"]["url"])
        request: dict[str, object] = {"requestId": params["requestId"]}
        if found is not None:
            body, kind = found
            request |= {"responseCode": 200, "responseHeaders": [{"name": "Content-Type", "value": kind}]}
            self._send("Fetch.fulfillRequest", session, request | {"body": base64.b64encode(body).decode()})
        elif params.get("resourceType") == "Document":
            # A page that wants to go elsewhere: "no content" leaves it standing, a failure would empty it.
            self._send("Fetch.fulfillRequest", session, request | {"responseCode": 204})
        else:
            self._send("Fetch.failRequest", session, request | {"errorReason": "BlockedByClient"})

    def _send(self, method: str, session: str, params: Mapping[str, object]) -> int:
        self._last_id += 1
        message: dict[str, object] = {"id": self._last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        assert self._process.stdin is not None  # noqa: S101 - opened with pipes
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\0")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise _PipeError from error
        return self._last_id

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = self._read()
            if not chunk:
                raise _PipeError
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def _read(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - opened with pipes
        return os.read(self._process.stdout.fileno(), 1 << 20)

    def close(self) -> None:
        """Let Chromium end its own helpers, which still write to the profile: it closes the pipe last."""
        self.call("Browser.close")
        while self._read():
            pass

    def time_out(self) -> None:
        """Kill a Chromium that hangs: whatever waits for it then meets the end of the pipe."""
        self.timed_out = True
        self._kill_group()

    def kill(self) -> None:
        """Kill what is left of the group. Its leader is waited for last: until then its number is nobody else's."""
        self._kill_group()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # closing flushes what a dead Chromium never read
                pipe.close() if pipe else None

    def _kill_group(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
