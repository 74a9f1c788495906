"""SMTP servers that misbehave, each a named function; a test says by name what it is up against.

They run in a thread of their own on a free port, so that a test can talk to them from asyncio, from a subprocess or
from plain code. `Sink.accepted` holds what was accepted, recorded (and on disk) before its 250 is written.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

CLOSE = "close"  # drop the connection instead of a reply
TAKE_AND_CLOSE = "take and close"  # accept the mail, then drop the connection (RFC 1047)
HANG = "hang"  # never reply


@dataclass
class Transaction:
    """What the server knows when a command arrives."""

    number: int  # of MAIL commands so far, over all connections
    connection: int
    line: str = ""  # the command as it came
    mail_from: str = ""
    rcpt_to: str = ""
    data: bytes = b""
    is_logged_in: bool = False


class _Silence(Exception):  # noqa: N818 - no error
    """The server will never reply."""


Answer = Callable[[Transaction], "str | Awaitable[str]"]


@dataclass
class Sink:
    """A server that takes every mail, but for what `answers` say about a stage (ehlo, mail, rcpt, data, content …)."""

    answers: dict[str, Answer] = field(default_factory=dict)
    offers: tuple[str, ...] = ("SIZE 50000000", "8BITMIME", "SMTPUTF8", "DSN")
    greeting: str = "220 sink.example ESMTP"
    tls: ssl.SSLContext | None = None  # implicit TLS
    starttls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    mechanisms: str = "PLAIN LOGIN"
    before_tls: str = ""  # said in plain text right behind the answer to STARTTLS, as one in the middle would
    record: Path | None = None
    stop_reading_content: bool = False
    early_refusal: str = ""  # said after so many bytes of the content; then the connection is reset
    early_after: int = 0

    accepted: list[Transaction] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0  # connections
    url: str = ""
    port: int = 0

    def __enter__(self) -> Sink:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        scheme = "smtps" if self.tls else "smtp"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def settle(self) -> None:
        """Wait until every connection has ended: only then is `accepted` final."""

        async def wait() -> None:
            while self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(wait(), self._loop).result(timeout=30)

    @property
    def recipients(self) -> list[str]:
        return [transaction.rcpt_to for transaction in self.accepted]

    def stop_listening(self) -> None:
        """Take no new connection: the relay is down for whoever comes back."""
        self._loop.call_soon_threadsafe(self._server.close)

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.most_at_once = max(self.most_at_once, len(self._tasks))
        try:
            try:
                await self._session(reader, writer, self.connections)
            except _Silence:
                await reader.read()  # until the client has had enough
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            return  # the client went away, or the test is over
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        state = Transaction(number=0, connection=connection)
        await self._say(writer, await self._answer("connect", state, self.greeting))
        while line := await reader.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.commands.append(text)
            state.line = text
            verb = text.partition(" ")[0].upper()
            if verb == "EHLO":
                extra = ["STARTTLS"] if self.starttls and not writer.get_extra_info("sslcontext") else []
                extra += [f"AUTH {self.mechanisms}"] if self.login else []
                lines = ["sink.example", *self.offers, *extra]
                hello = "\r\n".join(f"250{' ' if one is lines[-1] else '-'}{one}" for one in lines)
                await self._say(writer, await self._answer("ehlo", state, hello))
            elif verb == "STARTTLS" and self.starttls:
                await self._say(writer, f"220 2.0.0 go ahead{self.before_tls}")
                await writer.start_tls(self.starttls)
            elif verb == "AUTH":
                await self._authenticate(reader, writer, state, text)
            elif verb == "MAIL":
                self._number += 1
                state = Transaction(
                    number=self._number, connection=connection, line=text, is_logged_in=state.is_logged_in
                )
                state.mail_from = text.partition("<")[2].partition(">")[0]
                await self._say(writer, await self._answer("mail", state, "250 2.1.0 Ok"))
            elif verb == "RCPT":
                state.rcpt_to = text.partition("<")[2].partition(">")[0]
                await self._say(writer, await self._answer("rcpt", state, "250 2.1.5 Ok"))
            elif verb == "DATA":
                reply = await self._answer("data", state, "354 End data with <CR><LF>.<CR><LF>")
                await self._say(writer, reply)
                if reply.startswith("354"):
                    await self._content(reader, writer, state)
            elif verb == "QUIT":
                await self._say(writer, "221 2.0.0 Bye")
                return
            else:
                await self._say(writer, await self._answer(verb.lower(), state, "250 2.0.0 Ok"))

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: Transaction) -> None:
        if self.stop_reading_content:
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.Event().wait()
        await self._answer("body", state, "")
        if self.early_refusal:
            await reader.readexactly(self.early_after)
            await self._say(writer, self.early_refusal)
            raise ConnectionResetError  # closing with unread data sends RST: the client's next write fails
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        state.data = b"".join(lines)
        reply = await self._answer("content", state, f"250 2.0.0 Ok: queued as Q{state.number:05}")
        if reply.startswith("2") or reply == TAKE_AND_CLOSE:
            self._keep(state)
        await self._say(writer, reply)

    def _keep(self, state: Transaction) -> None:
        self.accepted.append(state)
        if self.record is not None:
            with self.record.open("a", encoding="utf-8") as file:
                file.write(f"{state.rcpt_to}\n")
                file.flush()
                os.fsync(file.fileno())

    async def _authenticate(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: Transaction, text: str
    ) -> None:
        import base64
        import hmac

        assert self.login is not None

        async def ask(challenge: bytes) -> bytes:
            await self._say(writer, f"334 {base64.b64encode(challenge).decode()}")
            return base64.b64decode(await reader.readline())

        user, password = (text.encode() for text in self.login)
        mechanism, _, first = text.partition(" ")[2].partition(" ")
        initial = base64.b64decode(first)
        if mechanism == "PLAIN":
            state.is_logged_in = initial.split(b"\0")[1:] == [user, password]
        elif mechanism == "LOGIN":
            given = [initial or await ask(b"Username:"), await ask(b"Password:")]
            state.is_logged_in = given == [user, password]
        elif mechanism == "CRAM-MD5":
            challenge = b"<1896.697170952@sink.example>"
            digest = hmac.new(password, challenge, "md5").hexdigest().encode()
            state.is_logged_in = await ask(challenge) == user + b" " + digest
        usual = "235 2.7.0 Welcome" if state.is_logged_in else "535 5.7.8 Authentication failed"
        await self._say(writer, await self._answer("auth", state, usual))

    async def _answer(self, stage: str, state: Transaction, usual: str) -> str:
        if stage not in self.answers:
            return usual
        answer = self.answers[stage](state)
        said = answer if isinstance(answer, str) else await answer
        return said or usual

    async def _say(self, writer: asyncio.StreamWriter, reply: str) -> None:
        if reply in (CLOSE, TAKE_AND_CLOSE):
            raise ConnectionResetError
        if reply == HANG:
            raise _Silence
        writer.write(reply.encode("utf-8", "surrogateescape") + b"\r\n")
        await writer.drain()


def refusing(stage: str, reply: str, *, rcpt: str = "") -> dict[str, Answer]:
    """Answer `reply` at `stage`; with `rcpt` only when the recipient holds this text."""

    def answer(state: Transaction) -> str:
        return reply if rcpt in f"{state.rcpt_to}{state.line if stage == 'rcpt' else ''}" else ""

    return {stage: answer}


def refusing_first(stage: str, reply: str, times: int) -> dict[str, Answer]:
    """Answer `reply` at `stage` so often, then as usual."""
    left = [times]

    def answer(_: Transaction) -> str:
        left[0] -= 1
        return reply if left[0] >= 0 else ""

    return {stage: answer}


def closing_after_the_dot(*, numbers: tuple[int, ...], takes_it: bool) -> dict[str, Answer]:
    """Drop the connection in place of the final reply; the mail itself was taken, or was not."""

    def answer(state: Transaction) -> str:
        if state.number not in numbers:
            return ""
        return TAKE_AND_CLOSE if takes_it else CLOSE

    return {"content": answer}


def saying_421_after_each(number_of_messages: int) -> dict[str, Answer]:
    """Take so many messages a connection, then answer MAIL with 421 and close."""
    taken: dict[int, int] = {}

    def mail(state: Transaction) -> str:
        taken[state.connection] = taken.get(state.connection, 0) + 1
        return "421 4.7.0 too many messages on this connection" if taken[state.connection] > number_of_messages else ""

    return {"mail": mail}
