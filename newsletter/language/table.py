"""Word tables as they are best read in source: words with white space between them."""

from __future__ import annotations


def words(listed: str) -> tuple[str, ...]:
    """Return the words of a table, in their order."""
    return tuple(listed.split())
