"""One message stays one message: in its bytes, on the wire, to a strict server and to a careless one.

The channel writes to a pipe whose other end is a strict SMTP parser; then a careless one, which takes CR, LF and CRLF
for line ends and so finds the end of a message wherever anyone might, reads the same bytes again.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.scope import Kind, Outcome
from newsletter.errors import ConfigError, InputError
from newsletter.message.merge import Merger, Message, Recipient
from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse
from newsletter.tokens import Keys
from newsletter.transport.connect import Timeouts
from newsletter.transport.envelope import Offers
from newsletter.transport.manners import Manners
from newsletter.transport.pipe import PipeUser
from newsletter.transport.protocol import SmtpChannel

KEYS = Keys(secrets={1: b"1" * 32}, current=1)
DATE = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
NAME = SlotUse(field="subscriber.name", context="plain")
SHAPES = [
    *("\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", ".", "..", "\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n"),
    *("\0", "\x0b.\x0b", "\x0c", "\x85.\x85", "\u2028.\u2028", "\u2029", "\ud83d", "=?utf-8?q?=0D=0A.=0D=0A?="),
    *("\r\nBcc: x@evil.example", "%(to)s %", "Мария", "RSET", ".\r", "a" * 1_100),
]
TEXT = st.lists(st.sampled_from(SHAPES) | st.text(max_size=6), max_size=4).map("".join)
# What can stand in a name, so that examples also get as far as the wire.
SAFE = st.lists(st.sampled_from([s for s in SHAPES if s.isprintable()]) | st.just("."), max_size=4).map("".join)


def merged(
    name: str, *, from_name: str = "Press", title: str = "Title", local: str = "anna", body: str = ""
) -> Message:
    issue = CompiledIssue(
        lang="ru",
        title="Title",
        preheader="",
        subject=(title, " ", SlotUse(field="subscriber.name", context="header")),
        headers=MailHeaders(
            from_name=from_name,
            from_mailbox="press@zarechye.example",
            return_path="",
            unsubscribe_mailto="unsub@zarechye.example",
            public_url="https://news.zarechye.example",
        ),
        variant_fields={},
        variants={"": CompiledVariant(html=("<p>", body, "</p>"), text=(NAME, "\n.\n", body, "\n", NAME))},
    )
    recipient = Recipient(
        delivery_id=1,
        subscriber_id=2,
        list_id=3,
        address=f"{local}@novosti.example",
        values={"subscriber.name": name},
        position=1,
    )
    return Merger(issue, keys=KEYS, issue_id=7, list_label="news").message(recipient, date=DATE)


def assert_lines_are_plain(data: bytes) -> None:
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", data)
    assert data.endswith(b"\r\n")
    assert b"\0" not in data
    assert not re.search(rb"^\.", data, re.MULTILINE)  # no line that a dot would have to be added to
    assert "\u2028".encode() not in data
    assert max(map(len, data.split(b"\r\n"))) <= 998


# What an issue is compiled from was read as UTF-8, so it holds no half of a surrogate pair.
WRITTEN = TEXT.map(lambda text: text.encode("utf-8", "ignore").decode())


@given(name=TEXT, from_name=WRITTEN, title=WRITTEN, local=st.just("anna") | TEXT, body=WRITTEN)
@settings(max_examples=200)
def test_a_message_is_refused_or_has_plain_lines(name: str, from_name: str, title: str, local: str, body: str) -> None:
    try:
        message = merged(name, from_name=from_name, title=title, local=local, body=body)
    except (InputError, ConfigError):
        return
    assert_lines_are_plain(message.data)
    assert message.data.count(b"\r\n\r\n") >= 1
    assert not re.search(r"[\s<>]", message.rcpt_to + message.mail_from)


@dataclass(slots=True)
class Taken:
    """A message as a server understood it."""

    mail: bytes = b""
    rcpt: list[bytes] = field(default_factory=list)
    data: bytes = b""


class StrictServer:
    """Takes bytes as a server does that knows one line end, and answers them."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self._now = Taken()
        self._rest = b""
        self._chunk = -1  # bytes of BDAT that are still to come
        self._in_data = False

    def feed(self, data: bytes) -> bytes:
        self._rest += data
        replies = b""
        while (reply := self._step()) is not None:
            replies += reply
        return replies

    def _step(self) -> bytes | None:
        if self._chunk >= 0:
            if len(self._rest) < self._chunk:
                return None
            self._now.data, self._rest = self._rest[: self._chunk], self._rest[self._chunk :]
            self._chunk = -1
            return self._take()
        line, end, rest = self._rest.partition(b"\r\n")
        if not end:
            return None
        assert b"\n" not in line
        assert b"\r" not in line
        self._rest = rest
        if self._in_data:
            if line == b".":
                self._in_data = False
                return self._take()
            self._now.data += line.removeprefix(b".") + b"\r\n"
            return b""
        return self._command(line)

    def _command(self, line: bytes) -> bytes:
        if found := re.fullmatch(rb"MAIL FROM:<([^<>\s]*)>(?: [A-Z0-9]+(?:=[!-~]+)?)*", line):
            self._now = Taken(mail=found[1])
        elif found := re.fullmatch(rb"RCPT TO:<([^<>\s]+)>(?: NOTIFY=FAILURE)?", line):
            self._now.rcpt.append(found[1])
        elif found := re.fullmatch(rb"BDAT (\d+) LAST", line):
            self._chunk = int(found[1])
            return b""
        elif line == b"DATA":
            self._in_data = True
            return b"354 go on\r\n"
        else:
            assert line in {b"RSET", b"QUIT"}
        return b"250 ok\r\n"

    def _take(self) -> bytes:
        self.taken.append(self._now)
        return b"250 2.0.0 taken\r\n"


