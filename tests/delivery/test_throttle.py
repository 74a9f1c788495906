"""The rate, and the breaker that pauses a send."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.lanes import Lanes
from newsletter.delivery.scope import Outcome, Reply, Stage, judge, not_sent, uncertain
from newsletter.delivery.throttle import CATCH_UP_SECONDS, MIN_REPLIES_FOR_SHARE, Breaker, Pace, Throttle
from newsletter.settings import DomainLimit

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


def throttle(rate: float = 0.0, processes: int = 1, **limits: DomainLimit) -> Throttle:
    return Throttle(Lanes(limits), rate=rate, relay="relay.example:25", processes=processes)


class Bank:
    """The database's side of a rate, as store/buckets.py keeps it, with one clock for all."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[float, float]] = {}

    def answer(self, one: Throttle, now: float) -> None:
        for want in one.wants(now):
            tokens, at = self.rows.get(want.name, (1.0, now))
            tokens = min(want.capacity, tokens + (now - at) * want.rate)
            taken = max(0, min(want.want, int(tokens)))
            self.rows[want.name] = (tokens - taken, now)
            one.grant(want.name, taken, 0.0 if taken else (1 - tokens) / want.rate, now)


def drive(one: Throttle, bank: Bank, lanes: list[int], steps: list[float], hold: int = 0) -> list[tuple[float, int]]:
    """Begin whatever may begin, after each step of time; `hold` messages stay on the wire. Returns (when, lane)."""
    now, begun, busy = 0.0, [], []
    for step in steps:
        now += step
        for lane in lanes:
            for _ in range(1_000):
                wait = one.delay(lane, now)
                bank.answer(one, now)
                if wait and one.delay(lane, now):
                    break
                one.take(lane, now)
                bank.answer(one, now)
                begun.append((now, lane))
                busy.append(lane)
                while len(busy) > hold:
                    one.done(busy.pop(0))
    return begun


def most_in_any_window(times: list[float], rate: float) -> float:
    """Return by how much the worst window holds more than its share."""
    return max((end - first + 1 - rate * (times[end] - times[first]) for first in range(len(times))
                for end in range(first, len(times))), default=0.0)  # fmt: skip


RATES = st.sampled_from([0.01, 0.3, 1.0, 7.0, 40.0, 333.0])
STEPS = st.lists(st.one_of(st.floats(0, 0.02), st.floats(0, 5), st.just(0.0)), max_size=60)


@given(RATES, STEPS)
def test_no_window_of_time_holds_more_than_the_rate_and_a_small_capacity(rate: float, steps: list[float]) -> None:
    times = [at for at, _ in drive(throttle(rate), Bank(), [0], steps)]
    assert most_in_any_window(times, rate) <= 1 + rate * CATCH_UP_SECONDS + 1e-6
    assert 1 + rate * CATCH_UP_SECONDS <= max(1.0, rate) + 1


@given(RATES, RATES, STEPS)
def test_a_lane_keeps_its_own_rate_and_the_global_one(rate: float, own: float, steps: list[float]) -> None:
    one = throttle(rate, slow=DomainLimit(domains=("slow.example",), rate=own))
    begun = drive(one, Bank(), [one.lane_of("slow.example"), one.lane_of("free.example")], steps)
    assert most_in_any_window([at for at, _ in begun], rate) <= 1 + rate * CATCH_UP_SECONDS + 1e-6
    slow = [at for at, lane in begun if lane]
    assert most_in_any_window(slow, own) <= 1 + own * CATCH_UP_SECONDS + 1e-6


@pytest.mark.parametrize("rate", [0.5, 5.0, 50.0, 1000.0])
def test_a_rate_is_reached_and_not_only_kept_under(rate: float) -> None:
    seconds = max(20.0, 20 / rate)
    steps = [0.003] * round(seconds / 0.003)
    begun = drive(throttle(rate), Bank(), [0], steps)
    assert len(begun) == pytest.approx(rate * seconds, rel=0.02, abs=2)


