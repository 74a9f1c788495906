"""An SMTP server that speaks RFC 5321 strictly, and misbehaves once, where and how a test says.

It offers what it is told to (PIPELINING, CHUNKING, SIZE, DSN, 8BITMIME, SMTPUTF8, STARTTLS, AUTH) and keeps the order
of commands as Postfix does. What it notes is the truth that tests judge by: each transaction with its envelope, whole
content, the replies that left, whether the message was *taken* (decided before the reply is said or kept back), and
every breach of the protocol by the client. It runs in the loop of its caller.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import struct
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from itertools import cycle
from typing import NoReturn


class Stage(Enum):
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    BDAT = "BDAT"  # the command is read, its bytes are not yet
    DATA = "DATA"  # in place of 354
    CONTENT = "after the content"
    RSET = "RSET"
    QUIT = "QUIT"


class Does(Enum):
    """What the server does in place of a good reply."""

    REFUSE = "refuse"  # says `reply`, and goes on
    BYE_FIN = "421, close"
    BYE_RST = "421, reset"
    BYE_STAY = "421, stays"  # never closes, never says another word
    SILENCE = "silence"
    CUT_FIN = "cut by FIN"
    CUT_RST = "cut by RST"
    HALF_CUT = "half a reply, cut"
    HALF_SILENCE = "half a reply, silence"
    TWICE = "two replies"  # the good one, and it again
    BYE_BEHIND = "421 behind a good reply"  # which nobody asked for; then it closes
    GARBAGE = "garbage"  # `reply`, whatever it is; then it goes on as if it had said the good one
    DRIP = "one byte at a time"  # the good one, or `reply`
    TRICKLE = "a byte a minute"  # of a reply that never ends
    TAKES_ANYWAY = "refuses, takes anyway"  # a refused recipient's mail is accepted at the end
    READS_CHUNK_AS_COMMANDS = "chunk read as commands"  # CHUNKING was never meant: `reply`, then 500 for each line


BYE = "421 4.3.2 shutting down"
# The server goes on after these, but a client that leaves at once is right: what it says later may be unread.
BREAKING = frozenset({Does.TWICE, Does.GARBAGE, Does.READS_CHUNK_AS_COMMANDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour. It hits the `nth` fitting occurrence and `times` in all (0: every one from there)."""

    stage: Stage
    does: Does
    reply: str = ""  # as Latin-1, so that any byte can stand in it
    who: str = ""  # only where this text stands in the sender's or recipient's address
    nth: int = 1
    times: int = 1
    takes: bool = False  # at CONTENT: the message is taken, though its good reply never leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    pipelining: bool = True
    chunking: bool = True
    size: int = 50_000_000
    rest: tuple[str, ...] = ("8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


class Told(Enum):
    """Whether the final reply reached the client."""

    YES = "yes"
    MAYBE = "maybe"  # written, but the session was broken before, or reset behind it
    NO = "no"


@dataclass(slots=True)
class Transaction:
    """From a MAIL to its end."""

    connection: int
    mail_from: str
    declared_size: int = -1
    smtputf8: bool = False
    mail_taken: bool = True
    asked: list[str] = field(default_factory=list)  # every RCPT
    rcpts: list[str] = field(default_factory=list)  # those that were taken
    said: list[tuple[Stage, str]] = field(default_factory=list)  # whole replies that left
    content: bytes = b""
    is_complete: bool = False  # the last byte of the content was read
    took: bool = False
    told: Told = Told.NO
    faulted: bool = False
    takes_anyway: bool = False
    by_bdat: bool = False


class _Silence(Exception):  # noqa: N818 - no error
    pass


class _Leave(Exception):  # noqa: N818 - no error
    def __init__(self, *, reset: bool, says_so: bool = True) -> None:
        self.reset, self.says_so = reset, says_so


@dataclass
class MisbehavingServer:
    """`await start()`, then `port`; `await settle()` before its notes are read; `await stop()`."""

    fault: Fault | None = None
    offers: Offers = Offers()
    tls: ssl.SSLContext | None = None  # implicit TLS
    starttls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    mechanisms: tuple[str, ...] = ("PLAIN",)
    unknown: frozenset[str] = frozenset()  # recipients that are always refused, 550 5.1.1
    holds_replies: bool = False  # until all that has come is served, as Postfix does (RFC 2920 section 3.2)
    data_without_recipient: str = "554 5.5.1 no valid recipients"  # or 354, as some servers say

    transactions: list[Transaction] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)  # of the protocol, by the client
    commands: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    fired: int = 0
    port: int = 0

    async def start(self) -> None:
        self._seen = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls, limit=1_000_000)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until every connection has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def of(self, rcpt: str, mail_from: str = "") -> list[Transaction]:
        """Return the transactions that asked for a recipient, or came from a sender and asked for none."""
        return [one for one in self.transactions if rcpt in one.asked or (not one.asked and one.mail_from == mail_from)]

    def pick_fault(self, stage: Stage, address: str) -> Fault | None:
        fault = self.fault
        if fault is None or fault.stage is not stage or fault.who not in address:
            return None
        self._seen += 1
        if self._seen < fault.nth or (fault.times and self.fired == fault.times):
            return None
        self.fired += 1
        return fault

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        session = _Session(self, reader, writer, self.connections)
        try:
            try:
                await session.run()
            except _Silence:
                while await reader.read(65_536):
                    pass  # until the client has had enough
            except _Leave as leave:
                await session.leave(reset=leave.reset, says_so=leave.says_so)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


