"""How long the dear work takes: a compile of the sample item first, warm, in a kept child and in one of its own.

An edit is measured as somebody makes it: each round changes another place of a file and keeps the changes before, so
that a cache holds only what it would hold after a real save. The checks, which follow each save, run on the same.
"""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from newsletter.render.child import CompileRequest, CompileResult, compile_here, compile_in_child
from newsletter.render.warm import WarmChild
from newsletter.specimen import report_on, specimen_of
from newsletter.tokens import Keys

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_KEYS = Keys(secrets={0: b"k" * 32}, current=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """Places of a file, of which each round takes the next, and what it writes there."""

    path: Path
    place: re.Pattern[str]
    new: Callable[[str], str]

    def make(self, number: int) -> None:
        text = self.path.read_text(encoding="utf-8")
        body = text.find("\n---\n") + 1  # an editor changes the text oftener than the front matter
        places = list(self.place.finditer(text, body))
        chosen = places[number * 7 % len(places)]
        self.path.write_text(text[: chosen.start()] + self.new(chosen[0]) + text[chosen.end() :], encoding="utf-8")


def run(request: CompileRequest, *, rounds: int = 20) -> dict[str, float | int | str]:
    """Compile in this process, in a child of its own, and edit after edit in a kept child; returns milliseconds."""
    first = _milliseconds(lambda: compile_here(request))
    warm = [_milliseconds(lambda: compile_here(request)) for _ in range(rounds)]
    child = [_milliseconds(lambda: compile_in_child(request)) for _ in range(3)]
    html = compile_here(request).compilation.compiled.variants[""].html
    with _own_copy(request) as copy, WarmChild() as kept:
        kept.compile(copy)
        same = [_milliseconds(lambda: kept.compile(copy)) for _ in range(rounds)]
        theme = copy.template_dirs[0] / "press"
        word = _Edit(path=copy.items[0], place=re.compile(r"(?<=\s)[а-яё]{6,}(?=\s)"), new=lambda word: f"{word}ся")
        part = _Edit(path=theme / "parts" / "figures.mjml", place=re.compile(r"\d+(?=px)"), new=_one_more)
        sheet = _Edit(path=theme / "parts" / "styles.mjml", place=re.compile(r"(?<=font-size: )\d+"), new=_one_more)
        words, checks = _after_edits(kept, copy, word, rounds)
        parts, _ = _after_edits(kept, copy, part, rounds)
        sheets, _ = _after_edits(kept, copy, sheet, rounds)
    return {
        "item": Path(request.items[0]).name,
        "html_bytes_without_slots": sum(len(piece.encode()) for piece in html if isinstance(piece, str)),
        "first_milliseconds": round(first, 1),
        "warm_milliseconds_median": _median(warm),
        "child_milliseconds_median": _median(child),
        "warm_child_unchanged_milliseconds_median": _median(same),
        "warm_child_milliseconds_median": _median(words),  # one word of the item changed every time
        "warm_child_template_milliseconds_median": _median(parts),
        "warm_child_sheet_milliseconds_median": _median(sheets),  # a size in the theme's style sheet
        "checks_milliseconds_median": _median(checks),  # of the items under edit
    }


@contextmanager
def _own_copy(request: CompileRequest) -> Iterator[CompileRequest]:
    """Give the request over a copy of its item and templates, which may be edited."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name:
        root = Path(name)
        item = root / "content" / request.items[0].name
        item.parent.mkdir()
        shutil.copy(request.items[0], item)
        shutil.copytree(request.template_dirs[0], root / "templates")
        yield replace(request, root=root, items=(item,), template_dirs=(root / "templates",))


def _after_edits(kept: WarmChild, request: CompileRequest, edit: _Edit, rounds: int) -> tuple[list[float], list[float]]:
    """Return how long the compile after each edit took, there and back, and how long the checks."""
    compiles: list[float] = []
    checks: list[float] = []
    for number in range(rounds):
        edit.make(number)
        results: list[CompileResult] = []
        compiles.append(_milliseconds(lambda found=results: found.append(kept.compile(request))))  # type: ignore[misc]
        specimen = specimen_of(results[0].compilation.compiled, keys=_KEYS, now=_NOW)
        checks.append(_milliseconds(lambda result=results[0], one=specimen: report_on(result, one)))  # type: ignore[misc]
    return compiles, checks


def _one_more(number: str) -> str:
    return str(int(number) + 1)


def _median(figures: list[float]) -> float:
    return round(statistics.median(figures), 1)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
