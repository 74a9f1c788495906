"""The store under test: fixtures of `tests/ledger.py`."""

from __future__ import annotations

from tests.ledger import (
    add_people,
    compiled,
    engine,
    freeze_issue,
    keys,
    meant,
    migrated_file,
    server,
    server_url,
)

__all__ = [
    "add_people",
    "compiled",
    "engine",
    "freeze_issue",
    "keys",
    "meant",
    "migrated_file",
    "server",
    "server_url",
]
