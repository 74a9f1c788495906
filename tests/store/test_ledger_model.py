"""The ledger against a model of it: whatever happens in whatever order, both say the same of every delivery.

The model is the specification in a few lines, one row at a time, and knows no SQL. Runs begin and are taken over,
groups are written quickly or carefully and repeated as after a COMMIT of unknown fate, replies come late or twice,
claims are stale, people leave and come back, a person resolves doubts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, func, select

from newsletter.address import normalise
from newsletter.delivery.scope import Outcome, Reply, Scope, Stage, judge, local_refusal, not_sent, uncertain
from newsletter.delivery.state import Cause, Counts, DeliveryState, is_allowed
from newsletter.render.compiled import CompiledIssue
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, is_shared, reading, recording, writing
from newsletter.store.deliveries import claim_due, claim_pending, orphans_to_uncertain, resend_uncertain, retry_refused
from newsletter.store.evidence import settle_doubt
from newsletter.store.freezing import Again, freeze
from newsletter.store.issues import load_issue, request_stop, verify_counts
from newsletter.store.ledger import Disagreement, GroupResult, Mark, Run, Settled, write_group
from newsletter.store.runs import begin_run
from newsletter.store.schema import delivery, delivery_event
from newsletter.store.subscribers import add_subscriber, need_list, unsubscribe
from newsletter.store.suppression import BOUNCED, EVERYWHERE, lift, suppress
from newsletter.subscriber import GoodRow
from newsletter.tokens import Keys
from tests.ledger import PLAN

S = DeliveryState
AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LATER = [None, AT, AT + timedelta(minutes=5), AT + timedelta(hours=1)]
OUTCOMES = [
    judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok: queued as ABC123")),
    judge(Stage.CONTENT, Reply(code=250, text="Ok")),
    judge(Stage.RCPT, Reply(code=550, text="5.1.1 User unknown")),
    judge(Stage.MAIL, Reply(code=554, text="5.7.1 Refused")),
    judge(Stage.RCPT, Reply(code=450, text="4.2.0 Greylisted")),
    judge(Stage.CONTENT, Reply(code=421, text="4.3.0 Closing")),
    uncertain("connection lost"),
    not_sent(Stage.MAIL, "connection lost"),
]
OFTEN = OUTCOMES + 2 * OUTCOMES[4:]  # what is accepted moves no more: most should come to something else
LOCAL = local_refusal(553, "5.6.7", "no SMTPUTF8", Scope.RECIPIENT)
CHOICE = st.integers(0, 31)  # of the audience, a bit for each
MEANWHILE = ["run", "resend", "retry", "out", "in", "resolve", "refuse", "claim", "stop", "resend", "retry", "out"]
NUMBERS = count(1)  # of runs and lists: one database serves all examples


@dataclass(slots=True, kw_only=True)
class Person:
    """What the model knows of one delivery."""

    id: int
    position: int
    state: DeliveryState
    attempt: int = 0
    epoch: int = 0  # of the last mark
    claimed: int = 0  # epoch of the run that has claimed it, where several processes send
    resent: bool = False
    next_at: datetime | None = None
    said: tuple[int, str] = (0, "")  # code and enhanced code of the last reply
    late: int = 0  # replies kept as evidence
    is_kept_out: bool = False


@dataclass(slots=True)
class Model:
    """One issue, as the specification has it."""

    people: dict[int, Person]
    needs_claim: bool  # a mark without its run's claim is refused
    epoch: int = 0
    stop_requested: bool = False
    moves: Counter[tuple[DeliveryState, DeliveryState]] = field(default_factory=Counter)

    def move(self, person: Person, after: DeliveryState, cause: Cause) -> None:
        assert is_allowed(person.state, after, cause)
        self.moves[person.state, after] += 1
        person.state, person.next_at = after, None

    def settle(self, entry: Settled, run_epoch: int) -> None:
        person, outcome = self.people[entry.id], entry.outcome
        is_own = (person.state, person.attempt, person.epoch) == (S.IN_FLIGHT, entry.attempt, run_epoch)
        if not entry.is_marked:
            if run_epoch == self.epoch and (person.state, person.attempt) == (S.PENDING, entry.attempt):
                self.move(person, S.REJECTED, Cause.LOCAL)
                person.said = outcome.code, outcome.enhanced
        elif is_own:
            self.move(person, outcome.state, outcome.cause)
            person.said = outcome.code, outcome.enhanced
            if outcome.state is S.DEFERRED:
                person.next_at = entry.next_at
                if entry.next_at is None:
                    self.move(person, S.GAVE_UP, Cause.TIME_UP)
        elif outcome.state is S.ACCEPTED and (person.state, person.attempt) != (S.ACCEPTED, entry.attempt):
            person.late += 1
            if (person.state, person.attempt) == (S.UNCERTAIN, entry.attempt):
                self.move(person, S.ACCEPTED, Cause.EVIDENCE)
                person.said = outcome.code, outcome.enhanced

    def mark(self, mark: Mark, run_epoch: int) -> bool:
        person = self.people[mark.id]
        if run_epoch != self.epoch:
            return False
        if (person.state, person.attempt, person.epoch) == (S.IN_FLIGHT, mark.attempt, run_epoch):
            return True  # a COMMIT of unknown fate had done it
        if (person.state, person.attempt) != (mark.before, mark.attempt - 1):
            return False
        if person.is_kept_out:
            self.move(person, S.EXCLUDED if person.state is S.PENDING else S.GAVE_UP, Cause.SUPPRESSED)
            return False
        if self.needs_claim and person.claimed != run_epoch:
            return False
        self.move(person, S.IN_FLIGHT, Cause.CLAIM)
        person.attempt, person.epoch, person.claimed = mark.attempt, run_epoch, run_epoch
        return True

    def put_back(self, person: Person, cause: Cause) -> None:
        self.move(person, S.PENDING, cause)

    def counts(self) -> Counts:
        return Counts(**Counter(person.state.value for person in self.people.values()))

    def in_state(self, state: DeliveryState) -> list[Person]:
        return [person for person in self.people.values() if person.state is state]


class LedgerMachine(RuleBasedStateMachine):
    """Plays senders, readers and the office's engineer against both."""

    def __init__(self, engine: Engine, keys: Keys, compiled: CompiledIssue) -> None:
        super().__init__()
        self.engine, self.keys, self.compiled = engine, keys, compiled
        self.runs: list[Run] = []
        self.beliefs: dict[int, Mark] = {}  # by delivery: the mark that follows from the last claim seen
        self.sent: list[tuple[Run, Mark]] = []  # every mark that was written

    @initialize(people=st.integers(3, 5), gone=st.sets(st.integers(2, 4)))
    def freeze_an_audience(self, people: int, gone: set[int]) -> None:
        self.list_name = f"list{next(NUMBERS)}"
        self.addresses = [normalise(f"p{number}@{self.list_name}.example") for number in range(people)]
        with writing(self.engine) as conn:
            for address in self.addresses:
                row = GoodRow(line=0, address=address, fields={"city": "x"})
                add_subscriber(conn, self.list_name, row, keys=self.keys)
            self.key_of = {address.mailbox: self.keys.address_key(address.key) for address in self.addresses}
            for number in gone & set(range(people)):
                self._suppress(conn, number)
            meant = Meant(
                key=self.list_name,
                list_id=need_list(conn, self.list_name),
                list_name=self.list_name,
                compiled=self.compiled,
                keys=self.keys,
                only_missing=False,
                test_keys=tuple(self.key_of.values()),  # the order of sending is the same in every example
            )
            self.issue_id = freeze(conn, meant, plan=PLAN, timezone="Europe/Moscow", again=Again.NO)
            rows = conn.execute(
                select(delivery).where(delivery.c.issue_id == self.issue_id).order_by(delivery.c.position)
            ).all()
        people_of = {row.id: Person(id=row.id, position=row.position, state=S(row.state)) for row in rows}
        self.model = Model(people_of, needs_claim=is_shared(self.engine))
        self.person_of = {row.address: self.model.people[row.id] for row in rows}
        for number, address in enumerate(self.addresses):
            person = self.person_of[address.mailbox]
            person.is_kept_out = number in gone
            assert person.state is (S.EXCLUDED if number in gone else S.PENDING)
        self.begin_a_run(takes_orphans=True)

    def _suppress(self, conn, number: int) -> None:  # type: ignore[no-untyped-def]
        key = self.key_of[self.addresses[number].mailbox]
        suppress(conn, key, scope=EVERYWHERE, reason=BOUNCED, now=AT)

    # Half of the steps send: were each of these a rule, hardly any delivery would come far.
    @rule(what=st.sampled_from(MEANWHILE), number=st.integers(0, 4), flag=st.booleans())
    def meanwhile(self, what: str, number: int, flag: bool) -> None:
        if what == "run":
            self.begin_a_run(takes_orphans=flag)
        elif what == "claim":
            self.claim(limit=number + 1, at=LATER[-1 if flag else -2] or AT)
        elif what == "refuse":
            self.refuse_some_ourselves(1 << number, is_seen_long_ago=flag)
        elif what == "out":
            self.keep_somebody_out(number, everywhere=flag)
        elif what == "in":
            self.let_somebody_in_again(number)
        elif what == "resend":
            self.resend()
        elif what == "retry":
            self.retry_the_refused(("550", "5.7.1", "5.6.7", "551", "550")[number])
        elif what == "resolve":
            self.resolve(number, S.ACCEPTED if flag else S.PENDING)
        else:
            self.ask_to_stop()

    def begin_a_run(self, takes_orphans: bool) -> None:
        number = next(NUMBERS)
        with writing(self.engine) as conn:
            run = begin_run(conn, load_issue(conn, self.issue_id), number=number, owner=f"host:{number}")
            orphans = orphans_to_uncertain(conn, run) if takes_orphans else ()
        self.runs.append(run)
        self.model.epoch += 1
        self.model.stop_requested = False
        assert run.epoch == self.model.epoch
        left = self.model.in_state(S.IN_FLIGHT) if takes_orphans else []
        assert len(orphans) == len(left)
        for person in left:
            self.model.move(person, S.UNCERTAIN, Cause.LOST_REPLY)
            person.said = self._said(person.id)  # what was said before stays; only the reply's text is ours

    def _said(self, delivery_id: int) -> tuple[int, str]:
        with reading(self.engine) as conn:
            row = conn.execute(select(delivery.c.code, delivery.c.enhanced).where(delivery.c.id == delivery_id)).one()
        return row.code, row.enhanced

    def claim(self, limit: int, at: datetime) -> None:
        run = self.runs[-1]
        with recording(self.engine) as conn:
            pending = claim_pending(conn, run, after_position=0, limit=limit)
            due = claim_due(conn, run, at=at, limit=limit)
        waiting = sorted(self.model.in_state(S.PENDING), key=lambda person: person.position)
        deferred = [p for p in self.model.in_state(S.DEFERRED) if p.next_at is not None and p.next_at <= at]
        deferred.sort(key=lambda person: (person.next_at, person.id))
        assert [row.id for row in pending] == [person.id for person in waiting[:limit]]
        assert {row.id for row in due} <= {person.id for person in deferred}
        assert len(due) == min(limit, len(deferred))
        for row in (*pending, *due):
            person = self.model.people[row.id]
            assert (row.before, row.attempt) == (person.state, person.attempt)
            person.claimed = run.epoch
            self.beliefs[row.id] = self._mark(row.id, row.before, row.attempt)

    @staticmethod
    def _mark(delivery_id: int, before: DeliveryState, attempt: int) -> Mark:
        return Mark(id=delivery_id, before=before, attempt=attempt + 1, date_sent=AT, sha256="ff", relay="r")

    @rule(
        left_out=CHOICE,
        outcomes=st.lists(st.sampled_from(OFTEN), min_size=5, max_size=5),
        next_at=st.sampled_from(LATER),
        is_cut_off=st.sampled_from([False, False, False, True]),
    )
    def try_some(self, left_out: int, outcomes: list[Outcome], next_at: datetime | None, is_cut_off: bool) -> None:
        """Mails that go as mails mostly do: marked by one group, settled by the next."""
        everybody = 31
        self.write_a_group(0, everybody ^ left_out, outcomes, None, False, False, -1, -1, False)
        if not is_cut_off:
            under_way = sum(1 << n for n, p in enumerate(self.model.people.values()) if p.state is S.IN_FLIGHT)
            self.write_a_group(under_way, 0, outcomes, next_at, False, False, -1, -1, False)

    @rule(
        to_settle=CHOICE,
        to_mark=CHOICE,
        outcomes=st.lists(st.sampled_from(OFTEN), min_size=5, max_size=5),
        next_at=st.sampled_from(LATER),
        careful=st.booleans(),
        is_repeated=st.booleans(),
        which_run=st.sampled_from([-1, -1, -1, -1, -2, -3]),
        which_mark=st.sampled_from([-1, -1, -1, -2]),
        is_seen_long_ago=st.sampled_from([False, False, False, True]),
    )
    def write_a_group(
        self,
        to_settle: int,
        to_mark: int,
        outcomes: list[Outcome],
        next_at: datetime | None,
        careful: bool,
        is_repeated: bool,
        which_run: int,
        which_mark: int,
        is_seen_long_ago: bool,
    ) -> None:
        """One transaction of a journal: of the present run or of one that was taken over, its news fresh or stale."""
        run = self.runs[max(which_run, -len(self.runs))]
        entries = []
        for person, outcome in zip(self._chosen(to_settle), outcomes, strict=False):
            own = [mark for by, mark in self.sent if by == run and mark.id == person.id]
            if not own:
                continue
            mark = own[max(which_mark, -len(own))]
            if not self._is_late_refusal_of_one_put_back(person, mark, outcome):
                again = next_at if outcome.state is S.DEFERRED else None
                entries.append(Settled(id=mark.id, attempt=mark.attempt, outcome=outcome, next_at=again))
        if self.model.needs_claim and not is_seen_long_ago:
            self.claim(limit=6, at=LATER[-2] or AT)
        chosen = self._chosen(to_mark)
        marks = [found for person in chosen if (found := self._next_mark(person, is_seen_long_ago))]
        self._write(run, entries, marks, careful=careful)
        if is_repeated:  # its COMMIT was of unknown fate
            self._write(run, entries, marks, careful=True)

    @staticmethod
    def _is_late_refusal_of_one_put_back(person: Person, mark: Mark, outcome: Outcome) -> bool:
        """The ledger takes it for a refusal of our own: see the test below that is expected to fail."""
        return outcome.state is S.REJECTED and (person.state, person.attempt) == (S.PENDING, mark.attempt)

    def _chosen(self, choice: int) -> list[Person]:
        return [person for number, person in enumerate(self.model.people.values()) if choice >> number & 1]

    def _next_mark(self, person: Person, is_seen_long_ago: bool) -> Mark | None:
        if is_seen_long_ago:
            return self.beliefs.get(person.id)
        if person.state in {S.PENDING, S.DEFERRED}:
            self.beliefs[person.id] = self._mark(person.id, person.state, person.attempt)
            return self.beliefs[person.id]
        return None

    def refuse_some_ourselves(self, choice: int, is_seen_long_ago: bool) -> None:
        marks = [mark for person in self._chosen(choice) if (mark := self._next_mark(person, is_seen_long_ago))]
        entries = [Settled(id=m.id, attempt=m.attempt - 1, outcome=LOCAL, is_marked=False) for m in marks]
        self._write(self.runs[-1], entries, [], careful=False)

    def _write(self, run: Run, entries: list[Settled], marks: list[Mark], *, careful: bool) -> None:
        result = self._as_the_journal_does(run, entries, marks, careful=careful)
        self.model.moves.clear()
        for entry in entries:
            self.model.settle(entry, run.epoch)
        marked = {mark.id for mark in marks if self.model.mark(mark, run.epoch)}
        self.sent += [(run, mark) for mark in marks if mark.id in marked and (run, mark) not in self.sent]
        assert result.marked == marked
        assert result.is_stale == (run.epoch != self.model.epoch)
        assert result.stop_requested == self.model.stop_requested
        assert {move: number for move, number in result.moves.items() if number} == dict(self.model.moves)

    def _as_the_journal_does(
        self, run: Run, entries: list[Settled], marks: list[Mark], *, careful: bool
    ) -> GroupResult:
        while True:
            try:
                with recording(self.engine) as conn:
                    return write_group(conn, run, settled=entries, marks=marks, at=AT, careful=careful)
            except Disagreement:
                assert not careful
                careful = True

    def keep_somebody_out(self, number: int, everywhere: bool) -> None:
        address = self.addresses[number % len(self.addresses)]
        key = self.key_of[address.mailbox]
        with writing(self.engine) as conn:
            if everywhere:
                suppress(conn, key, scope=EVERYWHERE, reason=BOUNCED, now=AT)
            else:
                unsubscribe(conn, key, list_name=self.list_name, reason="link")
        self.person_of[address.mailbox].is_kept_out = True

    def let_somebody_in_again(self, number: int) -> None:
        address = self.addresses[number % len(self.addresses)]
        with writing(self.engine) as conn:
            lift(conn, self.key_of[address.mailbox], scopes=(EVERYWHERE, self.list_name))
            row = GoodRow(line=0, address=address, fields={"city": "x"})
            add_subscriber(conn, self.list_name, row, keys=self.keys, resubscribe=True)
        self.person_of[address.mailbox].is_kept_out = False

    def resend(self) -> None:
        with writing(self.engine) as conn:
            number = resend_uncertain(conn, self.runs[-1])
        chosen = [person for person in self.model.in_state(S.UNCERTAIN) if not person.resent]
        assert number == len(chosen)
        for person in chosen:
            self.model.put_back(person, Cause.RESEND)
            person.resent = True

    def retry_the_refused(self, code: str) -> None:
        with writing(self.engine) as conn:
            number = retry_refused(conn, self.runs[-1], code)
        chosen = [person for person in self.model.in_state(S.REJECTED) if code in {str(person.said[0]), person.said[1]}]
        assert number == len(chosen)
        for person in chosen:
            self.model.put_back(person, Cause.RETRY_REFUSED)

    def resolve(self, number: int, after: DeliveryState) -> None:
        person = list(self.model.people.values())[number % len(self.addresses)]
        with writing(self.engine) as conn:
            is_done = settle_doubt(conn, self.issue_id, person.id, after, at=AT, detail={})
        assert is_done == (person.state is S.UNCERTAIN)
        if is_done:
            self.model.move(person, after, Cause.EVIDENCE)

    def ask_to_stop(self) -> None:
        with writing(self.engine) as conn:
            request_stop(conn, self.issue_id)
        self.model.stop_requested = True

    @invariant()
    def both_say_the_same(self) -> None:
        with reading(self.engine) as conn:
            counted = verify_counts(conn, self.issue_id)
            rows = conn.execute(select(delivery).where(delivery.c.issue_id == self.issue_id)).all()
            kept = select(delivery_event.c.delivery_id, func.count()).where(delivery_event.c.kind == "late_reply")
            late = {row[0]: row[1] for row in conn.execute(kept.group_by(delivery_event.c.delivery_id))}
        assert counted == self.model.counts()
        assert counted.audience == len(self.addresses)
        for row in rows:
            person = self.model.people[row.id]
            assert (row.state, row.attempt, row.resent) == (person.state.value, person.attempt, person.resent)
            assert late.get(row.id, 0) == person.late
            if person.state is S.DEFERRED:
                assert row.next_at == person.next_at
            if person.state is S.IN_FLIGHT:
                assert row.epoch == person.epoch
            if person.state is S.REJECTED:
                assert (row.code, row.enhanced) == person.said
            if person.state is S.EXCLUDED:
                assert row.exclusion


