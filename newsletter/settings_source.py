"""Where settings are written: `newsletter.toml` and `NEWSLETTER_…` variables, flattened, each with its place.

The environment wins. A value is still what TOML or the environment gave: `config.py` says what may stand there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import ConfigError

FILE = "newsletter.toml"
PREFIX = "NEWSLETTER_"
# Read by other parts of the program: the master secret (tokens.py) is no setting and must never lie in the file.
NOT_SETTINGS = frozenset({"NEWSLETTER_SECRET"})

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a line of the file (0: not known), or a variable of the environment."""

    variable: str = ""
    line: int = 0

    def error(self, message: str, fix: str = "") -> ConfigError:
        if self.variable:
            return ConfigError(f"environment variable {self.variable}: {message}", fix=fix)
        return ConfigError(message, path=FILE, line=self.line, fix=fix)


class SettingsSource:
    """What a workspace and an environment say, as key → value, and where each was said."""

    def __init__(self, text: str, environ: Mapping[str, str]) -> None:
        self._text = text
        self.file_values: dict[Key, object] = dict(_flatten(parse_toml(text)))
        self.variables: dict[Key, str] = {}
        self._names: dict[Key, str] = {}
        for name in sorted(environ):
            if name.startswith(PREFIX) and name not in NOT_SETTINGS:
                key = tuple(name.removeprefix(PREFIX).lower().split("__"))
                self.variables[key] = environ[name]
                self._names[key] = name

    def file_place(self, key: Key) -> Place:
        return Place(line=line_of(self._text, key))

    def variable_place(self, key: Key) -> Place:
        return Place(variable=self._names[key])


def read_source(root: Path, environ: Mapping[str, str]) -> SettingsSource:
    """Read `newsletter.toml` of `root`; without one the environment alone speaks. Raises ConfigError."""
    try:
        text = (root / FILE).read_bytes().decode("utf-8-sig")  # Windows editors write a BOM, which tomllib refuses
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError("the file is not UTF-8", path=FILE, line=line, fix="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=FILE, fix="check the file's rights") from error
    return SettingsSource(text, environ)


def parse_toml(text: str) -> dict[str, object]:
    """Parse TOML; raises ConfigError with the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        message = str(error)[: where.start()] if where else str(error)
        line = int(where[1]) if where and where[1] else text.rstrip().count("\n") + 1
        fix = 'write key = "value", with text in straight quotes'
        raise ConfigError(f"not valid TOML: {message}", path=FILE, line=line, fix=fix) from error


def _flatten(table: Mapping[str, object], above: Key = ()) -> list[tuple[Key, object]]:
    found: list[tuple[Key, object]] = []
    for name, value in table.items():
        key = (*above, name)
        if isinstance(value, dict):
            found += _flatten(value, key) or [(key, {})]
        else:
            found.append((key, value))
    return found


def line_of(text: str, key: Key) -> int:
    """Return the line on which `key` is written, 0 when it cannot be told."""
    return lines_of(text, [key]).get(key, 0)


def lines_of(text: str, keys: Iterable[Key]) -> dict[Key, int]:
    """Return the line of each key that can be told.

    tomllib tells no lines, so ever longer beginnings of the file are parsed: the first that holds a key ends with
    its statement. Quadratic, but only for a message or a short file; and no second TOML reader to get wrong.
    """
    lines = text.split("\n")
    wanted = set(keys)
    found: dict[Key, int] = {}
    start = 0  # of the statement that is being read: one over several lines parses only at its end
    for end, line in enumerate(lines, 1):
        if not line.strip():
            continue  # no statement begins or ends here
        start = start or end
        try:
            table = tomllib.loads("\n".join(lines[:end]) + "\n")
        except ValueError:  # not ended yet; or of no use to anybody, such as a number of 5,000 digits
            continue
        found |= {key: start for key in wanted if key not in found and _holds(table, key)}
        if len(found) == len(wanted):
            break
        start = 0
    return found


def _holds(table: object, key: Key) -> bool:
    for name in key:
        if not isinstance(table, dict) or name not in table:
            return False
        table = table[name]
    return True