@given(st.lists(st.booleans(), min_size=30, max_size=60), st.sampled_from([3.0, 10.0, 100.0]))
def test_several_processes_share_one_rate(turns: list[bool], rate: float) -> None:
    bank, pair = Bank(), (throttle(rate, processes=2), throttle(rate, processes=2))
    times: list[float] = []
    for number, turn in enumerate(turns):
        now = number * 0.1
        for one in (pair[turn], pair[not turn]):
            while True:
                wait = one.delay(0, now)
                bank.answer(one, now)
                if wait and one.delay(0, now):
                    break
                one.take(0, now)
                bank.answer(one, now)
                times.append(now)
    # The row's capacity, and what the two hold leased: a second's worth each way at most.
    assert most_in_any_window(times, rate) <= 2 * max(1.0, rate) + 1


@given(STEPS, STEPS, st.sampled_from([0.01, 1.0, 40.0]))
def test_a_crash_loses_what_was_leased_and_a_restart_never_doubles_it(
    before: list[float], after: list[float], rate: float
) -> None:
    bank = Bank()
    first = [at for at, _ in drive(throttle(rate), bank, [0], before)]
    died = sum(before)
    bank.rows = {name: (tokens, at - died) for name, (tokens, at) in bank.rows.items()}
    second = [died + at for at, _ in drive(throttle(rate), bank, [0], after)]
    assert most_in_any_window(first + second, rate) <= max(1.0, rate) + 1 + rate * CATCH_UP_SECONDS


def test_so_many_messages_of_a_lane_are_on_the_way_at_once() -> None:
    one = throttle(yahoo=DomainLimit(domains=("yahoo.*",), connections=2))
    lane = one.lane_of("yahoo.com")
    for _ in range(2):
        assert one.delay(lane, 0.0) == 0.0
        one.take(lane, 0.0)
    assert one.delay(lane, 1e9) == inf
    assert one.delay(one.lane_of("free.example"), 0.0) == 0.0
    one.done(lane)
    assert one.delay(lane, 0.0) == 0.0
    assert not one.wants(0.0)


def test_connections_are_divided_among_processes_and_nobody_is_left_without() -> None:
    for connections, processes, room in ((10, 3, 4), (1, 4, 1), (0, 4, None)):
        one = throttle(processes=processes, x=DomainLimit(domains=("x.example",), connections=connections, rate=1e6))
        begun = drive(one, Bank(), [one.lane_of("x.example")], [0.0] + [0.1] * 20, hold=10**9)
        assert len(begun) == room if room else len(begun) > 100


def test_without_limits_nothing_is_counted() -> None:
    one = throttle()
    assert one.is_free
    assert (one.lane_of("gmail.com"), one.delay(0, 5.0), one.wants(5.0)) == (0, 0.0, [])
    one.take(0, 5.0)
    one.done(0)
    assert list(one.leftovers()) == []


def test_a_closed_lane_leases_nothing_of_the_global_rate() -> None:
    one = throttle(5.0, x=DomainLimit(domains=("x.example",), connections=1))
    lane, bank = one.lane_of("x.example"), Bank()
    assert drive(one, bank, [lane], [0.0], hold=1) == [(0.0, lane)]
    list(one.leftovers())
    assert one.delay(lane, 50.0) == inf
    assert one.wants(50.0) == []


def test_a_want_is_asked_once_and_again_when_the_database_has_something() -> None:
    one = throttle(0.5)
    assert one.delay(0, 0.0) == inf
    (want,) = one.wants(0.0)
    assert (want.name, want.rate, want.capacity, want.want) == ("relay.example:25", 0.5, 1.0, 1)
    assert one.delay(0, 0.1) == inf
    assert one.wants(0.1) == []
    one.grant(want.name, 0, 2.0, 1.0)
    assert one.delay(0, 1.5) == 1.5
    assert one.wants(1.5) == []
    assert one.delay(0, 3.0) == inf
    assert len(one.wants(3.0)) == 1


def test_what_is_left_of_a_lease_is_given_back_once() -> None:
    one = throttle(10.0)
    one.delay(0, 0.0)
    (want,) = one.wants(0.0)
    one.grant(want.name, 10, 0.0, 0.0)
    one.take(0, 0.0)
    assert list(one.leftovers()) == [("relay.example:25", 9)]
    assert list(one.leftovers()) == []