def read_carelessly(stream: bytes) -> list[Taken]:
    """Read what a client wrote, where CR, LF and CRLF all end a line, and a dot alone on one ends a message."""
    taken, at, in_data = [], 0, False
    now = Taken()
    while found := re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n)").match(stream, at):
        line, at = found[1].strip(b"\0\x0b\x0c ") if not in_data else found[1], found.end()
        if in_data:
            in_data = line.strip(b"\0\x0b\x0c \x85") != b"."
            if in_data:
                now.data += line.removeprefix(b".") + b"\r\n"
                continue
        elif line.upper().startswith(b"MAIL FROM:"):
            now = Taken(mail=line[11:].partition(b">")[0])
            continue
        elif line.upper().startswith(b"RCPT TO:"):
            now.rcpt.append(line[9:].partition(b">")[0])
            continue
        elif line.upper().startswith(b"BDAT"):
            size = int(line.split()[1])
            now.data, at = stream[at : at + size], at + size
        elif line.upper().startswith(b"DATA"):
            in_data = True
            continue
        else:
            continue
        taken.append(now)
        now = Taken()
    return taken


class Wire:
    """A pipe to a strict server in the same loop; keeps what was written."""

    def __init__(self, user: PipeUser) -> None:
        self.left, self.is_full, self.stream = 0, False, b""
        self.server = StrictServer()
        self._user, self._is_open = user, True

    def write(self, parts: list[bytes]) -> None:
        data = b"".join(parts)
        self.left += len(data)
        self.stream += data
        if replies := self.server.feed(data):
            asyncio.get_running_loop().call_soon(self._answer, replies)

    def _answer(self, replies: bytes) -> None:
        if self._is_open:
            self._user.received(replies)

    def acknowledge(self) -> None:
        """Nobody waits for it."""

    def poll(self) -> None:
        """Nothing comes that was not asked for."""

    def abort(self) -> None:
        self._is_open = False


def over_the_wire(
    messages: list[Message], offers: Offers, *, window: int, is_proven: bool
) -> tuple[Wire, list[Outcome]]:
    wires: list[Wire] = []
    outcomes: list[Outcome] = []

    def open_pipe(user: PipeUser) -> Wire:
        wires.append(Wire(user))
        return wires[0]

    async def run() -> None:
        manners = Manners(is_proven=is_proven)
        channel = SmtpChannel(open_pipe, offers=offers, manners=manners, timeouts=Timeouts(), window=window)
        done = asyncio.Event()

        def told(outcome: Outcome) -> None:
            outcomes.append(outcome)
            if len(outcomes) == len(messages):
                done.set()

        for message in messages:
            channel.begin(message, told)
        await asyncio.wait_for(done.wait(), 10)
        await channel.close()

    asyncio.run(run())
    return wires[0], outcomes


def assert_each_is_one(
    messages: list[Message], offers: Offers, window: int, is_proven: bool, *, is_careless_too: bool
) -> None:
    wire, outcomes = over_the_wire(messages, offers, window=window, is_proven=is_proven)
    meant = [Taken(mail=m.mail_from.encode(), rcpt=[m.rcpt_to.encode()], data=m.data) for m in messages]
    assert [outcome.kind for outcome in outcomes] == [Kind.ACCEPTED] * len(messages)
    assert wire.server.taken == meant
    if is_careless_too:
        assert read_carelessly(wire.stream) == meant


OFFERS = st.builds(Offers, pipelining=st.booleans(), chunking=st.booleans(), has_size=st.booleans(), dsn=st.booleans())


@given(
    names=st.lists(SAFE, min_size=1, max_size=3),
    offers=OFFERS,
    window=st.sampled_from([1, 2, 8]),
    is_proven=st.booleans(),
)
@settings(max_examples=60)
def test_merged_messages_are_one_each_to_a_strict_and_to_a_careless_server(
    names: list[str], offers: Offers, window: int, is_proven: bool
) -> None:
    messages = [merged(name, body=name) for name in names]
    assert_each_is_one(messages, offers, window, is_proven, is_careless_too=True)


LINES = st.lists(
    st.sampled_from(
        [".", "..", ".a", "", "a", "MAIL FROM:<evil@evil.example>", "DATA", ".\0", "\u2028.\u2028", "BDAT 9 LAST"]
    ),
    max_size=8,
)


@given(
    bodies=st.lists(LINES, min_size=1, max_size=3),
    offers=OFFERS,
    window=st.sampled_from([1, 2, 8]),
    is_proven=st.booleans(),
)
@settings(max_examples=150)
def test_no_line_of_a_body_ends_its_message_or_begins_another(
    bodies: list[list[str]], offers: Offers, window: int, is_proven: bool
) -> None:
    messages = [
        Message(
            mail_from="news@zarechye.example",
            rcpt_to="anna@a.example",
            data="".join(f"{line}\r\n" for line in body).encode(),
            smtputf8=False,
            envid="x",
            sha256="",
        )
        for body in bodies
    ]
    # A line of a dot and a NUL ends a message for the careless: merged messages hold no such line (above).
    is_careless_too = offers.chunking or not any("\0" in line for body in bodies for line in body)
    assert_each_is_one(messages, offers, window, is_proven, is_careless_too=is_careless_too)


def test_the_careless_reader_would_see_a_smuggled_message() -> None:
    for shape in (b"\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r\n"):
        stream = (
            b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx"
            + shape
            + b"MAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nDATA\r\ny\r\n.\r\n"
        )
        assert len(read_carelessly(stream)) == 2
