"""A message over SMTP to servers that behave, refuse, fall silent and disappear: what became of it is always told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.scope import Kind, Outcome, Scope, Stage
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.relay import parse_relay
from newsletter.transport.channel import send
from newsletter.transport.connect import Relay, Timeouts
from newsletter.transport.envelope import Offers, data_content, envelope
from newsletter.transport.smtp import SmtpTransport
from tests.smtp_servers import (
    CLOSE,
    HANG,
    Answer,
    Sink,
    Transaction,
    closing_after_the_dot,
    refusing,
    refusing_first,
)

MakeMessage = Callable[..., Message]
QUICK = Timeouts(connect=5, command=0.2, data=0.2, block=0.2, final=0.2)


def transport(sink: Sink, **changes: object) -> SmtpTransport:
    return SmtpTransport(replace(Relay(address=parse_relay(sink.url)), **changes))  # type: ignore[arg-type]


def send_all(sink: Sink, *messages: Message, **changes: object) -> list[Outcome]:
    """Send over one connection until it fails."""

    async def run() -> list[Outcome]:
        channel = await transport(sink, **changes).connect()
        outcomes = []
        for message in messages:
            outcomes.append(await send(channel, message))
            if channel.failed:
                break
        await channel.close()
        return outcomes

    return asyncio.run(run())


def test_accepted_message_arrives_byte_for_byte(make_message: MakeMessage) -> None:
    message = make_message(body=".\r\n..два\r\n.txt\r\nконец.")
    with Sink() as sink:
        (outcome,) = send_all(sink, message)
    assert (outcome.kind, outcome.code, outcome.queue_id) == (Kind.ACCEPTED, 250, "Q00001")
    assert sink.accepted[0].data == message.data
    assert sink.accepted[0].mail_from == "news@zarechye.example"


def test_what_the_server_offers_is_used(make_message: MakeMessage) -> None:
    message = make_message("анна@a.example", envid="abc123")
    with Sink() as sink:
        send_all(sink, message)
    mail, rcpt = [line for line in sink.commands if line.startswith(("MAIL", "RCPT"))]
    assert mail == (
        f"MAIL FROM:<news@zarechye.example> SIZE={message.size} BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=abc123"
    )
    assert rcpt == "RCPT TO:<анна@a.example> NOTIFY=FAILURE"


def test_what_the_server_does_not_offer_is_left_out(make_message: MakeMessage) -> None:
    with Sink(offers=()) as sink:
        send_all(sink, make_message())
    assert [line for line in sink.commands if line.startswith(("MAIL", "RCPT"))] == [
        "MAIL FROM:<news@zarechye.example>",
        "RCPT TO:<anna@a.example>",
    ]


def test_message_that_the_server_cannot_take_is_refused_here(make_message: MakeMessage) -> None:
    async def run(sink: Sink) -> tuple[Outcome | None, ...]:
        channel = await transport(sink).connect()
        small, cyrillic = make_message(), make_message("анна@a.example")
        large = make_message(body="x" * 2_000)
        found = tuple(channel.refusal(message) for message in (small, cyrillic, large))
        await channel.close()
        return found

    with Sink(offers=("SIZE 1000",)) as sink:
        small, cyrillic, large = asyncio.run(run(sink))
    assert small is None
    assert cyrillic is not None
    assert (cyrillic.enhanced, cyrillic.scope, cyrillic.stage) == ("5.6.7", Scope.RECIPIENT, Stage.LOCAL)
    assert large is not None
    assert (large.enhanced, large.scope) == ("5.3.4", Scope.MESSAGE)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "content"])
@pytest.mark.parametrize(("reply", "kind"), [("451 4.3.0 later", Kind.DEFERRED), ("554 5.7.1 no", Kind.REJECTED)])
def test_refusal_at_each_stage_is_told_and_the_connection_goes_on_after_rset(
    make_message: MakeMessage, stage: str, reply: str, kind: Kind
) -> None:
    with Sink(answers=refusing_first(stage, reply, 1)) as sink:
        first, second = send_all(sink, make_message("a@a.example"), make_message("b@a.example"))
    assert (first.kind, first.stage.value, first.reply) == (kind, stage, reply[4:])
    assert second.kind is Kind.ACCEPTED
    assert sink.recipients == ["b@a.example"]
    assert sink.commands.count("RSET") == 1
    assert sink.connections == 1


def test_no_rset_between_accepted_messages(make_message: MakeMessage) -> None:
    with Sink() as sink:
        send_all(sink, *[make_message() for _ in range(5)])
    assert "RSET" not in sink.commands
    assert len(sink.accepted) == 5


def test_refused_rset_ends_the_session_and_blames_nobody(make_message: MakeMessage) -> None:
    answers = refusing("rset", "502 5.5.1 what") | refusing_first("rcpt", "550 5.1.1 unknown", 1)
    with Sink(answers=answers) as sink:
        first, second = send_all(sink, make_message(), make_message())
    assert first.kind is Kind.REJECTED
    assert (second.kind, second.stage, second.scope) == (Kind.NOT_SENT, Stage.RSET, Scope.SESSION)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("reply", ["421 4.3.2 shutting down", CLOSE, HANG])
def test_session_that_ends_before_the_content_leaves_the_message_unsent(
    make_message: MakeMessage, stage: str, reply: str
) -> None:
    with Sink(answers=refusing(stage, reply)) as sink:
        (outcome,) = send_all(sink, make_message(), timeouts=QUICK)
    assert (outcome.kind, outcome.scope) == (Kind.NOT_SENT, Scope.SESSION)
    assert not sink.accepted


@pytest.mark.parametrize("answers", [refusing("content", HANG), refusing("content", CLOSE)])
def test_missing_final_reply_is_uncertain(make_message: MakeMessage, answers: dict[str, Answer]) -> None:
    with Sink(answers=answers) as sink:
        (outcome,) = send_all(sink, make_message(), make_message(), timeouts=QUICK)
    assert (outcome.kind, outcome.stage) == (Kind.UNCERTAIN, Stage.CONTENT)


def test_connection_dropped_after_the_dot_is_uncertain_also_when_the_mail_was_taken(make_message: MakeMessage) -> None:
    with Sink(answers=closing_after_the_dot(numbers=(1,), takes_it=True)) as sink:
        (outcome,) = send_all(sink, make_message())
        sink.settle()
    assert outcome.kind is Kind.UNCERTAIN
    assert len(sink.accepted) == 1


def test_final_421_defers_and_ends_the_session(make_message: MakeMessage) -> None:
    with Sink(answers=refusing("content", "421 4.7.0 slow down")) as sink:
        outcomes = send_all(sink, make_message(), make_message())
    assert [(o.kind, o.scope) for o in outcomes] == [(Kind.DEFERRED, Scope.SESSION)]


def test_last_byte_still_in_our_buffer_is_certainly_not_sent(make_message: MakeMessage) -> None:
    """The server stops reading, the kernel's buffers fill up, and 20 MB cannot have left when we give up."""
    with Sink(stop_reading_content=True) as sink:
        (outcome,) = send_all(sink, make_message(body="x" * 20_000_000), timeouts=QUICK)
    assert (outcome.kind, outcome.stage) == (Kind.NOT_SENT, Stage.CONTENT)
    assert "takes no more data" in outcome.reply


