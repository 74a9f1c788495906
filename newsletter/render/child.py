"""Compiles in a short-lived child process, which ends before the first connection to a relay is made.

The MJML library can panic or take its process down (libraries.md section 1); Russian models will need 250 MB. So a
crash is an error with one line here, never the end of a send. Request and answer are pickles between two processes
of the same program; nothing else can write to those pipes.
"""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import signal
import subprocess
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from newsletter.content.item import NewsItem
from newsletter.content.load import load_corrected
from newsletter.content.picture import Picture
from newsletter.content.publishing import publish
from newsletter.errors import CompileError, InputError, NewsletterError, UsageError
from newsletter.issue import ContentOptions, Issue, build_issue
from newsletter.issue_file import FILE, Written
from newsletter.issue_folder import issue_key, open_folder
from newsletter.own_process import command_of, environ_of_child
from newsletter.render.compile import Compilation, compile_issue
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
    try:
        done = subprocess.run(
            command_of("newsletter.render.child"),
            input=pickle.dumps(request),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env=environ_of_child(),
            start_new_session=True,  # Ctrl-C reaches the parent, which then decides
        )
    except subprocess.TimeoutExpired as error:
        raise too_slow(request, TIMEOUT_SECONDS) from error
    if done.returncode != 0 or not done.stdout:
        raise died(request, done.returncode)
    # Our own child, started above from this package, wrote these bytes.
    return result_of(pickle.loads(done.stdout))  # noqa: S301


def result_of(answer: object) -> CompileResult:
    """Return what a child answered, or raise it."""
    if isinstance(answer, NewsletterError):
        raise answer
    if not isinstance(answer, CompileResult):
        raise CompileError("the compiling process gave no answer", fix="report it")
    return answer


def too_slow(request: CompileRequest, seconds: float) -> CompileError:
    return CompileError(
        f"compiling took more than {seconds:g} seconds",
        path=_display(request),
        fix="look for a very long paragraph or list in the item, or a loop in the template",
    )


def died(request: CompileRequest, code: int) -> CompileError:
    """Return the error for a child that ended without an answer; `code` as of `subprocess`."""
    return CompileError(
        f"the compiling process died ({_how(code)})",
        path=_display(request),
        fix="undo the last change to the template; if it stays, report it with the template",
    )


def _display(request: CompileRequest) -> str:
    return issue_key(request.items[:1], request.root) if request.items else ""


def _how(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def main() -> int:
    """The child: a pickled CompileRequest on stdin, a pickled CompileResult or NewsletterError on stdout."""
    limit_memory()
    limit_processor_time(hard=True)  # outlives no parent for long: one that was killed cannot end it
    requests, answers = own_pipes()
    request: CompileRequest = pickle.loads(requests.read())  # noqa: S301 - written by our parent
    with answers:
        answers.write(pickle.dumps(answer_to(request)))
    return 0


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return stdin and stdout for requests and answers alone: what a library prints must not mix with an answer."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return requests, answers


def answer_to(request: CompileRequest) -> CompileResult | NewsletterError:
    """Compile; whatever goes wrong comes back as an error with one line, never as a crash."""
    try:
        return compile_here(request)
    except NewsletterError as error:
        return error
    except MemoryError:
        what = "compiling needs more memory than is sensible for a mail"
        return CompileError(what, path=_display(request), fix="shorten the item, or look at the template's loops")
    except RecursionError:
        return InputError("the item is nested too deep", path=_display(request), fix="make it flatter")
    except Exception as error:  # noqa: BLE001 - the end of this compile: what a library did must not pass for a crash
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
        what = f"the program failed on this item: {where}: {' '.join(str(error).split())[:200]}"
        return CompileError(what, path=_display(request), fix="report it with the item")


def limit_memory() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MAX_MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def limit_processor_time(*, hard: bool) -> None:
    """Let this process compute for TIMEOUT_SECONDS from now; a hard limit can never be moved again."""
    import resource

    used = time.process_time()
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(used) + TIMEOUT_SECONDS
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(resource.RLIMIT_CPU, (wanted, wanted if hard else most))


if __name__ == "__main__":
    # `python -m` runs this file as __main__; the classes to pickle are those of the importable module.
    from newsletter.render.child import main as _main

    raise SystemExit(_main())
