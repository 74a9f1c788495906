"""One trial message of a compiled issue: merged for a person or for the built-in specimen, and what the checks say.

What build, check, preview and test show is what a send would make; only its tokens are trials (compile.md, "Tokens").
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.check import Checked, Report, run_checks
from newsletter.message.dkim import Signer
from newsletter.message.merge import Merger, Message, Recipient
from newsletter.render.child import CompileResult
from newsletter.render.compiled import CompiledIssue, fill
from newsletter.tokens import Keys

# Who a mail is shown for when nobody is named: a plausible reader, at a domain that reaches nobody (RFC 2606).
SPECIMEN_ADDRESS = "anna.sokolova@newsletter.invalid"
SPECIMEN_NAME = "Анна Соколова"
SPECIMEN_LIST = "specimen"  # stands in List-ID where no list is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a mail is shown for or a trial mailed to: the mailbox, and the subscriber's fields as the store has them."""

    address: str
    fields: Mapping[str, str] | None = None  # {"name": "Анна", "city": ""}; None: the specimen's


ANYBODY = Reader(address=SPECIMEN_ADDRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One trial message, and the parts it was made of."""

    message: Message
    subject: str
    html: str
    text: str
    values: Mapping[str, str]  # what its slots hold, by field
    variant: str  # which one they get; key as in CompiledIssue.variants
    variant_html: Mapping[str, str]  # the same person's HTML of every variant


def specimen_fields(compiled: CompiledIssue) -> dict[str, str]:
    """Return the specimen's value for each subscriber field that the issue prints, by the field's own name."""
    known = {"name": SPECIMEN_NAME, "email": SPECIMEN_ADDRESS}
    printed = (name.partition(".")[2] for name in compiled.slot_fields if name.startswith("subscriber."))
    return {name: known.get(name, name.capitalize()) for name in printed}


def recipient_of(
    compiled: CompiledIssue, reader: Reader, *, position: int = 1, variant: str | None = None
) -> Recipient:
    """Return `reader` as a recipient whom no ledger knows; `variant` shows them another variant than their own."""
    fields = specimen_fields(compiled) if reader.fields is None else {**reader.fields, "email": reader.address}
    printed = (name for name in compiled.slot_fields if name.startswith("subscriber."))
    return Recipient(
        delivery_id=position - 1,
        subscriber_id=0,
        list_id=0,
        address=reader.address,
        variant=compiled.variant_key(fields) if variant is None else variant,
        values={name: str(fields.get(name.partition(".")[2]) or "") for name in printed},
        position=position,
    )


def specimen_of(
    compiled: CompiledIssue,
    *,
    keys: Keys,
    now: datetime,
    reader: Reader = ANYBODY,
    variant: str | None = None,
    list_label: str = SPECIMEN_LIST,
) -> Specimen:
    """Merge a trial message for `reader`. `now` is aware and in the office's zone; `list_label` stands in List-ID."""
    recipient = recipient_of(compiled, reader, variant=variant)
    merger = Merger(compiled, keys=keys, issue_id=0, list_label=list_label, trial=True, nonce=secrets.token_hex(8))
    filled = merger.values(recipient)
    chosen = compiled.variants[recipient.variant]
    return Specimen(
        message=merger.message(recipient, date=now),
        subject=fill(compiled.subject, filled),
        html=fill(chosen.html, filled),
        text=fill(chosen.text, filled),
        values=filled,
        variant=recipient.variant,
        variant_html={key: fill(one.html, filled) for key, one in compiled.variants.items()},
    )


def trial_messages(
    compiled: CompiledIssue, readers: Sequence[Reader], *, keys: Keys, now: datetime, signer: Signer | None = None
) -> list[Message]:
    """Return the message of a trial for each reader, in their order, signed as a send would be."""
    nonce = secrets.token_hex(8)
    merger = Merger(compiled, keys=keys, issue_id=0, list_label="trial", trial=True, nonce=nonce, signer=signer)
    people = (recipient_of(compiled, reader, position=number) for number, reader in enumerate(readers, start=1))
    return [merger.message(recipient, date=now) for recipient in people]


def report_on(result: CompileResult, specimen: Specimen) -> Report:
    """Run the checks over a compiled issue and its specimen."""
    issue, compilation = result.issue, result.compilation
    return run_checks(
        Checked(
            kind=issue.kind,
            subject=specimen.subject,
            preheader=issue.preheader,
            preheader_proposed=issue.preheader_proposed,
            title=issue.title,
            title_proposed=issue.title_proposed,
            date=issue.date,
            waivers=issue.waivers,
            origins=issue.origins,
            items=issue.items,
            intro=issue.intro,
            mends=issue.mends,
            compiled=compilation.compiled,
            sample_html=specimen.html,
            sample_text=specimen.text,
            variant_html=specimen.variant_html,
            mjml_sources={f"templates/{name}": source for name, source in compilation.templates.items()},
            rendered_mjml=compilation.mjml,
        )
    )
