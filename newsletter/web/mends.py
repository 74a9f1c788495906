"""The lines that mend what the loader understood wrongly, ready to be pasted: front matter, or a table of issue.toml.

A line proposed here works as it stands: it says what the program understood, and an editor changes a word in it.
Texts are always quoted, so that no word of an item can become syntax. Pure but for `home_of`, which looks where the
lines belong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from newsletter.content.item import Figure, NewsItem, Quote, Region, plain
from newsletter.content.load import FEEDS
from newsletter.content.spans import letters_of
from newsletter.errors import NewsletterError
from newsletter.issue_file import FILE, parse_issue_file

Syntax = Literal["yaml", "toml"]
# Where to put the lines: at the top of a file without front matter; below its first line of dashes; in place of what
# stands in `line`; at the end of issue.toml; below the head of its table; nowhere yet: a folder must be made.
Where = Literal["top", "front", "instead", "table_new", "table", "folder"]

_NEVER_READ = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MIN_WORDS, _MAX_WORDS = 4, 12  # of a quote's beginning: enough to be told apart, few enough to be read
_FENCE = re.compile(rb"(?:\xef\xbb\xbf)?-{3,}[ \t\r]*(?:\n|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where corrections of one item belong."""

    file: str  # as people know it
    syntax: Syntax = "yaml"
    is_there: bool = False  # the file has front matter, or issue.toml has this item's table
    line: int = 0  # of the table's head
    keys: Mapping[str, int] = field(default_factory=dict)  # keys that are there already, with their lines
    table: str = ""  # name of the item's file, as its table is called
    is_real: bool = True  # False: there is no folder with an issue.toml yet
    is_possible: bool = True  # False: an entry of a feed, which no line can be about


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    where: Where
    lines: str
    file: str
    line: int = 0


def home_of(item: NewsItem, root: Path, folder: Path | None, *, is_alone: bool) -> Home:
    """Return where the corrections of an item go. `folder` is the issue's; `is_alone`: its file holds no other item."""
    path = root / item.origin.path
    suffix, name = path.suffix.lower(), path.name
    if suffix in FEEDS and not is_alone:
        return Home(file=item.origin.path, is_possible=False)
    written = _table(folder, root, name) if folder else None
    if suffix == ".docx" or suffix in FEEDS or (written and written.is_there and _is_about_facts(written.keys)):
        return written or Home(file=f"{path.parent.name}/{FILE}", syntax="toml", table=name, is_real=False)
    return Home(
        file=item.origin.path,
        is_there=_has_front(path),
        keys={key: line for key, line in item.front_lines.items() if key in item.front},
    )


def _is_about_facts(keys: Mapping[str, int]) -> bool:
    return bool(keys.keys() & {"title", "quotes", "figures", "places", "closing"})


def _table(folder: Path, root: Path, name: str) -> Home:
    file = folder / FILE
    shown = (
        file.resolve().relative_to(root.resolve()).as_posix()
        if file.resolve().is_relative_to(root.resolve())
        else str(file)
    )
    try:
        found = parse_issue_file(file.read_text(encoding="utf-8-sig"), shown).items.get(name)
    except (NewsletterError, OSError, ValueError):
        found = None  # the page says what is wrong with the file
    if found is None:
        return Home(file=shown, syntax="toml", table=name)
    return Home(file=shown, syntax="toml", table=name, is_there=True, line=found.line, keys=found.lines)


def _has_front(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(400)
    except OSError:
        return False
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = start[: len(start) // 2 * 2].decode("utf-16", errors="replace").encode()
    return _FENCE.match(start) is not None


def mend(home: Home, key: str, value: object) -> Mend | None:
    """Return what to paste so that `key` has this value; None where no line can say it."""
    if not home.is_possible:
        return None
    where, line = _where(home, key)
    lines = _yaml(key, value) if home.syntax == "yaml" else _toml(key, value)
    if where == "top":
        lines = f"---\n{lines}\n---\n"
    elif where in ("folder", "table_new"):
        lines = f"[item.{_text(home.table)}]\n{lines}"
    return Mend(where=where, lines=lines, file=home.file, line=line)


def _where(home: Home, key: str) -> tuple[Where, int]:
    if not home.is_real:
        return "folder", 0
    if key in home.keys:
        return "instead", home.keys[key]
    if home.syntax == "yaml":
        return ("front", 1) if home.is_there else ("top", 1)
    return ("table", home.line) if home.is_there else ("table_new", 0)


def quotes_value(item: NewsItem, quote: Quote) -> list[dict[str, str]]:
    """Return `quotes` with an entry for this quote, beside those that are written already; empty if it has no words."""
    begins = beginning(quote, item.quotes)
    if not begins:
        return []
    wanted = letters_of(plain(quote.text))
    written = item.front.get("quotes")
    others = [
        dict(entry)
        for entry in (written if isinstance(written, list) else [])
        if not wanted.startswith(letters_of(entry["begins"]))
    ]
    return [*others, {"begins": begins, "speaker": quote.speaker, "role": quote.role}]


def beginning(quote: Quote, quotes: Sequence[Quote]) -> str:
    """Return the first words of a quote, as many as tell it from those before it; "" if it has no letter."""
    words = _clean(plain(quote.text)).split()
    before = []
    for other in quotes:
        if other is quote:
            break
        before.append(letters_of(plain(other.text)))
    for size in range(_MIN_WORDS, _MAX_WORDS + 1):
        begins = " ".join(words[:size])
        if letters_of(begins) and not any(other.startswith(letters_of(begins)) for other in before):
            return begins
    return ""


def figures_value(figures: Sequence[Figure]) -> list[object]:
    """Return `figures` as they are understood, in the short form where it can say them."""
    return [_figure(figure) for figure in figures]


def _figure(figure: Figure) -> object:
    cells = [_clean(cell) for cell in (figure.text, figure.measures, figure.comparison, figure.period)]
    if any("|" in cell for cell in cells):
        return {
            name: cell for name, cell in zip(("text", "measures", "comparison", "period"), cells, strict=True) if cell
        }
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return " | ".join(cells)


def places_value(regions: Sequence[Region]) -> dict[str, list[str]]:
    """Return `places` as they are understood."""
    return {_clean(region.name): [_clean(place) for place in region.places] for region in regions}


def _yaml(key: str, value: object) -> str:
    if isinstance(value, dict):
        return "\n".join([f"{key}:", *(f"  {_text(name)}: {_flow(entry)}" for name, entry in value.items())])
    if isinstance(value, list):
        return "\n".join([f"{key}:", *(_entry(entry) for entry in value)])
    return f"{key}: {_flow(value)}"


def _entry(value: object) -> str:
    if not isinstance(value, dict):
        return f"  - {_flow(value)}"
    fields = [f"{name}: {_flow(entry)}" for name, entry in value.items()]
    return "\n    ".join([f"  - {fields[0]}", *fields[1:]])


def _flow(value: object) -> str:
    return f"[{', '.join(map(_flow, value))}]" if isinstance(value, list) else _text(str(value))


def _toml(key: str, value: object) -> str:
    return f"{key} = {_inline(value)}"


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_inline(entry)}" for name, entry in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _text(str(value))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[a-z]+", name) else _text(name)


def _text(words: str) -> str:
    """Return words in quotes, as YAML, TOML and JSON all read them."""
    return json.dumps(_clean(words), ensure_ascii=False)


def _clean(words: str) -> str:
    """Return words on one line, without what neither file may hold."""
    return " ".join(_NEVER_READ.sub(" ", words).split())
