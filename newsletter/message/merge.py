"""One person's message from a compiled issue: the only place where the two meet.

`Merger` does once per issue what does not depend on the person; `message` fills in the rest and joins. It is a pure
function of (compiled issue, recipient, Date), so that a message can be made again, byte for byte, long after: no
clock, no randomness. A trial (build, preview, test) differs only in its tokens and its Message-ID.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from newsletter.address import CONTROLS, refuse_controls
from newsletter.errors import InputError
from newsletter.message import mime
from newsletter.message.dkim import Signer
from newsletter.message.frame import build_frame, check_origin, header_lines, subject_text
from newsletter.message.headers import HEADER_ORDER, assert_headers, date_value, shortened, text_header
from newsletter.render.compiled import CompiledIssue, slots_of
from newsletter.tokens import Keys, Purpose, Token

# What `normalise` lets through and nothing that a header or an SMTP command reads as more than one mailbox.
_MAILBOX = re.compile(r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff<>()\[\]\\,:;\"@]{1,64}@[a-z0-9.-]{1,255}")


class Recipient(NamedTuple):
    """What is frozen about one person of an issue's audience."""

    delivery_id: int
    subscriber_id: int
    list_id: int  # the list's row, not its label
    address: str  # Address.mailbox
    values: Mapping[str, str]  # by full name: {"subscriber.name": "…"}; only subscriber fields
    position: int  # counted from 1; printed as issue.recipient_number
    variant: str = ""


class Message(NamedTuple):
    """Bytes ready to leave, and their envelope."""

    mail_from: str
    rcpt_to: str
    data: bytes
    smtputf8: bool  # the recipient's local part is outside ASCII (RFC 6531)
    envid: str  # of a DSN (RFC 3461): the delivery's token
    sha256: str

    @property
    def size(self) -> int:
        return len(self.data)


class Draft(NamedTuple):
    """A message that is not signed yet."""

    mail_from: str
    rcpt_to: str
    headers: bytes  # whole lines
    body: list[bytes]
    envid: str
    date: datetime


