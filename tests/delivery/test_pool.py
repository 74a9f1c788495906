"""How many connections are held, and when one is closed."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.pool import FEW, PROBE_SECONDS, SETTLE_SECONDS, Carried, Recycling, Width


def after_rounds(width: Width, rounds: int, now: float = 0.0) -> list[int]:
    """Accept one message on each connection, round after round; returns the target after each."""
    targets = []
    for _ in range(rounds):
        for _ in range(width.target):
            width.accepted(now)
        targets.append(width.target)
    return targets


def test_it_begins_with_one_and_doubles_each_round_up_to_the_most() -> None:
    width = Width(20)
    assert width.target == 1
    assert after_rounds(width, 6) == [2, 4, 8, 16, 20, 20]


def test_after_trouble_a_few_are_left_and_beyond_half_it_grows_by_one_a_round() -> None:
    width = Width(16)
    after_rounds(width, 5)
    width.trouble(10.0)
    assert width.target == FEW
    assert after_rounds(width, 5, now=10.0 + SETTLE_SECONDS) == [4, 8, 9, 10, 11]


def test_sixteen_losses_of_one_restart_count_once() -> None:
    one, many = Width(16), Width(16)
    for width, losses in ((one, 1), (many, 16)):
        after_rounds(width, 5)
        for number in range(losses):
            width.trouble(10.0 + number * SETTLE_SECONDS / 20)
    after = 10.0 + SETTLE_SECONDS
    assert after_rounds(one, 6, after) == after_rounds(many, 6, after)


def test_replies_that_were_under_way_during_trouble_open_nothing() -> None:
    width = Width(16)
    after_rounds(width, 5)
    width.trouble(10.0)
    assert after_rounds(width, 3, now=10.1) == [FEW, FEW, FEW]


def test_a_relay_that_allows_so_many_is_asked_for_one_more_only_after_a_while() -> None:
    width = Width(16)
    after_rounds(width, 5)
    width.full(10.0, working=10)
    assert after_rounds(width, 3, now=20.0) == [10, 10, 10]
    assert after_rounds(width, 3, now=10.0 + PROBE_SECONDS) == [11, 11, 11]
    width.full(80.0, working=10)
    assert width.target == 10


@given(
    st.integers(1, 200),
    st.lists(st.tuples(st.sampled_from(["accepted", "trouble", "full"]), st.floats(0, 90), st.integers(0, 300))),
)
def test_it_stays_between_one_and_the_most_and_never_jumps(most: int, events: list[tuple[str, float, int]]) -> None:
    width, now = Width(most), 0.0
    for event, step, working in events:
        now, before = now + step, width.target
        if event == "accepted":
            width.accepted(now)
            assert before <= width.target <= before + 1
        elif event == "trouble":
            width.trouble(now)
            assert width.target <= max(before, FEW)
        else:
            width.full(now, working)
            assert width.target <= max(1, before)
        assert 1 <= width.target <= most


@given(st.integers(1, 200), st.lists(st.floats(0, 100), max_size=10))
def test_a_relay_that_is_well_again_gets_all_connections_again(most: int, troubles: list[float]) -> None:
    width, now = Width(most), 0.0
    for step in troubles:
        now += step
        width.trouble(now)
    after_rounds(width, 210, now=now + SETTLE_SECONDS)
    assert width.target == most


def test_a_connection_is_spent_after_its_messages() -> None:
    carried = Carried(Recycling(messages=3, idle_seconds=30), 0.0)
    for spent in (False, False, True):
        carried.begin(0, 1.0)
        assert carried.is_spent is spent


def test_a_connection_is_spent_after_so_many_of_one_lane() -> None:
    carried = Carried(Recycling(messages=0, idle_seconds=30, lane_messages=(0, 2, 3)), 0.0)
    for lane in (0, 0, 1, 2, 2, 0):
        carried.begin(lane, 1.0)
        assert not carried.is_spent
    carried.begin(1, 1.0)
    assert carried.is_spent


@given(
    st.lists(st.integers(0, 3), max_size=60), st.integers(0, 20), st.lists(st.integers(0, 9), min_size=4, max_size=4)
)
def test_no_connection_carries_more_than_it_may(lanes: list[int], messages: int, most: list[int]) -> None:
    recycling = Recycling(messages=messages, idle_seconds=30, lane_messages=most)
    carried, here = Carried(recycling, 0.0), [0] * 4
    for lane in lanes:
        if carried.is_spent:
            carried, here = Carried(recycling, 0.0), [0] * 4
        carried.begin(lane, 0.0)
        here[lane] += 1
        assert not messages or sum(here) <= messages
        assert all(not most[n] or here[n] <= most[n] for n in range(4))


@pytest.mark.parametrize(("idle_seconds", "at", "left"), [(30, 10.0, 25.0), (30, 40.0, 0.0), (0, 40.0, inf)])
def test_an_idle_connection_is_closed_so_long_after_its_last_reply(idle_seconds: int, at: float, left: float) -> None:
    carried = Carried(Recycling(messages=0, idle_seconds=idle_seconds), 0.0)
    carried.begin(0, 1.0)
    carried.end(5.0)
    assert carried.idle_in(at) == left
