"""A small SMTP server for the rules of the wire: it notes what had already arrived when it looked at each command."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from newsletter.relay import parse_relay
from newsletter.transport.connect import Relay, Timeouts
from newsletter.transport.smtp import SmtpTransport

BOTH = ("PIPELINING", "CHUNKING", "8BITMIME")
GROUPS = ("PIPELINING", "8BITMIME")
QUICK = Timeouts(connect=20, command=1, data=1, block=1, final=1)  # for servers that fall silent
PATIENT = Timeouts()
GOOD = {"RSET": "250 2.0.0 Ok", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok", "DATA": "354 go", "QUIT": "221 bye"}

Script = Callable[
    [str, int], "str | None"
]  # a verb (END: after the content) and its number → reply, None: the good one


@dataclass
class Scripted:
    """Says what `script` says. A reply that ends with "|" is said without waiting, then the connection is closed."""

    script: Script = lambda verb, number: None
    offers: tuple[str, ...] = BOTH
    holds_back: bool = False  # replies leave only when nothing more has arrived and the content is there
    commands: list[str] = field(default_factory=list)
    behind: list[tuple[str, bool]] = field(default_factory=list)  # a verb, and whether more lay behind it already
    accepted: list[str] = field(default_factory=list)  # recipients of accepted content
    contents: list[bytes] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def transport(self, *, window: int = 1, timeouts: Timeouts = PATIENT) -> SmtpTransport:
        address = parse_relay(f"smtp://127.0.0.1:{self.port}")
        return SmtpTransport(Relay(address=address, timeouts=timeouts), window=window)

    @property
    def verbs(self) -> str:
        return " ".join(line.partition(" ")[0] for line in self.commands if not line.startswith(("EHLO", "QUIT")))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Scripted]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            writer.write(b"220 scripted ESMTP\r\n")
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client went away
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rcpt, held = "", b""
        while line := (await reader.readline()).decode():
            self.commands.append(line.rstrip())
            verb = line.split()[0]
            content = b""
            if verb == "EHLO":
                writer.write("".join(f"250-{offer}\r\n" for offer in ("x", *self.offers)).encode() + b"250 OK\r\n")
                continue
            if verb == "BDAT":
                content = await reader.readexactly(int(line.split()[1]))
            rcpt = line.partition("<")[2].partition(">")[0] if verb == "RCPT" else rcpt
            self.behind.append((verb, bool(reader._buffer)))  # type: ignore[attr-defined]
            reply = self._reply("END" if verb == "BDAT" else verb, rcpt, content)
            held += reply.rstrip("|").encode() + b"\r\n" * bool(reply.rstrip("|"))
            if not (self.holds_back and verb in ("RSET", "MAIL", "RCPT")):
                writer.write(held)
                held = b""
            if reply.endswith("|") or verb == "QUIT":
                await writer.drain()
                return
            if verb == "DATA" and reply.startswith("354"):
                lines = []
                while (part := await reader.readline()) != b".\r\n":
                    if not part:
                        return
                    lines.append(part)
                self.behind.append(("END", bool(reader._buffer)))  # type: ignore[attr-defined]
                reply = self._reply("END", rcpt, b"".join(lines))
                writer.write(reply.rstrip("|").encode() + b"\r\n" * bool(reply.rstrip("|")))
                if reply.endswith("|"):
                    await writer.drain()
                    return

    def _reply(self, verb: str, rcpt: str, content: bytes) -> str:
        self.counts[verb] += 1
        said = self.script(verb, self.counts[verb])
        reply = GOOD.get(verb, f"250 2.0.0 Ok: queued as Q{self.counts[verb]:04}") if said is None else said
        if verb == "END" and reply.startswith("2"):
            self.accepted.append(rcpt)
            self.contents.append(content)
        return reply


def answering(replies: dict[tuple[str, int], str]) -> Script:
    """Answer the nth command of a verb so, all others well."""
    return lambda verb, number: replies.get((verb, number))
