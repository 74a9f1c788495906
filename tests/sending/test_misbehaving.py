"""Whole sends to a relay that misbehaves: afterwards the ledger says what the server saw, and the sum holds.

The full matrix is asked of a single connection (tests/transport/test_misbehaving.py); here each stage meets each kind
once, over several connections with a real ledger, and then a relay that never stops. Several sends share a loop with
their servers, so that silences pass side by side.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.state import Counts, DeliveryState, IssueState
from newsletter.message.merge import Merger
from newsletter.relay import parse_relay
from newsletter.render.compiled import CompiledIssue
from newsletter.sending.places import Places
from newsletter.sending.sender import End, Ended, Policy, Sender
from newsletter.sending.session import Opening, close_run, open_run
from newsletter.sending.spare import SpareFile
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, reading
from newsletter.store.issues import IssueRow, load_issue
from newsletter.store.schema import delivery
from newsletter.tokens import Keys
from newsletter.transport.connect import Relay, Timeouts
from newsletter.transport.smtp import SmtpTransport
from tests.ledger import on_file
from tests.misbehaving import Does, Fault, MisbehavingServer, Offers, Stage, Told, Transaction

PEOPLE = 20
# In window 1 RSET is said only after a refusal, and not behind a connection's last message: of these one is not it.
UNKNOWN = frozenset({"p3@a.example", "p7@a.example", "p11@a.example"})
AT_ONCE = 8  # sends in one loop
WATCHDOG = 60.0  # seconds of a real clock, on a machine that does other things too
# A good reply must never be late: eight sends share a loop.
TIMEOUTS = Timeouts(connect=3.0, command=3.0, data=3.0, block=3.0, final=3.0)
POLICY = Policy(
    connections=2,
    rate=0.0,
    wait_minutes=0,
    uncertain="hold",
    retry=RetryPolicy(),
    breaker_first=20,
    breaker_same=5,
    breaker_bounce_share=0.5,
)
SESSION = (Stage.GREETING, Stage.EHLO, Stage.AUTH)
KINDS = (
    (Does.REFUSE, "450 4.2.2 mailbox full"),
    (Does.REFUSE, "550 5.1.1 unknown"),
    (Does.REFUSE, "554 5.7.1 no"),
    (Does.BYE_FIN, ""),
    (Does.BYE_RST, ""),
    (Does.BYE_STAY, ""),
    (Does.SILENCE, ""),
    (Does.CUT_FIN, ""),
    (Does.CUT_RST, ""),
    (Does.HALF_CUT, ""),
    (Does.HALF_SILENCE, ""),
    (Does.TWICE, ""),
    (Does.BYE_BEHIND, ""),
    (Does.GARBAGE, "HTTP/1.1 400 Bad Request"),
    (Does.DRIP, ""),
)
FOR_EVER = (
    (Does.REFUSE, "450 4.2.2 mailbox full"),
    (Does.REFUSE, "550 5.1.1 unknown"),
    (Does.REFUSE, "554 5.7.1 no"),
    (Does.BYE_FIN, ""),
    (Does.CUT_RST, ""),
    (Does.GARBAGE, "what?"),
)
LOSES = (Does.SILENCE, Does.CUT_FIN, Does.CUT_RST, Does.HALF_CUT, Does.HALF_SILENCE, Does.GARBAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the ledger says of one person in the end."""

    address: str
    state: DeliveryState
    scope: str
    reply: str


