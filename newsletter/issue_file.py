"""What a person wrote about an issue as a whole: front matter of a letter's item, or the `issue.toml` of a folder.

A value is checked when it is read, by the rules of front matter where both know the key, so that a mistake is one
line with its place. Nothing here reads a file but `read_folder`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.content.item import NewsItem, Origin, Text
from newsletter.errors import InputError

FILE = "issue.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Values by key, each with its line."""

    path: str  # as a person knows it
    fix: str  # the way out of every mistake in it
    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    intro: Text = ()

    def origin(self, key: str) -> Origin:
        return Origin(path=self.path, line=self.lines.get(key, 1))

    def wrong(self, key: str, what: str) -> InputError:
        """Return the error that says of `key` what must be else."""
        origin = self.origin(key)
        return InputError(f"'{key}' {what}", path=origin.path, line=origin.line, fix=self.fix)


def front_of(item: NewsItem) -> Written:
    return Written(path=item.origin.path, fix="mend the front matter", values=item.front, lines=item.front_lines)


def first_with(written: Sequence[Written], key: str) -> Written | None:
    """Return the first that says something for `key`."""
    return next((one for one in written if one.values.get(key) not in (None, "")), None)
