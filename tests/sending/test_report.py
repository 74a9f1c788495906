"""What is told of an issue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.delivery.state import Counts, IssueState
from newsletter.sending.report import as_json, as_text
from newsletter.sending.sender import End
from newsletter.sending.session import shown_state, state_after
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, reading
from newsletter.store.issues import IssueRow, load_issue


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


def test_text_names_the_doubtful_and_counts_the_rest(row: IssueRow) -> None:
    counted = replace(row, counts=Counts(uncertain=30, accepted=1))
    text = as_text(counted, IssueState.STOPPED, uncertain=[f"p{n}@a.example" for n in range(30)])
    assert "p19@a.example and 10 more" in text
    assert f'next: "newsletter resume {row.code}"' in text


def test_text_of_a_pause_says_why_and_a_finished_one_offers_nothing(row: IssueRow) -> None:
    paused = replace(row, state_reason="the relay refused us")
    assert "paused: the relay refused us" in as_text(paused, IssueState.PAUSED)
    assert "next:" not in as_text(paused, IssueState.FINISHED)


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
