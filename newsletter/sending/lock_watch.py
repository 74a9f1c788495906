"""The right to send, watched while it is used: a server's lock is lost with the connection that holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from newsletter.sending.lock import Lock

LOST = "the connection that held the right to send was lost"


@contextmanager
def watch(lock: Lock, on_broken: Callable[[], None]) -> Iterator[None]:
    """Within the block, in a running event loop: call `on_broken` once when the lock is lost."""
    loop, number = asyncio.get_running_loop(), lock.fileno()

    def look() -> None:
        if lock.is_broken():
            loop.remove_reader(number)
            on_broken()

    if number < 0:
        yield
        return
    loop.add_reader(number, look)
    try:
        yield
    finally:
        loop.remove_reader(number)
