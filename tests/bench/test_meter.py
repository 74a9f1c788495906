"""What is measured of a client is what the server saw, however short the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from newsletter.bench.far_relay import FarRelay
from newsletter.bench.meter import Measured, medians, run_and_measure
from newsletter.errors import UsageError

CLIENT = """
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as client:
    for _ in range(int(sys.argv[2])):
        client.sendmail("a@zarechye.example", ["b@mail.example"], b"x")
sys.exit(int(sys.argv[3]))
"""


def measured(tmp_path: Path, *, messages: int, expected: int, code: int = 0) -> Measured:
    with FarRelay() as relay:
        command = [sys.executable, "-c", CLIENT, str(relay.port), str(messages), str(code)]
        return run_and_measure(command, relay, messages=expected, folder=tmp_path, environ=dict(os.environ))


@pytest.mark.parametrize("messages", [1, 3, 300])
def test_a_run_of_any_length_has_figures(tmp_path: Path, messages: int) -> None:
    found = measured(tmp_path, messages=messages, expected=messages)
    assert 1 <= found.messages <= messages
    assert found.seconds >= 0
    assert medians([found, found, found])["runs"] == 3


def test_a_count_at_the_server_that_is_wrong_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="counted 3 messages, not 4"):
        measured(tmp_path, messages=3, expected=4)


def test_a_client_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exit code 5"):
        measured(tmp_path, messages=3, expected=3, code=5)
