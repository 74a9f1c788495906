"""What is told of an issue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from newsletter.delivery.state import Counts, DeliveryState, IssueState
from newsletter.sending.report import Told, as_json, as_text, read_told, shown_state
from newsletter.sending.sender import End
from newsletter.sending.session import state_after
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, reading, writing
from newsletter.store.issues import IssueRow, load_issue
from newsletter.store.schema import delivery


@pytest.fixture
def row(
    engine: Engine, add_people: Callable[..., None], meant: Callable[..., Meant], freeze_issue: Callable[..., int]
) -> IssueRow:
    add_people("a@a.example", city="x")
    issue_id = freeze_issue(meant())
    with reading(engine) as conn:
        return load_issue(conn, issue_id)


def test_json_counts_add_up_and_the_rate_is_of_what_was_accepted(row: IssueRow) -> None:
    counts = Counts(accepted=90, rejected=1, gave_up=2, deferred=3, uncertain=1, excluded=2, pending=1)
    facts = as_json(replace(row, counts=counts, sending_milliseconds=1_500), IssueState.STOPPED)
    assert facts["audience"] == 100
    assert (facts["seconds"], facts["messages_per_second"], facts["state"]) == (1.5, 60.0, "stopped")
    assert as_json(row, IssueState.PREPARING)["messages_per_second"] == 0.0


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        (DeliveryState.REJECTED, "rejected:"),
        (DeliveryState.GAVE_UP, "gave up:"),
        (DeliveryState.UNCERTAIN, "uncertain (perhaps served: the reply was lost):"),
        (DeliveryState.DEFERRED, "deferred:"),
    ],
)
def test_text_names_who_was_not_served_with_the_reply_and_counts_the_rest(
    row: IssueRow, kind: DeliveryState, head: str
) -> None:
    counted = replace(row, counts=Counts(accepted=1, **{kind.value: 30}))
    people = [(f"p{n}@a.example", f"550 5.1.1 no {n} " + "x" * 300) for n in range(20)]
    told = Told(named={kind: people}, refusals=[(kind.value, 30, "550 5.1.1 no user"), ("other", 9, "not this one")])
    lines = as_text(counted, IssueState.STOPPED, told, zone=UTC).splitlines()
    at = lines.index(f"  {head}")
    assert lines[at + 1] == "    30 with 550 5.1.1 no user"
    assert [line.split()[0] for line in lines[at + 2 : at + 22]] == [f"p{n}@a.example:" for n in range(20)]
    assert lines[at + 22] == "    and 10 more"
    assert "not this one" not in "".join(lines)
    assert max(map(len, lines)) < 160


def test_few_are_named_without_a_summary(row: IssueRow) -> None:
    told = Told(named={DeliveryState.REJECTED: [("a@a.example", "550 no")]}, refusals=[("rejected", 1, "550 no")])
    text = as_text(replace(row, counts=Counts(rejected=1)), IssueState.FINISHED, told, zone=UTC)
    assert "    a@a.example: 550 no" in text
    assert "1 with 550" not in text
    assert "more" not in text


def test_next_try_is_told_in_the_offices_zone(row: IssueRow) -> None:
    told = Told(
        named={DeliveryState.DEFERRED: [("a@a.example", "450 later")]},
        next_try=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    )
    waiting = replace(row, counts=Counts(deferred=1))
    text = as_text(waiting, IssueState.WAITING, told, zone=ZoneInfo("Europe/Moscow"))
    assert "deferred, next try at 2026-11-23 12:30:00 MSK:" in text
    assert f'next: "newsletter resume {row.code}" after 2026-11-23 12:30:00 MSK' in text


def test_next_step_for_refusals_of_ours_and_for_the_uncertain_is_named(row: IssueRow) -> None:
    told = Told(ours=[("5.7.1", 5)], resendable=2)
    counts = Counts(rejected=5, uncertain=2, pending=3)
    steps = [
        f'next: "newsletter resume {row.code}"',
        f'next: "newsletter resume {row.code} --retry-refused 5.7.1" tries again the 5',
        f'next: "newsletter resume {row.code} --uncertain resend" mails the 2 uncertain once more',
    ]
    paused = as_text(replace(row, counts=counts), IssueState.PAUSED, told, zone=UTC)
    assert all(step in paused for step in steps)
    finished = as_text(replace(row, counts=counts), IssueState.FINISHED, told, zone=UTC)
    assert [step in finished for step in steps] == [False, True, True]
    assert "next:" not in as_text(replace(row, counts=counts), IssueState.RUNNING, told, zone=UTC)


def test_excluded_since_the_freeze_are_told_by_reason(row: IssueRow) -> None:
    frozen = replace(row, counts=Counts(excluded=3, accepted=1), exclusions={"bounced": 1})
    text = as_text(frozen, IssueState.FINISHED, Told(excluded_since={"unsubscribed": 2}), zone=UTC)
    assert "excluded at freeze: 1 bounced" in text
    assert "excluded since the freeze: 2 unsubscribed" in text


def test_what_is_told_is_read_from_the_deliveries(
    engine: Engine, add_people: Callable[..., None], meant: Callable[..., Meant], freeze_issue: Callable[..., int]
) -> None:
    states = ["rejected"] * 2 + ["uncertain"] * 2 + ["excluded", "deferred", "accepted"]
    add_people(*[f"p{n}@a.example" for n in range(len(states))], city="x")
    issue_id = freeze_issue(meant())
    due = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    with writing(engine) as conn:
        ids = conn.scalars(select(delivery.c.id).order_by(delivery.c.address)).all()
        for number, state in zip(ids, states, strict=True):
            conn.execute(update(delivery).where(delivery.c.id == number).values(state=state, reply=f"is {state}"))
        conn.execute(update(delivery).where(delivery.c.id == ids[0]).values(scope="ours", code=550, enhanced="5.7.1"))
        conn.execute(update(delivery).where(delivery.c.id == ids[1]).values(scope="recipient", code=550))
        conn.execute(update(delivery).where(delivery.c.id == ids[2]).values(resent=True))
        conn.execute(update(delivery).where(delivery.c.id == ids[4]).values(exclusion="bounced"))
        conn.execute(update(delivery).where(delivery.c.id == ids[5]).values(next_at=due))
        row = replace(load_issue(conn, issue_id), counts=Counts(rejected=2, uncertain=2, excluded=1, deferred=1))
        told = read_told(conn, row)
    assert {kind: len(people) for kind, people in told.named.items()} == {
        DeliveryState.REJECTED: 2,
        DeliveryState.UNCERTAIN: 2,
        DeliveryState.DEFERRED: 1,
    }
    assert dict(told.named[DeliveryState.REJECTED])["p0@a.example"] == "550 is rejected"
    assert told.ours == (("5.7.1", 1),)
    assert (told.resendable, told.next_try, told.excluded_since) == (1, due, {"bounced": 1})


def test_text_of_a_pause_says_why_and_a_finished_one_offers_nothing(row: IssueRow) -> None:
    paused = replace(row, state_reason="the relay refused us")
    assert "paused: the relay refused us" in as_text(paused, IssueState.PAUSED, Told(), zone=UTC)
    assert "next:" not in as_text(paused, IssueState.FINISHED, Told(), zone=UTC)


@pytest.mark.parametrize("stored", [IssueState.RUNNING, IssueState.PREPARING])
def test_running_issue_that_nobody_sends_is_interrupted(row: IssueRow, stored: IssueState) -> None:
    running = replace(row, state=stored)
    assert shown_state(running, is_held=lambda _: False) is IssueState.INTERRUPTED
    assert shown_state(running, is_held=lambda _: True) is stored
    assert shown_state(replace(row, state=IssueState.PAUSED), is_held=lambda _: False) is IssueState.PAUSED


@pytest.mark.parametrize("end", list(End))
def test_issue_with_nothing_left_is_finished_however_the_run_ended(end: End) -> None:
    assert state_after(end, Counts(accepted=3, uncertain=1, rejected=1)) is IssueState.FINISHED


def test_interrupted_run_leaves_the_state_to_be_derived() -> None:
    assert state_after(End.INTERRUPTED, Counts(pending=1)) is None
    assert state_after(End.STOPPED, Counts(pending=1)) is IssueState.STOPPED
    assert state_after(End.WAITING, Counts(deferred=1)) is IssueState.WAITING
