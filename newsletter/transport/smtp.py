"""SMTP: connections opened by aiosmtplib, one message at a time on each, and what became of it.

Commands go in steps here; groups (PIPELINING) and chunks (CHUNKING) come behind this same `send`. Message bytes are
taken as they are: CRLF lines, dots doubled once, no library's look at them again (it would cost more than the rest).
engine.md, "On the wire", has the rules that decide between *uncertain* and *not sent*.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiosmtplib

from newsletter.delivery.scope import Outcome, Reply, Scope, Stage, judge, local_refusal, not_sent, uncertain
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.transport.channel import Done
from newsletter.transport.connect import Relay, Timeouts, new_client, open_client
from newsletter.transport.protocol import ConnectionFailed, SmtpProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the server's last EHLO offered, as far as we use it."""

    size: int = 0  # largest message, 0 when it does not say
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False


class SmtpTransport:
    """Makes connections to one relay."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.name = str(relay.address)

    async def connect(self) -> SmtpChannel:
        """Open a connection, with TLS and login as the relay's address asks. Raises RelayError."""
        client = new_client(self.relay)
        try:
            await open_client(client, self.relay)
            return SmtpChannel(_take_over(client), offers=_offers(client), timeouts=self.relay.timeouts)
        except BaseException:
            if client.transport is not None:
                client.transport.abort()  # type: ignore[attr-defined] # a stream transport: it connected
            raise


