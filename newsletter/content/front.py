"""Front matter: the YAML between two lines of three dashes at the top of a file, split off and checked.

Every mistake is one InputError with the line in the file. Aliases are refused: they can make cycles and bombs.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types
from frontmatter.default_handlers import YAMLHandler

from newsletter.content.front_mistakes import GENERAL, find_mistake, is_wrong_fence, wrong_fence
from newsletter.content.keys import EMPTY, KEYS, Value, WrongValueError
from newsletter.errors import InputError

_MAX_DEPTH = 6  # the deepest value, a list of mappings, has three
_MAX_CHARS = 64 * 1024  # PyYAML reads some 100 KB a second

_NO_FENCE = "this line of dashes is not the one that marks front matter"
_THREE_HYPHENS = "write three hyphens: ---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Checked values by key, the line of each key, and what follows the front matter."""

    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    body: str
    body_line: int  # the line of the file on which `body` begins

    def line(self, key: str) -> int:
        return self.lines.get(key, 1)

    def word(self, key: str) -> str:
        """Return a text value, empty when the key is missing."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""


def split_front(text: str, shown: str) -> Front:
    """Return the front matter of a file and its body. Raises InputError."""
    handler = YAMLHandler()
    if not handler.detect(text):
        _refuse_wrong_fence(text, shown)
        _refuse_late_front(text, shown)
        return Front(body=text, body_line=1)
    try:
        source, body = handler.split(text)
    except ValueError as exc:
        rows = enumerate(text.split("\n"), 1)
        line = next((number for number, words in rows if number > 1 and is_wrong_fence(words)), 0)
        if line:
            raise InputError(_NO_FENCE, path=shown, line=line, fix=_THREE_HYPHENS) from exc
        fix = "end it with a line of three hyphens (---), or delete the first one"
        raise InputError("the front matter is not closed", path=shown, line=1, fix=fix) from exc
    body_line = text.count("\n", 0, len(text) - len(body)) + 1
    # The source begins with the line end behind the dashes, and they may have swallowed blank lines before it.
    first = text.count("\n", 0, text.index(source)) + 1
    if len(source) > _MAX_CHARS:
        raise InputError("the front matter is longer than 64 KB", path=shown, line=1, fix="move text into the body")
    values, lines = _read(source, shown, first)
    return Front(values=values, lines=lines, body=body, body_line=body_line)


def _refuse_wrong_fence(text: str, shown: str) -> None:
    at = wrong_fence(text[:_MAX_CHARS].split("\n"), KEYS)
    if at >= 0:
        raise InputError(_NO_FENCE, path=shown, line=at + 1, fix=_THREE_HYPHENS)


def _refuse_late_front(text: str, shown: str) -> None:
    stripped = text.lstrip()
    head, _, rest = stripped.partition("\n")
    name, colon, _ = rest.partition(":")
    if stripped != text and head.strip() == "---" and colon and name.strip() in KEYS:
        line = text.count("\n", 0, len(text) - len(stripped)) + 1
        raise InputError(
            "the front matter does not stand in the first line",
            path=shown,
            line=line,
            fix="delete what comes before it",
        )


def _read(source: str, shown: str, first: int) -> tuple[dict[str, object], dict[str, int]]:
    root = _compose(source, shown, first)
    if root is None:
        return {}, {}
    if not isinstance(root, yaml.MappingNode):
        at = root.start_mark.line
        found = find_mistake(source.split("\n"), failed=at, opened=-1, keys=KEYS)
        what, fix = (found.what, found.fix) if found else ('no "key: value" line stands here', GENERAL)
        raise InputError(what, path=shown, line=first + (found.at if found else at), fix=fix)
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in root.value:
        line = first + key_node.start_mark.line
        key = _key(key_node, shown, line)
        if key in lines:
            raise InputError(f"{key!r} stands twice", path=shown, line=line, fix="keep one")
        lines[key] = line
        values |= _checked(key, value_node, shown, line)
    return values, lines


@lru_cache(maxsize=64)  # who edits the text below leaves the front matter as it is; nodes are only read
def _compose(source: str, shown: str, first: int) -> yaml.Node | None:
    """Return the YAML's root node, which knows its lines; None for an empty one."""
    try:
        _refuse_abuse(source, shown, first)
        return yaml.compose(source, Loader=yaml.BaseLoader)
    except yaml.YAMLError as exc:
        raise _broken(source, exc, shown, first) from exc


def _broken(source: str, exc: yaml.YAMLError, shown: str, first: int) -> InputError:
    """Return what is wrong in an editor's words; YAML's own only serve to find the place."""
    mark = getattr(exc, "problem_mark", None)
    context = str(getattr(exc, "context", None) or "")
    opened = getattr(exc, "context_mark", None) if "flow" in context else None
    failed = mark.line if mark is not None else 0
    lines = source.split("\n")
    found = find_mistake(lines, failed=failed, opened=opened.line if opened is not None else -1, keys=KEYS)
    if found is not None:
        return InputError(found.what, path=shown, line=first + found.at, fix=found.fix)
    return InputError("the front matter cannot be read from here on", path=shown, line=first + failed, fix=GENERAL)


def _refuse_abuse(source: str, shown: str, first: int) -> None:
    """Refuse aliases, which make cycles and bombs, and depth: PyYAML takes a minute to build 5,000 levels."""
    depth = 0
    for event in yaml.parse(source, Loader=yaml.BaseLoader):
        line = first + event.start_mark.line
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise InputError("the front matter is nested too deeply", path=shown, line=line, fix="simplify it")
        if isinstance(event, yaml.AliasEvent):
            raise InputError(
                "the front matter uses a YAML alias (*)",
                path=shown,
                line=line,
                fix='write the value out, or put it in quotes: "*…"',
            )


def _key(node: yaml.Node, shown: str, line: int) -> str:
    key = node.value if isinstance(node, yaml.ScalarNode) else ""
    if key in KEYS:
        return str(key)
    close = difflib.get_close_matches(str(key).lower(), KEYS, n=1)
    fix = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(KEYS)}"
    raise InputError(f"front matter knows no key {str(key)[:60]!r}", path=shown, line=line, fix=fix)


def _checked(key: str, node: yaml.Node, shown: str, line: int) -> dict[str, object]:
    try:
        value = _plain(node)
        if value == "":
            return {key: EMPTY[key]} if key in EMPTY else {}
        return {key: KEYS[key](value)}
    except WrongValueError as exc:
        raise InputError(f"{key!r} {exc}", path=shown, line=line, fix="see docs/items.md") from exc


def _plain(node: yaml.Node) -> Value:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(entry) for entry in node.value]
    if isinstance(node, yaml.MappingNode):
        pairs: dict[str, Value] = {}
        for name, entry in node.value:
            if not isinstance(name, yaml.ScalarNode) or name.value in pairs:
                raise WrongValueError("has a name that is no text, or stands twice")
            pairs[name.value] = _plain(entry)
        return pairs
    words = str(node.value)
    return "" if node.style is None and words in {"~", "null"} else words
