"""What all messages of one issue have in common, made once: checked sender addresses, headers and encoded bodies.

The header block is one %-template. Its lines come from the same writers as any other, so a line's form is decided in
`headers.py` alone; what a merge puts into it is safe by its making: our tokens, a checked mailbox, a date, and a
subject line already written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from newsletter.address import ascii_domain, ascii_url, normalise, parse_mailbox
from newsletter.errors import ConfigError, InputError
from newsletter.message import mime
from newsletter.message.headers import HEADER_ORDER, list_header, mailbox_header, raw_header, text_header
from newsletter.render.compiled import CompiledIssue, MailHeaders, Part, SlotUse, slots_of

_MAX_LOCAL = 64  # bytes (RFC 5321 section 4.5.3.1.1)
_TOKEN_CHARACTERS = 40
_LABEL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")  # RFC 2919 section 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The issue's own addresses, checked and in ASCII."""

    mailbox: str
    return_path: str
    bounce_domain: str  # VERP when set
    unsubscribe: tuple[str, str] | None  # around the token: ("unsub", "@host"), escaped for a mailto URL
    public_url: str
    archive_url: str  # base of links.view; empty where no template may print it

    @property
    def domain(self) -> str:
        return self.mailbox.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One variant's message, finished but for what is personal."""

    headers: str  # %-template of the header block
    opening: bytes  # of the text part
    text: mime.EncodedPart
    before_html: bytes
    html: mime.EncodedPart
    after: bytes
    slots: tuple[SlotUse, ...]  # of both parts, each once, in the order of their numbers there


def check_origin(headers: MailHeaders) -> Origin:
    """Return the addresses of the settings as every message carries them. Raises ConfigError, InputError."""
    mailbox = _own_mailbox(headers.from_mailbox, "sender.from")
    return Origin(
        mailbox=mailbox,
        return_path=_own_mailbox(headers.return_path or mailbox, "sender.return_path"),
        bounce_domain=ascii_domain(headers.bounce_domain) if headers.bounce_domain else "",
        unsubscribe=_around_token(headers.unsubscribe_mailto) if headers.unsubscribe_mailto else None,
        public_url=ascii_url(headers.public_url).rstrip("/"),
        archive_url=ascii_url(headers.archive_url).rstrip("/") if headers.archive_url else "",
    )


def header_lines(compiled: CompiledIssue, origin: Origin, *, issue_id: int, list_label: str) -> dict[str, str]:
    """Return every header line of this issue by name, as a %-template; Content-Type, the variant's, is `build_frame`'s.

    To holds the address alone: a name from a list that others filled in adds nothing but a place to be spoofed.
    """
    lines = _fixed_lines(compiled, origin, issue_id, list_label)
    links = [f"{_escaped(origin.public_url)}/u/%(url)s"]
    if origin.unsubscribe:
        before, after = origin.unsubscribe
        links.append(f"mailto:{_escaped(before)}+%(address)s{after}?subject=unsubscribe")
    personal = {
        "Date": raw_header("Date", "%(date)s"),
        "To": raw_header("To", "%(to)s"),
        "Message-ID": raw_header("Message-ID", f"<%(message)s@{origin.domain}>"),
        "List-Unsubscribe": list_header("List-Unsubscribe", links),
        "X-Newsletter-Delivery": raw_header("X-Newsletter-Delivery", "%(delivery)s"),
        "Content-Type": b"",  # the variant's: `build_frame` writes it
    }
    if any(slots_of(compiled.subject)):
        personal["Subject"] = b"%(subject)s"
    return {name: _escaped(line.decode("ascii")) for name, line in lines.items()} | {
        name: line.decode("ascii") for name, line in personal.items()
    }


