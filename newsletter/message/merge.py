"""One person's message from a compiled issue: the only place where the two meet.

`Merger` does once per issue what does not depend on the person; `message` fills in the rest and joins. It is a pure
function of (compiled issue, recipient, Date), so that a message can be made again, byte for byte, long after: no
clock, no randomness. A trial (build, preview, test) differs only in its tokens and its Message-ID.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from newsletter.address import CONTROLS, ascii_domain, ascii_url, normalise, parse_mailbox, refuse_controls
from newsletter.errors import ConfigError, InputError
from newsletter.message import mime
from newsletter.message.headers import (
    HEADER_ORDER,
    assert_headers,
    date_header,
    list_header,
    mailbox_header,
    raw_header,
    shortened,
    text_header,
)
from newsletter.render.compiled import CompiledIssue, CompiledVariant, SlotUse, slots_of
from newsletter.tokens import Keys, Purpose, Token

_MAX_LOCAL = 64  # bytes (RFC 5321 section 4.5.3.1.1)
_TOKEN_CHARACTERS = 40
_LABEL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")  # RFC 2919 section 2
# What `normalise` lets through and nothing that a header or an SMTP command reads as more than one mailbox.
_MAILBOX = re.compile(r"[^\s\x00-\x20\x7f-\x9f<>()\[\]\\,:;\"@]+@[a-z0-9.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What is frozen about one person of an issue's audience."""

    delivery_id: int
    subscriber_id: int
    list_id: int  # the list's row, not its label
    address: str  # Address.mailbox
    variant: str = ""
    values: Mapping[str, str]  # by full name: {"subscriber.name": "…"}; only subscriber fields
    position: int  # counted from 1; printed as issue.recipient_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
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


@dataclass(frozen=True, slots=True)
class _Frame:
    """A variant's body, encoded but for its slots."""

    slots: tuple[SlotUse, ...]
    content_type: bytes  # the header line
    before_text: bytes
    text: mime.EncodedPart
    before_html: bytes
    html: mime.EncodedPart
    after: bytes


@dataclass(frozen=True, slots=True)
class _Personal:
    """What one recipient's headers and slots are filled with."""

    recipient: Recipient
    delivery: str  # the delivery's token, for an address
    unsubscribe: str  # likewise
    values: Mapping[str, str]  # of all slots


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
    ) -> None:
        if trial != bool(nonce):
            raise ValueError("a trial needs a nonce, a real send must have none")
        self._compiled, self._keys, self._issue_id = compiled, keys, issue_id
        self._trial, self._nonce = trial, nonce
        headers = compiled.headers
        self._from = _sender(headers.from_mailbox, "sender.from")
        self._from_domain = self._from.rpartition("@")[2]
        self._public_url = ascii_url(headers.public_url).rstrip("/")
        self._return_path = _sender(headers.return_path or headers.from_mailbox, "sender.return_path")
        self._bounce_domain = ascii_domain(headers.bounce_domain) if headers.bounce_domain else ""
        self._mailto = _token_mailbox(headers.unsubscribe_mailto)
        self._fields = frozenset(compiled.slot_fields)
        self._fixed = self._fixed_headers(list_label)
        self._frames = {
            key: _frame(variant, mime.boundary_for(f"{compiled.digest}/{key}"))
            for key, variant in compiled.variants.items()
        }
        for key in self._frames:
            self._prove(key)

    def message(self, recipient: Recipient, *, date: datetime) -> Message:
        """Return the message to `recipient`; `date` is aware and in the office's time zone.

        Raises InputError for an address or a value that must not stand in a message, KeyError when a field that the
        issue prints is missing: freezing and merging disagree.
        """
        refuse_unsafe(recipient)
        person = self._personal(recipient)
        frame = self._frames[recipient.variant]
        out = [self._header_block(person, date, frame.content_type), frame.before_text]
        slots = [mime.canonical(slot.resolve(person.values)) for slot in frame.slots]
        frame.text.write(slots, out)
        out.append(frame.before_html)
        frame.html.write(slots, out)
        out.append(frame.after)
        data = b"".join(out)
        return Message(
            mail_from=f"bounce+{person.delivery}@{self._bounce_domain}" if self._bounce_domain else self._return_path,
            rcpt_to=recipient.address,
            data=data,
            smtputf8=not recipient.address.isascii(),
            envid=person.delivery,
            sha256=hashlib.sha256(data).hexdigest(),
        )

    def values(self, recipient: Recipient) -> Mapping[str, str]:
        """Return what every slot of this person's mail is filled with, by full name."""
        return self._personal(recipient).values

    def _token(self, purpose: Purpose, list_id: int, subject_id: int) -> Token:
        return self._keys.token(Purpose.TRIAL if self._trial else purpose, list_id, subject_id)

    def _personal(self, recipient: Recipient) -> _Personal:
        delivery = self._token(Purpose.BOUNCE, recipient.list_id, recipient.delivery_id)
        unsubscribe = self._token(Purpose.UNSUBSCRIBE, recipient.list_id, recipient.subscriber_id)
        values = dict(recipient.values)
        values["links.unsubscribe"] = f"{self._public_url}/u/{unsubscribe.url}"
        values["issue.recipient_number"] = str(recipient.position)
        if "links.view" in self._fields:
            view = self._token(Purpose.VIEW, recipient.list_id, recipient.delivery_id)
            values["links.view"] = f"{self._public_url}/v/{view.url}"
        if "links.preferences" in self._fields:
            preferences = self._token(Purpose.PREFERENCES, recipient.list_id, recipient.subscriber_id)
            values["links.preferences"] = f"{self._public_url}/p/{preferences.url}"
        return _Personal(recipient, delivery.address, unsubscribe.address, values)

    def _header_block(self, person: _Personal, date: datetime, content_type: bytes) -> bytes:
        local = self._keys.message_id_local(self._issue_id, person.recipient.delivery_id, nonce=self._nonce)
        links = [person.values["links.unsubscribe"]]
        if self._mailto:
            before, after = self._mailto
            links.append(f"mailto:{before}+{person.unsubscribe}{after}?subject=unsubscribe")
        lines = self._fixed | {
            "Date": date_header(date),
            "To": raw_header("To", person.recipient.address),
            "Message-ID": raw_header("Message-ID", f"<{local}@{self._from_domain}>"),
            "List-Unsubscribe": list_header("List-Unsubscribe", links),
            "X-Newsletter-Delivery": raw_header("X-Newsletter-Delivery", person.delivery),
            "Content-Type": content_type,
        }
        if "Subject" not in lines:
            subject = shortened(self._subject(person.values))
            lines["Subject"] = text_header("Subject", subject if subject.strip() else self._compiled.title)
        return b"".join([lines[name] for name in HEADER_ORDER if name in lines]) + b"\r\n"

    def _subject(self, values: Mapping[str, str]) -> str:
        pieces = self._compiled.subject
        return "".join([piece if isinstance(piece, str) else piece.resolve(values) for piece in pieces])

    def _fixed_headers(self, list_label: str) -> dict[str, bytes]:
        headers = self._compiled.headers
        list_domain = ascii_domain(headers.list_domain or self._from_domain)
        if not _LABEL.fullmatch(list_label) or len(list_label) + len(list_domain) > 250:
            raise ConfigError(f"{list_label!r} cannot stand in List-ID", fix="Latin letters, digits and hyphens")
        lines = {
            "From": mailbox_header("From", headers.from_name, self._from),
            "List-ID": raw_header("List-ID", f"<{list_label}.{list_domain}>"),
            "List-Unsubscribe-Post": raw_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            "List-Post": raw_header("List-Post", "NO"),
            "Precedence": raw_header("Precedence", "bulk"),
            "X-Mailru-Msgtype": raw_header("X-Mailru-Msgtype", list_label),
            "MIME-Version": raw_header("MIME-Version", "1.0"),
        }
        if headers.reply_to:
            name, address = parse_mailbox(headers.reply_to)
            lines["Reply-To"] = mailbox_header("Reply-To", name, _sender(address.mailbox, "sender.reply_to"))
        if headers.feedback_id:
            lines["Feedback-ID"] = raw_header("Feedback-ID", _feedback(headers.feedback_id, self._issue_id, list_label))
        if not any(slots_of(self._compiled.subject)):
            lines["Subject"] = text_header("Subject", self._subject({}))
        return lines

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
        data = self.message(specimen, date=datetime(2000, 1, 1, tzinfo=UTC)).data
        block, _, body = data.partition(b"\r\n\r\n")
        personal = {"Date", "To", "Subject", "Message-ID", "List-Unsubscribe", "X-Newsletter-Delivery", "Content-Type"}
        assert_headers(block + b"\r\n", [name for name in HEADER_ORDER if name in personal | self._fixed.keys()])
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


