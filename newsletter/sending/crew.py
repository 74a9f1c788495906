"""The connections of a run: opened as far as there is work for them, given messages in turn, left when they fail.

A relay that does not answer is tried again for a while when nobody is connected. When others are, it allows no more
of us: the run goes on with fewer (`Width` says how many, and when to try for more).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf

from newsletter.delivery.pool import Carried, Recycling, Width
from newsletter.errors import RelayError
from newsletter.transport.channel import Channel, Transport

# Waits before connecting again, in seconds: a relay that restarts is back within a minute; then a person is needed.
RECONNECT_WAITS = (1.0, 2.0, 5.0, 10.0, 20.0)


class Carrier:
    """One connection and what it carries."""

    __slots__ = ("busy", "carried", "channel", "is_end_counted", "is_in_line")

    def __init__(self, channel: Channel, carried: Carried) -> None:
        self.channel, self.carried = channel, carried
        self.busy = 0  # messages marked or about to be, and not answered
        self.is_in_line = False
        self.is_end_counted = False  # once, however many messages were in its window

    @property
    def is_over(self) -> bool:
        """True when it takes no further message."""
        return self.carried.is_spent or bool(self.channel.failed)


class Crew:
    """All connections of one run; used from its event loop only.

    `on_room` is called when a message can be given out again, `on_lost` when the relay stays away, `on_failure` with
    whatever else went wrong.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        width: Width,
        recycling: Recycling,
        monotonic: Callable[[], float],
        pause: Callable[[float], Awaitable[None]],
        is_halted: Callable[[], bool],
        on_room: Callable[[], None],
        on_lost: Callable[[str], None],
        on_away: Callable[[str, float], None],
        on_back: Callable[[], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._transport, self._width = transport, width
        self._recycling = recycling
        self._monotonic, self._pause, self._is_halted = monotonic, pause, is_halted
        self._on_room, self._on_lost, self._on_away, self._on_back = on_room, on_lost, on_away, on_back
        self._on_failure = on_failure
        self._carriers: set[Carrier] = set()
        self._line: deque[Carrier] = deque()  # those that may take a message
        self._opening: set[asyncio.Task[None]] = set()
        self._connecting: set[asyncio.Task[Channel]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._tending: asyncio.TimerHandle | None = None
        self._busy = 0
        self._is_away = False  # nobody is connected and the relay does not answer; said once

    @property
    def is_busy(self) -> bool:
        """True while a message is on its way."""
        return self._busy > 0

    @property
    def is_opening(self) -> bool:
        return bool(self._opening)

    @property
    def room(self) -> int:
        """Return how many connections stand in line for a message."""
        return len(self._line)

    def take_over(self, channel: Channel) -> None:
        """Take a connection that is open already."""
        carrier = Carrier(channel, Carried(self._recycling, self._monotonic()))
        self._carriers.add(carrier)
        self._put_in_line(carrier)

    def next(self) -> Carrier | None:
        """Return the next connection with room for a message, None when all have their hands full."""
        while self._line:
            carrier = self._line.popleft()
            carrier.is_in_line = False
            if not carrier.is_over:
                return carrier
            self._leave_if_done(carrier)
        return None

    def give(self, carrier: Carrier, lane: int) -> None:
        """A message was given to `carrier`, which `next` returned."""
        self._busy += 1
        carrier.busy += 1
        carrier.carried.begin(lane, self._monotonic())
        if carrier.busy < carrier.channel.window and not carrier.is_over:
            self._put_in_line(carrier)

    def put_back(self, carrier: Carrier) -> None:
        """Nothing was given to `carrier`, which `next` returned."""
        self._put_in_line(carrier, first=True)

    def free(self, carrier: Carrier) -> None:
        """A message of `carrier` is no longer on its way."""
        self._busy -= 1
        carrier.busy -= 1
        carrier.carried.end(self._monotonic())
        if carrier.is_over:
            self._leave_if_done(carrier)
        elif not carrier.is_in_line:
            self._put_in_line(carrier)

    def grow(self, wanted: int) -> None:
        """Open connections for `wanted` more messages, as far as the width allows."""
        # Whoever still waits for its last reply, or for the answer to QUIT, is a connection to the relay as well.
        open_now = len(self._carriers) + len(self._opening) + len(self._closing)
        # While nobody is connected one tries for all: it alone waits between its tries.
        most = self._width.target if self._carriers else 1
        for _ in range(min(most - open_now, wanted)):
            task = asyncio.ensure_future(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def stop_opening(self) -> None:
        for task in self._connecting:
            task.cancel()

    def abort(self) -> None:
        """End every connection at once; messages on their way are told so."""
        self.stop_opening()
        for carrier in tuple(self._carriers):
            carrier.channel.abort()

    async def close(self) -> None:
        """Leave every connection politely; none is busy, or it was aborted."""
        self.stop_opening()
        if self._tending is not None:
            self._tending.cancel()
            self._tending = None
        if self._opening:
            await asyncio.wait(self._opening)
        for carrier in tuple(self._carriers):
            self._leave(carrier)
        if self._closing:
            await asyncio.wait(self._closing)

    def _put_in_line(self, carrier: Carrier, *, first: bool = False) -> None:
        carrier.is_in_line = True
        if first:
            self._line.appendleft(carrier)
        else:
            self._line.append(carrier)

    def _leave_if_done(self, carrier: Carrier) -> None:
        if not carrier.busy:
            self._leave(carrier)

    def _leave(self, carrier: Carrier) -> None:
        self._carriers.discard(carrier)
        if carrier.channel.failed:
            carrier.channel.abort()
            return
        task = asyncio.ensure_future(carrier.channel.close())
        self._closing.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        self._on_room()

    def watch_idle(self) -> None:
        """Have idle connections closed in time; called when the run waits for something but the relay."""
        if self._line and self._tending is None:
            first = min(carrier.carried.idle_in(self._monotonic()) for carrier in self._line)
            if first < inf:
                self._tending = asyncio.get_running_loop().call_later(first, self._tend)

    def _tend(self) -> None:
        self._tending = None
        now = self._monotonic()
        for carrier in tuple(self._line):
            if carrier.is_over or (not carrier.busy and carrier.carried.idle_in(now) <= 0):
                self._line.remove(carrier)
                carrier.is_in_line = False
                self._leave_if_done(carrier)
        self.watch_idle()

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_failure(error)
        else:
            self._on_room()

    async def _open(self) -> None:
        """Open one connection, trying again for a while where it would be the only one."""
        why = ""
        for wait in (0.0, *RECONNECT_WAITS):
            if wait and not self._is_halted():
                await self._pause(wait)
            if self._is_halted():
                return
            task = asyncio.ensure_future(self._transport.connect())
            self._connecting.add(task)
            try:
                channel = await task
            except asyncio.CancelledError:
                if not self._is_halted():
                    raise
                return
            except RelayError as error:
                now = self._monotonic()
                if self._carriers:  # the relay allows no more of us than are connected
                    self._width.full(now, len(self._carriers))
                    return
                self._width.trouble(now)
                why = error.message
                self._tell_away(why)
            else:
                self._tell_back()
                self.take_over(channel)
                return
            finally:
                self._connecting.discard(task)
        self._on_lost(why)

    def _tell_away(self, why: str) -> None:
        if not self._is_away:
            self._is_away = True
            self._on_away(why, sum(RECONNECT_WAITS))

    def _tell_back(self) -> None:
        if self._is_away:
            self._is_away = False
            self._on_back()
