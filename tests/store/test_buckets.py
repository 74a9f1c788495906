"""Rates in the database: leased before they are used, lost by a crash, never doubled."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from newsletter.store.buckets import Lease, give_back, lease
from newsletter.store.database import Engine, now, writing


@pytest.fixture
def start(engine: Engine) -> datetime:
    with writing(engine) as conn:
        return now(conn)


def leased(engine: Engine, at: datetime, *, rate: float = 10.0, want: int = 10, name: str = "relay") -> Lease:
    with writing(engine) as conn:
        return lease(conn, name, rate=rate, capacity=max(1.0, rate), want=want, now=at)


def test_a_new_bucket_gives_one_message_and_then_as_many_as_time_has_made(engine: Engine, start: datetime) -> None:
    assert leased(engine, start).tokens == 1
    empty = leased(engine, start)
    assert empty.tokens == 0
    assert empty.wait_seconds == pytest.approx(0.1)
    assert leased(engine, start + timedelta(seconds=0.55)).tokens == 5
    assert leased(engine, start + timedelta(seconds=0.6)).tokens == 1  # the half was kept


def test_a_pause_fills_a_bucket_no_further_than_its_capacity(engine: Engine, start: datetime) -> None:
    leased(engine, start)
    assert leased(engine, start + timedelta(days=2), want=1_000).tokens == 10
    assert leased(engine, start + timedelta(days=2), want=1_000).tokens == 0


def test_a_slow_rate_says_how_long_to_wait(engine: Engine, start: datetime) -> None:
    hourly = 100 / 3_600
    assert leased(engine, start, rate=hourly).tokens == 1
    wait = leased(engine, start + timedelta(seconds=6), rate=hourly).wait_seconds
    assert wait == pytest.approx(30)
    assert leased(engine, start + timedelta(seconds=6 + wait), rate=hourly).tokens == 1


def test_what_is_given_back_is_there_again_but_never_above_the_capacity(engine: Engine, start: datetime) -> None:
    leased(engine, start)
    full = start + timedelta(seconds=5)
    assert leased(engine, full).tokens == 10
    with writing(engine) as conn:
        give_back(conn, "relay", 7)
        give_back(conn, "another", 7)
    assert leased(engine, full).tokens == 7
    with writing(engine) as conn:
        give_back(conn, "relay", 1_000)
    assert leased(engine, full, want=1_000).tokens == 10


def test_a_lease_that_nobody_used_is_lost_with_its_process(engine: Engine, start: datetime) -> None:
    leased(engine, start)
    assert leased(engine, start + timedelta(seconds=1)).tokens == 10
    engine.dispose()  # the process dies; the next finds what is on disk
    assert leased(engine, start + timedelta(seconds=1.5)).tokens == 5


def test_buckets_do_not_share(engine: Engine, start: datetime) -> None:
    leased(engine, start)
    assert leased(engine, start, name="relay gmail").tokens == 1


def test_a_clock_that_is_set_back_neither_stops_a_rate_nor_lets_it_burst(engine: Engine, start: datetime) -> None:
    leased(engine, start)
    assert leased(engine, start - timedelta(hours=1)).tokens == 0
    assert leased(engine, start - timedelta(hours=1) + timedelta(seconds=0.5)).tokens == 5


def test_a_process_that_read_the_clock_a_moment_earlier_makes_no_tokens(engine: Engine, start: datetime) -> None:
    leased(engine, start + timedelta(milliseconds=400))
    assert leased(engine, start).tokens == 0  # it waited for the row; its time is older
    assert leased(engine, start + timedelta(milliseconds=400)).tokens == 0


def test_several_at_once_get_no_more_than_the_rate(engine: Engine, start: datetime) -> None:
    """Four that lease over and over, from the first row on: together what the time has made, and one message more."""
    taken: list[int] = []

    def work() -> None:
        for step in range(10):
            taken.append(leased(engine, start + timedelta(seconds=step * 0.1), rate=50.0, want=20).tokens)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert 0 < sum(taken) <= 1 + 0.9 * 50
