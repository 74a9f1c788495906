"""Compiles in a short-lived child process, which ends before the first connection to a relay is made.

The MJML library can panic or take its process down (libraries.md section 1); Russian models will need 250 MB. So a
crash is an error with one line here, never the end of a send. Request and answer are pickles between two processes
of the same program; nothing else can write to those pipes.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.content.item import NewsItem
from newsletter.content.load import load_corrected
from newsletter.content.picture import Picture
from newsletter.content.publishing import publish
from newsletter.errors import CompileError, InputError, NewsletterError, UsageError
from newsletter.issue import ContentOptions, Issue, build_issue
from newsletter.issue_file import FILE, Written
from newsletter.issue_folder import issue_key, open_folder
from newsletter.render import Compilation, compile_issue
from newsletter.settings import Settings

TIMEOUT_SECONDS = 120  # a compile takes well under one second; a template that loops for ever must not hang a send
MAX_MEMORY_BYTES = 1536 * 1024**2  # `{{ 'a' * 10**10 }}` is legal in the sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileRequest:
    """What to compile: item files or one issue folder, CONTENT, settings, and where templates lie."""

    root: Path  # the workspace: paths in messages and the issue's key are relative to it
    items: tuple[Path, ...]
    options: ContentOptions
    settings: Settings
    template_dirs: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileResult:
    issue: Issue
    compilation: Compilation
    notes: tuple[str, ...] = ()  # what was done that nobody asked for, one line each: files left out, pictures changed
    pictures: tuple[Picture, ...] = ()  # to be published before the mail is sent; each once


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The files of an issue, read."""

    items: tuple[NewsItem, ...]
    inputs: dict[str, str]  # SHA-256 of each file, by its shown path
    written: Written | None
    notes: tuple[str, ...]


def compile_here(request: CompileRequest) -> CompileResult:
    """Load, build and compile in this process."""
    source = _read(request)
    published = publish(source.items, settings=request.settings, root=request.root)
    issue = build_issue(
        published.items,
        options=request.options,
        settings=published.settings,
        key=issue_key(request.items, request.root),
        written=source.written,
    )
    compilation = compile_issue(
        issue,
        settings=published.settings,
        template_dirs=request.template_dirs,
        inputs=source.inputs,
        pictures=published.inputs,
    )
    return CompileResult(
        issue=issue,
        compilation=compilation,
        notes=(*source.notes, *published.notes),
        pictures=tuple({picture.name: picture for picture in published.pictures.values()}.values()),
    )


def _read(request: CompileRequest) -> _Source:
    paths, written, notes = request.items, None, list[str]()
    inputs: dict[str, str] = {}
    zone = ZoneInfo(request.settings.office.timezone)
    if any(path.is_dir() for path in paths):
        if len(paths) > 1:
            raise UsageError("an issue folder is an issue by itself", fix="name the folder alone, or only files")
        folder = open_folder(paths[0], root=request.root)
        paths, written = folder.items, folder.written
        inputs[written.path] = hashlib.sha256((request.items[0] / FILE).read_bytes()).hexdigest()
        if folder.left_out:
            notes.append(f"{written.path}: not in order, left out: {', '.join(folder.left_out)}")
    items: list[NewsItem] = []
    for path in paths:  # one by one: a feed holds several items
        correction = written.items.get(path.name) if written else None
        found = load_corrected(path, root=request.root, zone=zone, correction=correction)
        shown = found[0].origin.path
        if shown in inputs:
            raise UsageError("this item is named twice", path=shown, fix="name it once")
        inputs[shown] = hashlib.sha256(path.read_bytes()).hexdigest()
        items += found
        notes += [
            f"{shown}: left out, as no part of the text: {_named(item.left_out)}" for item in found if item.left_out
        ]
    return _Source(items=tuple(items), inputs=inputs, written=written, notes=tuple(notes))


def _named(parts: Sequence[str]) -> str:
    """Return the first words of each part that was left out, on one line."""
    return "; ".join(f"«{part[:40].rstrip()}…»" if len(part) > 40 else f"«{part}»" for part in parts[:12])


def compile_in_child(request: CompileRequest) -> CompileResult:
    """Load, build and compile in a child. Raises what `compile_here` raises, CompileError when the child dies."""
    # -P keeps a file named like a standard module in the current directory from being imported.
    command = [sys.executable, "-P", "-m", "newsletter.render.child"]
    package_root = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))}
    try:
        done = subprocess.run(
            command,
            input=pickle.dumps(request),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env=environ,
            start_new_session=True,  # Ctrl-C reaches the parent, which then decides
        )
    except subprocess.TimeoutExpired as error:
        raise CompileError(
            f"compiling took more than {TIMEOUT_SECONDS} seconds",
            path=_display(request),
            fix="look for a very long paragraph or list in the item, or a loop in the template",
        ) from error
    if done.returncode != 0 or not done.stdout:
        raise CompileError(
            f"the compiling process died ({_how(done.returncode)})",
            path=_display(request),
            fix="undo the last change to the template; if it stays, report it with the template",
        )
    # Our own child, started above from this package, wrote these bytes.
    answer = pickle.loads(done.stdout)  # noqa: S301
    if isinstance(answer, NewsletterError):
        raise answer
    if not isinstance(answer, CompileResult):
        raise CompileError("the compiling process gave no answer", fix="report it")
    return answer


def _display(request: CompileRequest) -> str:
    return issue_key(request.items[:1], request.root) if request.items else ""


def _how(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def main() -> int:
    """The child: a pickled CompileRequest on stdin, a pickled CompileResult or NewsletterError on stdout."""
    _limit_resources()
    out = io.FileIO(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answer
    request: CompileRequest = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - written by our parent
    try:
        answer: CompileResult | NewsletterError = compile_here(request)
    except NewsletterError as error:
        answer = error
    except MemoryError:
        what = "compiling needs more memory than is sensible for a mail"
        answer = CompileError(what, path=_display(request), fix="shorten the item, or look at the template's loops")
    except RecursionError:
        answer = InputError("the item is nested too deep", path=_display(request), fix="make it flatter")
    except Exception as error:  # noqa: BLE001 - the end of this process: what a library did must not pass for a crash
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
        what = f"the program failed on this item: {where}: {' '.join(str(error).split())[:200]}"
        answer = CompileError(what, path=_display(request), fix="report it with the item")
    with io.BufferedWriter(out) as stream:
        stream.write(pickle.dumps(answer))
    return 0


def _limit_resources() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MAX_MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    # Outlives no parent for long: one that was killed cannot end it.
    resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_SECONDS, TIMEOUT_SECONDS))


if __name__ == "__main__":
    # `python -m` runs this file as __main__; the classes to pickle are those of the importable module.
    from newsletter.render.child import main as _main

    raise SystemExit(_main())
