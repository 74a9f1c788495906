"""Groups, steps, the window and the end of a connection: each rule against a server that behaves so, on both loops."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
import uvloop

from newsletter.delivery.scope import Kind, Outcome, Scope, Stage
from newsletter.message.merge import Message
from newsletter.transport.channel import send
from newsletter.transport.connect import Timeouts
from newsletter.transport.protocol import SmtpChannel
from tests.transport.scripted import BOTH, GROUPS, PATIENT, QUICK, Scripted, answering

MakeMessage = Callable[..., Message]
Run = Callable[[Coroutine[Any, Any, Any]], Any]  # of either loop


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return uvloop.run if request.param == "uvloop" else asyncio.run


@pytest.fixture
def messages(make_message: MakeMessage) -> list[Message]:
    return [make_message(f"p{number}@a.example") for number in range(12)]


async def one_by_one(channel: SmtpChannel, messages: list[Message]) -> list[Outcome]:
    return [await send(channel, message) for message in messages]


async def at_once(channel: SmtpChannel, messages: list[Message]) -> list[Outcome]:
    return list(await asyncio.gather(*[send(channel, message) for message in messages]))


Way = Callable[[SmtpChannel, list[Message]], Awaitable[list[Outcome]]]


def talk(
    run: Run,
    server: Scripted,
    messages: list[Message],
    *,
    window: int = 1,
    first: int = 0,
    way: Way = at_once,
    timeouts: Timeouts = PATIENT,
) -> list[Outcome]:
    """Send `first` messages one by one, the others in `way`, over one connection."""

    async def session() -> list[Outcome]:
        async with server.serving():
            channel = await server.transport(window=window, timeouts=timeouts).connect()
            outcomes = await one_by_one(channel, messages[:first])
            server.commands.clear()
            server.behind.clear()
            outcomes += await way(channel, messages[first:])
            await channel.close()
            return outcomes

    outcomes: list[Outcome] = run(session())
    return outcomes


def kinds(outcomes: list[Outcome]) -> list[Kind]:
    return [outcome.kind for outcome in outcomes]


ACCEPTED, UNCERTAIN, NOT_SENT = Kind.ACCEPTED, Kind.UNCERTAIN, Kind.NOT_SENT
DEFERRED, REJECTED = Kind.DEFERRED, Kind.REJECTED


# Groups and steps.


def test_first_message_goes_in_steps_and_the_second_in_one_write(run: Run, messages: list[Message]) -> None:
    server = Scripted()
    outcomes = talk(run, server, messages[:2], way=one_by_one)
    assert kinds(outcomes) == [ACCEPTED] * 2
    assert server.behind[:3] == [("MAIL", True), ("RCPT", False), ("BDAT", False)]
    assert server.behind[3:6] == [("MAIL", True), ("RCPT", True), ("BDAT", False)]
    assert server.contents == [message.data for message in messages[:2]]


def test_server_may_hold_all_replies_back_to_the_last(run: Run, messages: list[Message]) -> None:
    """It answers only once the content is there: whoever waited between would wait for ever."""

    async def session() -> Outcome:
        server = Scripted()
        async with server.serving():
            channel = await server.transport().connect()
            await send(channel, messages[0])
            server.holds_back = True
            return await send(channel, messages[1])

    assert run(session()).kind is ACCEPTED


def test_without_chunking_the_group_ends_with_data(run: Run, messages: list[Message]) -> None:
    server = Scripted(offers=GROUPS)
    assert kinds(talk(run, server, messages[:2], way=one_by_one)) == [ACCEPTED] * 2
    assert [behind for verb, behind in server.behind if verb == "RCPT"] == [False, True]
    assert server.verbs == "MAIL RCPT DATA MAIL RCPT DATA"


@pytest.mark.parametrize("offers", [("CHUNKING",), ()])
def test_without_pipelining_each_command_waits(run: Run, messages: list[Message], offers: tuple[str, ...]) -> None:
    server = Scripted(offers=offers, script=answering({("RCPT", 1): "550 5.1.1 unknown"}))
    assert kinds(talk(run, server, messages[:3], way=one_by_one, window=8)) == [REJECTED, ACCEPTED, ACCEPTED]
    assert not any(behind for _, behind in server.behind)
    assert server.verbs.split().count("RSET") == 1


def test_another_ehlo_has_to_be_proven_again(run: Run, messages: list[Message]) -> None:
    async def session() -> list[bool]:
        server = Scripted()
        async with server.serving():
            transport = server.transport()
            for number, offers in enumerate((BOTH, BOTH, (*BOTH, "DSN"), BOTH)):
                server.offers = offers
                channel = await transport.connect()
                await send(channel, messages[number])
                await channel.close()
            return [behind for verb, behind in server.behind if verb == "RCPT"]

    assert run(session()) == [False, True, False, False]


def test_after_a_refused_recipient_steps_until_one_is_accepted(run: Run, messages: list[Message]) -> None:
    refusals = {("RCPT", 2): "550 5.1.1 no", ("END", 2): "554 5.5.1 no valid recipients", ("RCPT", 3): "550 5.1.1 no"}
    server = Scripted(script=answering(refusals))
    outcomes = talk(run, server, messages[:5], way=one_by_one)
    assert kinds(outcomes) == [ACCEPTED, REJECTED, REJECTED, ACCEPTED, ACCEPTED]
    assert [(o.scope, o.stage) for o in outcomes[1:3]] == [(Scope.RECIPIENT, Stage.RCPT)] * 2
    assert [behind for verb, behind in server.behind if verb == "RCPT"] == [False, True, False, False, True]
    assert server.verbs.split().count("BDAT") == 4
    assert server.verbs.split().count("RSET") == 2


# BDAT that is not meant.


@pytest.mark.parametrize("reply", ["500 what", "502 5.5.1 no", "504 no", "521 5.5.1 no", "554 5.5.4 no"])
def test_relay_that_refuses_bdat_gets_data_and_nobody_notices(run: Run, messages: list[Message], reply: str) -> None:
    server = Scripted(script=answering({("END", 1): reply}))
    outcomes = talk(run, server, messages[:2], way=one_by_one)
    assert kinds(outcomes) == [ACCEPTED] * 2
    assert server.verbs == "MAIL RCPT BDAT RSET MAIL RCPT DATA MAIL RCPT DATA"
    assert server.accepted == ["p0@a.example", "p1@a.example"]


def test_relay_that_refuses_bdat_and_goes_is_remembered(run: Run, messages: list[Message]) -> None:
    async def session() -> list[Outcome]:
        server = Scripted(script=answering({("END", 1): "502 5.5.1 no|"}))
        async with server.serving():
            transport = server.transport()
            outcomes = [await send(await transport.connect(), messages[0])]
            channel = await transport.connect()
            outcomes += await one_by_one(channel, messages[:2])
            await channel.close()
        assert server.verbs.endswith("MAIL RCPT DATA MAIL RCPT DATA")
        return outcomes

    assert kinds(run(session())) == [NOT_SENT, ACCEPTED, ACCEPTED]


def test_bdat_switched_off_amid_a_window_loses_and_repeats_nobody(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=lambda verb, number: "502 5.5.1 no" if verb == "END" and 2 <= number <= 6 else None)
    outcomes = talk(run, server, messages[:6], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED] * 6
    assert sorted(server.accepted) == [f"p{number}@a.example" for number in range(6)]


def test_refusal_of_the_mail_itself_is_not_taken_for_one_of_bdat(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=answering({("END", 1): "550 5.7.1 spam", ("END", 2): "452 4.3.1 disk"}))
    outcomes = talk(run, server, messages[:2], way=one_by_one)
    assert [(o.kind, o.scope, o.stage) for o in outcomes] == [
        (REJECTED, Scope.OURS, Stage.CONTENT),
        (DEFERRED, Scope.OURS, Stage.CONTENT),
    ]
    assert "DATA" not in server.verbs


# Servers that contradict themselves.


def test_data_accepted_without_a_recipient_gets_a_lone_dot(run: Run, messages: list[Message]) -> None:
    script = answering({("RCPT", 2): "550 5.1.1 unknown", ("END", 2): "554 5.5.1 no valid recipients"})
    server = Scripted(offers=GROUPS, script=script)
    outcomes = talk(run, server, messages[:3], way=one_by_one)
    assert kinds(outcomes) == [ACCEPTED, REJECTED, ACCEPTED]
    assert outcomes[1].stage is Stage.RCPT
    assert server.accepted == ["p0@a.example", "p2@a.example"]


def test_empty_mail_taken_after_a_refused_recipient_is_a_fault_and_no_acceptance(
    run: Run, messages: list[Message]
) -> None:
    server = Scripted(offers=GROUPS, script=answering({("RCPT", 2): "550 5.1.1 unknown"}))
    outcomes = talk(run, server, messages[:2], way=one_by_one)
    assert kinds(outcomes) == [ACCEPTED, REJECTED]
    assert "after it was refused" in outcomes[1].fault


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
def test_acceptance_after_a_refused_envelope_counts_and_ends_one_write(
    run: Run, messages: list[Message], stage: str
) -> None:
    server = Scripted(script=answering({(stage, 2): "550 5.1.1 unknown"}))
    outcomes = talk(run, server, messages[:5], first=1, window=3, way=one_by_one)
    assert kinds(outcomes) == [ACCEPTED] * 5
    assert "after it was refused: 5.1.1" in outcomes[1].fault.replace("550 ", "")
    assert [outcome.fault for outcome in outcomes[2:]] == [""] * 3
    assert [behind for verb, behind in server.behind if verb == "RCPT"] == [True, False, False, False]


@pytest.mark.parametrize("reply", ["250 2.0.0 Ok", "220 what"])
def test_nothing_is_written_when_data_is_answered_with_anything_but_354(
    run: Run, messages: list[Message], reply: str
) -> None:
    server = Scripted(offers=GROUPS, script=answering({("DATA", 1): reply}))
    outcomes = talk(run, server, messages[:1])
    assert (outcomes[0].kind, outcomes[0].stage) == (NOT_SENT, Stage.DATA)


# The window.


def test_each_following_group_of_a_window_begins_with_rset(run: Run, messages: list[Message]) -> None:
    server = Scripted()
    outcomes = talk(run, server, messages[:9], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED] * 9
    assert server.verbs == " ".join(["RSET MAIL RCPT BDAT"] * 8)
    assert server.accepted == [message.rcpt_to for message in messages[:9]]


def test_window_leaves_without_waiting_for_any_reply(run: Run, messages: list[Message]) -> None:
    """The server says nothing until the last of them has come."""
    held: list[str] = []

    def script(verb: str, number: int) -> str | None:
        if server.counts["MAIL"] < 2:
            return None
        held.append({"END": "250 2.0.0 Ok"}.get(verb, "250 2.1.0 Ok"))
        return "" if server.counts["END"] < 5 else "\r\n".join(held)

    server = Scripted(script=script)
    assert kinds(talk(run, server, messages[:5], window=4, first=1)) == [ACCEPTED] * 5


def test_refusal_within_a_window_hits_the_one_it_is_about(run: Run, messages: list[Message]) -> None:
    refusals = {("RCPT", 4): "550 5.1.1 unknown", ("END", 4): "554 5.5.1 no valid recipients"}
    server = Scripted(script=answering(refusals))
    outcomes = talk(run, server, messages[:8], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED] * 3 + [REJECTED] + [ACCEPTED] * 4
    assert outcomes[3].scope is Scope.RECIPIENT


def test_with_data_only_the_next_envelope_is_behind_a_content(run: Run, messages: list[Message]) -> None:
    server = Scripted(offers=GROUPS)

    async def session() -> int:
        async with server.serving():
            channel = await server.transport(window=8).connect()
            await send(channel, messages[0])
            server.behind.clear()
            outcomes = await at_once(channel, messages[1:6])
            assert kinds(outcomes) == [ACCEPTED] * 5
            return channel.window

    assert run(session()) == 2
    assert {behind for verb, behind in server.behind if verb == "DATA"} == {False}
    assert [behind for verb, behind in server.behind if verb == "END"] == [True] * 4 + [False]


def test_refused_rset_ends_the_session_and_blames_nobody(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=answering({("RSET", 2): "502 5.5.1 what|"}))
    outcomes = talk(run, server, messages[:6], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED] * 2 + [NOT_SENT] * 4
    assert {outcome.scope for outcome in outcomes[2:]} == {Scope.SESSION}


def test_mail_accepted_behind_a_refused_rset_is_told_as_accepted(run: Run, messages: list[Message]) -> None:
    """The server goes on: what it says it took may be on its way to somebody, so it is not sent again."""
    server = Scripted(script=answering({("RSET", 2): "502 5.5.1 what", ("END", 4): "550 5.7.1 no"}))
    outcomes = talk(run, server, messages[:5], window=8, first=1)
    assert kinds(outcomes)[:3] == [ACCEPTED] * 3
    assert outcomes[2].fault
    assert len([outcome for outcome in outcomes if outcome.kind is ACCEPTED]) == len(server.accepted)


# Uncertain, or certainly not accepted.


def test_content_without_its_reply_is_uncertain_with_all_behind_it(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=answering({("END", 3): "|"}))
    outcomes = talk(run, server, messages[:5], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED, ACCEPTED, UNCERTAIN, UNCERTAIN, UNCERTAIN]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "RSET"])
def test_421_before_the_final_reply_and_nothing_after_is_certain(run: Run, messages: list[Message], stage: str) -> None:
    server = Scripted(script=answering({(stage, 3 - (stage == "RSET")): "421 4.3.2 shutting down|"}))
    outcomes = talk(run, server, messages[:5], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED, ACCEPTED, NOT_SENT, NOT_SENT, NOT_SENT]
    assert "421 4.3.2" in outcomes[4].reply


def test_421_as_the_final_reply_defers_its_message_and_sends_none_behind_it(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=answering({("END", 3): "421 4.3.2 shutting down|"}))
    outcomes = talk(run, server, messages[:5], window=8, first=1)
    assert kinds(outcomes) == [ACCEPTED, ACCEPTED, DEFERRED, NOT_SENT, NOT_SENT]
    assert outcomes[2].scope is Scope.SESSION


def test_421_and_then_more_without_the_final_reply_is_uncertain(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=answering({("MAIL", 2): "421 4.3.2 shutting down", ("END", 2): "|"}))
    outcomes = talk(run, server, messages[:2], first=1)
    assert kinds(outcomes) == [ACCEPTED, UNCERTAIN]


def test_421_and_then_half_a_reply_is_uncertain(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=answering({("RCPT", 2): "421 4.3.2 shutting down\r\n250-2.0|"}))
    assert kinds(talk(run, server, messages[:2], first=1)) == [ACCEPTED, UNCERTAIN]


def test_421_that_stays_open_is_left_after_a_while(run: Run, messages: list[Message]) -> None:
    def script(verb: str, number: int) -> str | None:
        if server.counts["MAIL"] < 2:
            return None
        return "421 4.3.2 shutting down" if verb == "MAIL" else ""

    server = Scripted(script=script)
    assert kinds(talk(run, server, messages[:2], first=1, timeouts=QUICK)) == [ACCEPTED, NOT_SENT]


def test_connection_that_waits_for_last_words_takes_nothing_more_and_blames_nobody(
    run: Run, messages: list[Message]
) -> None:
    def script(verb: str, number: int) -> str | None:
        if server.counts["MAIL"] < 2:
            return None
        return "421 4.3.2 shutting down" if verb == "MAIL" else ""

    async def with_one_behind(channel: SmtpChannel, messages: list[Message]) -> list[Outcome]:
        last = asyncio.ensure_future(send(channel, messages[0]))
        while not channel.failed:
            await asyncio.sleep(0.001)
        behind = await send(channel, messages[1])
        assert not last.done()
        return [behind, await last]

    server = Scripted(script=script)
    outcomes = talk(run, server, messages[:3], first=1, way=with_one_behind, timeouts=QUICK)
    assert kinds(outcomes) == [ACCEPTED, NOT_SENT, NOT_SENT]
    assert outcomes[1].is_goodbye


def test_silence_after_a_group_is_uncertain_once_the_time_is_up(run: Run, messages: list[Message]) -> None:
    server = Scripted(script=lambda verb, number: None if server.counts["MAIL"] < 2 else "")
    outcomes = talk(run, server, messages[:2], first=1, timeouts=QUICK)
    assert kinds(outcomes) == [ACCEPTED, UNCERTAIN]
    assert "no reply within" in outcomes[1].reply


def test_reply_that_drips_moves_no_deadline(messages: list[Message]) -> None:
    """A byte in each half of the time allowed, for ever: still the time is up."""

    async def session() -> Outcome:
        left = asyncio.Event()

        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 drip ESMTP\r\n")
            await reader.readline()
            writer.write(b"250 drip\r\n")
            await reader.readline()
            try:
                while True:
                    writer.write(b"2")
                    await writer.drain()
                    await asyncio.sleep(QUICK.command / 2)
            except ConnectionError:
                left.set()
            finally:
                writer.close()

        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        scripted = Scripted(port=server.sockets[0].getsockname()[1])
        channel = await scripted.transport(timeouts=QUICK).connect()
        outcome = await asyncio.wait_for(send(channel, messages[0]), 10)
        server.close()
        await left.wait()
        return outcome

    outcome = asyncio.run(session())
    assert (outcome.kind, outcome.stage) == (NOT_SENT, Stage.MAIL)
    assert "no reply within" in outcome.reply


def test_message_whose_last_byte_is_still_ours_was_certainly_not_sent(run: Run, make_message: MakeMessage) -> None:
    """The server reads the first of two great messages and no more of the second."""

    async def session() -> list[Outcome]:
        server = Scripted()
        async with server.serving():
            channel = await server.transport(window=2).connect()
            await send(channel, make_message())
            asked = asyncio.Event()

            def script(verb: str, number: int) -> str | None:
                asked.set()
                return None

            server.script = script
            both = asyncio.ensure_future(at_once(channel, [make_message(body="x" * 40_000_000), make_message()]))
            await asked.wait()
            channel.abort()
            return await both

    assert kinds(run(session())) == [NOT_SENT, NOT_SENT]


# The idle connection, and the manners of the channel itself.


def test_idle_connection_that_is_closed_or_gets_421_says_so(run: Run, messages: list[Message]) -> None:
    async def session() -> tuple[str, Outcome]:
        server = Scripted(script=answering({("END", 1): "250 Ok\r\n421 4.4.2 idle|"}))
        async with server.serving():
            channel = await server.transport().connect()
            await send(channel, messages[0])
            why = channel.failed
            server.commands.clear()
            outcome = await send(channel, messages[1])
            assert server.commands == []
            return why, outcome

    why, outcome = run(session())
    assert "421 4.4.2 idle" in why
    assert outcome.kind is NOT_SENT


def test_421_that_has_arrived_is_read_before_a_group_is_written(run: Run, messages: list[Message]) -> None:
    """Without a turn of the loop between: its bytes lie in the socket when the next message begins."""

    async def session() -> tuple[Outcome, list[str]]:
        writers: list[asyncio.StreamWriter] = []

        class Reachable(Scripted):
            async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writers.append(writer)
                await super()._serve(reader, writer)

        server = Reachable()
        async with server.serving():
            channel = await server.transport().connect()
            await send(channel, messages[0])
            server.commands.clear()
            os.write(writers[0].get_extra_info("socket").fileno(), b"421 4.4.2 idle\r\n")
            outcome = await send(channel, messages[1])  # begins in this very turn
            return outcome, server.commands

    outcome, commands = run(session())
    assert outcome.kind is NOT_SENT
    assert "421 4.4.2" in outcome.reply
    assert commands == []


@pytest.mark.parametrize("offers", [BOTH, GROUPS])
def test_nobody_is_told_inside_begin_or_abort(run: Run, messages: list[Message], offers: tuple[str, ...]) -> None:
    async def session() -> None:
        server = Scripted(offers=offers)
        async with server.serving():
            channel = await server.transport(window=4).connect()
            told: list[Outcome] = []
            for message in messages[:3]:
                channel.begin(message, told.append)
            channel.abort()
            assert told == []
            await asyncio.sleep(0)
            assert kinds(told) == [NOT_SENT] * 3
            channel.begin(messages[3], told.append)
            assert len(told) == 3
            await asyncio.sleep(0)
            assert kinds(told[3:]) == [NOT_SENT]

    run(session())


@pytest.mark.parametrize("offers", [BOTH, GROUPS, ()])
def test_next_message_may_begin_inside_done(run: Run, messages: list[Message], offers: tuple[str, ...]) -> None:
    async def session() -> list[Outcome]:
        server = Scripted(offers=offers)
        async with server.serving():
            channel = await server.transport(window=2).connect()
            told: list[Outcome] = []
            left = list(messages)
            end = asyncio.Event()

            def done(outcome: Outcome) -> None:
                told.append(outcome)
                if left:
                    channel.begin(left.pop(), done)
                elif len(told) == len(messages):
                    end.set()

            channel.begin(left.pop(), done)
            await asyncio.wait_for(end.wait(), 10)
            await channel.close()
            return told

    assert kinds(run(session())) == [ACCEPTED] * 12


def test_close_says_quit(run: Run, messages: list[Message]) -> None:
    server = Scripted()
    talk(run, server, messages[:1])
    assert server.commands[-1] == "QUIT"


def test_one_timer_serves_many_messages(messages: list[Message]) -> None:
    """A timer a message would be most of the cost of a small one."""

    async def session() -> int:
        loop = asyncio.get_running_loop()
        server = Scripted()
        async with server.serving():
            channel = await server.transport().connect()
            await one_by_one(channel, messages)
            timers = [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
            await channel.close()
            return len(timers)

    assert asyncio.run(session()) == 1
