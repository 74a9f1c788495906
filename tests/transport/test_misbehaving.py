"""Every stage × every misbehaviour × what the server offers × TLS × window: what is told is what the server saw.

What must be told is worked out here from the server's own notes and from engine.md, not by the program's tables. Each
case is a small send over channels that are opened again as a sender would; the clock is hurried, so the timeouts are
the real ones. Failing cases are listed by name, and each can be run alone: `-k` with its stage, or `run_case(case)`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from newsletter.delivery.scope import Kind, Outcome, Scope
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.relay import parse_relay
from newsletter.transport.channel import Channel
from newsletter.transport.connect import Relay
from newsletter.transport.smtp import SmtpTransport
from tests.hurried_loop import run_hurried
from tests.misbehaving import Does, Fault, MisbehavingServer, Offers, Stage, Told, Transaction

AT_ONCE = 40  # cases in one loop
WATCHDOG = 7_200.0  # seconds of the hurried clock: ten final replies that never come
MAX_ATTEMPTS = 5
SESSION = (Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH)
CLASSES = ("0.0", "1.1", "1.8", "2.2", "3.4", "4.1", "5.1", "6.7", "7.1")
REFUSALS = (
    *(f"{group}50 {group}.{detail} no" for group, detail in product("45", CLASSES)),
    *("450 no", "452 come again", "550 no", "550 no such user here", "550 relay access denied", "521 no mail here"),
)
NOT_MEANT = ("500 what", "502 5.5.1 not here", "503 5.5.1 bad sequence", "521 no", "554 5.5.1 no such command")
NOISE = ("\xff\xfe\x00\x01", "HTTP/1.1 400 Bad Request", "x" * 100_000, "2x0 what", "999 what", "199 what", "")
LOSES_THE_REPLY = (
    *(
        (does, "")
        for does in (Does.SILENCE, Does.TRICKLE, Does.CUT_FIN, Does.CUT_RST, Does.HALF_CUT, Does.HALF_SILENCE)
    ),
    *((does, "250-2.0.0 and\r\n") for does in (Does.HALF_CUT, Does.HALF_SILENCE)),
    *((Does.GARBAGE, noise) for noise in NOISE),
)
BYES = (Does.BYE_FIN, Does.BYE_RST, Does.BYE_STAY)
TLS_REFUSALS = ("450 4.2.2 no", "550 5.1.1 no", "554 5.7.1 no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    fault: Fault
    pipelining: bool = True
    chunking: bool = True
    security: str = "plain"
    window: int = 1
    says_354: bool = False  # also without a recipient
    holds: bool = False  # its replies, until all that has come is served

    @property
    def messages(self) -> int:
        return 4 if self.window == 1 else 10

    @property
    def unknown(self) -> int:
        """The message whose recipient is always refused, -1 for none: where RSET has to be met in window 1."""
        return 1 if self.fault.stage is Stage.RSET else -1

    def __str__(self) -> str:
        f = self.fault
        words = [f.stage.value, f.does.value, repr(f.reply[:30])] + ["taken"] * f.takes + ["always"] * (not f.times)
        words += ["PIPELINING"] * self.pipelining + ["CHUNKING"] * self.chunking + [self.security]
        return " ".join(
            [*words, f"window {self.window}", f"who {f.who}", *["says 354"] * self.says_354, *["holds"] * self.holds]
        )


def faults(stage: Stage, who: str, security: str) -> Iterator[Fault]:
    """Every misbehaviour at one stage. Enhanced codes have nothing to do with TLS: a few stand for all there."""
    for reply in REFUSALS if security == "plain" else TLS_REFUSALS:
        yield Fault(stage=stage, does=Does.REFUSE, reply=reply, who=who)
    for does in BYES:
        yield Fault(stage=stage, does=does, who=who)
    for does, reply in LOSES_THE_REPLY:
        for takes in (False, True) if stage is Stage.CONTENT else (False,):
            yield Fault(stage=stage, does=does, reply=reply, who=who, takes=takes)
    yield Fault(stage=stage, does=Does.DRIP, reply="450 4.2.0 wait", who=who)
    for does in (Does.TWICE, Does.BYE_BEHIND, Does.DRIP):
        yield Fault(stage=stage, does=does, who=who)
    if stage is Stage.BDAT:
        for reply, does in product(NOT_MEANT, (Does.REFUSE, Does.READS_CHUNK_AS_COMMANDS)):
            yield Fault(stage=stage, does=does, reply=reply, times=0)
    if stage in (Stage.MAIL, Stage.RCPT):
        yield Fault(stage=stage, does=Does.TAKES_ANYWAY, reply="550 5.7.1 no", who=who)


def every_case(stage: Stage, security: str) -> Iterator[Case]:
    for window, pipelining, chunking in product((1, 8), (True, False), (True, False)):
        for first in (False, True) if window == 1 else (False,):
            who = "" if stage in (*SESSION, Stage.RSET, Stage.QUIT) else "p0@" if first else "p3@"
            for fault in faults(stage, who, security):
                case = Case(fault=fault, pipelining=pipelining, chunking=chunking, security=security, window=window)
                if first and not who:
                    continue
                if why_impossible(case):
                    continue
                yield case
                if window > 1 and security == "plain" and fault.stage not in SESSION:
                    yield replace(case, holds=True)
                if stage is Stage.RCPT and pipelining and not chunking:
                    yield replace(case, says_354=True)


def why_impossible(case: Case) -> str:
    """Return why there is no such case, "" when there is."""
    fault, stage = case.fault, case.fault.stage
    rules = {
        "STARTTLS is met there and only there": (stage is Stage.STARTTLS) != (case.security == "starttls"),
        "before EHLO is answered nothing is offered": stage in SESSION and not (case.pipelining and case.chunking),
        "a window needs PIPELINING": case.window > 1 and not case.pipelining,
        "BDAT is not offered": stage is Stage.BDAT and not case.chunking,
        "no DATA where BDAT is offered": stage is Stage.DATA and case.chunking,
        "a good reply to the last chunk is the one after the content": stage is Stage.BDAT
        and fault.does in (Does.DRIP, Does.TWICE, Does.BYE_BEHIND),
        "a refusal read before DATA is answered: no content follows": fault.does is Does.TAKES_ANYWAY
        and not case.chunking,
    }
    return next((why for why, is_so in rules.items() if is_so), "")


# One small send.


@dataclass
class Sending:
    """Messages over channels of one transport, opened again as a sender would; what was told is kept."""

    transport: SmtpTransport
    messages: list[Message]
    window: int
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    connect_errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        self._left = deque(self.messages)
        self._under_way = 0
        self._told = asyncio.Event()
        channel: Channel | None = None
        while self._left or self._under_way:
            if channel is not None and channel.failed and not self._under_way:
                channel.abort()
                channel = None
            if channel is None:
                channel = await self._connect()
                if channel is None:
                    return
            room = min(self.window, channel.window) - self._under_way
            while self._left and room > 0 and not channel.failed:
                self._begin(channel, self._left.popleft())
                room -= 1
            if self._under_way:
                self._told.clear()
                await self._told.wait()
        if channel is not None:
            await channel.close()

    async def _connect(self) -> Channel | None:
        while len(self.connect_errors) < MAX_ATTEMPTS:
            try:
                return await self.transport.connect()
            except RelayError as error:
                self.connect_errors.append(str(error))
        self.wrong.append(f"cannot connect: {self.connect_errors[-1]}")
        return None

    def _begin(self, channel: Channel, message: Message) -> None:
        self._under_way += 1
        self.attempts[message.rcpt_to] += 1
        number, has_begun, tellings = self.attempts[message.rcpt_to], False, 0

        def done(outcome: Outcome) -> None:
            nonlocal tellings
            tellings += 1
            if not has_begun:
                self.wrong.append(f"{message.rcpt_to} was told within begin")
            if tellings > 1:
                self.wrong.append(f"{message.rcpt_to} was told twice of one attempt")
                return
            self.outcomes.setdefault(message.rcpt_to, []).append(outcome)
            if outcome.kind is Kind.NOT_SENT and number < MAX_ATTEMPTS:
                self._left.appendleft(message)
            self._under_way -= 1
            self._told.set()

        channel.begin(message, done)
        has_begun = True


def make_message(number: int) -> Message:
    data = f"Subject: {number}\r\nTo: p{number}@a.example\r\n\r\n.точка\r\n..\r\nДля {number}\r\n".encode()
    return Message(
        mail_from=f"news+p{number}@zarechye.example",
        rcpt_to=f"p{number}@a.example",
        data=data,
        smtputf8=False,
        envid=f"e{number}",
        sha256=hashlib.sha256(data).hexdigest(),
    )


@cache  # reading the key takes longer than a whole case
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def make_server(case: Case, certificate: Path) -> MisbehavingServer:
    context = None if case.security == "plain" else server_tls(certificate)
    return MisbehavingServer(
        fault=case.fault,
        offers=Offers(pipelining=case.pipelining, chunking=case.chunking),
        tls=context if case.security == "tls" else None,
        starttls=context if case.security == "starttls" else None,
        login=("press", "right") if case.fault.stage is Stage.AUTH else None,
        unknown=frozenset({f"p{case.unknown}@a.example"}),
        holds_replies=case.holds,
        data_without_recipient="354 go on" if case.says_354 else "554 5.5.1 no valid recipients",
    )


def make_transport(case: Case, server: MisbehavingServer, certificate: Path) -> SmtpTransport:
    scheme = "smtps" if case.security == "tls" else "smtp"
    query = "?starttls=required" if case.security == "starttls" else ""
    return SmtpTransport(
        Relay(
            address=parse_relay(f"{scheme}://127.0.0.1:{server.port}{query}"),
            user="press" if server.login else "",
            password="right" if server.login else "",
            ca_file="" if case.security == "plain" else str(certificate),
        ),
        window=case.window,
    )


async def run_case(case: Case, certificate: Path) -> list[str]:
    """Return what is wrong with the case."""
    server = make_server(case, certificate)
    await server.start()
    messages = [make_message(number) for number in range(case.messages)]
    try:
        sending = Sending(make_transport(case, server, certificate), messages, case.window)
        async with asyncio.timeout(WATCHDOG):
            await sending.run()
            await server.settle()
    except TimeoutError:
        return ["hangs"]
    finally:
        await server.stop()
    return [*sending.wrong, *server.breaches, *judge_case(case, server, sending)]


# What must have been told, from the server's notes.


def judge_case(case: Case, server: MisbehavingServer, sending: Sending) -> Iterator[str]:
    if not server.fired:
        yield "the fault was never met"
    if case.fault.stage in SESSION and case.fault.does in (Does.REFUSE, *BYES) and not sending.connect_errors:
        yield "a refused session was not told"
    doubts = 0
    for number, message in enumerate(sending.messages):
        told = sending.outcomes.get(message.rcpt_to, [])
        if not told:
            yield f"{message.rcpt_to} was never told"
            continue
        final = told[-1]
        doubts += final.kind is Kind.UNCERTAIN
        for wrong in judge_message(case, server, message, number, final):
            yield f"{message.rcpt_to}: {wrong}; told {final.kind.value} {final.scope.value} {final}"
    if doubts > case.window:
        yield f"{doubts} in doubt, the window is {case.window}"


def judge_message(
    case: Case, server: MisbehavingServer, message: Message, number: int, final: Outcome
) -> Iterator[str]:
    mine = server.of(message.rcpt_to, message.mail_from)
    taken = [one for one in mine if one.took and message.rcpt_to in one.rcpts]
    if len(taken) > 1:
        yield f"taken {len(taken)} times"
    if taken:
        yield from judge_content(case, message, taken[0])
    if taken and final.kind in (Kind.REJECTED, Kind.DEFERRED, Kind.NOT_SENT):
        yield "the server took it"
    if not taken and final.kind is Kind.ACCEPTED:
        yield "the server did not take it"
    if taken and taken[0].told is Told.YES and final.kind is not Kind.ACCEPTED:
        yield "its good reply was said"
    if final.scope is Scope.RECIPIENT and not any(refuses_the_recipient(one) for one in mine):
        yield "the recipient is blamed"
    allowed = allowed_kinds(case, number)
    if final.kind not in allowed:
        yield f"must be {' or '.join(sorted(kind.value for kind in allowed))}"
    if final.kind in (Kind.REJECTED, Kind.DEFERRED):
        yield from judge_refusal(case, mine, final)
    if taken and taken[0].takes_anyway and not final.fault:
        yield "2xx after a refusal, and no fault is noted"


def judge_content(case: Case, message: Message, one: Transaction) -> Iterator[str]:
    if one.content != message.data:
        yield "other bytes arrived"
    # Whoever refuses RSET may go on under the previous envelope, and nothing told us before it was too late.
    if case.fault.stage is not Stage.RSET and (one.mail_from, one.rcpts) != (message.mail_from, [message.rcpt_to]):
        yield f"envelope {one.mail_from} → {one.rcpts}"


def allowed_kinds(case: Case, number: int) -> set[Kind]:
    """Return what a message may be told in the end; what the server took narrows it elsewhere."""
    fault = case.fault
    if number == case.unknown:
        is_safe = (fault.stage is Stage.RSET and case.window == 1) or ends_nothing(fault)
        return {Kind.REJECTED} if is_safe else {Kind.REJECTED, Kind.UNCERTAIN}
    if fault.stage in (*SESSION, Stage.QUIT):
        return {Kind.ACCEPTED}
    is_victim = bool(fault.who) and f"p{number}@" in f"{fault.who}"
    if is_victim:
        return allowed_for_victim(case)
    if ends_nothing(fault) or case.window == 1 or is_certain_bye(fault):
        return {Kind.ACCEPTED}
    return {Kind.ACCEPTED, Kind.UNCERTAIN}


def allowed_for_victim(case: Case) -> set[Kind]:
    fault = case.fault
    is_final = fault.stage in (Stage.CONTENT, Stage.BDAT)
    if fault.does is Does.TAKES_ANYWAY:
        return {Kind.ACCEPTED} if goes_in_one_write(case) else {Kind.REJECTED}
    if fault.does in (Does.REFUSE, Does.DRIP) and fault.reply:
        refused = Kind.DEFERRED if fault.reply.startswith("4") else Kind.REJECTED
        return {Kind.ACCEPTED} if is_protocol(case) else {refused}  # tried again by DATA
    if fault.does in (*BYES, Does.BYE_BEHIND):
        return allowed_after_bye(fault)
    if fault.does is Does.DRIP or (fault.does is Does.TWICE and is_final):
        return {Kind.ACCEPTED}
    if is_final:
        return {Kind.UNCERTAIN}
    # Whose content had not left is sent again.
    in_doubt = {Kind.UNCERTAIN} if goes_in_one_write(case) or fault.does is Does.TWICE else set()
    return {Kind.ACCEPTED} | in_doubt


def allowed_after_bye(fault: Fault) -> set[Kind]:
    is_final = fault.stage in (Stage.CONTENT, Stage.BDAT)
    if fault.does is Does.BYE_BEHIND:  # before the content the 421 can be the final reply, by its number
        return {Kind.ACCEPTED} if is_final else {Kind.ACCEPTED, Kind.DEFERRED}
    certain = {Kind.DEFERRED} if is_final else {Kind.ACCEPTED}
    return certain if is_certain_bye(fault) else {*certain, Kind.UNCERTAIN}


def goes_in_one_write(case: Case) -> bool:
    """A relay's first message goes in steps."""
    return case.pipelining and case.chunking and case.fault.who != "p0@"


