"""What a locked database, or a server that is away for a moment, must not end: done again until it works.

The journal has its own way (it must know whether a COMMIT of unknown fate came through); this is for what may simply
be done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from newsletter.errors import StoreError
from newsletter.store.database import is_busy, is_lost

LOST_WAITS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds: a database server that is restarted is back by then

T = TypeVar("T")


def is_passing(error: StoreError) -> bool:
    """True for a lock, which is waited for without limit: its holder ends, or is ended by a person."""
    return error.__cause__ is not None and is_busy(error.__cause__)


def is_away(error: StoreError) -> bool:
    """True for a server that is not there, or has cut the connection."""
    return error.__cause__ is not None and is_lost(error.__cause__)


def patiently(action: Callable[[], T]) -> T:
    """Return what `action` returns, done again on a lock without limit, and while a server is away for half a minute.

    Blocks its thread. Raises whatever else `action` raises.
    """
    waits = iter(LOST_WAITS)
    while True:
        try:
            return action()
        except StoreError as error:
            if is_passing(error):
                continue  # each try has waited for it already
            if not is_away(error) or (wait := next(waits, None)) is None:
                raise
            time.sleep(wait)
