"""«Send a trial to me»: only to the settings' test addresses, by the same path as `newsletter test`, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.address import normalise
from newsletter.check import gate
from newsletter.delivery.scope import Kind, Outcome
from newsletter.errors import ConfigError, DiskError, NewsletterError, RelayError, StoreError, UsageError
from newsletter.message.dkim_keys import load_signer
from newsletter.settings import Settings
from newsletter.specimen import Reader, trial_messages
from newsletter.store.database import Connection, reading
from newsletter.store.subscribers import read_fields
from newsletter.tokens import Keys
from newsletter.translation import catalogue, sentence
from newsletter.web.asking import desk_of, language_of, room_of
from newsletter.web.desk import Desk
from newsletter.web.languages import Words, words_of
from newsletter.web.posted import read_json, text_in

EVERYBODY = "*"  # what the form says for all test addresses; no address is spelled so
_ENGINEERS = (ConfigError, DiskError, RelayError, StoreError)  # what an editor can only hand on
_REPLY_SHOWN = 200  # characters of what a server said


async def send(request: Request) -> Response:
    """Mail a trial: {"to"}, one of the test addresses or "*"."""
    desk = await desk_of(request)
    posted = await read_json(request)
    trials = room_of(request).trials
    if trials.locked():
        raise UsageError("a trial mail is on its way already", fix="wait until it has arrived")
    words, to = words_of(language_of(request)), text_in(posted, "to")
    async with trials:
        try:
            sent = await asyncio.to_thread(_send, desk, to)
        except NewsletterError as error:
            return JSONResponse({"error": _stopped(words, error, to)}, status_code=409)
    lines = [f"{address}: {_outcome(words, outcome)}" for address, outcome in sent]
    if all(outcome.kind is Kind.ACCEPTED for _, outcome in sent):
        return JSONResponse({"ok": True, "message": f"{words('review.trial_sent')} {'; '.join(lines)}"})
    message = f"{words(_headline([outcome.kind for _, outcome in sent]))} {'; '.join(lines)}."
    told = {"message": message, "file": "", "line": 0, "fix": words("review.trial_next")}
    return JSONResponse({"error": told}, status_code=409)


def _stopped(words: Words, error: NewsletterError, to: str) -> dict[str, object]:
    """Return an error for the page: that nothing was sent comes first, then who can do something about it."""
    say = catalogue(words.language).translate
    # Of several copies, one may have gone before the connection or the disk gave out.
    is_certain = to != EVERYBODY or not isinstance(error, (RelayError, DiskError))
    told = [words("review.trial_not_sent" if is_certain else "review.trial_stopped"), sentence(say(error.message))]
    if isinstance(error, _ENGINEERS):
        told[1:1] = [words("review.trial_no_relay")] if isinstance(error, RelayError) else []
        told[-1] = words("review.trial_tell_engineer", words=say(error.message).rstrip("."))
    return error.as_json() | {"message": " ".join(told), "fix": sentence(say(error.fix))}


def _headline(kinds: Sequence[Kind]) -> str:
    """Return the word for what became of the copies, not all of which were accepted."""
    if Kind.ACCEPTED in kinds:
        return "review.trial_failed"
    return "review.trial_uncertain" if Kind.UNCERTAIN in kinds else "review.trial_not_sent"


def _send(desk: Desk, to: str) -> list[tuple[str, Outcome]]:
    """Send and return what became of each copy. Raises NewsletterError."""
    premises = desk.premises
    settings = premises.load_settings()
    addresses = chosen(settings, to)
    settings.require_sendable()  # before a mail is compiled with made-up senders
    _, result = desk.compile_now()
    gate(desk.report_on(result))
    with reading(premises.engine) as conn:
        readers = [_reader(conn, premises.keys, address) for address in addresses]
    messages = trial_messages(
        result.compilation.compiled,
        readers,
        keys=premises.keys,
        now=premises.clock(),
        signer=load_signer(settings),
    )
    premises.write_pictures(result.pictures)  # as every command that mails: the folder holds what the mail shows
    outcomes = premises.send_trials(settings, messages)
    return list(zip(addresses, outcomes, strict=True))


def chosen(settings: Settings, to: str) -> Sequence[str]:
    """Return the addresses that a form may mail to: nobody whom the settings do not name. Raises NewsletterError."""
    allowed = settings.review.test_addresses
    if not allowed:
        raise ConfigError(
            "review.test_addresses is not set", path="newsletter.toml", fix="list there who may get trial mails"
        )
    if to == EVERYBODY:
        return allowed
    if to not in allowed:
        raise UsageError("this address is not one of review.test_addresses", fix="choose one of the list")
    return (to,)


def _reader(conn: Connection, keys: Keys, typed: str) -> Reader:
    """Return a subscriber with their own data, or the specimen under the address."""
    address = normalise(typed)
    found = read_fields(conn, keys.address_key(address.key))
    return Reader(address=address.mailbox) if found is None else Reader(address=found[0], fields=found[1])


def _outcome(words: Words, outcome: Outcome) -> str:
    told = words(f"review.outcome_{outcome.kind.value}")
    return told if outcome.kind is Kind.ACCEPTED else f"{told} ({str(outcome)[:_REPLY_SHOWN]})"
