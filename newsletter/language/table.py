"""Word tables as they are best read in source, with white space between words; and patterns made of them.

A pattern of hundreds of alternatives is tried one by one at every place of a text, and takes long to compile. Here the
words share their beginnings, so that most places are left after one character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_Tree = dict[str, "_Tree"]


def words(listed: str) -> tuple[str, ...]:
    """Return the words of a table, in their order."""
    return tuple(listed.split())


def any_of(listed: Iterable[str]) -> str:
    """Return a pattern in brackets that matches any of some words, the longest that fits."""
    tree: _Tree = {}
    for word in listed:
        node = tree
        for char in word:
            node = node.setdefault(char, {})
        node[""] = {}  # a word ends here
    return _pattern(tree) or "(?:)"


def _pattern(tree: _Tree) -> str:
    branches = [re.escape(char) + _pattern(rest) for char, rest in tree.items() if char]
    if not branches:
        return ""
    single = len(branches) == 1 and "" not in tree
    return branches[0] if single else f"(?:{'|'.join(branches)})" + ("?" if "" in tree else "")