@dataclass(slots=True)
class Sent:
    fault: Fault
    window: int
    server: MisbehavingServer
    ended: Ended
    row: IssueRow
    people: list[Row]

    def __str__(self) -> str:
        words = [self.fault.stage.value, self.fault.does.value, repr(self.fault.reply)]
        return " ".join([*words, f"window {self.window}", *["taken"] * self.fault.takes])


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """An issue frozen once; each send gets a copy of its ledger."""

    folder: Path
    file: Path
    issue_id: int
    compiled: CompiledIssue
    keys: Keys

    async def send(self, fault: Fault, window: int) -> Sent:
        # Connections end and begin in the middle, so that greeting, login and QUIT are met while others work.
        messages = 0 if fault.stage is Stage.RSET else 4 if window == 1 else 11
        policy = replace(POLICY, messages_per_connection=messages)
        name = f"{fault.stage.name}-{fault.does.name}-{hash(fault):x}-{window}"
        places = Places(folder=self.folder / name)
        places.folder.mkdir()
        shutil.copy(self.file, places.folder / "n.db")
        engine = open_database(f"sqlite:///{places.folder / 'n.db'}", busy_seconds=5)
        is_by_data = fault.stage is Stage.DATA
        login = ("press", "right") if fault.stage is Stage.AUTH else None
        server = MisbehavingServer(
            fault=fault,
            offers=Offers(chunking=not is_by_data),
            login=login,
            holds_replies=window > 1,
            unknown=UNKNOWN if fault.stage is Stage.RSET else frozenset(),
        )
        await server.start()
        user, password = login or ("", "")
        address = parse_relay(f"smtp://127.0.0.1:{server.port}")
        relay = Relay(address=address, user=user, password=password, timeouts=TIMEOUTS)
        try:
            ended, row = await self._run(engine, places, SmtpTransport(relay, window=window), policy)
            await server.settle()
            return Sent(fault, window, server, ended, row, read_people(engine))
        finally:
            await server.stop()
            engine.dispose()

    async def _run(
        self, engine: Engine, places: Places, transport: SmtpTransport, policy: Policy
    ) -> tuple[Ended, IssueRow]:
        first = await transport.connect()
        with reading(engine) as conn:
            row = load_issue(conn, self.issue_id)
        opened = open_run(engine, places, row, Opening(is_fresh=False))
        spare = SpareFile(places.spare(row.code), entries=2 * 8)
        sender = Sender(
            engine=engine,
            run=opened.run,
            merger=Merger(self.compiled, keys=self.keys, issue_id=row.id, list_label=row.list_label),
            transport=transport,
            policy=policy,
            spare=spare,
            zone=ZoneInfo(row.timezone),
            sleep=no_sleep,
        )
        ended = await sender.run(first)
        spare.close()
        return ended, close_run(engine, opened.run, ended)


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def read_people(engine: Engine) -> list[Row]:
    columns = select(delivery.c.address, delivery.c.state, delivery.c.scope, delivery.c.code, delivery.c.reply)
    with reading(engine) as conn:
        return [
            Row(address=row.address, state=DeliveryState(row.state), scope=row.scope, reply=f"{row.code} {row.reply}")
            for row in conn.execute(columns)
        ]


# What must stand in the ledger, from the server's notes.


def judge(sent: Sent) -> Iterator[str]:
    """What holds whatever the server does."""
    counts, people = sent.row.counts, sent.people
    if counts.audience != PEOPLE or counts.in_flight:
        yield f"the sum does not hold: {counts}"
    if counts != Counts(**Counter(one.state.value for one in people)):
        yield f"the counters differ from the rows: {counts}"
    yield from sent.server.breaches
    if not sent.server.fired:
        yield "the fault was never met"
    for one in people:
        mine = sent.server.of(one.address)
        for wrong in judge_person(one, mine):
            yield f"{one.address}: {wrong}; the ledger says {one.state.value} {one.scope} {one.reply}"


def judge_person(one: Row, mine: list[Transaction]) -> Iterator[str]:
    taken = [each for each in mine if each.took and one.address in each.rcpts]
    if len(taken) > 1:
        yield f"taken {len(taken)} times"
    if taken and one.state not in (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN):
        yield "the server took it"
    if taken and taken[0].told is Told.YES and one.state is not DeliveryState.ACCEPTED:
        yield "its good reply was said"
    if not taken and one.state is DeliveryState.ACCEPTED:
        yield "the server did not take it"
    if one.scope == "recipient" and not any(refuses_the_recipient(each) for each in mine):
        yield "the recipient is blamed"
    if one.state is DeliveryState.REJECTED and one.reply not in [reply for each in mine for _, reply in each.said]:
        yield "the server never said that"


def refuses_the_recipient(one: Transaction) -> bool:
    return any(stage is Stage.RCPT and re.match(r"[45]\d\d [45]\.(1\.1|2\.2) ", reply) for stage, reply in one.said)


def judge_once(sent: Sent) -> Iterator[str]:
    """One misbehaviour: everybody else is served in the same run."""
    yield from judge(sent)
    counts, fault = sent.row.counts, sent.fault
    if counts.pending or sent.ended.end not in (End.DONE, End.WAITING):
        yield f"not everybody was tried: {sent.ended.end.value} {sent.ended.reason} {counts}"
    rejected, deferred, doubt = most_wanted(fault, sent.window)
    if fault.stage is Stage.RSET:
        rejected = len(UNKNOWN)
    if counts.rejected > rejected or counts.deferred > deferred or counts.uncertain > doubt:
        yield f"more than {rejected} rejected, {deferred} deferred, {doubt} in doubt: {counts}"
    if fault.does is Does.REFUSE and fault.times and counts.rejected + counts.deferred < rejected + deferred:
        yield f"a refusal is missing: {counts}"


