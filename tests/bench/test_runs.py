"""Each bench runs, with numbers that are far too small to mean anything; no time is ever asserted."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
from pathlib import Path
from typing import Any

import pytest

from newsletter.bench.far_relay import FarRelay
from newsletter.bench.meter import cpu_seconds, memory_bytes
from newsletter.cli.main import main

FIGURES = {"messages_per_second", "client_cpu_microseconds", "server_cpu_microseconds", "server_load", "runs"}


def figures(capsys: pytest.CaptureFixture[str], folder: Path, name: str, *options: str) -> dict[str, Any]:
    assert main(["bench", name, "--folder", str(folder), *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [name]
    assert list(folder.iterdir()) == []  # it cleans up after itself
    return dict(found[name])


@pytest.mark.slow
@pytest.mark.service
def test_send_measures_all_clients_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("Debian's postfix is not installed (apt-get install postfix)")
    options = ("--messages", "40", "--rounds", "1", "--connections", "2", "--variant", "signed")
    found = figures(capsys, tmp_path, "send", *options)
    assert abs(found["wire_bytes"] - 40_000) < 1_200
    assert found["fdatasync_microseconds"] > 0
    signed = found["signed"]
    clients = ["newsletter", "smtp_source", "plain", "plain_with_our_inliner", "middle"]
    assert [name for name in signed if isinstance(signed[name], dict)] == clients
    assert all(set(signed[name]) == FIGURES for name in clients)
    assert all(f"ratio_to_{name}" in signed for name in clients[1:])


@pytest.mark.slow
def test_latency_compares_steps_with_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, tmp_path, "latency", "--messages", "12", "--rounds", "1")
    for size, wire_bytes in (("5_kilobytes", 5_000), ("40_kilobytes", 40_000)):
        assert abs(found[size]["wire_bytes"] - wire_bytes) < wire_bytes / 10
        assert {"in_steps", "window_1", "window_8", "window_1_ratio", "window_8_ratio"} < set(found[size])


@pytest.mark.slow
def test_memory_compares_two_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, tmp_path, "memory", "--people", "300", "--people", "150", "--connections", "2")
    assert list(found) == ["connections", "150_people", "300_people", "ratio"]
    assert found["150_people"]["sending_megabytes"] > 10


def test_ledger_gives_rows_a_second_by_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, tmp_path, "ledger", "--rows", "20")
    assert all(found[f"rows_per_second_in_groups_of_{group}"] > 0 for group in (1, 4, 16, 64))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("send", "--server", "exim"), "--server sink or postfix"),
        (("send", "--variant", "fast"), "unsigned, signed, slow-disk"),
        (("memory", "--people", "5"), "give --people twice"),
        (("ledger", "--folder", "nowhere"), "is no folder"),
        (("speed",), "one of: compile"),
    ],
)
def test_a_wrong_wish_is_told_in_one_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize("groups", [True, False])
def test_the_far_relay_takes_what_a_plain_client_sends(groups: bool) -> None:
    with FarRelay(groups=groups) as relay, smtplib.SMTP("127.0.0.1", relay.port) as client:
        client.ehlo()
        assert client.has_extn("chunking") is groups
        for number in range(3):
            client.sendmail("a@zarechye.example", ["b@mail.example"], f"Subject: {number}\r\n\r\n.\r\nhere\r\n")
        assert relay.count() == 3
        assert client.docmd("RSET")[0] == 250


def test_the_far_relay_takes_chunks_behind_each_other_in_one_write() -> None:
    with FarRelay(one_way_seconds=0.001) as relay, smtplib.SMTP("127.0.0.1", relay.port) as client:
        client.ehlo()
        group = b"MAIL FROM:<a@zarechye.example>\r\nRCPT TO:<b@mail.example>\r\nBDAT 4\r\nab\r\nBDAT 5 LAST\r\nQUIT\n"
        client.send(group + b"RSET\r\n" + group)
        assert [client.getreply()[0] for _ in range(9)] == [250] * 9
        assert relay.count() == 2


def test_a_process_has_used_time_and_holds_memory() -> None:
    assert cpu_seconds(os.getpid()) > 0
    assert memory_bytes(os.getpid()) > 1_000_000
    assert cpu_seconds(2**30) == 0.0
    assert memory_bytes(2**30) == 0
