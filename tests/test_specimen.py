"""A trial message shows what its reader would get: their fields, and the variant that their fields choose."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse
from newsletter.specimen import ANYBODY, Reader, recipient_of, specimen_of, trial_messages
from newsletter.tokens import Keys

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAME = SlotUse(field="subscriber.name", context="text")


@pytest.fixture
def compiled() -> CompiledIssue:
    """Branches on the language, which no part prints; prints the name."""
    return CompiledIssue(
        lang="ru",
        title="Порт",
        preheader="",
        subject=("Порт открыт",),
        headers=MailHeaders(
            from_name="Пресс-служба",
            from_mailbox="news@zarechye.example",
            return_path="news@zarechye.example",
            unsubscribe_mailto="leave@zarechye.example",
            public_url="https://news.zarechye.example",
        ),
        variant_fields={"language": ("ru", "en")},
        variants={
            f"language={language}": CompiledVariant(html=(f"<p>{hello}, ", NAME, "</p>"), text=(f"{hello}\n",))
            for language, hello in (("ru", "Здравствуйте"), ("en", "Hello"))
        },
    )


@pytest.fixture
def keys() -> Keys:
    return Keys({1: b"k" * 32}, current=1)


def test_a_field_that_nothing_prints_still_chooses_the_variant(compiled: CompiledIssue, keys: Keys) -> None:
    reader = Reader(address="john@example.org", fields={"name": "John", "language": "en"})
    shown = specimen_of(compiled, keys=keys, now=NOW, reader=reader)
    assert (shown.variant, shown.html) == ("language=en", "<p>Hello, John</p>")


def test_a_reader_can_be_shown_another_variant_than_their_own(compiled: CompiledIssue, keys: Keys) -> None:
    shown = specimen_of(compiled, keys=keys, now=NOW, variant="language=en")
    assert shown.html == "<p>Hello, Анна Соколова</p>"


def test_a_field_that_the_store_has_as_nothing_is_printed_as_nothing(compiled: CompiledIssue) -> None:
    assert recipient_of(compiled, Reader(address="a@example.org", fields={})).values == {"subscriber.name": ""}


def test_each_trial_goes_to_its_own_reader(compiled: CompiledIssue, keys: Keys) -> None:
    readers = [ANYBODY, Reader(address="b@example.org", fields={"name": "Б"})]
    messages = trial_messages(compiled, readers, keys=keys, now=NOW)
    assert [message.rcpt_to for message in messages] == ["anna.sokolova@newsletter.invalid", "b@example.org"]
    assert messages[0].data != messages[1].data