def test_abort_while_the_final_reply_is_awaited_is_uncertain(make_message: MakeMessage) -> None:
    async def run(sink: Sink) -> Outcome:
        loop = asyncio.get_running_loop()
        channel = await transport(sink).connect()

        def content(_: Transaction) -> str:  # in the server's thread, once the whole message is there
            loop.call_soon_threadsafe(channel.abort)
            return HANG

        sink.answers["content"] = content
        return await send(channel, make_message())

    with Sink() as sink:
        outcome = asyncio.run(run(sink))
    assert outcome.kind is Kind.UNCERTAIN


@pytest.mark.parametrize("early_after", [0, 1_000_000])
def test_refusal_that_arrives_while_we_are_still_writing_is_read(make_message: MakeMessage, early_after: int) -> None:
    """The server refuses in the middle of the content and resets: our write fails, its reply had arrived."""
    with Sink(early_refusal="552 5.3.4 too much, stop", early_after=early_after) as sink:
        (outcome,) = send_all(sink, make_message(body="x" * 20_000_000))
    assert (outcome.kind, outcome.code, outcome.scope) == (Kind.REJECTED, 552, Scope.MESSAGE)


@pytest.mark.parametrize("unsolicited", ["421 4.4.2 idle for too long", "250 what"])
def test_reply_that_nobody_asked_for_is_read_before_anything_is_written(
    make_message: MakeMessage, unsolicited: str
) -> None:
    with Sink(answers={"content": lambda _: f"250 2.0.0 Ok\r\n{unsolicited}"}) as sink:

        async def run() -> tuple[Outcome, str, Outcome]:
            channel = await transport(sink).connect()
            first = await send(channel, make_message())
            why = channel.failed
            second = await send(channel, make_message())
            return first, why, second

        first, why, second = asyncio.run(run())
    assert first.kind is Kind.ACCEPTED
    assert unsolicited in why
    assert second.kind is Kind.NOT_SENT
    assert len([line for line in sink.commands if line.startswith("MAIL")]) == 1


