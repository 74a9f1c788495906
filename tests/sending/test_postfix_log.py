"""A Postfix log as evidence: what proves that a message was taken on, and what only looks so."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.sending.postfix_log import MAX_LINE, Coverage, Search, parse_line, read_log

MOSCOW = ZoneInfo("Europe/Moscow")
NEAR = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINE = "ab" * 16
HEAD = "Nov 23 12:00:01 relay postfix/"


def search(*lines: str, wanted: str = MINE) -> Search:
    found = Search({wanted: 7})
    for text in lines:
        line = parse_line(text, zone=MOSCOW, near=NEAR)
        assert line is not None, text
        found.feed(line)
    return found


CLEANUP = f"{HEAD}cleanup[9]: 4AbC12: message-id=<{MINE}@zarechye.example>"
ACTIVE = f"{HEAD}qmgr[8]: 4AbC12: from=<news@zarechye.example>, size=900, nrcpt=1 (queue active)"
SENT = (
    f"{HEAD}smtp[7]: 4AbC12: to=<p@a.example>, relay=mx.a.example[192.0.2.1]:25, delay=0.1, delays=0/0/0.1/0, "
    "dsn=2.0.0, status=sent (250 2.0.0 Ok)"
)
REMOVED = f"{HEAD}qmgr[8]: 4AbC12: removed"


@pytest.mark.parametrize("proof", [ACTIVE, SENT, REMOVED])
def test_what_the_queue_says_proves_that_the_message_was_taken_on(proof: str) -> None:
    assert search(CLEANUP, proof).traces[7].queue_id == "4AbC12"


def test_a_message_id_alone_proves_nothing() -> None:
    trace = search(CLEANUP, f"{HEAD}smtpd[6]: lost connection after DATA (900 bytes) from client[127.0.0.1]").traces[7]
    assert (trace.is_seen, trace.queue_id) == (True, "")


def test_other_messages_and_reused_queue_ids_are_told_apart() -> None:
    assert search(CLEANUP.replace(MINE, "cd" * 16), SENT).traces == {}
    reused = CLEANUP.replace(MINE, "cd" * 16)
    assert search(CLEANUP, reused, SENT).traces[7].queue_id == ""
    assert search(CLEANUP, SENT, REMOVED, SENT.replace("sent", "bounced")).traces[7].status == "sent"


def test_the_last_status_is_told_with_its_words() -> None:
    bounced = SENT.replace("status=sent (250 2.0.0 Ok)", "status=bounced (host said: 550 status=sent (ha))")
    trace = search(CLEANUP, SENT.replace("sent", "deferred"), bounced, REMOVED).traces[7]
    assert (trace.status, trace.said) == ("bounced", "host said: 550 status=sent (ha)")
    assert trace.bounced_at == datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("Nov 23 12:00:01", datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)),
        ("Nov  3 12:00:01", datetime(2026, 11, 3, 9, 0, 1, tzinfo=UTC)),
        ("Jan  1 00:00:01", datetime(2026, 12, 31, 21, 0, 1, tzinfo=UTC)),  # of the next year: nearer
        ("2026-11-23T12:00:01.123456+03:00", datetime(2026, 11, 23, 9, 0, 1, 123456, tzinfo=UTC)),
        ("2026-11-23T09:00:01Z", datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)),
    ],
)
def test_both_kinds_of_stamps_are_read(stamp: str, at: datetime) -> None:
    line = parse_line(REMOVED.replace("Nov 23 12:00:01", stamp), zone=MOSCOW, near=NEAR)
    assert line is not None
    assert line.at == at


@pytest.mark.parametrize("name", ["postfix", "postfix-out", "postfix/submission", "mta"])
def test_lines_of_any_instance_are_read(name: str) -> None:
    assert parse_line(REMOVED.replace("postfix/", f"{name}/"), zone=MOSCOW, near=NEAR) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "Nov 23 12:00:01 relay sshd[1]: 4AbC12: removed", "Feb 30 12:00:01 relay postfix/qmgr[1]: A: b",
        "2026-13-23T12:00:01Z relay postfix/qmgr[1]: 4AbC12: removed", "Xyz 23 12:00:01 relay postfix/qmgr[1]: A: b",
        "Nov 23 99:00:01 relay postfix/qmgr[1]: 4AbC12: removed",
    ],
)  # fmt: skip
def test_what_is_no_line_of_postfix_is_passed_over(text: str) -> None:
    assert parse_line(text, zone=MOSCOW, near=NEAR) is None


@settings(max_examples=150)
@given(st.text(max_size=60), st.sampled_from(["cleanup", "qmgr", "smtp"]))
def test_no_line_stops_the_reading(text: str, daemon: str) -> None:
    line = parse_line(f"{HEAD}{daemon}[1]: 4AbC12: {text}", zone=MOSCOW, near=NEAR)
    if line is not None:
        Search({MINE: 7}).feed(line)


@pytest.mark.parametrize("is_zipped", [False, True])
def test_long_lines_and_broken_bytes_cost_nothing(tmp_path: Path, is_zipped: bool) -> None:
    data = b"\xff" * (3 * MAX_LINE) + b"\n" + CLEANUP.encode() + b"\xff\n" + ACTIVE.encode()
    path = tmp_path / "mail.log"
    path.write_bytes(gzip.compress(data) if is_zipped else data)
    assert [line.daemon for line in read_log(path, zone=MOSCOW, near=NEAR)] == ["cleanup", "qmgr"]


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"x" * 1_000)[:-9])
    spoilt = tmp_path / "spoilt.gz"
    spoilt.write_bytes(gzip.compress(b"x" * 1_000)[:12] + b"\xff" * 40)
    for path in (tmp_path / "none", tmp_path, cut, spoilt):
        with pytest.raises(InputError, match="the log cannot be read"):
            list(read_log(path, zone=MOSCOW, near=NEAR))


def test_rotated_logs_cover_without_a_hole_and_others_do_not() -> None:
    hour = timedelta(hours=1)
    coverage = Coverage()
    coverage.add(NEAR + timedelta(seconds=5), NEAR + hour)
    coverage.add(NEAR - hour, NEAR)
    assert coverage.holds(NEAR)
    assert not coverage.holds(NEAR - hour)
    assert not coverage.holds(NEAR + timedelta(minutes=51))
    coverage.add(NEAR + 3 * hour, NEAR + 4 * hour)
    assert not coverage.holds(NEAR + 2 * hour)
