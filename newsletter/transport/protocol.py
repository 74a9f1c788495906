"""One SMTP connection after EHLO, TLS and AUTH: messages in, what became of each out.

A state machine of callbacks: no task, no future and no timer a message. `_expected` holds what each coming reply
answers, and replies are paired with it by their number alone (RFC 2920 section 3.1). What the server allows leaves in
one write: MAIL, RCPT and BDAT with the content; else MAIL, RCPT and DATA; else each command waits for its reply.
A message is *uncertain* when its last byte may have left and its final reply was not read; see `_left_over`.
Nobody is told from inside `begin` or `abort`: outcomes go out at the end of the event, or in a later turn of the loop.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable

from newsletter.delivery.scope import Kind, Outcome, Reply, Stage, judge, not_sent, uncertain
from newsletter.message.merge import Message
from newsletter.transport.channel import Done
from newsletter.transport.connect import Timeouts
from newsletter.transport.envelope import Offers, data_content, envelope
from newsletter.transport.manners import Manners
from newsletter.transport.pipe import Pipe, PipeUser
from newsletter.transport.replies import ReplyReader

FAREWELL_SECONDS = 5.0  # for the answer to QUIT, which nobody needs
# After the server has ended the session: for the replies to what had been written before. It closes by itself.
LAST_WORDS_SECONDS = 10.0

_ABORTED = "the sender was told to end at once"


class _Transaction:
    """One message on its way."""

    __slots__ = ("done", "end", "envelope", "is_chunk", "is_dot", "is_group", "message", "refusal", "to_say")

    def __init__(self, message: Message, done: Done, lines: bytes) -> None:
        self.message, self.done, self.envelope = message, done, lines
        self.begin_again()

    def begin_again(self) -> None:
        self.end = -1  # how many bytes of the connection have been written with its last one; -1: not written yet
        self.refusal: Outcome | None = None  # of its envelope: the first
        self.is_chunk = False  # BDAT, not DATA
        self.is_group = False  # left in one write as far as DATA or its content
        self.is_dot = False  # a lone dot in place of the content
        self.to_say: list[tuple[Stage, bytes]] = []  # lock-step: what comes next


class SmtpChannel:
    """One open connection, for `window` messages at a time; used from its event loop's thread alone."""

    def __init__(
        self,
        open_pipe: Callable[[PipeUser], Pipe],
        *,
        offers: Offers,
        manners: Manners | None = None,
        timeouts: Timeouts,
        window: int = 1,
    ) -> None:
        self.offers = offers
        self._failed = ""
        self._manners = manners or Manners()
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._wished = window
        self.window = self._useful_window()
        self._again: deque[_Transaction] = deque()  # whose BDAT was refused as a command
        self._held: deque[_Transaction] = deque()  # not begun on the wire
        self._under_way: deque[_Transaction] = deque()
        self._expected: deque[tuple[_Transaction, Stage]] = deque()
        self._finished: deque[tuple[Done, Outcome]] = deque()
        self._reader = ReplyReader()
        self._out: list[bytes] = []
        self._written = 0  # bytes handed over, in all
        self._is_busy = False  # inside an event: what is begun now leaves at its end
        self._needs_rset = False
        self._in_steps = False  # after a refused envelope, until a message is accepted
        self._ending = ""  # why no new transaction begins; replies to those under way are still read
        self._is_ended = False  # the last reply read was 421 or refused RSET: what follows it is not accepted
        self._deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._farewell: asyncio.Future[None] | None = None
        self._pipe = open_pipe(self)

    @property
    def failed(self) -> str:
        """Why it can carry no further message, "" while it can; replies to those under way may still come."""
        return self._failed or self._ending

    def refusal(self, message: Message) -> Outcome | None:
        """Return our own refusal of a message that this server cannot take."""
        return self.offers.refusal(message)

    def begin(self, message: Message, done: Done) -> None:
        """Send one message; see Channel. Raises ValueError for an address that no command could carry."""
        transaction = _Transaction(message, done, envelope(message, self.offers))
        if not self._is_busy and not self._under_way and not self._failed:
            self._pipe.poll()  # a 421 that nobody asked for is read before a new group is written
        if self.failed:
            self._finish(transaction, not_sent(Stage.CONNECT, self.failed))
            self._loop.call_soon(self._tell)
            return
        self._held.append(transaction)
        if not self._is_busy:
            self._go_on()

    async def close(self) -> None:
        """Say QUIT and leave without waiting long for the answer."""
        if not self.failed and not self._under_way and not self._held:
            self._farewell = self._loop.create_future()
            self._pipe.write([b"QUIT\r\n"])
            timer = self._loop.call_later(FAREWELL_SECONDS, self._fail, "closed")
            await self._farewell
            timer.cancel()
        self._fail("closed")

    def abort(self) -> None:
        """End at once: a message on the way becomes *uncertain* or *not sent*, by what has left."""
        self._fail(_ABORTED)

    # What the pipe calls.

    def received(self, data: bytes) -> None:
        """Take the replies in `data`, then tell what became of messages, then write what may be written now."""
        replies = self._reader.feed(data)
        if not replies and not self._reader.broken:
            self._pipe.acknowledge()
            return  # part of one, which moves no deadline: bytes may drip for ever
        self._is_busy = True
        try:
            for code, text in replies:
                self._take(code, text)
                if self._failed:
                    break
            if self._reader.broken:
                self._fail(self._reader.broken)
            self._tell()
        finally:
            self._is_busy = False
        if not self._failed and not self._go_on() and self._expected:
            self._pipe.acknowledge()  # more replies are to come, and a server may hold them until it knows of these

    def drained(self) -> None:
        if not self._is_busy and not self._failed:
            self._go_on()

    def progressed(self) -> None:
        self._set_deadline()

    def lost(self, why: str) -> None:
        self._fail(why)

    # Writing.

    def _go_on(self) -> bool:
        """Write what may be written now; returns whether there was anything."""
        self._is_busy, has_written = True, False
        try:
            while self._start_next():
                pass
            if self._out:
                out, self._out = self._out, []
                self._pipe.write(out)
                has_written = True
        finally:
            self._is_busy = False
        self._set_deadline()
        return has_written

    def _start_next(self) -> bool:
        """Begin the next message on the wire if it may begin now."""
        waiting = self._again or self._held
        if not waiting or self._failed or self._ending or self._pipe.is_full:
            return False
        joins = self._may_join()
        if self._under_way and (
            not joins or self._under_way[-1].end < 0 or len(self._under_way) >= self.window or self._again
        ):
            return False
        self._start(waiting.popleft(), is_group=joins)
        return True

    def _may_join(self) -> bool:
        manners = self._manners
        return self.offers.pipelining and manners.is_proven and manners.takes_groups and not self._in_steps

    def _start(self, transaction: _Transaction, *, is_group: bool) -> None:
        transaction.is_group = is_group
        transaction.is_chunk = self.offers.chunking and self._manners.takes_chunks
        self.window = self._useful_window()
        self._under_way.append(transaction)
        needs_rset, self._needs_rset = self._needs_rset, True  # until its final 2xx
        if not self.offers.pipelining:
            mail, rcpt, _ = transaction.envelope.split(b"\r\n")
            transaction.to_say = [(Stage.RCPT, rcpt + b"\r\n"), (Stage.MAIL, mail + b"\r\n")]  # the next is the last
            if needs_rset:
                transaction.to_say.append((Stage.RSET, b"RSET\r\n"))
            self._say(transaction, *transaction.to_say.pop())
            return
        if needs_rset:
            self._say(transaction, Stage.RSET, b"RSET\r\n")
        self._expected.append((transaction, Stage.MAIL))
        self._say(transaction, Stage.RCPT, transaction.envelope)
        if is_group:
            self._ask_for_content(transaction)

    def _ask_for_content(self, transaction: _Transaction) -> None:
        if transaction.is_chunk:
            data = transaction.message.data
            self._write_last(transaction, [b"BDAT %d LAST\r\n" % len(data), data])
        else:
            self._say(transaction, Stage.DATA, b"DATA\r\n")

    def _say(self, transaction: _Transaction, stage: Stage, line: bytes) -> None:
        self._expected.append((transaction, stage))
        self._out.append(line)
        self._written += len(line)

    def _write_last(self, transaction: _Transaction, parts: list[bytes]) -> None:
        self._expected.append((transaction, Stage.BDAT if transaction.is_chunk else Stage.CONTENT))
        self._out += parts
        self._written += sum(map(len, parts))
        transaction.end = self._written

    def _useful_window(self) -> int:
        """No more than leaves: with DATA only the next envelope can be behind a content (RFC 2920 section 3.1)."""
        if not self.offers.pipelining or not self._manners.takes_groups:
            return 1
        return self._wished if self.offers.chunking and self._manners.takes_chunks else min(self._wished, 2)

    # Replies.

    def _take(self, code: int, text: bytes) -> None:
        if not self._expected:
            self._take_unasked(code, text)
            return
        transaction, stage = self._expected.popleft()
        self._is_ended = code == 421 or (stage is Stage.RSET and code // 100 != 2)
        if stage is Stage.BDAT or stage is Stage.CONTENT:
            self._take_final(transaction, stage, _reply(code, text))
        elif stage is Stage.DATA:
            self._take_data(transaction, code, text)
        else:
            if code // 100 != 2:
                self._note_refusal(transaction, stage, _reply(code, text))
            if not transaction.is_group and not self._failed:
                self._next_step(transaction, stage)

    def _take_unasked(self, code: int, text: bytes) -> None:
        if self._farewell is not None and not self._farewell.done():
            self._farewell.set_result(None)
        else:
            self._fail(f"the server said {_reply(code, text)}")

    def _note_refusal(self, transaction: _Transaction, stage: Stage, reply: Reply) -> None:
        refusal = judge(stage, reply)
        transaction.refusal = transaction.refusal or refusal
        if refusal.kind is Kind.NOT_SENT:
            self._wind_down(f"the server said {reply}")
        else:
            # Postfix counts two errors for each recipient refused in a group, and slows us from the sixth.
            self._in_steps = True

    def _next_step(self, transaction: _Transaction, stage: Stage) -> None:
        if transaction.refusal is not None and (stage is Stage.RCPT or transaction.to_say):
            self._finish(transaction, transaction.refusal)
        elif transaction.to_say:
            self._say(transaction, *transaction.to_say.pop())
        elif stage is Stage.RCPT:
            self._ask_for_content(transaction)

    def _take_data(self, transaction: _Transaction, code: int, text: bytes) -> None:
        if code == 354:
            if transaction.refusal is None:
                self._write_last(transaction, data_content(transaction.message.data))
            else:  # RFC 2920 section 3.1: it accepted DATA without a recipient, so it waits for the end of a message
                transaction.is_dot = True
                self._say(transaction, Stage.CONTENT, b".\r\n")
            return
        reply = _reply(code, text)
        if code // 100 in (4, 5):
            self._finish(transaction, transaction.refusal or judge(Stage.DATA, reply))
            if code == 421:
                self._wind_down(f"the server said {reply}")
        else:  # a 2xx here is no answer that SMTP knows; nothing of the message has been written
            self._finish(transaction, transaction.refusal or not_sent(Stage.DATA, f"{code} to DATA"))
            self._fail(f"the server said {reply} to DATA")

    def _take_final(self, transaction: _Transaction, stage: Stage, reply: Reply) -> None:
        outcome = judge(stage, reply)
        accepted = outcome.kind is Kind.ACCEPTED
        if self._pipe.left < transaction.end:
            # Said before it had all: a refusal is one; an acceptance is no answer to this, and the rest never leaves.
            if not accepted:
                self._finish(transaction, transaction.refusal or outcome)
            self._fail(f"the server said {reply} before it had the message")
            return
        if accepted:
            outcome = self._accept(transaction, outcome)
        elif transaction.refusal is not None:
            outcome = transaction.refusal if outcome.kind is not Kind.UNCERTAIN else outcome
        elif outcome.stage is Stage.BDAT:  # it does not know BDAT: once more, by DATA
            self._manners.refuse_chunks()
            self._under_way.popleft()
            transaction.begin_again()
            self._again.append(transaction)
            return
        self._finish(transaction, outcome)
        if reply.code == 421 or outcome.kind is Kind.UNCERTAIN:
            self._wind_down(f"the server said {reply}")

    def _accept(self, transaction: _Transaction, outcome: Outcome) -> Outcome:
        """The final reply decides, also against an earlier one of the same message."""
        self._needs_rset = self.window > 1
        refusal = transaction.refusal
        if refusal is None:
            self._in_steps = False
            self._manners.is_proven = True
            return outcome
        self._manners.takes_groups = False
        fault = f"accepted ({outcome.code} {outcome.reply}) after it was refused: {refusal}"
        return (refusal if transaction.is_dot else outcome)._replace(fault=fault)

    # The end.

    def _finish(self, transaction: _Transaction, outcome: Outcome) -> None:
        if self._under_way and self._under_way[0] is transaction:
            self._under_way.popleft()
        self._finished.append((transaction.done, outcome))
        if self._ending and not self._has_words_due():
            self._fail(self._ending)

    def _tell(self) -> None:
        while self._finished:
            done, outcome = self._finished.popleft()
            done(outcome)

    def _wind_down(self, why: str) -> None:
        """Begin nothing more; read the replies to content that has been written, which may still decide."""
        self._ending = self._ending or why
        if not self._has_words_due():
            self._fail(self._ending)

    def _has_words_due(self) -> bool:
        return any(transaction.end >= 0 for transaction in self._under_way)

    def _fail(self, why: str) -> None:
        """End the connection at once; whoever is on the way is told, in a later turn if we are in nobody's event."""
        if self._failed:
            return
        self._failed = why
        self._pipe.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for transaction in [*self._under_way, *self._again]:
            self._finished.append((transaction.done, self._left_over(transaction, self._ending or why)))
        for transaction in self._held:  # nothing of them was said
            self._finished.append((transaction.done, not_sent(Stage.CONNECT, self._ending or why)))
        self._under_way.clear()
        self._again.clear()
        self._held.clear()
        if self._farewell is not None and not self._farewell.done():
            self._farewell.set_result(None)
        if self._finished:
            self._loop.call_soon(self._tell)

    def _left_over(self, transaction: _Transaction, why: str) -> Outcome:
        """Say what became of a message whose last reply was not read."""
        if transaction.is_dot or transaction.end < 0:
            stage = next((stage for one, stage in self._expected if one is transaction), Stage.MAIL)
            return transaction.refusal or not_sent(stage, why)
        is_all_sent = self._pipe.left >= transaction.end
        if is_all_sent and not (self._is_ended and not self._reader.is_amid_reply):
            return uncertain(why)
        return transaction.refusal or not_sent(Stage.CONTENT, why)

    # Time.

    def _set_deadline(self) -> None:
        """Move the deadline; the one timer is only put forward, and looks again when it was too early."""
        if self._pipe.is_full:
            limit = self._timeouts.block
        elif self._expected:
            limit = self._limit(*self._expected[0])
        else:
            self._deadline = math.inf
            return
        self._deadline = self._loop.time() + limit
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)

    def _limit(self, transaction: _Transaction, stage: Stage) -> float:
        if self._ending:
            return min(LAST_WORDS_SECONDS, self._timeouts.command)
        if transaction.end >= 0 or transaction.is_dot:
            return self._timeouts.final  # also for MAIL and RCPT of a group: a server may hold replies back to the last
        return self._timeouts.data if stage is Stage.DATA else self._timeouts.command

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            if self._deadline < math.inf:
                self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        elif self._pipe.is_full:
            self._fail("the server takes no more data")
        elif self._expected:
            self._fail(f"no reply within {self._limit(*self._expected[0]):g} seconds")


def _reply(code: int, text: bytes) -> Reply:
    return Reply(code=code, text=text.decode("utf-8", "surrogateescape"))
