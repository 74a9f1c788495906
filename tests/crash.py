"""What kill -9 does to a send: rounds that a seed describes wholly, and the judgement over each.

A round freezes one issue, starts the sender as a process (`newsletter resume`), kills it at a random moment, once or
several times, lets a last run finish, and judges when the sink's connections have all ended: nobody lost, nobody
twice (`hold`) or within the bound (`resend`), the doubtful named. `Office` and `judge` serve other ends than kills too.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse, Step
from newsletter.store.audience import Meant
from newsletter.store.database import open_database, reading, writing
from newsletter.store.freezing import Again, freeze
from newsletter.store.issues import Plan, load_issue, verify_counts
from newsletter.store.schema import delivery
from newsletter.store.subscribers import add_subscriber, need_list
from newsletter.subscriber import GoodRow, read_address
from newsletter.tokens import load_keys
from tests.recording_sink import Accepted, RecordingSink

ROOT = Path(__file__).resolve().parents[1]
SENDER = (sys.executable, "-m", "newsletter")
RUN_SECONDS = 120  # no run of these takes more than a few


def big_mail() -> CompiledIssue:
    """A mail of some 30 KB on the wire, personal, so that it takes more than one packet."""
    name = SlotUse(field="subscriber.name", context="text", steps=(Step(name="default", args=("читатель",)),))
    html = "".join(f"<p>Цех {number} ОЭЗ «Заречье» отгрузил продукцию за {number} дней.</p>\n" for number in range(160))
    return CompiledIssue(
        lang="ru",
        title="Выпуск",
        preheader="",
        subject=("Новости для города ", SlotUse(field="subscriber.city", context="plain")),
        headers=MailHeaders(
            from_name="Пресс-служба",
            from_mailbox="news@zarechye.example",
            return_path="news@zarechye.example",
            unsubscribe_mailto="unsubscribe@zarechye.example",
            public_url="https://zarechye.example",
        ),
        variant_fields={"language": ("ru", "en")},
        variants={
            "language=ru": CompiledVariant(html=("<p>", name, "</p>", html), text=(name, "\nНовости.\n")),
            "language=en": CompiledVariant(html=("<p>en</p>",), text=("en\n",)),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A delivery as the ledger has it."""

    address: str
    state: str
    sha256: str


