"""What differs between two mails, told from their manifests: which file, template, setting or library.

Pure. The names of a manifest are those that `render/compile.py` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_SHOWN = 6  # names in one line; the rest is counted
_FILES = ("item:", "picture:", "template:")  # in the order in which a person would look
_ISSUE = "issue"  # subject, preheader, title, date and order, whoever said them


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of a manifest that differs; "" before: it is new, "" after: it is gone."""

    name: str  # "item:content/april.md"
    before: str
    after: str

    def __str__(self) -> str:
        kind, colon, name = self.name.partition(":")
        if kind == "library":
            return f"{name} {self.before or 'none'} → {self.after or 'none'}"
        if self.name == "newsletter":
            return f"newsletter {self.before} → {self.after}"
        if self.name == _ISSUE:
            return "subject, preheader, title, date or order"
        shown = f"templates/{name}" if kind == "template" else name if colon else self.name
        return shown + ("" if (self.before and self.after) or not colon else " (new)" if self.after else " (gone)")


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Return what differs, files first, then what was said of the issue, settings, libraries."""
    found = (
        Change(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
    return tuple(sorted(found, key=lambda one: _rank(one.name)))


def _rank(name: str) -> int:
    kinds = (*_FILES, _ISSUE, "setting:", "library:")
    return next((number for number, kind in enumerate(kinds) if name.startswith(kind)), len(kinds))


def in_words(found: Sequence[Change]) -> str:
    """Return the changes on one line: "content/x.md, templates/press/letter.mjml, brand.accent".

    A title changed in an item changes the issue's facts too: those are named only where no file of the text differs.
    """
    names = list(dict.fromkeys(_told(found)))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _told(found: Sequence[Change]) -> Iterator[str]:
    in_a_file = any(one.name.startswith("item:") for one in found)
    return (str(one) for one in found if one.name != _ISSUE or not in_a_file)
