"""`newsletter bench`: the figures of docs/performance.md, made again on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.chromium import find_chromium
from newsletter.cli.options import Json
from newsletter.cli.output import print_json, say
from newsletter.errors import UsageError
from newsletter.render.child import compile_here
from newsletter.render.warm import sample_request

NAMES = ("compile", "merge", "import", "send", "latency", "ledger", "memory", "extract", "preview")
ASKED = ("memory", "extract", "preview")  # only by name: they need what not every machine has, or half an hour


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help=f"Which: {', '.join(NAMES)}; all but {', '.join(ASKED)} when left out."
        ),
    ] = None,
    json: Json = False,
    rows: Annotated[
        int | None,
        typer.Option("--rows", help="Rows of `import` and `ledger`.", min=1, show_default="1,000,000 and 20,000"),
    ] = None,
    saves: Annotated[int, typer.Option("--saves", help="Saves of `preview`.", min=1)] = 20,
    messages: Annotated[
        int | None,
        typer.Option("--messages", help="Messages of `send` and `latency`.", min=1, show_default="10,000 and 400"),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option("--rounds", help="Runs of each client of `send` and `latency`.", min=1, show_default="5 and 3"),
    ] = None,
    connections: Annotated[
        int, typer.Option("--connections", metavar="N", help="Connections of `send` and `memory`.", min=1, max=200)
    ] = 16,
    server: Annotated[str, typer.Option("--server", metavar="sink|postfix", help="Who receives in `send`.")] = "sink",
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--variant", metavar="WHAT", help="Of `send`: unsigned, signed, slow-disk; repeatable, all when left out."
        ),
    ] = None,
    people: Annotated[
        list[int] | None,
        typer.Option("--people", metavar="N", help="Lists of `memory`, two times; 100000 and 1000000 when left out."),
    ] = None,
    database: Annotated[
        str, typer.Option("--database", metavar="URL", help="Of `ledger`: an empty PostgreSQL database; else SQLite.")
    ] = "",
    folder: Annotated[
        str,
        typer.Option(
            "--folder", metavar="DIR", help="Where to work: the disk counts; the system's /tmp when left out."
        ),
    ] = "",
    item: Annotated[
        str, typer.Option("--item", metavar="FILE", help="News item of `send`; one whose mail has 40 KB when left out.")
    ] = "",
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--items", metavar="DIR", help="Labelled items of `extract`: NN-name.txt, NN-name.toml; repeatable."
        ),
    ] = None,
    with_: Annotated[
        str,
        typer.Option("--with", metavar="WHAT", help="What `extract` reads with: rules, models or both."),
    ] = "both",
) -> int:
    """Measure the figures of docs/performance.md again.

    compile: one compile, first, warm, in a child, and in the preview's kept one after each edit; the checks. merge: one
    person's message. import: a list into SQLite. send: a mail of 40 KB to smtp-sink (Debian's postfix), ledger on,
    against smtp-source and the usual libraries. latency: a relay 20 ms away, in steps and in groups. ledger: rows a
    second. memory: sends of 100,000 and 1,000,000. extract: precision and recall of the rules on labelled items.
    preview: from a saved file to the screen (playwright).
    """
    wanted = names or [name for name in NAMES if name not in ASKED]
    if unknown := [name for name in wanted if name not in NAMES]:
        raise UsageError(f"there is no bench {unknown[0]!r}", fix=f"one of: {', '.join(NAMES)}")
    runs: dict[str, Callable[[], object]] = {
        "compile": _compile,
        "merge": _merge,
        "import": lambda: _import(rows or 1_000_000),
        "preview": lambda: _preview(saves),
        "send": lambda: _send(
            _SendWish(
                messages=messages, rounds=rounds, connections=connections, server=server, item=item, variants=variants
            ),
            folder,
        ),
        "latency": lambda: _latency(messages or 400, rounds or 3, folder),
        "ledger": lambda: _ledger(rows or 20_000, database, folder),
        "memory": lambda: _memory(people or [], connections, folder),
        "extract": lambda: _extract([Path(each) for each in items or []], by=with_, as_json=json),
    }
    found: dict[str, object] = {}
    for name in wanted:
        say(f"bench {name} …")
        found[name] = runs[name]()
        if not json:
            print(_shown(name, found[name]))
    if json:
        print_json(found)
    return 0


def _shown(name: str, figures: object) -> str:
    if isinstance(figures, dict):
        return "\n".join([name, *_lines(figures, "  ")])
    return f"{name}\n{figures}"


def _lines(figures: Mapping[str, object], indent: str) -> Iterator[str]:
    for key, value in figures.items():
        name = indent + key.replace("_", " ")
        if isinstance(value, dict):
            yield name
            yield from _lines(value, indent + "  ")
        else:
            yield f"{name:<46}{value}"


def _compile() -> object:
    from newsletter.bench import compile as bench_compile

    return bench_compile.run(sample_request())


def _merge() -> object:
    from newsletter.bench import merge as bench_merge

    return bench_merge.run(compile_here(sample_request()).compilation.compiled)


def _import(rows: int) -> object:
    from newsletter.bench import import_ as bench_import

    return bench_import.run(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SendWish:
    """What the command line says of `send`; None where it says nothing."""

    messages: int | None
    rounds: int | None
    connections: int
    server: str
    item: str
    variants: list[str] | None


def _send(wish: _SendWish, folder: str) -> object:
    from newsletter.bench import send as bench_send

    plan = bench_send.Plan(
        messages=wish.messages or bench_send.Plan().messages,
        rounds=wish.rounds or bench_send.Plan().rounds,
        connections=wish.connections,
        server=wish.server,
        item=str(Path(wish.item).absolute()) if wish.item else "",
        variants=wish.variants or bench_send.VARIANTS,
    )
    with _place(folder) as place:
        return bench_send.run(plan, folder=place, say=say)


def _latency(messages: int, rounds: int, folder: str) -> object:
    from newsletter.bench import latency

    with _place(folder) as place:
        return latency.run(folder=place, messages=messages, rounds=rounds, say=say)


def _ledger(rows: int, database: str, folder: str) -> object:
    from newsletter.bench import ledger

    with _place(folder) as place:
        compiled = compile_here(sample_request()).compilation.compiled
        return ledger.run(compiled, folder=place, rows=rows, url=database)


def _memory(people: list[int], connections: int, folder: str) -> object:
    from newsletter.bench import memory

    if len(people) not in (0, 2):
        raise UsageError("bench memory compares two lists", fix="give --people twice, or not at all")
    few, many = sorted(people) or (memory.FEW, memory.MANY)
    with _place(folder) as place:
        return memory.run(folder=place, few=few, many=many, connections=connections, say=say)


@contextmanager
def _place(folder: str) -> Iterator[Path]:
    """Give an empty folder below `folder`, which is gone afterwards."""
    if folder and not Path(folder).is_dir():
        raise UsageError(f'--folder "{folder}" is no folder', fix="make it, or leave it out")
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-", dir=folder or None) as name:
        yield Path(name).resolve()


def _preview(saves: int) -> object:
    from newsletter.bench import preview as bench_preview

    chromium = find_chromium(os.environ)
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        return bench_preview.run(saves=saves, folder=Path(folder).resolve(), chromium=chromium)


def _extract(folders: list[Path], *, by: str, as_json: bool) -> object:
    from newsletter.bench import extract

    if not folders:
        raise UsageError(
            "bench extract needs labelled items",
            fix="--items DIR; a checkout has tests/data/items and tests/data/unseen",
        )
    if by not in {extract.RULES, extract.MODELS, extract.BOTH}:
        raise UsageError(f"there is no way {by!r} to read", fix="--with rules, --with models or --with both")
    if as_json:
        return {way: report.as_json() for way, report in extract.measure_by(*folders, by=by).items()}
    return extract.run(*folders, by=by)
