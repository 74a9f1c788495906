"""What an item or an issue is called, read from its first lines: a list of hundreds compiles nothing.

It may differ from what compiling finds; a page that has compiled the issue knows better and says so.
"""

from __future__ import annotations

import html
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from newsletter.content.decode import decode
from newsletter.errors import InputError
from newsletter.issue_file import FILE

_READ = 64 * 1024  # bytes of a file: front matter and the first words are in the first few
_LONGEST = 110  # characters of a first line that is a whole paragraph
_TAG = re.compile(r"<[^>]{0,500}>")
_HTML_TITLE = re.compile(r"<(h1|title)\b[^>]{0,500}>(.{1,1000}?)</\1", re.DOTALL | re.IGNORECASE)
_FRONT = re.compile(r"\ufeff?---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)", re.DOTALL)
_SAID = re.compile(r"^(title|key):(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    title: str  # the file's name where its words cannot be read cheaply
    key: str = ""  # that the file gives the issue; empty: its path


def headline_of(path: Path) -> Headline:
    """Return the headline of an item or of an issue folder; never raises for what a file holds."""
    file = path / FILE if path.is_dir() else path
    try:
        seen = file.stat()
        return _read(file, path.stem if file is path else path.name, seen.st_mtime_ns, seen.st_size)
    except OSError:
        return Headline(title=path.name)


@lru_cache(maxsize=4096)
def _read(file: Path, name: str, _changed: int, _size: int) -> Headline:
    suffix = file.suffix.lower()
    if suffix == ".docx":
        return Headline(title=name)
    with file.open("rb") as opened:
        data = opened.read(_READ)
    try:
        text = decode(data, file.name)
    except InputError:
        text = data.decode(errors="replace")
    if file.name == FILE:
        title, key = _of_toml(text)
    elif suffix in (".html", ".htm", ".xml", ".rss", ".atom"):
        title, key = _of_markup(text), ""
    else:
        title, key = _of_text(text)
    return Headline(title=_one_line(title) or name, key=_one_line(key))


def _of_toml(text: str) -> tuple[str, str]:
    try:
        said = tomllib.loads(text)
    except (RecursionError, ValueError):  # brackets without end; a number of 5,000 digits
        return "", ""
    return str(said.get("title", "")), str(said.get("key", ""))


def _of_markup(text: str) -> str:
    found = {match[1].lower(): match[2] for match in reversed(list(_HTML_TITLE.finditer(text)))}
    return html.unescape(_TAG.sub(" ", found.get("h1") or found.get("title", "")))


def _of_text(text: str) -> tuple[str, str]:
    front = _FRONT.match(text)
    # The words are stripped later: a pattern that leaves out the spaces around them takes the square of their number.
    said = dict(_SAID.findall(front[1])) if front else {}
    body = text[front.end() :] if front else text
    first = next((line for line in body.splitlines() if line.strip()), "")
    title = _unquoted(said.get("title", "")) or first.lstrip("# ").replace("**", "")
    return title, _unquoted(said.get("key", ""))


def _unquoted(text: str) -> str:
    return text.strip(" \t").strip("\"'")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST].rsplit(" ", 1)[0] + "…"