def build_frame(compiled: CompiledIssue, key: str, lines: Mapping[str, str]) -> Frame:
    """Encode what is static in a variant, for the three phases of base64."""
    boundary = mime.boundary_for(f"{compiled.digest}/{key}")
    own = {"Content-Type": f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'}
    block = "".join(own.get(name) or lines.get(name, "") for name in HEADER_ORDER)
    numbers: dict[SlotUse, int] = {}
    variant = compiled.variants[key]
    return Frame(
        headers=block,
        opening=mime.part_opening(boundary, "text/plain"),
        text=_encoded(variant.text, numbers),
        before_html=mime.part_opening(boundary, "text/html"),
        html=_encoded(variant.html, numbers),
        after=mime.closing(boundary),
        slots=tuple(numbers),
    )


def subject_text(compiled: CompiledIssue, values: Mapping[str, str]) -> str:
    return "".join([piece if isinstance(piece, str) else piece.resolve(values) for piece in compiled.subject])


def _fixed_lines(compiled: CompiledIssue, origin: Origin, issue_id: int, list_label: str) -> dict[str, bytes]:
    headers = compiled.headers
    list_domain = ascii_domain(headers.list_domain or origin.domain)
    if not _LABEL.fullmatch(list_label) or len(list_label) + len(list_domain) > 250:  # RFC 2919: 255 octets
        raise ConfigError(f"{list_label!r} cannot stand in List-ID", fix="Latin letters, digits and hyphens")
    lines = {
        "From": mailbox_header("From", headers.from_name, origin.mailbox),
        "List-ID": raw_header("List-ID", f"<{list_label}.{list_domain}>"),
        "List-Unsubscribe-Post": raw_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        "List-Post": raw_header("List-Post", "NO"),
        "Precedence": raw_header("Precedence", "bulk"),
        "X-Mailru-Msgtype": raw_header("X-Mailru-Msgtype", list_label),
        "MIME-Version": raw_header("MIME-Version", "1.0"),
    }
    if headers.reply_to:
        name, address = parse_mailbox(headers.reply_to)
        lines["Reply-To"] = mailbox_header("Reply-To", name, _own_mailbox(address.mailbox, "sender.reply_to"))
    if headers.feedback_id:
        lines["Feedback-ID"] = raw_header("Feedback-ID", _feedback(headers.feedback_id, issue_id, list_label))
    if not any(slots_of(compiled.subject)):
        lines["Subject"] = text_header("Subject", subject_text(compiled, {}))
    return lines


def _encoded(part: Part, numbers: dict[SlotUse, int]) -> mime.EncodedPart:
    """Encode a part; each different slot gets one number in `numbers`, so that it is resolved once a message."""
    return mime.encode_part(
        [mime.canonical(piece) if isinstance(piece, str) else numbers.setdefault(piece, len(numbers)) for piece in part]
    )


def _own_mailbox(mailbox: str, setting: str) -> str:
    """Return a mailbox of ours, checked. One outside ASCII would need SMTPUTF8 of every recipient's server."""
    try:
        address = normalise(mailbox)
    except InputError as error:
        raise ConfigError(f"{setting}: {error.message}", fix=error.fix) from error
    if address.needs_smtputf8:
        raise ConfigError(f"{setting}: {mailbox!r} has letters outside ASCII before @", fix="use Latin letters there")
    return address.mailbox


def _around_token(mailbox: str) -> tuple[str, str]:
    """Split the unsubscribe address where its token goes (RFC 6068 section 2 for the escaping)."""
    local, _, domain = _own_mailbox(mailbox, "sender.unsubscribe_mailto").rpartition("@")
    longest = _MAX_LOCAL - len("+") - _TOKEN_CHARACTERS
    if len(local) > longest:
        raise ConfigError(
            f"sender.unsubscribe_mailto: {local!r} is too long before @", fix=f"{longest} characters is the limit"
        )
    return quote(local, safe="!$'*+-._~"), f"@{domain}"


def _feedback(setting: str, issue_id: int, list_label: str) -> str:
    """Return Gmail's `a:b:c:SenderId`; a setting with colons of its own stands as it is."""
    return setting if ":" in setting else f"{issue_id}:{list_label}:newsletter:{setting}"


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
