"""An event loop that does not wait: when nothing moves, its clock jumps to the next timer.

A server that falls silent then costs no time, so that tests keep the long timeouts of real sends, and who waits for
ever is found at once. Both sides of a connection must live in this loop: what another thread does looks like silence.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
# How long nothing must move, in seconds of a real clock; loopback delivers within the call that sends.
QUIET_SECONDS = 0.02


class _Selector(selectors.DefaultSelector):
    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= QUIET_SECONDS:
            return super().select(timeout)
        events = super().select(QUIET_SECONDS)
        if not events:
            self.skipped += timeout - QUIET_SECONDS
        return events


class HurriedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._hurried = _Selector()
        super().__init__(self._hurried)

    def time(self) -> float:
        return time.monotonic() + self._hurried.skipped


def run_hurried(main: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(main)