@pytest.mark.parametrize("noise", ["hello there", "25", "2x0 ok", "250-" + "x" * 9_000, "x" * 100_000])
def test_server_that_does_not_speak_smtp_is_left(make_message: MakeMessage, noise: str) -> None:
    with Sink(answers={"mail": lambda _: noise}) as sink:
        (outcome,) = send_all(sink, make_message(), timeouts=QUICK)
    assert outcome.kind is Kind.NOT_SENT


def test_endless_reply_is_cut_off(make_message: MakeMessage) -> None:
    with Sink(answers={"rcpt": lambda _: "\r\n".join(["250-more"] * 6_000)}) as sink:
        (outcome,) = send_all(sink, make_message(), timeouts=QUICK)
    assert outcome.kind is Kind.NOT_SENT
    assert "endless" in outcome.reply


def test_reply_over_several_lines_and_in_pieces_is_one(make_message: MakeMessage) -> None:
    with Sink(
        answers={"rcpt": lambda _: "550-5.1.1 The user\r\n550-5.1.1 you look for\r\n550 5.1.1 is unknown"}
    ) as sink:
        (outcome,) = send_all(sink, make_message())
    assert (outcome.kind, outcome.scope) == (Kind.REJECTED, Scope.RECIPIENT)
    assert outcome.reply.splitlines() == ["5.1.1 The user", "5.1.1 you look for", "5.1.1 is unknown"]


def test_hostile_reply_is_kept_short_and_decodable(make_message: MakeMessage) -> None:
    with Sink(answers={"rcpt": lambda _: "550 5.1.1 \x1b[31m\udcff" + "ж" * 2_000}) as sink:
        (outcome,) = send_all(sink, make_message())
    assert len(outcome.reply.encode()) <= 500


def connect_error(sink: Sink, **changes: object) -> RelayError:
    async def run() -> None:
        await transport(sink, **changes).connect()

    with pytest.raises(RelayError) as caught:
        asyncio.run(run())
    return caught.value


def test_relay_that_is_down_is_named_with_the_way_out() -> None:
    with Sink() as sink:
        pass
    error = connect_error(sink)
    assert "cannot be reached" in str(error)
    assert "check smtp.url" in error.fix


@pytest.mark.parametrize("greeting", ["554 5.3.2 no service", "421 4.3.2 too many connections"])
def test_relay_that_greets_with_a_refusal_is_quoted(greeting: str) -> None:
    with Sink(greeting=greeting) as sink:
        assert greeting in str(connect_error(sink))


def test_refused_login_is_told_without_the_password() -> None:
    with Sink(login=("press", "right")) as sink:
        error = connect_error(sink, user="press", password="wrong-secret")
    assert "refused the login of press: 535" in str(error)
    assert "wrong-secret" not in str(error)


