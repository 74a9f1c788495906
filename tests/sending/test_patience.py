"""What a lock or an absent server must not end is done again; anything else is told at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.errors import StoreError
from newsletter.sending.patience import patiently
from newsletter.store.database import Engine, open_database, writing


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Engine]:
    """A database whose lock is waited for hardly at all."""
    engine = open_database(f"sqlite:///{tmp_path / 'n.db'}", busy_seconds=0.01)
    yield engine
    engine.dispose()


def test_lock_is_waited_for_as_long_as_it_is_held(hasty: Engine) -> None:
    other = sqlite3.connect(hasty.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tries = 0

    def write() -> str:
        nonlocal tries
        tries += 1
        if tries == 4:
            other.execute("ROLLBACK")
        with writing(hasty):
            return "written"

    assert patiently(write) == "written"
    assert tries == 4
    other.close()


def test_other_failures_are_told_at_once() -> None:
    def fail() -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        patiently(fail)