def ends_nothing(fault: Fault) -> bool:
    """True when the session goes on after it."""
    return fault.stage is not Stage.RSET and fault.does in (Does.REFUSE, Does.DRIP, Does.TAKES_ANYWAY)


def is_certain_bye(fault: Fault) -> bool:
    """A 421 that was read, and nothing after it: who has no final reply was not accepted."""
    return fault.does in (Does.BYE_FIN, Does.BYE_STAY, Does.BYE_BEHIND)


def is_protocol(case: Case) -> bool:
    """engine.md: 500–504, 521 or 5.5.x to BDAT."""
    fault = case.fault
    is_bdat = fault.stage is Stage.BDAT or (fault.stage is Stage.CONTENT and case.chunking)
    return is_bdat and bool(re.match(r"50[0-4]|521|5\d\d 5\.5\.", fault.reply))


def refuses_the_recipient(one: Transaction) -> bool:
    """engine.md, "Whose fault": only at RCPT, only by these codes, or bare and naming the user."""
    pattern = r"[45]\d\d [45]\.(1\.(1|2|3|6|10)|2\.\d+|7\.(13|17|18))\b|(550|551|553|450) no such user"
    return any(stage is Stage.RCPT and re.match(pattern, reply) for stage, reply in one.said)


def judge_refusal(case: Case, mine: list[Transaction], final: Outcome) -> Iterator[str]:
    said = [reply for one in mine for _, reply in one.said]
    whole = f"{final.code} {final.reply}"
    if whole not in said:
        yield "the server never said that"
    if (final.kind is Kind.DEFERRED) != whole.startswith("4"):
        yield "4xx is deferred, 5xx is rejected"
    first = next((r for one in mine for _, r in one.said if r[0] in "45"), "")
    if first != whole:  # what follows a refusal in its transaction is its echo
        yield f"the refusal was {first!r}"
    blames = any(refuses_the_recipient(one) for one in mine)
    # After one reply too many a refusal is counted for the command behind: then it is ours, which blames nobody.
    if blames and final.scope is not Scope.RECIPIENT and case.fault.does is not Does.TWICE:
        yield "the recipient was refused, and is not named"


# The matrix.

MATRIX = [
    (stage, security)
    for stage, security in product(Stage, ("plain", "tls", "starttls"))
    if (stage is Stage.STARTTLS) == (security == "starttls")
]


@pytest.fixture
def quick_tls(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> Path:
    """Every TLS context reads the system's authorities, which takes longer than a whole case."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificate.parent / "none"))
    return certificate


async def run_all(cases: list[Case], certificate: Path) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> list[str]:
        async with gate:
            return [f"{case}: {wrong}" for wrong in await run_case(case, certificate)]

    return [wrong for several in await asyncio.gather(*map(one, cases)) for wrong in several]


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "security"), MATRIX, ids=lambda value: getattr(value, "name", value))
def test_what_is_told_is_what_the_server_saw(stage: Stage, security: str, quick_tls: Path) -> None:
    cases = list(every_case(stage, security))
    print(f"{len(cases)} cases")
    wrong = run_hurried(run_all(cases, quick_tls))
    assert not wrong, f"{len(wrong)} of {len(cases)} cases:\n" + "\n".join(wrong[:40])
