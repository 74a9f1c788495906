"""Ten thousand mails to Debian's Postfix and to its Exim: what the ledger says is what the server has, name by name.

What they know of each other is the wire alone. Each server keeps what it takes, and is asked for what is in its queue.
Both keep the limits on clients that they have by default.
"""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.services.exim import Exim
from tests.services.office import CONNECTIONS, PEOPLE, Office
from tests.services.postfix import Postfix

pytestmark = [pytest.mark.service, pytest.mark.slow]

WINDOW = 8
STRANGERS = 20

# Each server once with BDAT and once without.
with_bdat = pytest.mark.parametrize(("server", "chunking"), [("postfix", True), ("exim", False)], indirect=["server"])
or_without = pytest.mark.parametrize(("server", "chunking"), [("postfix", False), ("exim", True)], indirect=["server"])


@with_bdat
def test_everybody_gets_one_mail_and_twenty_unknown_in_a_row_are_refused(
    server: Postfix | Exim, chunking: bool, office: Office
) -> None:
    strangers = office.addresses[PEOPLE // 2 :][:STRANGERS]
    server.start(strangers=strangers, chunking=chunking)
    code, said = office.send(server.url)
    server.settle()
    rows = office.rows()
    refused = [row for row in rows if row.state == "rejected"]
    assert {row.address for row in refused} == set(strangers), said
    assert {row.scope for row in refused} == {"recipient"}
    assert_same(office, server)
    assert Counter(row.state for row in rows) == {"accepted": PEOPLE - STRANGERS, "rejected": STRANGERS}
    assert code == 1  # for those refused
    used, unused = ("bdat", "data") if chunking else ("data", "bdat")
    assert server.commands(used) >= PEOPLE - STRANGERS
    assert server.commands(unused) == 0
    if isinstance(server, Postfix):
        # Each is an error beside the recipient's, and from the tenth Postfix slows all that comes: so go in steps
        # behind the first. The strangers are in a row, so each connection has one first.
        assert server.refused("rcpt") == STRANGERS
        assert server.refused("bdat") <= CONNECTIONS


@or_without
def test_restarted_in_the_middle_nobody_is_lost_and_nobody_is_mailed_twice(
    server: Postfix | Exim, chunking: bool, office: Office
) -> None:
    server.start(chunking=chunking)
    with office.begin(server.url, window=WINDOW) as process:
        wait_for(server, arrivals=PEOPLE // 4)
        server.stop()
        server.start(chunking=chunking)
        said, _ = process.communicate(timeout=240)
    server.settle()
    states = office.states()
    assert set(states) <= {"accepted", "uncertain"}, said
    assert states["uncertain"] <= CONNECTIONS * WINDOW
    assert process.returncode == (1 if states["uncertain"] else 0)
    assert_same(office, server)
    assert server.commands("bdat" if chunking else "data")  # Postfix does not count those of a session that it ended
    assert server.commands("data" if chunking else "bdat") == 0


@pytest.mark.parametrize(
    ("settings", "reply"),
    [
        ("smtpd_sender_restrictions = check_sender_access static:REJECT", "554 5.7.1"),
        ("smtpd_sender_restrictions = check_sender_access static:{550 5.1.0 User unknown}", "550 5.1.0"),
        ("mynetworks = 192.0.2.1\nrelay_domains =\nsmtpd_relay_restrictions = reject_unauth_destination", "554 5.7.1"),
        ("mynetworks = 192.0.2.1\nrelay_domains =\nsmtpd_relay_restrictions = defer_unauth_destination", "454 4.7.1"),
    ],
    ids=["sender", "unknown sender", "relaying", "relaying for now"],
)
def test_what_postfix_refuses_of_us_pauses_the_send_and_blames_nobody(
    postfix: Postfix, office: Office, settings: str, reply: str
) -> None:
    postfix.start(settings)
    assert_paused(office, postfix, reply=reply)


@pytest.mark.parametrize(
    ("rules", "reply"),
    [
        ("  require verify = sender", "550 Verification failed for <news@zarechye.example>"),
        ("  deny message = relay not permitted", "550 relay not permitted"),
    ],
    ids=["sender", "relaying"],
)
def test_what_exim_refuses_of_us_pauses_the_send_and_blames_nobody(
    exim: Exim, office: Office, rules: str, reply: str
) -> None:
    exim.start(rules)
    assert_paused(office, exim, reply=reply)


def assert_paused(office: Office, server: Postfix | Exim, *, reply: str) -> None:
    code, said = office.send(server.url, window=WINDOW)
    assert code == 1
    assert "paused" in said
    refused = [row for row in office.rows() if row.state != "pending"]
    assert {row.state for row in refused} == {"rejected" if reply.startswith("5") else "deferred"}
    assert {row.scope for row in refused} == {"ours"}
    assert all(f"{row.code} {row.reply}".startswith(reply) for row in refused), refused[0].reply
    assert 5 <= len(refused) <= 5 + CONNECTIONS * WINDOW  # those on the way when the breaker opened
    assert not server.taken


def assert_same(office: Office, server: Postfix | Exim) -> None:
    """The server has each accepted mail once, by the name that the ledger keeps, and none that was not accepted."""
    taken = Counter(server.taken)
    rows = office.rows()
    accepted = Counter((row.queue_id, row.address) for row in rows if row.state == "accepted")
    doubtful = {row.address for row in rows if row.state == "uncertain"}
    assert not accepted - taken
    assert {address for _, address in taken - accepted} <= doubtful
    assert max(Counter(address for _, address in taken.elements()).values()) == 1


def wait_for(server: Postfix | Exim, *, arrivals: int) -> None:
    """Poll until so many mails have arrived, for two minutes at most."""
    deadline = time.monotonic() + 120
    while server.arrivals < arrivals:
        assert time.monotonic() < deadline, "the send does not come forward"
        time.sleep(0.2)
