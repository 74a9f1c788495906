"""What an editor did wrong where the TOML reader only says "Invalid value": the line of the slip, in plain words."""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from typing import NamedTuple

GENERAL = 'write key = "value", with text in straight quotes'
_PAIR = re.compile(r"\s*(?P<key>[A-Za-z0-9_-]+)\s*=\s*(?P<value>.*?)\s*")
_COLON = re.compile(r"\s*(?P<key>[A-Za-z0-9_-]+)\s*:\s*(?P<value>.*?)\s*")
_DAY = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2}\.|\s+[А-Яа-яё]+\s+)[0-9]{2,4}.*")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-[0-9]{2}.*")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


class Mistake(NamedTuple):
    line: int  # from 1
    what: str
    fix: str


def find_mistake(text: str, line: int) -> Mistake:
    """Return the slip that made the reader fail at `line` of a text."""
    lines = text.split("\n")
    for fence in ('"""', "'''"):
        if text.count(fence) % 2:
            opened = text.count("\n", 0, text.rindex(fence)) + 1
            what = f"the {fence} opened in this line is not closed"
            return Mistake(opened, what, f"put {fence} on a line of its own behind the text")
    words = lines[line - 1] if 0 < line <= len(lines) else ""
    if pair := _PAIR.fullmatch(words):
        what, fix = _in_value(pair["key"], pair["value"])
    elif (colon := _COLON.fullmatch(words)) and colon["value"]:
        what = "a colon stands where an equals sign must"
        fix = f"write {colon['key']} = {_quoted(_bare(colon['value']))}"
    elif words.lstrip().startswith("["):
        what, fix = "this line opens a table, and is wrong or not closed", 'write [name] or [item."file.docx"]'
    elif re.match(r"\s*[А-Яа-яЁё][^=]*=", words):
        what, fix = "the name before the equals sign is not of Latin letters", "see docs/items.md for the names"
    else:
        what, fix = "this line cannot be read", GENERAL
    return Mistake(line, what, fix)


def _in_value(key: str, value: str) -> tuple[str, str]:
    if not value:
        return f"{key!r} has no value", f'write {key} = "…", or delete the line'
    if value[0] in "\"'[{":
        return _in_quotes(key, value) if value[0] in "\"'" else _in_brackets(value)
    return _in_bare(key, value)


def _in_bare(key: str, value: str) -> tuple[str, str]:
    if value[0] in "“”„‘’":
        return "the quotation marks are not straight ones", f"write {key} = {_quoted(_bare(value))}"
    if _DAY.fullmatch(value):
        return "a date written so needs quotes", f"put it in quotes: {key} = {_quoted(value)}"
    if iso := _ISO_DAY.fullmatch(value):
        year, month = int(iso[1]), int(iso[2])
        days = f"; {month_name[month]} has {monthrange(year, month)[1]} days" if 1 <= month <= 12 and year else ""
        return f"{value[:40]!r} is no day or moment of the calendar{days}", "correct it"
    return "the text stands without straight quotes", f"put it in quotes: {key} = {_quoted(value)}"


def _in_quotes(key: str, value: str) -> tuple[str, str]:
    mark = value[0]
    rest = _STRINGS.sub("", value)
    if value.count(mark) % 2:
        return f"the quote mark {mark} opened in this line is not closed", f"put {mark} behind the text"
    if rest.strip():
        inner = value[1:-1] if value.endswith(mark) else value
        return "quotes stand inside the quotes", f"put the whole text between single ones: {key} = {_quoted(inner)}"
    return "this line cannot be read", "write \\\\ for a backslash"


def _in_brackets(value: str) -> tuple[str, str]:
    opening, closing = ("[", "]") if value[0] == "[" else ("{", "}")
    if _STRINGS.sub("", value).count(opening) > _STRINGS.sub("", value).count(closing):
        return f"the bracket {opening} opened in this line is not closed", f"put {closing} behind the last entry"
    return "an entry of this list stands without straight quotes", 'write it as in ["first.md", "second.md"]'


def _bare(value: str) -> str:
    return value.strip("\"'“”„‘’")


def _quoted(value: str) -> str:
    """Return a value as TOML writes it, its beginning when it is long."""
    short = value if len(value) <= 60 else f"{value[:57].rstrip()}…"
    return f"'{short}'" if '"' in short and "'" not in short else '"' + short.replace('"', '\\"') + '"'
