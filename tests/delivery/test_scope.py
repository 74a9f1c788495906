"""Whose fault a reply is: every stage against every class of code, and the texts that real servers send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.scope import BLAME, Kind, Reply, Scope, Stage, cut, judge, local_refusal, not_sent, uncertain
from newsletter.delivery.state import DeliveryState, is_allowed

R, M, O, S = Scope.RECIPIENT, Scope.MESSAGE, Scope.OURS, Scope.SESSION  # noqa: E741 - the columns of a table

# detail → blame at MAIL, RCPT, DATA, CONTENT; the same for 4.x and 5.x, which differ in the kind only
TABLE = {
    "1.0": (O, O, O, O),
    "1.1": (O, R, O, O),
    "1.2": (O, R, O, O),
    "1.3": (O, R, O, O),
    "1.6": (O, R, O, O),
    "1.7": (O, O, O, O),
    "1.8": (O, O, O, O),
    "1.10": (O, R, O, O),
    "2.0": (O, R, O, O),
    "2.1": (O, R, O, O),
    "2.2": (O, R, O, O),
    "2.3": (M, R, M, M),
    "3.0": (O, O, O, O),
    "3.4": (M, O, M, M),
    "4.1": (O, O, O, O),
    "4.4": (O, O, O, O),
    "4.7": (O, O, O, O),
    "5.1": (O, O, O, O),
    "5.3": (O, O, O, O),
    "6.0": (O, O, M, M),
    "6.7": (O, O, M, M),
    "7.0": (O, O, O, O),
    "7.1": (O, O, O, O),
    "7.13": (O, R, O, O),
    "7.17": (O, R, O, O),
    "7.18": (O, R, O, O),
    "7.25": (O, O, O, O),
    "7.515": (O, O, O, O),
    "": (O, O, O, O),
}
STAGES = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT)
ROWS = [
    (stage, group, detail, scopes[column])
    for detail, scopes in TABLE.items()
    for column, stage in enumerate(STAGES)
    for group in (4, 5)
]


@pytest.mark.parametrize(("stage", "group", "detail", "scope"), ROWS)
def test_blame_by_stage_and_enhanced_code(stage: Stage, group: int, detail: str, scope: Scope) -> None:
    text = f"{group}.{detail} refused" if detail else "refused"
    outcome = judge(stage, Reply(code=group * 100 + 50, text=text))
    assert outcome.scope is scope
    assert outcome.kind is (Kind.DEFERRED if group == 4 else Kind.REJECTED)
    assert outcome.enhanced == (f"{group}.{detail}" if detail else "")


def test_the_table_names_every_stage_that_can_blame_somebody() -> None:
    silent = {Stage.CONNECT, Stage.EHLO, Stage.TLS, Stage.AUTH, Stage.RSET, Stage.BDAT, Stage.LOCAL}
    assert set(BLAME) == set(STAGES) == set(Stage) - silent
    listed = {detail for details in BLAME.values() for detail in details}
    assert {detail if detail in listed else f"{detail.partition('.')[0]}." for detail in TABLE} >= listed


COMMAND = ["500 what", "501 no", "502 5.5.1 no", "503 no", "504 no", "521 no", "554 5.5.4 no", "550 5.5.0 no"]
MAIL_ITSELF = [
    "550 5.7.1 spam",
    "552 5.3.4 large",
    "554 no",
    "452 4.3.1 disk",
    "451 4.5.1 later",
    "505 no",
    "554 4.5.1 x",
]


@pytest.mark.parametrize("reply", COMMAND)
def test_reply_to_bdat_as_a_command_says_nothing_of_the_mail(reply: str) -> None:
    outcome = judge(Stage.BDAT, Reply(code=int(reply[:3]), text=reply[4:]))
    assert (outcome.kind, outcome.scope, outcome.stage) == (Kind.NOT_SENT, Scope.SESSION, Stage.BDAT)


@pytest.mark.parametrize("reply", [*MAIL_ITSELF, "250 2.0.0 Ok", "421 4.3.2 bye", "354 what"])
def test_other_replies_to_bdat_are_those_to_the_content(reply: str) -> None:
    said = Reply(code=int(reply[:3]), text=reply[4:])
    assert judge(Stage.BDAT, said) == judge(Stage.CONTENT, said)


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.EHLO, Stage.TLS, Stage.AUTH, Stage.RSET])
@pytest.mark.parametrize("code", [220, 354, 421, 454, 535, 554])
def test_session_stages_blame_nobody(stage: Stage, code: int) -> None:
    outcome = judge(stage, Reply(code=code, text="5.7.8 go away"))
    assert (outcome.kind, outcome.scope) == (Kind.NOT_SENT, Scope.SESSION)


@pytest.mark.parametrize(
    ("text", "code", "scope"),
    [
        ("5.7.1 <news@a>: Sender address rejected: not owned by user press", 550, O),
        ("4.7.1 <ivan@b>: Relay access denied", 454, O),
        # Postfix
        ("5.7.1 <news@a>: Sender address rejected: Access denied", 554, O),
        ("5.7.1 Client host rejected: Access denied", 554, O),
        ("5.1.8 <news@a>: Sender address rejected: Domain not found", 550, O),
        ("5.1.7 <news@a>: Sender address rejected: undeliverable address", 550, O),
        ("4.1.8 <news@a>: Sender address rejected: Domain not found", 450, O),
        ("4.2.0 <ivan@b>: Recipient address rejected: Greylisted", 450, R),
        ("4.1.1 <ivan@b>: Recipient address rejected: unverified address", 450, R),
        ("5.2.2 <ivan@b>: user over quota", 552, R),
        ("4.3.1 Insufficient system storage", 452, O),
        ("4.5.3 Error: too many recipients", 452, O),
        # Exim
        ("relay not permitted", 550, O),
        ("Unrouteable address", 550, O),
        ("Sender verify failed", 550, O),
        ("Unknown user", 550, R),
        ("Callout verification failed: mailbox not found", 550, R),
        ("5.1.1 <ivan@b>: Recipient address rejected: User unknown in local recipient table", 550, R),
        ("User unknown", 550, R),
        ("No such user here", 550, R),
        ("Requested action not taken: mailbox unavailable", 550, R),
        ("Message was not accepted -- invalid mailbox.  Local mailbox ivan@mail.example is unavailable", 550, R),
        ("account ivan@c is disabled", 553, R),
        ("user not local; please try another server", 551, R),
        ("spam message rejected", 550, O),
        ("Sender address rejected: mailbox unknown", 550, O),
        ("Access denied for unknown recipient: your client host is blocked", 550, O),
        ("no comment", 550, O),
        ("User unknown", 554, O),
        ("mailbox unavailable", 450, R),
        ("try again later", 451, O),
        ("5.4.1 Recipient address rejected: Access denied", 550, O),
    ],
)
def test_texts_of_real_servers_at_rcpt(text: str, code: int, scope: Scope) -> None:
    assert judge(Stage.RCPT, Reply(code=code, text=text)).scope is scope


def test_final_acceptance_names_the_queue_entry() -> None:
    outcome = judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok: queued as 4FxyZ12abc"))
    assert (outcome.kind, outcome.scope, outcome.queue_id) == (Kind.ACCEPTED, Scope.NONE, "4FxyZ12abc")
    assert judge(Stage.CONTENT, Reply(code=250, text="OK id=1rXabc-0007Hq-2K")).queue_id == "1rXabc-0007Hq-2K"
    assert judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok")).queue_id == ""


def test_421_ends_the_session_and_blames_nobody() -> None:
    for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA):
        assert judge(stage, Reply(code=421, text="4.7.0 closing")).kind is Kind.NOT_SENT
    final = judge(Stage.CONTENT, Reply(code=421, text="4.7.0 closing"))
    assert (final.kind, final.scope) == (Kind.DEFERRED, Scope.SESSION)
    assert not final.is_ours


@pytest.mark.parametrize("code", [0, 199, 354, 399, 600, 999])
def test_reply_that_smtp_does_not_know_is_never_taken_for_a_refusal_of_the_mail(code: int) -> None:
    assert judge(Stage.CONTENT, Reply(code=code)).kind is Kind.UNCERTAIN
    assert judge(Stage.RCPT, Reply(code=code)).kind is Kind.NOT_SENT


def test_positive_reply_before_the_content_decides_nothing() -> None:
    with pytest.raises(ValueError, match="decides nothing"):
        judge(Stage.RCPT, Reply(code=250, text="2.1.5 Ok"))


def test_enhanced_code_of_another_class_is_not_believed() -> None:
    reply = Reply(code=550, text="4.1.1 User unknown")
    assert reply.enhanced == ""
    assert Reply(code=550, text="5.1.10 null MX").enhanced == "5.1.10"
    assert Reply(code=550, text="5.1.1000 what").enhanced == ""
    assert Reply(code=250, text="mail 2.0.0").enhanced == ""


@given(st.sampled_from(Stage), st.integers(0, 999), st.text(max_size=700))
def test_every_reply_gives_a_move_that_the_table_allows(stage: Stage, code: int, text: str) -> None:
    if code // 100 == 2 and stage in (Stage.MAIL, Stage.RCPT, Stage.DATA):
        return
    outcome = judge(stage, Reply(code=code, text=text))
    assert is_allowed(DeliveryState.IN_FLIGHT, outcome.state, outcome.cause)
    assert len(outcome.reply.encode()) <= 500
    if outcome.scope is Scope.RECIPIENT:
        assert stage is Stage.RCPT
    if outcome.kind is Kind.ACCEPTED:
        assert outcome.stage is Stage.CONTENT
        assert 200 <= code < 300


def test_lost_connection_before_and_after_the_last_byte() -> None:
    assert not_sent(Stage.DATA, "connection lost").state is DeliveryState.PENDING
    assert uncertain("connection lost").state is DeliveryState.UNCERTAIN


def test_our_own_refusal_is_marked_as_made_here() -> None:
    outcome = local_refusal(553, "5.6.7", "the relay does not offer SMTPUTF8", Scope.RECIPIENT)
    assert (outcome.stage, outcome.state, outcome.reply[:5]) == (Stage.LOCAL, DeliveryState.REJECTED, "5.6.7")


@given(st.text())
def test_cut_keeps_whole_characters_within_500_bytes(text: str) -> None:
    short = cut(text)
    assert len(short.encode()) <= 500
    assert "\0" not in short  # PostgreSQL would refuse it
    whole = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace")
    if len(whole) <= 500:
        assert short == whole.decode()
