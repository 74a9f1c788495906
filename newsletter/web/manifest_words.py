"""What a mail is made of and what of that differs, in an editor's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from newsletter.review.changes import Change
from newsletter.web.languages import Words

_VALUE_SHOWN = 120  # characters of a setting


def inputs_in_words(found: Sequence[Change], words: Words, titles: Mapping[str, str]) -> Iterator[str]:
    """Yield each thing the mail is made of that differs, for people; `titles` of items where there are several."""
    in_a_file = any(one.name.startswith("item:") for one in found)
    for one in found:
        kind, _, name = one.name.partition(":")
        if kind == "issue" and in_a_file:
            continue  # a title changed in an item changes the facts too
        if kind in ("setting", "library", "newsletter"):
            yield words(f"changes.{kind}", name=name, before=_value(one.before, words), after=_value(one.after, words))
        elif kind in ("item", "picture", "template", "issue"):
            how = "" if one.before and one.after else "_new" if one.after else "_gone"
            title = f" «{titles[name]}»" if name in titles else ""
            yield words(f"changes.{kind}{how if kind != 'issue' else ''}", name=name, title=title)
        else:
            yield str(one)


def _value(value: str, words: Words) -> str:
    if not value:
        return words("changes.empty")
    return value if len(value) <= _VALUE_SHOWN else f"{value[: _VALUE_SHOWN - 1]}…"