class Office:
    """A workspace with people in it and one frozen issue; the sender is a process."""

    def __init__(
        self,
        root: Path,
        url: str,
        *,
        people: int,
        connections: int = 4,
        window: int = 1,
        uncertain: str = "hold",
        template: Path | None = None,
        database_url: str = "",
        is_frozen: bool = True,
    ) -> None:
        """`url`: the relay. `template`: an empty database to copy, which spares migrating one."""
        self.root, self.people = root, people
        self.bound = connections * window
        self._said: dict[int, Path] = {}
        (root / "var").mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = f'[database]\nurl = "{database_url}"\n' if database_url else ""
        settings += f'[smtp]\nurl = "{url}"\nown_relay = true\nwindow = {window}\n'
        (root / "newsletter.toml").write_text(settings, encoding="utf-8")
        self.database = root / "var" / "newsletter.db"
        self.database_url = database_url or f"sqlite:///{self.database}"
        if template is not None:
            shutil.copy(template, self.database)
        self.plan = Plan(transport="smtp", target=url, connections=connections, rate=0.0, uncertain=uncertain)
        self.code, self.issue_id = "", 0
        self._add_people()
        if is_frozen:
            self.freeze()

    def _add_people(self) -> None:
        keys = load_keys(self.root / "var" / "secret.key", {})
        engine = open_database(self.database_url)
        with writing(engine) as conn:
            for number in range(self.people):
                address = read_address(f"p{number:03}@a.example")
                add_subscriber(conn, "press", GoodRow(line=0, address=address, fields={"city": "x"}), keys=keys)
        engine.dispose()

    def freeze(self) -> None:
        self.issue_id, self.code = freeze_issue(self.root, self.database_url, self.plan)

    def start(
        self, *options: str, command: str = "resume", prefix: Sequence[str] = (), no_wait: bool = True
    ) -> subprocess.Popen[bytes]:
        """Start `newsletter resume`; what it says goes to a file, so that no pipe holds it up."""
        said = self.root.parent / f"said-{len(self._said)}.txt"
        options = (*options, "--no-wait") if command == "resume" and no_wait else options
        with said.open("wb") as file:
            process = subprocess.Popen(
                [*prefix, *SENDER, command, self.code, *options],
                cwd=self.root,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._said[process.pid] = said
        return process

    def said(self, process: subprocess.Popen[bytes]) -> str:
        return self._said[process.pid].read_text(encoding="utf-8")

    def end(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Wait for a run and return its exit code and what it said."""
        try:
            code = process.wait(timeout=RUN_SECONDS)
        finally:
            process.kill()
        return code, self.said(process)

    def resume(self, *options: str) -> tuple[int, str]:
        return self.end(self.start(*options))

    def rows(self) -> list[Row]:
        """Return the ledger's rows; the counters are verified on the way."""
        engine = open_database(self.database_url)
        try:
            with reading(engine) as conn:
                assert verify_counts(conn, self.issue_id).audience == self.people
                wanted = select(delivery.c.address, delivery.c.state, delivery.c.sha256)
                return [Row(address=a, state=s, sha256=h) for a, s, h in conn.execute(wanted)]
        finally:
            engine.dispose()

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows())


def freeze_issue(root: Path, database_url: str, plan: Plan) -> tuple[int, str]:
    """Freeze the issue of an office; returns its id and short id."""
    keys = load_keys(root / "var" / "secret.key", {})
    engine = open_database(database_url)
    with writing(engine) as conn:
        meant = Meant(
            key="content/april.md",
            list_id=need_list(conn, "press"),
            list_name="press",
            compiled=big_mail(),
            keys=keys,
        )
        issue_id = freeze(conn, meant, plan=plan, timezone="Europe/Moscow", again=Again.NO)
        code = load_issue(conn, issue_id).code
    engine.dispose()
    return issue_id, code


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """How the ledger stood when the sender had just been killed."""

    states: Mapping[str, int]

    @property
    def in_flight(self) -> int:
        return self.states.get("in_flight", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one issue; `faults` is empty when all that was promised was kept."""

    faults: tuple[str, ...]
    lost: int = 0  # neither accepted by the sink nor named as doubtful or not accepted
    twice: int = 0  # mailed more than once though nothing allowed it
    repeats: int = 0  # of doubtful ones, as `resend` asks
    doubtful: int = 0  # named at the end


def judge(
    office: Office, accepted: Sequence[Accepted], said: str, *, allowed: int, may_repeat: bool = False
) -> Verdict:
    """Judge one issue after its last run and after the sink's last connection; `said` is what all runs said.

    `allowed`: how many may have come into doubt. Counted by recipient; what the ledger calls accepted must have
    reached the sink with the very bytes that the ledger has the digest of.
    """
    served = Counter(mail.recipient for mail in accepted)
    digests = {(mail.recipient, mail.sha256) for mail in accepted}
    names: dict[str, set[str]] = {}
    for mail in accepted:
        names.setdefault(mail.recipient, set()).add(mail.message_id)
    rows = office.rows()
    doubtful = [row.address for row in rows if row.state == "uncertain"]
    settled = ("uncertain", "rejected", "gave_up", "excluded")
    lost = [row.address for row in rows if not served[row.address] and row.state not in settled]
    repeats = sum(number - 1 for number in served.values())
    most = max(served.values(), default=0)
    faults = [f"lost: {', '.join(lost)}"] if lost else []
    if strangers := served.keys() - {row.address for row in rows}:
        faults.append(f"mailed without being in the ledger: {strangers}")
    if repeats and not may_repeat:
        faults.append(f"twice: {[address for address, number in served.items() if number > 1]}")
    if repeats > allowed or most > 2:
        faults.append(f"{repeats} repeats, {most} at most to one person, {allowed} allowed")
    if several := {address: ids for address, ids in names.items() if len(ids) != 1 or "" in ids}:
        faults.append(f"not one Message-ID: {several}")
    if unfinished := [row for row in rows if row.state in ("pending", "in_flight", "deferred")]:
        faults.append(f"not finished: {unfinished}")
    if len(doubtful) > allowed:
        faults.append(f"{len(doubtful)} in doubt, {allowed} allowed")
    if unnamed := [address for address in doubtful if address not in said]:
        faults.append(f"in doubt and not named: {unnamed}")
    if other := [row for row in rows if row.state == "accepted" and (row.address, row.sha256) not in digests]:
        faults.append(f"other bytes than the ledger has: {other}")
    return Verdict(
        faults=tuple(faults),
        lost=len(lost),
        twice=0 if may_repeat else repeats,
        repeats=repeats if may_repeat else 0,
        doubtful=len(doubtful),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One issue sent and killed; everything random about it comes from the seed."""

    seed: int
    people: int
    connections: int
    window: int
    uncertain: str
    sink_options: tuple[str, ...]
    delay_ms: float
    moments: tuple[tuple[str, float], ...]  # ("mails", 12.3): after 12 mails and 0.3 of a reply's time; ("seconds", x)

    def __str__(self) -> str:
        moments = ", ".join(f"{value:.2f} {kind}" for kind, value in self.moments)
        relay = " ".join(self.sink_options) or "all offers"
        return (
            f"seed {self.seed}: {self.people} people, {self.connections} connections, window {self.window}, "
            f"{self.uncertain}, relay: {relay}, killed after {moments}"
        )


def random_round(seed: int) -> Round:
    rng = random.Random(seed)
    kills = rng.choice((1, 1, 2, 3))
    connections, window = rng.randint(1, 8), rng.choice((1, 8))
    people = rng.randint(40, 80) + connections * window
    return Round(
        seed=seed,
        people=people,
        connections=connections,
        window=window,
        uncertain=rng.choice(("hold", "hold", "resend")),
        sink_options=rng.choice(((), (), ("no-chunking",), ("no-chunking", "no-pipelining"))),
        delay_ms=rng.choice((2.0, 10.0)),
        moments=tuple(_moment(rng, people // kills) for _ in range(kills)),
    )


def _moment(rng: random.Random, most: int) -> tuple[str, float]:
    """Mostly while mails leave; now and then at any time from the process's start on, opening and ending included."""
    if rng.random() < 0.12:
        return "seconds", rng.uniform(0.2, 1.2)
    return "mails", rng.uniform(0, most - 2)


@dataclass(slots=True, kw_only=True)
class Result:
    """What a round gave; the verdict names the seed when something was wrong."""

    round: Round
    verdict: Verdict
    bound: int  # connections × window
    kills: list[Kill] = field(default_factory=list)


def play(wanted: Round, root: Path, *, template: Path) -> Result:
    """Play a round in the new folder `root`."""
    with RecordingSink(_record(root), seed=wanted.seed, delay_ms=wanted.delay_ms, options=wanted.sink_options) as sink:
        office = Office(
            root / "office",
            sink.url,
            people=wanted.people,
            connections=wanted.connections,
            window=wanted.window,
            uncertain=wanted.uncertain,
            template=template,
        )
        kills, said = [], ""
        for kind, value in wanted.moments:
            process = office.start()
            _wait_until(kind, value, sink, process, wanted)
            process.kill()
            code, told = office.end(process)
            said += told
            if code == -signal.SIGKILL:
                kills.append(Kill(states=office.states()))
        code, told = office.resume()
        sink.settle()
        verdict = judge(
            office,
            sink.accepted(),
            said + told,
            allowed=sum(kill.in_flight for kill in kills),
            may_repeat=wanted.uncertain == "resend",
        )
    faults = list(verdict.faults)
    if code != (1 if verdict.doubtful else 0):
        faults.append(f"the last run ended with {code}: {told}")
    faults += [f"{kill.in_flight} in flight at once" for kill in kills if kill.in_flight > office.bound]
    faults += ["a traceback"] if "Traceback" in said + told else []
    if faults:
        verdict = Verdict(faults=(str(wanted), *faults), lost=verdict.lost, twice=verdict.twice)
    return Result(round=wanted, verdict=verdict, bound=office.bound, kills=kills)


def _record(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    return root / "accepted.txt"


def _wait_until(kind: str, value: float, sink: RecordingSink, process: subprocess.Popen[bytes], wanted: Round) -> None:
    if kind == "mails":
        whole = int(value)
        # From its own connection on: the relay may still be at mails of the sender that was killed before.
        if sink.wait_for_connection(process) and sink.wait_for_more(whole, process):
            time.sleep((value - whole) * wanted.delay_ms / 1_000)
    else:
        try:
            process.wait(timeout=value)
        except subprocess.TimeoutExpired:
            return


def make_template(path: Path) -> Path:
    """Make an empty database of the present schema, to be copied."""
    open_database(f"sqlite:///{path}").dispose()
    return path


def named_doubts(said: str) -> set[str]:
    """Return the addresses that a run's opening named as in doubt."""
    found = re.search(r"in doubt, because the sender died \([^)]*\): (.+)", said)
    return set(found[1].split(", ")) if found else set()