class Merger:
    """Makes the messages of one issue to one list.

    `list_label` is the left side of List-ID. A trial's `nonce` keeps its Message-ID apart from every other's.
    Raises ConfigError for senders and addresses that no message could carry, InputError for a subject that none could.
    """

    def __init__(
        self,
        compiled: CompiledIssue,
        *,
        keys: Keys,
        issue_id: int,
        list_label: str,
        trial: bool = False,
        nonce: str = "",
        signer: Signer | None = None,
    ) -> None:
        if trial != bool(nonce):
            raise ValueError("a trial needs a nonce, a real send must have none")
        self._compiled, self._keys, self._issue_id = compiled, keys, issue_id
        self._trial, self._nonce, self._signer = trial, nonce, signer
        self._origin = check_origin(compiled.headers)
        self._fields = frozenset(compiled.slot_fields)
        self._subject_varies = any(slots_of(compiled.subject))
        lines = header_lines(compiled, self._origin, issue_id=issue_id, list_label=list_label)
        self._header_names = tuple(name for name in HEADER_ORDER if name in lines)
        self._frames = {key: build_frame(compiled, key, lines) for key in compiled.variants}
        for key in self._frames:
            self._prove(key)

    @property
    def is_signing(self) -> bool:
        """True when `finish` takes a while: RSA."""
        return self._signer is not None

    @property
    def selectors(self) -> str:
        """Return the DKIM selectors that sign, with spaces between; "" for none."""
        return self._signer.selectors if self._signer else ""

    def message(self, recipient: Recipient, *, date: datetime) -> Message:
        """Return the message to `recipient`; `date` is aware and in the office's time zone.

        Raises InputError for an address or a value that must not stand in a message, KeyError when a field that the
        issue prints is missing: freezing and merging disagree.
        """
        return self.finish(self.draft(recipient, date=date))

    def draft(self, recipient: Recipient, *, date: datetime) -> Draft:
        """Return the message but for its signatures; raises as `message` does."""
        refuse_unsafe(recipient)
        origin, frame = self._origin, self._frames[recipient.variant]
        delivery = self._token(Purpose.BOUNCE, recipient.list_id, recipient.delivery_id).address
        unsubscribe = self._token(Purpose.UNSUBSCRIBE, recipient.list_id, recipient.subscriber_id)
        values = self._values(recipient, unsubscribe.url)
        headers = frame.headers % {
            "date": date_value(date),
            "to": recipient.address,
            "subject": self._subject_line(values) if self._subject_varies else "",
            "message": self._keys.message_id_local(self._issue_id, recipient.delivery_id, nonce=self._nonce),
            "url": unsubscribe.url,
            "address": unsubscribe.address,
            "delivery": delivery,
        }
        body = [frame.opening]
        slots = [mime.canonical(slot.resolve(values)) for slot in frame.slots]
        frame.text.write(slots, body)
        body.append(frame.before_html)
        frame.html.write(slots, body)
        body.append(frame.after)
        return Draft(
            mail_from=f"bounce+{delivery}@{origin.bounce_domain}" if origin.bounce_domain else origin.return_path,
            rcpt_to=recipient.address,
            headers=headers.encode(),
            body=body,
            envid=delivery,
            date=date,
        )

    def finish(self, draft: Draft) -> Message:
        """Return the message, signed where the issue is; may be called in another thread."""
        if self._signer is None:
            data = b"".join([draft.headers, b"\r\n", *draft.body])
        else:
            # Its body is in DKIM's relaxed form: `_prove` has asserted it for every variant.
            body = b"".join(draft.body)
            signature = self._signer.sign(draft.headers, body, draft.date, is_relaxed=True)
            data = b"".join([signature, draft.headers, b"\r\n", body])
        return Message(
            mail_from=draft.mail_from,
            rcpt_to=draft.rcpt_to,
            data=data,
            smtputf8=not draft.rcpt_to.isascii(),
            envid=draft.envid,
            sha256=hashlib.sha256(data).hexdigest(),
        )

    def values(self, recipient: Recipient) -> Mapping[str, str]:
        """Return what every slot of this person's mail is filled with, by full name."""
        unsubscribe = self._token(Purpose.UNSUBSCRIBE, recipient.list_id, recipient.subscriber_id)
        return self._values(recipient, unsubscribe.url)

    def _token(self, purpose: Purpose, list_id: int, subject_id: int) -> Token:
        return self._keys.token(Purpose.TRIAL if self._trial else purpose, list_id, subject_id)

    def _values(self, recipient: Recipient, unsubscribe: str) -> dict[str, str]:
        values = dict(recipient.values)
        values["links.unsubscribe"] = f"{self._origin.public_url}/u/{unsubscribe}"
        values["issue.recipient_number"] = str(recipient.position)
        if "links.view" in self._fields:
            view = self._token(Purpose.VIEW, recipient.list_id, recipient.delivery_id)
            values["links.view"] = f"{self._origin.archive_url}/v/{view.url}"
        if "links.preferences" in self._fields:
            preferences = self._token(Purpose.PREFERENCES, recipient.list_id, recipient.subscriber_id)
            values["links.preferences"] = f"{self._origin.public_url}/p/{preferences.url}"
        return values

    def _subject_line(self, values: Mapping[str, str]) -> str:
        subject = shortened(subject_text(self._compiled, values))
        return text_header("Subject", subject if subject.strip() else self._compiled.title).decode("ascii")

    def _prove(self, variant: str) -> None:
        """Assert, once per variant, what must hold for every message of it: its fields and the form of its body."""
        fields = {name: "Имя & <b>" for name in self._fields if name.startswith("subscriber.")}
        specimen = Recipient(
            delivery_id=0,
            subscriber_id=0,
            list_id=0,
            address="a@newsletter.invalid",
            variant=variant,
            values=fields,
            position=1,
        )
        draft = self.draft(specimen, date=datetime(2000, 1, 1, tzinfo=UTC))
        body = b"".join(draft.body)
        assert_headers(draft.headers, self._header_names)
        mime.assert_relaxed(body)
        if body.count(b"\r\n--") + body.startswith(b"--") != 3:
            raise InputError("a part of this issue holds its own boundary")


def refuse_unsafe(recipient: Recipient) -> None:
    """Raise InputError unless the address is one mailbox and no value holds a control character."""
    if not _MAILBOX.fullmatch(recipient.address):
        raise InputError(f"{recipient.address[:80]!r} is not a mailbox that a message can go to")
    if CONTROLS.search("".join(recipient.values.values())):
        for name, value in recipient.values.items():
            refuse_controls(value, f"{name} of {recipient.address}")


def required_fields(compiled: CompiledIssue, variant: str) -> tuple[str, ...]:
    """Return the subscriber fields that this variant prints without a fallback, sorted."""
    chosen = compiled.variants[variant]
    slots = [slot for part in (compiled.subject, chosen.html, chosen.text) for slot in slots_of(part)]
    return tuple(sorted({slot.field for slot in slots if not slot.has_fallback}))


def missing(compiled: CompiledIssue, values: Mapping[str, str], *, variant: str = "") -> tuple[str, ...]:
    """Return which printed fields without a fallback are empty for this person; asked before anything is sent."""
    return tuple(name for name in required_fields(compiled, variant) if not values.get(name))
