"""`newsletter bench`: the figures of docs/performance.md, made again on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.chromium import find_chromium
from newsletter.cli.options import Json
from newsletter.cli.output import print_json, say
from newsletter.errors import UsageError
from newsletter.render.child import compile_here
from newsletter.render.warm import sample_request

NAMES = ("compile", "merge", "import", "send", "extract", "preview")
ASKED = ("extract", "preview")  # only by name: they need what not every machine has


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help=f"Which: {', '.join(NAMES)}; all but extract and preview when left out."
        ),
    ] = None,
    json: Json = False,
    rows: Annotated[int, typer.Option("--rows", help="Addresses of `import`.", min=1)] = 1_000_000,
    saves: Annotated[int, typer.Option("--saves", help="Saves of `preview`.", min=1)] = 20,
    messages: Annotated[int, typer.Option("--messages", help="Messages of `send`.", min=1)] = 5_000,
    item: Annotated[
        str, typer.Option("--item", metavar="FILE", help="News item of `send`; the program's sample when left out.")
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
    person's message. import: a list into SQLite. send: the sample to smtp-sink (Debian's postfix), ledger on. extract:
    precision and recall of the rules on labelled items. preview: from a saved file to the screen (playwright).
    """
    wanted = names or [name for name in NAMES if name not in ASKED]
    if unknown := [name for name in wanted if name not in NAMES]:
        raise UsageError(f"there is no bench {unknown[0]!r}", fix=f"one of: {', '.join(NAMES)}")
    runs: dict[str, Callable[[], object]] = {
        "compile": _compile,
        "merge": _merge,
        "import": lambda: _import(rows),
        "preview": lambda: _preview(saves),
        "send": lambda: _send(messages, item),
        "extract": lambda: _extract([Path(folder) for folder in items or []], by=with_, as_json=json),
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
        return "\n".join([name, *(f"  {key.replace('_', ' '):<44}{value}" for key, value in figures.items())])
    return f"{name}\n{figures}"


def _compile() -> object:
    from newsletter.bench import compile as bench_compile

    return bench_compile.run(sample_request())


def _merge() -> object:
    from newsletter.bench import merge as bench_merge

    return bench_merge.run(compile_here(sample_request()).compilation.compiled)


def _import(rows: int) -> object:
    from newsletter.bench import import_ as bench_import

    return bench_import.run(rows)


def _send(messages: int, item: str) -> object:
    from newsletter.bench import send as bench_send

    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        chosen = str(Path(item).absolute()) if item else bench_send.ITEM
        return bench_send.run(messages=messages, folder=Path(folder), item=chosen)


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
