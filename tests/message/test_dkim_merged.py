"""Merged messages as they leave: signed, and found good by dkimpy, whatever names and addresses they hold."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.message.dkim import Signer
from newsletter.message.merge import Merger, Message, Recipient
from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse
from newsletter.tokens import Keys

DATE = datetime(2025, 11, 24, 14, 0, tzinfo=timezone(timedelta(hours=3)))
KEYS = Keys(secrets={1: b"1" * 32}, current=1)
ISSUE = CompiledIssue(
    lang="ru",
    title="Экспорт вырос",
    preheader="",
    subject=("Новости, ", SlotUse(field="subscriber.name", context="header")),
    headers=MailHeaders(
        from_name="Пресс-служба ОЭЗ «Заречье»",
        from_mailbox="press@zarechye.example",
        return_path="",
        reply_to="Отдел <otdel@zarechye.example>",
        unsubscribe_mailto="unsub@zarechye.example",
        public_url="https://news.zarechye.example/" + "a" * 150,
        feedback_id="zarechye",
    ),
    variant_fields={},
    variants={
        "": CompiledVariant(
            html=("<p>", SlotUse(field="subscriber.name", context="text"), "</p>\n" * 200),
            text=(SlotUse(field="subscriber.name", context="plain"), "  два пробела \n\n\n"),
        )
    },
)


def merged(signer: Signer | None, name: str, local: str = "anna") -> Message:
    recipient = Recipient(
        delivery_id=1,
        subscriber_id=2,
        list_id=3,
        address=f"{local}@novosti.example",
        values={"subscriber.name": name},
        position=1,
    )
    merger = Merger(ISSUE, keys=KEYS, issue_id=7, list_label="news", signer=signer)
    return merger.message(recipient, date=DATE)


def verdicts(signer: Signer, data: bytes) -> list[bool]:
    records = {key.record_name(signer.domain).encode() + b".": key.record.encode() for key in signer.keys}
    return [
        dkim.DKIM(data).verify(idx=number, dnsfunc=lambda name, timeout=5: records.get(name))
        for number in range(len(signer.keys))
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs")), max_size=200))
@settings(max_examples=60)
def test_any_merged_message_is_signed_well(signer: Signer, name: str) -> None:
    assert verdicts(signer, merged(signer, name).data) == [True, True]


def test_a_cyrillic_mailbox_stands_in_a_signed_header(signer: Signer) -> None:
    message = merged(signer, "Анна", local="анна")
    assert message.smtputf8
    assert verdicts(signer, message.data) == [True, True]


def test_signatures_stand_before_the_message_and_change_nothing_of_it(signer: Signer) -> None:
    signed, plain = merged(signer, "Анна").data, merged(None, "Анна").data
    assert signed.endswith(plain)
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")
    assert signed == merged(signer, "Анна").data


@pytest.mark.parametrize("header", ["List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Reply-To"])
def test_headers_that_providers_want_signed_are_signed(signer: Signer, header: str) -> None:
    data = merged(signer, "Анна").data
    assert header.encode() in data
    changed = data.replace(f"\r\n{header}: ".encode(), f"\r\n{header}: x".encode())
    assert changed != data
    assert verdicts(signer, changed) == [False, False]
