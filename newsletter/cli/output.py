"""What the program prints: results on stdout, everything else on stderr, an error as one line or one JSON object.

Text that came from outside (a relay's reply, a cell of a CSV file) may hold terminal escapes: whatever goes to a
person passes `one_line`, which leaves no control character.
"""

from __future__ import annotations

import io
import json
import os
import select
import sys
import tempfile
import traceback
import unicodedata
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.workspace import MARKER

INTERRUPTED = 130


def one_line(text: str) -> str:
    """Return `text` as one line without control characters (terminal escapes, bidi overrides)."""
    shown = (c for c in text if unicodedata.category(c) != "Cf")
    return "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in shown).strip()


def print_json(value: object) -> None:
    """Print one JSON object on stdout: with `--json` nothing else goes there."""
    encoding = (getattr(sys.stdout, "encoding", "") or "utf-8").lower().replace("_", "-")
    text = json.dumps(value, ensure_ascii=encoding not in {"utf-8", "utf8"}, indent=2)
    # C1 controls and bidi overrides of a hostile reply are legal in JSON, and act on a terminal.
    print("".join(json.dumps(c)[1:-1] if c != "\n" and _is_control(c) else c for c in text))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}


def say(text: str) -> None:
    """Print a line for the person at the terminal (stderr: progress, notes)."""
    print(one_line(text), file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Print a warning on stderr; the command goes on."""
    say(f"newsletter: warning: {text}")


def failure(error: NewsletterError, *, as_json: bool) -> int:
    """Print `error` and return its exit code."""
    if as_json:
        print_json({"error": error.as_json()})
    else:
        say(f"newsletter: {error}")
    return error.exit_code


def interrupted() -> int:
    """Say that a person stopped the command, and return 130."""
    say("newsletter: interrupted")
    return INTERRUPTED


def internal_failure(error: Exception, *, as_json: bool, secret: str = "") -> int:
    """Tell of a defect of ours in one line, with the traceback in a file, and return 2. Neither shows `secret`."""
    path = _save_traceback(error, secret)
    kept = f'please report it with "{path}" (it may hold addresses)' if path else "please report it"
    said = _without(one_line(str(error)), secret)[:200]
    what = NewsletterError(f"internal error: {type(error).__name__}: {said}", fix=kept)
    return failure(what, as_json=as_json)


def _without(text: str, secret: str) -> str:
    return text.replace(secret, "…") if secret else text


def _save_traceback(error: Exception, secret: str) -> str:
    # Beside the workspace's other private files when there is one: a traceback may quote an address.
    var = next((p / "var" for p in [Path.cwd(), *Path.cwd().parents] if (p / MARKER).is_file()), None)
    folder = str(var) if var is not None and var.is_dir() else tempfile.gettempdir()
    try:
        handle, path = tempfile.mkstemp(prefix="newsletter-error-", suffix=".txt", dir=folder)  # mode 0600
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(_without(line, secret) for line in traceback.format_exception(error))
    except OSError:
        return ""  # a full disk is often what brought us here; the line on the screen still goes out
    return path


def make_streams_safe() -> None:
    """Let no letter that the terminal cannot show stop a command (a Cyrillic name under a Latin-1 locale)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def stdout_is_gone() -> bool:
    """Return whether nobody reads stdout any more, and silence it, so that the interpreter's last flush is quiet."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLERR)
    gone = any(event & select.POLLERR for _, event in poll.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    return gone