class _Session:
    """One connection."""

    def __init__(
        self, server: MisbehavingServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._server, self._reader, self._writer, self._number = server, reader, writer, number
        self._offers = server.offers
        self._said_hello = False
        self._logged_in = False
        self._open: Transaction | None = None  # from MAIL to the final reply or RSET
        self._held = b""  # replies not written yet
        self._broken = False  # what is said from now on may be unread
        self._excuses = False  # a client that was lied to is not to blame for what it believed

    async def run(self) -> None:
        if not (await self._answer(Stage.GREETING, "220 misbehaving.example ESMTP")).startswith("220"):
            await self._until_quit()
        while True:
            line = await self._line()
            verb = line.partition(" ")[0].upper()
            self._server.commands[verb] += 1
            handler = getattr(self, f"_{verb.lower()}", None) if verb in _VERBS else None
            if handler is None:
                what = "a dot where none belongs" if line == "." else f"no command: {line[:60]!r}"
                self._breach(what)
                await self._say("500 5.5.2 what?")
                continue
            if not self._said_hello and verb not in ("EHLO", "QUIT"):
                self._breach(f"{verb} before EHLO")
            await handler(line)

    async def leave(self, *, reset: bool, says_so: bool) -> None:
        self._flush()
        sock = self._writer.get_extra_info("socket")
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
            return
        # Closing with unread bytes would reset, and take what was said with it: half close, read on.
        if self._writer.can_write_eof():
            self._writer.write_eof()
        elif says_so:
            self._writer.close()  # TLS: close_notify
        else:
            sock.shutdown(socket.SHUT_WR)
        while await self._reader.read(65_536):
            pass

    # The commands.

    async def _ehlo(self, line: str) -> None:
        self._said_hello, self._open = True, None
        self._must_be_last("EHLO")
        offers, server = self._offers, self._server
        lines = ["misbehaving.example", *offers.rest]
        lines += ["PIPELINING"] * offers.pipelining + ["CHUNKING"] * offers.chunking
        lines += [f"SIZE {offers.size}"] * bool(offers.size)
        lines += ["STARTTLS"] * bool(server.starttls and not self._is_tls())
        lines += [f"AUTH {' '.join(server.mechanisms)}"] * bool(server.login)
        good = "\r\n".join(f"250{'-' if n < len(lines) else ' '}{text}" for n, text in enumerate(lines, 1))
        await self._answer(Stage.EHLO, good)

    async def _starttls(self, line: str) -> None:
        self._must_be_last("STARTTLS")
        context = self._server.starttls
        if context is None or self._is_tls():
            self._breach("STARTTLS was not offered")
            await self._say("503 5.5.1 no")
        elif (await self._answer(Stage.STARTTLS, "220 2.0.0 go ahead")).startswith("220"):
            self._said_hello = False  # RFC 3207 section 4.2: what was known is forgotten
            await self._writer.start_tls(context)

    async def _auth(self, line: str) -> None:
        self._must_be_last("AUTH")
        words = line.split(" ")
        if self._server.login is None or words[1] not in self._server.mechanisms:
            self._breach(f"{line[:10]} was not offered")
            await self._say("504 5.5.4 no")
            return
        if words[1] == "PLAIN":
            given = base64.b64decode(words[2]).decode().split("\0")[1:]
        else:
            given = [base64.b64decode(words[2]).decode()] if len(words) > 2 else [await self._prompt("Username:")]
            given.append(await self._prompt("Password:"))
        right = tuple(given) == self._server.login
        reply = await self._answer(Stage.AUTH, "235 2.7.0 welcome" if right else "535 5.7.8 no")
        self._logged_in = reply.startswith("235")

    async def _prompt(self, text: str) -> str:
        await self._say(f"334 {base64.b64encode(text.encode()).decode()}")
        return base64.b64decode(await self._line()).decode()

    async def _mail(self, line: str) -> None:
        if self._open is not None and self._open.mail_taken:
            self._breach("MAIL inside a transaction")
            await self._say("503 5.5.1 nested MAIL command")
            return
        if self._server.login and not self._logged_in:
            self._breach("MAIL without a login")
        found = re.fullmatch(r"MAIL FROM:<([^<>]*)>((?: \S+)*)", line)
        one = Transaction(connection=self._number, mail_from=found[1] if found else "")
        if found is None:
            self._breach(f"no MAIL command: {line[:60]!r}")
        for word in found[2].split() if found else ():
            self._mail_parameter(one, *word.partition("=")[::2])
        self._open = one
        self._server.transactions.append(one)
        reply = await self._answer(Stage.MAIL, "250 2.1.0 Ok", one)
        one.mail_taken = reply.startswith("2") or one.takes_anyway

    def _mail_parameter(self, one: Transaction, name: str, value: str) -> None:
        known = {"SIZE": bool(self._offers.size), "BODY": "8BITMIME" in self._offers.rest}
        known |= {"SMTPUTF8": "SMTPUTF8" in self._offers.rest}
        known |= dict.fromkeys(("RET", "ENVID"), "DSN" in self._offers.rest)
        if not known.get(name):
            self._breach(f"parameter {name} of MAIL was not offered")
        if name == "SIZE":
            one.declared_size = int(value)
        one.smtputf8 = one.smtputf8 or name == "SMTPUTF8"

    async def _rcpt(self, line: str) -> None:
        one = self._open
        found = re.fullmatch(r"RCPT TO:<([^<>]+)>(?: NOTIFY=FAILURE)?", line)
        if found is None:
            self._breach(f"no RCPT command: {line[:60]!r}")
            await self._say("501 5.5.4 what?")
            return
        if one is not None:
            one.asked.append(found[1])
            if not found[1].isascii() and not one.smtputf8:
                self._breach("an address outside ASCII without SMTPUTF8")
        if one is None or not one.mail_taken:
            self._only_pipelined("RCPT without MAIL")
            await self._say("503 5.5.1 need MAIL command", one)
            return
        good = "250 2.1.5 Ok" if found[1] not in self._server.unknown else "550 5.1.1 unknown"
        reply = await self._answer(Stage.RCPT, good, one)
        if reply.startswith("2") or one.takes_anyway:
            one.rcpts.append(found[1])

    async def _data(self, line: str) -> None:
        self._must_be_last("DATA")
        one = self._open
        if one is None or not one.rcpts:
            self._only_pipelined("DATA without a recipient")
            reply = self._server.data_without_recipient if one and one.mail_taken else "503 5.5.1 need RCPT command"
            await self._say(reply, one)
            if reply.startswith("354") and one is not None:
                if await self._dotted() != b"":
                    self._breach("content without a recipient")
                self._open = None
                await self._say("554 5.5.1 no valid recipients", one)
            return
        if one.by_bdat:
            self._breach("DATA after BDAT")
        reply = await self._answer(Stage.DATA, "354 End data with <CR><LF>.<CR><LF>", one)
        if reply.startswith("354"):
            one.content = await self._dotted()
            await self._final(one)

    async def _dotted(self) -> bytes:
        lines = []
        while (line := await self._reader.readuntil(b"\n")) != b".\r\n":
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                self._breach("a bare LF or CR in the content")
            if line.startswith(b".") and not line.startswith(b".."):
                self._breach("a dot that was not doubled")
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _bdat(self, line: str) -> None:
        found = re.fullmatch(r"BDAT (\d+)( LAST)?", line)
        if found is None or not self._offers.chunking:
            self._breach(f"BDAT was not offered, or is none: {line[:60]!r}")
            await self._say("500 5.5.2 what?")
            return
        size, one = int(found[1]), self._open
        if one is None or not one.rcpts:
            self._only_pipelined("BDAT without a recipient")
            await self._reader.readexactly(size)
            await self._say("554 5.5.1 no valid recipients" if one else "503 5.5.1 need MAIL command", one)
            return
        one.by_bdat = True
        if (fault := self._server.pick_fault(Stage.BDAT, _addresses(one))) is not None:
            await self._misbehave(fault, f"250 2.0.0 {size} bytes", Stage.BDAT, one)
            one.rcpts.clear()  # refused, and open until RSET (RFC 3030 section 2)
            if fault.does is not Does.READS_CHUNK_AS_COMMANDS:
                await self._reader.readexactly(size)
            return
        one.content += await self._reader.readexactly(size)
        if not found[2]:
            await self._say(f"250 2.0.0 {size} bytes", one)
            return
        await self._final(one)

    async def _final(self, one: Transaction) -> None:
        """The content is whole: take it or not, then say so or not."""
        self._open, one.is_complete = None, True
        if one.declared_size not in (-1, len(one.content)):
            self._breach(f"SIZE={one.declared_size} was declared for {len(one.content)} bytes")
        fault = self._server.pick_fault(Stage.CONTENT, _addresses(one))
        good = f"250 2.0.0 Ok: queued as Q{len(self._server.transactions):05}"
        if fault is None:
            one.took, one.told = True, Told.MAYBE if self._broken else Told.YES
            await self._say(good, one)
            return
        says_good = fault.does in (Does.TWICE, Does.BYE_BEHIND) or (fault.does is Does.DRIP and not fault.reply)
        one.took = fault.takes or says_good
        one.told = Told.NO if not says_good else Told.MAYBE if self._broken else Told.YES
        await self._misbehave(fault, good, Stage.CONTENT, one)

    async def _rset(self, line: str) -> None:
        if (await self._answer(Stage.RSET, "250 2.0.0 Ok")).startswith("2"):
            self._open = None
        else:
            self._excuses = True  # the client begins nothing more; what it had written is still served, and answered

    async def _quit(self, line: str) -> None:
        await self._answer(Stage.QUIT, "221 2.0.0 Bye")
        await asyncio.sleep(0)
        if self._buffered():
            self._breach("bytes behind QUIT")
        raise _Leave(reset=False)

    async def _until_quit(self) -> None:
        """After a refused greeting nothing but QUIT is served (RFC 5321 section 3.1)."""
        while not (line := await self._line()).upper().startswith("QUIT"):
            await self._say("503 5.5.1 bad sequence of commands")
        await self._quit(line)

    # What is said.

    async def _answer(self, stage: Stage, good: str, one: Transaction | None = None) -> str:
        """Say the good reply, or do what the fault is; returns the reply that the server goes on by."""
        fault = self._server.pick_fault(stage, _addresses(one))
        if fault is None:
            await self._say(good, one, stage)
            return good
        return await self._misbehave(fault, good, stage, one)

    async def _misbehave(self, fault: Fault, good: str, stage: Stage, one: Transaction | None) -> str:
        does = fault.does
        self._flush()
        if one is not None:
            one.faulted = True
        self._broken = self._broken or does in BREAKING
        if does in (Does.BYE_FIN, Does.BYE_RST, Does.BYE_STAY):
            await self._say(fault.reply or BYE, one, stage)
            self._flush()
            if does is Does.BYE_STAY:
                raise _Silence
            raise _Leave(reset=does is Does.BYE_RST)
        if does is Does.SILENCE:
            raise _Silence
        if does in (Does.CUT_FIN, Does.CUT_RST):
            raise _Leave(reset=does is Does.CUT_RST, says_so=False)
        if does is Does.TRICKLE:
            await self._trickle()
        if does in (Does.HALF_CUT, Does.HALF_SILENCE):
            self._writer.write((fault.reply or good[: len(good) // 2]).encode("latin-1"))
            if does is Does.HALF_SILENCE:
                raise _Silence
            raise _Leave(reset=False)
        return await self._misspeak(fault, good, stage, one)

    async def _misspeak(self, fault: Fault, good: str, stage: Stage, one: Transaction | None) -> str:
        does = fault.does
        if does is Does.TWICE:
            await self._say(f"{good}\r\n{good}", one, stage)
            return good
        if does is Does.BYE_BEHIND:
            await self._say(f"{good}\r\n{BYE}")
            if one is not None:
                one.said += [(stage, good), (stage, BYE)]
            raise _Leave(reset=False)
        if does is Does.GARBAGE:
            await self._say(fault.reply)
            return good
        if does is Does.DRIP:
            said = fault.reply or good
            for byte in f"{said}\r\n".encode("latin-1"):
                self._writer.write(bytes([byte]))
                await asyncio.sleep(0.0005)
            if one is not None:
                one.said.append((stage, said))
            return said
        if one is not None:
            one.takes_anyway = does is Does.TAKES_ANYWAY
        await self._say(fault.reply, one, stage)
        return fault.reply

    async def _trickle(self) -> NoReturn:
        for byte in cycle(b"250-more\r\n"):
            self._writer.write(bytes([byte]))
            await asyncio.sleep(60)
            if self._writer.transport.is_closing():
                break
        raise ConnectionResetError

    async def _say(self, reply: str, one: Transaction | None = None, stage: Stage = Stage.CONTENT) -> None:
        await asyncio.sleep(0)
        if not self._offers.pipelining and self._buffered() and stage is not Stage.BDAT:  # its chunk lies there
            self._breach(f"bytes before the reply {reply[:20]!r}, and PIPELINING was not offered")
        self._held += reply.encode("latin-1") + b"\r\n"
        if one is not None:
            one.said.append((stage, reply))
        if not self._server.holds_replies or not self._buffered() or stage in _SAID_AT_ONCE:
            self._flush()
            await self._writer.drain()

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._writer.write(held)

    # What is read.

    async def _line(self) -> str:
        line = await self._reader.readuntil(b"\n")
        text = line.decode("utf-8", "backslashreplace")
        if not line.endswith(b"\r\n") or re.search(r"[\x00-\x1f\x7f]", text[:-2]):
            self._breach(f"a control character in a command: {line[:60]!r}")
        if len(line) > 1_024:
            self._breach(f"a command of {len(line)} bytes")
        return text.rstrip("\r\n")

    def _must_be_last(self, verb: str) -> None:
        """RFC 2920 section 3.1: nothing may follow these until their reply has come."""
        if self._buffered():
            self._breach(f"bytes behind {verb} before its reply")

    def _only_pipelined(self, what: str) -> None:
        if not self._offers.pipelining:
            self._breach(f"{what}, and PIPELINING was not offered")

    def _breach(self, what: str) -> None:
        if not self._broken and not self._excuses:
            self._server.breaches.append(f"connection {self._number}: {what}")

    def _buffered(self) -> bytes:
        return bytes(self._reader._buffer)  # type: ignore[attr-defined] # the only way to see it without taking it

    def _is_tls(self) -> bool:
        return self._writer.get_extra_info("sslcontext") is not None


_SAID_AT_ONCE = (Stage.BDAT, Stage.DATA)  # what is buffered then is no command
_VERBS = frozenset({"EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT"})


def _addresses(one: Transaction | None) -> str:
    return " ".join([one.mail_from, *one.asked[-1:]]) if one else ""
