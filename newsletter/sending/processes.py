"""Several processes send one issue: started, watched, stopped, and their ends made into one.

A process is given its orders as one line of JSON on stdin, which then stays open: its end means that the parent is
dead, and the process takes no further message, finishes what is under way and goes. It tells one JSON object a line on
stdout. Each runs in a session of its own, so that Ctrl-C reaches the parent alone, which passes it on once. One that
dies is settled and started again, each place once; the others do not notice.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.errors import StoreError
from newsletter.sending.sender import End, Ended

MAX_WORD_BYTES = 1024**2  # of one line that a process tells

# The gravest first: what the whole run is said to have ended by.
_GRAVITY = (End.FAILED, End.TAKEN_OVER, End.INTERRUPTED, End.STOPPED, End.PAUSED, End.WAITING, End.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a process tells; one of these."""

    note: str = ""  # for a person
    next_try: datetime | None = None  # it waits for a retry until then; None with nothing else: it waits no longer
    ended: Ended | None = None
    is_of_all: bool = False  # of `ended`: the others would meet the same, so they end too

    def to_line(self) -> bytes:
        raw: dict[str, object] = {}
        if self.note:
            raw["note"] = self.note
        elif self.ended is not None:
            failure = self.ended.failure
            raw["ended"] = {
                "end": self.ended.end.value,
                "reason": self.ended.reason,
                "milliseconds": self.ended.sending_milliseconds,
                "failure": [failure.message, failure.path, failure.fix] if failure else None,
                "is_of_all": self.is_of_all,
            }
        else:
            raw["next_try"] = self.next_try.isoformat() if self.next_try else None
        return json.dumps(raw).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Word:
        raw = json.loads(line)
        if "ended" not in raw:
            at = raw.get("next_try")
            return cls(note=raw.get("note", ""), next_try=datetime.fromisoformat(at) if at else None)
        ended, failure = raw["ended"], raw["ended"]["failure"]
        return cls(
            ended=Ended(
                end=End(ended["end"]),
                reason=ended["reason"],
                sending_milliseconds=ended["milliseconds"],
                failure=StoreError(failure[0], path=failure[1], fix=failure[2]) if failure else None,
            ),
            is_of_all=ended["is_of_all"],
        )


@dataclass(slots=True)
class _Child:
    slot: int
    process: asyncio.subprocess.Process
    ended: Ended | None = None


class Processes:
    """Runs one process a slot, from 1; `run()` once."""

    def __init__(
        self,
        command: Sequence[str],
        orders: Mapping[int, Mapping[str, object]],
        *,
        folder: Path,
        environ: Mapping[str, str],
        settle: Callable[[int, int], Sequence[str]],
        on_word: Callable[[int, Word], None],
    ) -> None:
        """`settle` is given slot and process id of a dead one, and returns who is in doubt by its death."""
        self._command, self._orders = tuple(command), orders
        self._folder, self._environ = folder, dict(environ)
        self._settle, self._on_word = settle, on_word
        self._living: dict[int, _Child] = {}
        self._restarted: set[int] = set()
        self._halted: tuple[End, str] | None = None
        self._signals = 0  # passed on so far

    async def run(self) -> Ended:
        """Return how it all ended, once the last process has."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._place(slot)) for slot in self._orders]
        return self._as_one([ended for task in tasks for ended in task.result()])

    def halt(self, end: End, reason: str = "") -> None:
        """Let every process finish what is under way and end. The first reason stays."""
        if self._halted is None:
            self._halted = (end, reason)
            self._signal_all()

    def abort(self) -> None:
        """Let every process end at once."""
        self.halt(End.INTERRUPTED)
        if self._signals == 1:
            self._signal_all()

    def pids(self) -> Mapping[int, int]:
        return {slot: child.process.pid for slot, child in self._living.items()}

    async def _place(self, slot: int) -> list[Ended]:
        ended = await self._one(slot)
        if ended is None and self._halted is None and slot not in self._restarted:
            self._restarted.add(slot)
            self._on_word(slot, Word(note="started again"))
            ended = await self._one(slot)
        return [ended] if ended else [Ended(end=End.PAUSED, reason="a process died twice", sending_milliseconds=0)]

    async def _one(self, slot: int) -> Ended | None:
        """Run one process to its end; None when it died without a word."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=self._folder,
            env=self._environ,
            start_new_session=True,
            limit=MAX_WORD_BYTES,
        )
        child = self._living[slot] = _Child(slot, process)
        try:
            await self._listen(child)
            code = await process.wait()
        except BaseException:  # we fail: it ends in good order, as when we die
            self._signal(child)
            await process.wait()
            raise
        finally:
            del self._living[slot]
        if child.ended is None:
            await self._bury(child, code)
        return child.ended

    async def _listen(self, child: _Child) -> None:
        assert child.process.stdin is not None and child.process.stdout is not None  # noqa: S101, PT018 - both pipes
        with suppress(ConnectionError):  # it died at once
            child.process.stdin.write(json.dumps(self._orders[child.slot]).encode() + b"\n")
            await child.process.stdin.drain()
        for _ in range(self._signals):  # what came before there was a process
            self._signal(child)
        async for line in child.process.stdout:
            with suppress(ValueError, KeyError, TypeError):  # torn by its death
                word = Word.from_line(line)
                self._on_word(child.slot, word)
                if word.ended is not None:
                    child.ended = word.ended
                    if word.is_of_all:
                        self.halt(word.ended.end, word.ended.reason)

    async def _bury(self, child: _Child, code: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        try:
            doubtful = await asyncio.to_thread(self._settle, child.slot, child.process.pid)
        except StoreError as error:  # the next run settles it
            named = f"; who is in doubt cannot be told now: {error}"
        else:
            named = f"; in doubt: {', '.join(doubtful)}" if doubtful else "; nobody is in doubt"
        self._on_word(child.slot, Word(note=f"process {child.process.pid} {how}{named}"))

    def _signal_all(self) -> None:
        self._signals += 1
        for child in self._living.values():
            self._signal(child)

    def _signal(self, child: _Child) -> None:
        with suppress(ProcessLookupError):
            os.kill(child.process.pid, signal.SIGTERM)

    def _as_one(self, ends: Sequence[Ended]) -> Ended:
        gravest = min(ends, key=lambda ended: _GRAVITY.index(ended.end))
        end, reason = self._halted or (gravest.end, gravest.reason)
        failure = next((ended.failure for ended in ends if ended.failure), None)
        return Ended(
            end=End.FAILED if failure else end,
            reason=reason,
            sending_milliseconds=max(ended.sending_milliseconds for ended in ends),
            failure=failure,
        )