@pytest.mark.slow
def test_the_ledger_does_what_the_model_says(engine: Engine, keys: Keys, compiled: CompiledIssue) -> None:
    if not is_shared(engine):  # a thousand transactions, and no crash to survive
        engine.dispose()
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))

    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(engine, keys, compiled)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            phases=[Phase.generate],  # making a failure shorter takes minutes: add Phase.shrink by hand
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )


@pytest.fixture
def put_back(engine: Engine, keys: Keys, compiled: CompiledIssue) -> tuple[LedgerMachine, Run, Mark]:
    """A delivery that was tried, became uncertain and was put back; the run and the mark of that try."""
    machine = LedgerMachine(engine, keys, compiled)
    machine.freeze_an_audience(1, set())
    first, person = machine.runs[-1], machine.person_of[machine.addresses[0].mailbox]
    machine.claim(limit=1, at=AT)
    mark = machine._mark(person.id, person.state, 0)
    machine._write(first, [], [mark], careful=False)
    machine.begin_a_run(takes_orphans=True)
    machine.resend()
    assert person.state is S.PENDING
    return machine, first, mark


def test_a_late_refusal_of_a_delivery_that_was_put_back_is_forgotten(
    put_back: tuple[LedgerMachine, Run, Mark],
) -> None:
    machine, first, mark = put_back
    machine._write(first, [Settled(id=mark.id, attempt=mark.attempt, outcome=OUTCOMES[2])], [], careful=False)


def test_a_refusal_of_our_own_by_a_run_that_was_taken_over_is_forgotten(
    put_back: tuple[LedgerMachine, Run, Mark],
) -> None:
    machine, first, mark = put_back
    entry = Settled(id=mark.id, attempt=mark.attempt, outcome=LOCAL, is_marked=False)
    machine._write(first, [entry], [], careful=False)


def test_a_late_acceptance_of_a_delivery_that_was_put_back_is_kept_as_evidence_alone(
    put_back: tuple[LedgerMachine, Run, Mark],
) -> None:
    machine, first, mark = put_back
    machine._write(first, [Settled(id=mark.id, attempt=mark.attempt, outcome=OUTCOMES[0])], [], careful=False)
    assert machine.model.people[mark.id].late == 1
    machine.both_say_the_same()