class SmtpChannel:
    """One open connection; not to be used by two tasks at once."""

    def __init__(self, protocol: SmtpProtocol, *, offers: Offers, timeouts: Timeouts) -> None:
        self._protocol = protocol
        self._timeouts = timeouts
        self._needs_rset = False
        self._task: asyncio.Task[None] | None = None
        self.window = 1
        self.offers = offers

    @property
    def failed(self) -> str:
        """Why this connection can carry no further message; "" while it can."""
        return self._protocol.failed

    def refusal(self, message: Message) -> Outcome | None:
        """Return our own refusal of a message that this server cannot take, before anything is marked or written."""
        if message.smtputf8 and not self.offers.smtputf8:
            return local_refusal(553, "5.6.7", "the relay takes no address outside ASCII (SMTPUTF8)", Scope.RECIPIENT)
        if self.offers.size and message.size > self.offers.size:
            text = f"the message of {message.size} bytes is above the relay's limit of {self.offers.size}"
            return local_refusal(552, "5.3.4", text, Scope.MESSAGE)
        return None

    def begin(self, message: Message, done: Done) -> None:
        """Send one message; see Channel."""

        async def run() -> None:
            done(await self._one(message))

        self._task = asyncio.get_running_loop().create_task(run())

    async def _one(self, message: Message) -> Outcome:
        outcome = await self._attempt(message)
        if outcome.code == 421 or outcome.scope is Scope.SESSION:
            self._protocol.abort("the session is over")
        self._needs_rset = outcome.code // 100 != 2
        return outcome

    async def close(self) -> None:
        """Say QUIT and leave without waiting long for the answer."""
        if not self.failed:
            self._protocol.write(b"QUIT\r\n")
            try:
                await self._protocol.reply(timeout=5)
            except ConnectionFailed:
                return  # it left before saying goodbye
            finally:
                self._protocol.abort("closed")
        self._protocol.abort("closed")

    def abort(self) -> None:
        """End at once: a message on the way becomes *uncertain* or *not sent*, by what has left."""
        self._protocol.abort("the sender was told to end at once")

    async def _attempt(self, message: Message) -> Outcome:
        stage = Stage.RSET
        if self.failed:
            return not_sent(Stage.MAIL, self.failed)
        try:
            if self._needs_rset:
                reply = await self._command(b"RSET")
                if reply.code // 100 != 2:
                    return judge(Stage.RSET, reply)
            for stage, command in self._envelope(message):
                reply = await self._command(command)
                if reply.code // 100 != 2:
                    return judge(stage, reply)
            stage = Stage.DATA
            reply = await self._command(b"DATA", self._timeouts.data)
            if reply.code != 354:
                # A 2xx here is no answer that SMTP knows; nothing of the message has been written.
                return judge(stage, reply) if reply.code // 100 in (4, 5) else not_sent(stage, f"{reply.code} to DATA")
        except ConnectionFailed as error:
            return not_sent(stage, str(error))
        return await self._content(message)

    async def _content(self, message: Message) -> Outcome:
        protocol = self._protocol
        if self.failed or not protocol.write(dot_stuffed(message.data)):  # a refusal can come right behind the 354
            return await self._reply_after_failed_write()
        try:
            await protocol.drain(self._timeouts.block)
        except ConnectionFailed as error:
            if protocol.has_reply():
                return await self._reply_after_failed_write()
            return uncertain(str(error)) if protocol.has_all_left else not_sent(Stage.CONTENT, str(error))
        try:
            return judge(Stage.CONTENT, await protocol.reply(self._timeouts.final))
        except ConnectionFailed as error:
            return uncertain(str(error))

    async def _reply_after_failed_write(self) -> Outcome:
        """The dot never left, so nothing was accepted; a refusal that had arrived says why."""
        protocol = self._protocol
        try:
            reply = await protocol.reply(0)
        except ConnectionFailed as error:
            return not_sent(Stage.CONTENT, str(error))
        return judge(Stage.CONTENT, reply) if reply.code // 100 in (4, 5) else not_sent(Stage.CONTENT, reply.text)

    async def _command(self, line: bytes, timeout: float | None = None) -> Reply:
        # A reply that nobody asked for would be taken for the answer to this command, and all later ones be off by one.
        if self.failed or not self._protocol.write(line + b"\r\n"):
            raise ConnectionFailed(self.failed or "the connection was closed")
        return await self._protocol.reply(self._timeouts.command if timeout is None else timeout)

    def _envelope(self, message: Message) -> tuple[tuple[Stage, bytes], tuple[Stage, bytes]]:
        offers = self.offers
        mail = [f"MAIL FROM:<{message.mail_from}>"]
        mail += [f"SIZE={message.size}"] if offers.size else []
        mail += ["BODY=8BITMIME"] if offers.eight_bit else []
        mail += ["SMTPUTF8"] if message.smtputf8 else []
        mail += ["RET=HDRS", f"ENVID={message.envid}"] if offers.dsn else []
        rcpt = [f"RCPT TO:<{message.rcpt_to}>"]
        rcpt += ["NOTIFY=FAILURE"] if offers.dsn else []
        return (Stage.MAIL, command_line(mail)), (Stage.RCPT, command_line(rcpt))


def command_line(words: list[str]) -> bytes:
    """Join the words of a command. Raises ValueError for what would make it two: the last guard of several."""
    line = " ".join(words).encode()
    if any(byte < 32 or byte == 127 for byte in line):
        raise ValueError("a control character in an SMTP command")
    return line


def dot_stuffed(data: bytes) -> bytes:
    """Return the bytes to write after 354: lines that begin with a dot get another, and the lone dot ends it.

    `data` has CRLF lines throughout and ends with one: the message layer made it so.
    """
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _offers(client: aiosmtplib.SMTP) -> Offers:
    known = client.esmtp_extensions
    size = known.get("size", "")
    return Offers(
        size=int(size) if size.isascii() and size.isdigit() else 0,
        eight_bit="8bitmime" in known,
        smtputf8="smtputf8" in known,
        dsn="dsn" in known,
    )


def _take_over(client: aiosmtplib.SMTP) -> SmtpProtocol:
    """Put our protocol on aiosmtplib's transport; the client object is of no further use."""
    transport = client.transport
    if not isinstance(transport, asyncio.Transport):
        raise RelayError("the connection ended right after it began", fix="ask who runs the relay")
    return SmtpProtocol(transport, over_tls=transport.get_extra_info("sslcontext") is not None)
