"""How long the dear work takes: one compile of the sample item, first and warm, and one child from start to end."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from newsletter.render.child import CompileRequest, compile_here, compile_in_child


def run(request: CompileRequest, *, rounds: int = 20) -> dict[str, float | int | str]:
    """Compile in this process `rounds` times, and in a child three times; returns milliseconds."""
    first = _milliseconds(lambda: compile_here(request))
    warm = [_milliseconds(lambda: compile_here(request)) for _ in range(rounds)]
    child = [_milliseconds(lambda: compile_in_child(request)) for _ in range(3)]
    html = compile_here(request).compilation.compiled.variants[""].html
    return {
        "item": Path(request.items[0]).name,
        "html_bytes_without_slots": sum(len(piece.encode()) for piece in html if isinstance(piece, str)),
        "first_milliseconds": round(first, 1),
        "warm_milliseconds_median": round(statistics.median(warm), 1),
        "child_milliseconds_median": round(statistics.median(child), 1),
    }


def _milliseconds(work) -> float:  # type: ignore[no-untyped-def] # whatever it returns is thrown away
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