def test_refusal_that_repeats_the_login_is_told_by_its_code_alone() -> None:
    def echo(state: Transaction) -> str:
        return f"535 5.7.8 unknown: {state.line}"

    with Sink(login=("press", "right"), answers={"auth": echo}) as sink:
        error = connect_error(sink, user="press", password="wrong-secret")
    assert "refused the login of press: 535 5.7.8;" in f"{error};"


def test_greeting_of_another_code_page_and_any_length_can_be_written_down() -> None:
    with Sink(greeting="554 " + "\udce8\udced" * 2_000) as sink:
        told = connect_error(sink).message
    assert len(told.encode()) < 600


def test_login_is_made_where_the_relay_wants_one(make_message: MakeMessage) -> None:
    with Sink(login=("press", "right")) as sink:
        send_all(sink, make_message(), user="press", password="right")
    assert sink.accepted[0].is_logged_in


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_each_way_to_log_in_works_and_fails(make_message: MakeMessage, mechanism: str) -> None:
    with Sink(login=("press", "right"), mechanisms=mechanism) as sink:
        send_all(sink, make_message(), user="press", password="right")
        assert sink.accepted[0].is_logged_in
        assert [line.split()[1] for line in sink.commands if line.startswith("AUTH")] == [mechanism]
        assert "refused the login of press: 535" in str(connect_error(sink, user="press", password="wrong"))


def test_relay_without_login_is_told() -> None:
    with Sink() as sink:
        assert "offers no login" in str(connect_error(sink, user="press", password="x"))


def test_starttls_that_is_required_and_not_offered_ends_it() -> None:
    with Sink() as sink:
        address = parse_relay(f"{sink.url}?starttls=required")
        assert "offers no STARTTLS" in str(connect_error(sink, address=address))


def test_password_is_not_sent_in_plain_text_to_another_machine() -> None:
    with Sink(login=("press", "right")) as sink:
        # 0.0.0.0 reaches this machine and is no loopback address.
        address = parse_relay(f"smtp://0.0.0.0:{sink.port}?starttls=no")
        assert "plain text" in str(connect_error(sink, address=address, user="press", password="right"))
    assert not [line for line in sink.commands if line.startswith("AUTH")]


def stuffed(data: bytes) -> bytes:
    return b"".join(data_content(data))


@given(st.lists(st.sampled_from([".", "..", "", "a", ".a", "a.", "ж"]), max_size=12))
def test_dot_stuffing_is_undone_by_a_receiver(lines: list[str]) -> None:
    data = "".join(f"{line}\r\n" for line in ["Subject: x", "", *lines]).encode()
    wire = stuffed(data)
    assert wire.endswith(b"\r\n.\r\n")
    body = wire[: -len(b".\r\n")]
    assert b"\r\n.\r\n" not in b"\r\n" + body
    received = b"".join(line[1:] if line.startswith(b".") else line for line in body.splitlines(keepends=True))
    assert received == data


def test_leading_dot_of_the_first_line_is_doubled() -> None:
    assert stuffed(b".x\r\n") == b"..x\r\n.\r\n"


@pytest.mark.parametrize("before", [0, 1, 199, 200, 201, 1_000])
def test_line_with_a_dot_is_found_behind_however_many_dots(before: int) -> None:
    data = b"a" + b"." * before + b"\r\n"
    assert stuffed(data) == data + b".\r\n"
    assert stuffed(data + b".b\r\n") == data + b"..b\r\n.\r\n"


def test_content_without_such_lines_is_not_copied() -> None:
    data = b"Subject: x\r\n\r\na.b\r\n"
    assert data_content(data)[0] is data


@pytest.mark.parametrize("bad", ["a@b\r\nDATA", "a@b\n", "a\x00b", "a\x7fb", "a@b> SIZE=1", "a<b"])
def test_command_never_becomes_two(make_message: MakeMessage, bad: str) -> None:
    message = make_message()
    for changed in (message._replace(rcpt_to=bad), message._replace(mail_from=bad), message._replace(envid=bad)):
        with pytest.raises(ValueError, match="must not stand there"):
            envelope(changed, Offers())
