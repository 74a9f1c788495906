"""The rate, and the breaker that pauses a send."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.scope import Outcome, Reply, Stage, judge, not_sent, uncertain
from newsletter.delivery.throttle import MIN_REPLIES_FOR_SHARE, Breaker, Pace

ACCEPTED = judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok"))
UNKNOWN_USER = judge(Stage.RCPT, Reply(code=550, text="5.1.1 User unknown"))
SENDER_REFUSED = judge(Stage.RCPT, Reply(code=550, text="5.7.1 Sender address rejected"))
SPAM = judge(Stage.CONTENT, Reply(code=554, text="5.7.1 Spam message rejected"))
SLOW_DOWN = judge(Stage.MAIL, Reply(code=451, text="4.7.0 Rate limit"))


def breaker_after(*outcomes: Outcome) -> Breaker:
    breaker = Breaker(first=20, same=5, bounce_share=0.1)
    for outcome in outcomes:
        breaker.count(outcome)
    return breaker


def test_same_refusal_of_us_five_times_running_pauses() -> None:
    assert not breaker_after(ACCEPTED, *[SENDER_REFUSED] * 4).reason
    reason = breaker_after(ACCEPTED, *[SENDER_REFUSED] * 5).reason
    assert "5 times running: 550 5.7.1 Sender address rejected (at RCPT)" in reason


def test_an_acceptance_or_another_refusal_between_begins_the_count_again() -> None:
    assert not breaker_after(*[SENDER_REFUSED] * 4, ACCEPTED, *[SENDER_REFUSED] * 4).reason
    assert not breaker_after(ACCEPTED, *[SENDER_REFUSED] * 4, *[SPAM] * 4).reason


def test_temporary_refusals_of_us_pause_too() -> None:
    assert "451" in breaker_after(ACCEPTED, *[SLOW_DOWN] * 5).reason


def test_first_twenty_replies_without_an_acceptance_pause() -> None:
    mixed = [SENDER_REFUSED, SPAM] * 10
    assert not breaker_after(*mixed[:19]).reason
    assert "none of the first 20" in breaker_after(*mixed).reason
    assert not breaker_after(ACCEPTED, *mixed).reason


def test_many_dead_addresses_pause_but_not_among_a_few() -> None:
    assert not breaker_after(ACCEPTED, *[UNKNOWN_USER] * 10).reason
    accepted = [ACCEPTED] * (MIN_REPLIES_FOR_SHARE - 5)
    assert not breaker_after(*accepted, *[UNKNOWN_USER] * 5).reason
    assert "recipients do not exist" in breaker_after(*accepted, *[UNKNOWN_USER] * 6).reason


def test_refused_recipients_are_not_a_refusal_of_us() -> None:
    assert not breaker_after(ACCEPTED, *[UNKNOWN_USER] * 19).reason


def test_lost_connections_are_no_replies() -> None:
    assert not breaker_after(*[not_sent(Stage.MAIL, "lost")] * 30).reason


def test_final_reply_lost_five_times_running_pauses_before_the_whole_list_is_in_doubt() -> None:
    assert not breaker_after(ACCEPTED, *[uncertain("dropped")] * 4).reason
    assert "lost its reply 5 times" in breaker_after(ACCEPTED, *[uncertain("dropped")] * 5).reason


def test_reason_stays_once_found() -> None:
    assert breaker_after(*[SENDER_REFUSED] * 5, *[ACCEPTED] * 100).reason


def test_rate_spaces_messages_evenly_without_a_burst_after_a_pause() -> None:
    pace = Pace(10)
    assert [round(pace.reserve(100.0), 3) for _ in range(3)] == [0.0, 0.1, 0.2]
    assert pace.reserve(200.0) == 0.0
    assert pace.reserve(200.0) == pytest.approx(0.1)


def test_no_rate_never_waits() -> None:
    pace = Pace(0)
    assert {pace.reserve(5.0) for _ in range(10)} == {0.0}


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 10), max_size=50))
def test_no_second_has_more_than_the_rate(rate: float, gaps: list[float]) -> None:
    pace, now, sent = Pace(rate), 0.0, []
    for gap in gaps:
        now += gap
        sent.append(now + pace.reserve(now))
    for earlier, later in pairwise(sent):
        assert later - earlier >= 1 / rate - 1e-6
