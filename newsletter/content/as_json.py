"""A news item as plain JSON values: what the loader found, for `issue.json` and for people's own tools."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

from newsletter.content.item import NewsItem


def item_json(item: NewsItem) -> dict[str, object]:
    """Return every field of the item; blocks also carry their `kind`. Numbers are text, so that none is rounded."""
    value = _plain(item)
    if not isinstance(value, dict):
        raise TypeError("a news item is a record")
    return value


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        kind: dict[str, object] = {"kind": getattr(value, "kind", "")} if hasattr(value, "kind") else {}
        return kind | {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, Decimal | date):
        return str(value)
    return value
