"""What an editor did wrong where YAML only says "expected <block end>": the line of the slip, in plain words.

YAML's own place is often the end of the file, or the line behind the slip: so the lines above it are looked at too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

GENERAL = 'write "key: value" lines, and put text with a colon or another special sign in quotes'
_KEY = re.compile(r"(?P<lead>\s*(?:-\s+)?)(?P<key>[^\s:\"'#\[{][^:\"'#\[{]{0,60}?)\s*:\s+(?P<value>\S.*?)\s*")
_GLUED = re.compile(r"\s*(?:-\s+)?(?P<key>\w+):(?P<value>[^\s/].*)")
_EQUALS = re.compile(r"\s*(?P<key>\w+)\s*=\s*(?P<value>.*)")
_FENCE = re.compile(r"[-–—−‐‑‒―_=]{2,}|[-–—−]+(?:\s[-–—−]+)+")


class Mistake(NamedTuple):
    at: int  # index of the line in the front matter
    what: str
    fix: str


def find_mistake(lines: Sequence[str], *, failed: int, opened: int, keys: Collection[str]) -> Mistake | None:
    """Return the slip that made the reader fail at the line of index `failed`; None for one that nobody knows.

    `opened` is where it began to read what it could not end: a quoted text, a list; -1 where it told nothing.
    """
    if opened >= 0 and (found := _open_bracket(lines, opened)):
        return found
    for at, line in enumerate(lines[: failed + 1]):
        if at < failed and any(
            words.rstrip()[-1:] in ('"', "'") and ":" not in words for words in lines[at + 1 : failed]
        ):
            continue  # a text in quotes over several lines
        if found := _in_line(at, line, keys, is_last=at == failed):
            return found
    return None


def _in_line(at: int, line: str, keys: Collection[str], *, is_last: bool) -> Mistake | None:
    """Return the slip in one line; a line before the one that failed only shows what can be nothing else."""
    if "\t" in line and (line.lstrip(" ").startswith("\t") or is_last):
        return Mistake(at, "a tab stands here", "use spaces")
    if found := _at_the_key(at, line, keys, is_last=is_last):
        return found
    said = _KEY.fullmatch(line)
    return _in_value(at, said["key"], said["value"], is_last=is_last) if said else None


def _at_the_key(at: int, line: str, keys: Collection[str], *, is_last: bool) -> Mistake | None:
    if (glued := _GLUED.fullmatch(line)) and glued["key"] in keys:
        return Mistake(at, "there is no space after the colon", f'write "{glued["key"]}: {_short(glued["value"])}"')
    if (equals := _EQUALS.fullmatch(line)) and equals["key"] in keys:
        return Mistake(at, "an equals sign stands here", f'write a colon: "{equals["key"]}: {_short(equals["value"])}"')
    if is_last and line[:1] == " " and line.partition(":")[0].strip() in keys:
        return Mistake(at, "this line begins with spaces", "delete them: every key begins at the edge")
    return None


def _in_value(at: int, key: str, value: str, *, is_last: bool) -> Mistake | None:
    if value[0] in "\"'":
        return _in_quotes(at, key, value)
    if is_last and re.search(r":(?:\s|$)", value):
        return Mistake(at, "a colon stands inside the text", f"put the whole text in quotes: {key}: {_quoted(value)}")
    if is_last and value[0] in "@%`&*!|>-?[]{},#":
        what = f"the text begins with the sign {value[0]!r}"
        return Mistake(at, what, f"put the whole text in quotes: {key}: {_quoted(value)}")
    return None


def _in_quotes(at: int, key: str, value: str) -> Mistake | None:
    mark = value[0]
    inner = value[1:].replace(r"\"", "  ") if mark == '"' else value[1:].replace("''", "  ")
    end = inner.find(mark)
    if end < 0:
        return Mistake(at, f"the quote mark {mark} opened in this line is not closed", f"put {mark} behind the text")
    behind = inner[end + 1 :].strip()
    if not behind or behind.startswith("#"):
        return None
    if behind.endswith(mark) and behind.count(mark) == 1:
        value = value[1:-1]
    what = "the text goes on behind its closing quote mark"
    return Mistake(at, what, f"put the whole text in quotes of the other kind: {key}: {_quoted(value)}")


def _open_bracket(lines: Sequence[str], opened: int) -> Mistake | None:
    mark = next((mark for mark in "[{" if opened < len(lines) and mark in lines[opened]), "")
    if not mark:
        return None
    closing = "]" if mark == "[" else "}"
    return Mistake(
        opened, f"the bracket {mark} opened in this line is not closed", f"put {closing} behind the last entry"
    )


def wrong_fence(lines: Sequence[str], keys: Collection[str]) -> int:
    """Return the index of the line that should have been three hyphens; -1 where no such line is meant."""
    head = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    key = lines[head + 1].partition(":")[0].strip() if head + 1 < len(lines) else ""
    return head if key in keys and is_wrong_fence(lines[head]) else -1


def is_wrong_fence(line: str) -> bool:
    """Claim that a line of dashes was meant as the fence of front matter, and is none."""
    words = line.strip()
    return _FENCE.fullmatch(words) is not None and not re.fullmatch("-{3,}", words)


def _quoted(value: str) -> str:
    """Return a value in quotes that it does not hold itself; its beginning, when it is long."""
    mark = "'" if '"' in value else '"'
    return f"{mark}{_short(value.replace(mark, mark * 2) if mark in value else value)}{mark}"


def _short(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57].rstrip()}…"