def _frame(variant: CompiledVariant, boundary: str) -> _Frame:
    numbers: dict[SlotUse, int] = {}
    parts = [
        mime.encode_part(
            [
                mime.canonical(piece) if isinstance(piece, str) else numbers.setdefault(piece, len(numbers))
                for piece in part
            ]
        )
        for part in (variant.text, variant.html)
    ]
    return _Frame(
        slots=tuple(numbers),
        content_type=f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode("ascii"),
        before_text=mime.part_opening(boundary, "text/plain"),
        text=parts[0],
        before_html=mime.part_opening(boundary, "text/html"),
        html=parts[1],
        after=mime.closing(boundary),
    )


def _sender(mailbox: str, setting: str) -> str:
    """Return a mailbox of ours, checked. One outside ASCII would need SMTPUTF8 of every recipient's server."""
    try:
        address = normalise(mailbox)
    except InputError as error:
        raise ConfigError(f"{setting}: {error.message}", fix=error.fix) from error
    if address.needs_smtputf8:
        raise ConfigError(f"{setting}: {mailbox!r} has letters outside ASCII before @", fix="use Latin letters there")
    return address.mailbox


def _token_mailbox(mailbox: str) -> tuple[str, str] | None:
    """Split the unsubscribe address where its token goes, escaped for a mailto URL (RFC 6068 section 2)."""
    if not mailbox:
        return None
    local, _, domain = _sender(mailbox, "sender.unsubscribe_mailto").rpartition("@")
    if len(local) + 1 + _TOKEN_CHARACTERS > _MAX_LOCAL:
        longest = _MAX_LOCAL - 1 - _TOKEN_CHARACTERS
        raise ConfigError(f"sender.unsubscribe_mailto: {local!r} is too long", fix=f"{longest} characters is the limit")
    return quote(local, safe="!$'*+-._~"), f"@{domain}"


def _feedback(setting: str, issue_id: int, list_label: str) -> str:
    """Return Gmail's `a:b:c:SenderId`; a setting with colons of its own stands as it is."""
    return setting if ":" in setting else f"{issue_id}:{list_label}:newsletter:{setting}"