def most_wanted(fault: Fault, window: int) -> tuple[int, int, int]:
    """Return how many may be rejected, deferred and in doubt."""
    if fault.stage in (*SESSION, Stage.QUIT):
        return 0, 0, 0
    is_final = fault.stage in (Stage.CONTENT, Stage.BDAT)
    if fault.does is Does.REFUSE and fault.stage is not Stage.RSET:
        is_protocol = fault.stage is Stage.BDAT and not fault.times
        return int(fault.reply[0] == "5" and not is_protocol), int(fault.reply[0] == "4"), 0
    if fault.does in (Does.BYE_FIN, Does.BYE_STAY):
        return 0, int(is_final), 0
    if fault.does is Does.BYE_BEHIND:
        return 0, 1, 0
    if fault.does is Does.BYE_RST:
        return 0, int(is_final), window
    return 0, 0, 0 if fault.does is Does.DRIP or not fault.times else window


def judge_for_ever(sent: Sent) -> Iterator[str]:
    """A relay that never stops: the run ends, and few are in doubt."""
    yield from judge(sent)
    counts = sent.row.counts
    if sent.ended.end not in (End.DONE, End.WAITING, End.PAUSED):
        yield f"ended {sent.ended.end.value}: {sent.ended.reason}"
    most = (POLICY.breaker_same + POLICY.connections) * sent.window
    if counts.uncertain > most:
        yield f"{counts.uncertain} in doubt, {most} are many"
    if sent.row.state is IssueState.FINISHED and counts.pending + counts.deferred:
        yield f"finished with {counts}"


# The sends.


def faults_once(stage: Stage) -> Iterator[Fault]:
    nth = 2 if stage in SESSION else 1 if stage in (Stage.RSET, Stage.QUIT) else 3
    for does, reply in KINDS:
        if stage is Stage.BDAT and does in (Does.DRIP, Does.TWICE, Does.BYE_BEHIND):
            continue  # a good reply to the last chunk is the one after the content
        for takes in (False, True) if stage is Stage.CONTENT and does in LOSES else (False,):
            yield Fault(stage=stage, does=does, reply=reply, nth=nth, takes=takes)
    if stage in (Stage.MAIL, Stage.RCPT):
        yield Fault(stage=stage, does=Does.TAKES_ANYWAY, reply="550 5.7.1 no", nth=nth)
    if stage is Stage.BDAT:
        yield Fault(stage=stage, does=Does.REFUSE, reply="500 what", times=0)
        yield Fault(stage=stage, does=Does.READS_CHUNK_AS_COMMANDS, reply="502 5.5.1 no", times=0)


def faults_for_ever(stage: Stage) -> Iterator[Fault]:
    nth = 2 if stage in SESSION else 1 if stage in (Stage.RSET, Stage.QUIT) else 3
    for does, reply in FOR_EVER:
        yield Fault(stage=stage, does=does, reply=reply, nth=nth, times=0)


@pytest.fixture
def frozen(
    tmp_path: Path,
    engine: Engine,
    keys: Keys,
    compiled: CompiledIssue,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> Frozen:
    add_people(*[f"p{n}@a.example" for n in range(PEOPLE)], city="Зареченск", name="Имя")
    issue_id = freeze_issue(meant())
    file = Path(str(engine.url.database))
    engine.dispose()  # the write-ahead log goes into the file
    return Frozen(folder=tmp_path, file=file, issue_id=issue_id, compiled=compiled, keys=keys)


async def send_all(
    frozen: Frozen,
    faults: Iterator[Fault],
    window: int,
    judge_sent: Callable[[Sent], Iterator[str]],
) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(fault: Fault) -> list[str]:
        async with gate:
            try:
                async with asyncio.timeout(WATCHDOG):
                    sent = await frozen.send(fault, window)
            except TimeoutError:
                return [f"{fault}: hangs"]
        return [f"{sent}: {wrong}" for wrong in judge_sent(sent)]

    return [wrong for several in await asyncio.gather(*map(one, faults)) for wrong in several]


STAGES = [stage for stage in Stage if stage is not Stage.STARTTLS]  # TLS changes nothing for the sender


@on_file
@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "window"), list(product(STAGES, (1, 8))), ids=lambda value: getattr(value, "name", f"window{value}")
)
def test_ledger_says_what_the_server_saw_and_the_others_are_served(frozen: Frozen, stage: Stage, window: int) -> None:
    faults = list(faults_once(stage))
    print(f"{len(faults)} sends")
    wrong = asyncio.run(send_all(frozen, iter(faults), window, judge_once))
    assert not wrong, "\n".join(wrong[:30])


@on_file
@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "window"), list(product(STAGES, (1, 8))), ids=lambda value: getattr(value, "name", f"window{value}")
)
def test_send_to_a_relay_that_never_stops_misbehaving_ends_and_loses_nobody(
    frozen: Frozen, stage: Stage, window: int
) -> None:
    faults = list(faults_for_ever(stage))
    print(f"{len(faults)} sends")
    wrong = asyncio.run(send_all(frozen, iter(faults), window, judge_for_ever))
    assert not wrong, "\n".join(wrong[:30])
