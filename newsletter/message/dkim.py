"""DKIM signatures (RFC 6376, 8463): one DKIM-Signature field per key, from the bytes that are sent.

A signature is a pure function of message, Date and keys: RSA PKCS#1 v1.5 and Ed25519 take no randomness, t= is the
message's own Date, and there is no x=, since a newsletter is read, and checked again, months later. So the bytes that
were sent can be made again. Every field of the message is signed once more than it stands there, and those that an
attacker would add are signed as absent: an added header breaks the signature. Canonical form is relaxed/relaxed:
relays that fold lines or cut spaces at their ends do no harm.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal

Algorithm = Literal["rsa", "ed25519"]  # as k= of the DNS record names them

# Signed also where absent: one of these added would change what a reader sees, or whom an answer reaches.
GUARDED = (
    *(b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to"),
    *(b"references", b"mime-version", b"content-type", b"content-transfer-encoding", b"list-id"),
    *(b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id"),
)
# Relays add, change or drop these by right (RFC 6376 section 5.4.1).
_UNSIGNED = frozenset(
    {
        *(b"return-path", b"received", b"bcc", b"comments", b"keywords", b"delivered-to", b"dkim-signature"),
        *(b"authentication-results", b"arc-seal", b"arc-message-signature", b"arc-authentication-results"),
    }
)
_RUN = re.compile(rb"\t[ \t]*| [ \t]+")  # all white space but a single space, which stays
_FIELD_NAME = b"DKIM-Signature:"
_LINE = 76  # characters of a line of ours, without CRLF
_NAMESPACE = "_domainkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key under its selector. `sign` takes what is to be signed, not yet hashed."""

    selector: str
    algorithm: Algorithm
    public: str  # p= of the DNS record
    sign: Callable[[bytes], bytes] = field(repr=False)

    @property
    def record(self) -> str:
        """Return the text of the TXT record that receivers read."""
        return f"v=DKIM1; k={self.algorithm}; p={self.public}"

    def record_name(self, domain: str) -> str:
        return f"{self.selector}.{_NAMESPACE}.{domain}"


class Signer:
    """Signs messages for one domain; usable from any number of threads at once.

    `domain` is in ASCII (A-labels), its form and the selectors' checked by whoever loaded them.
    """

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        if not keys or len({key.selector for key in keys}) != len(keys):
            raise ValueError("a signer needs keys, each under a selector of its own")
        self.domain = domain
        self.keys = tuple(keys)
        self._openings = [
            (
                key.sign,
                f"{_FIELD_NAME.decode()} v=1; a={key.algorithm}-sha256; c=relaxed/relaxed;\r\n"
                f" d={domain}; s={key.selector};\r\n t=".encode("ascii"),
            )
            for key in self.keys
        ]

    @property
    def selectors(self) -> str:
        """Return the selectors in the order of the signatures, with spaces between."""
        return " ".join(key.selector for key in self.keys)

    def sign(self, header_block: bytes, body: bytes | Sequence[bytes], date: datetime, *, is_relaxed: bool) -> bytes:
        """Return the finished DKIM-Signature fields, to be put before `header_block`.

        The block is whole lines without the empty one that ends it; the body is in one piece or in several. With
        `is_relaxed` it is known to be its own canonical form (`mime.assert_relaxed`), and only hashed. Raises
        ValueError for a naive time and for a block that is no header or has no From.
        """
        if date.utcoffset() is None:
            raise ValueError("a naive time reached the signer")
        fields = relaxed_fields(header_block)
        tag_h, chosen = _covered(tuple([name for name, _ in fields]))
        signed = b"".join([fields[number][1] for number in chosen])
        middle = b"%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (int(date.timestamp()), tag_h, _body_hash(body, is_relaxed))
        written = []
        for sign, opening in self._openings:
            unsigned = opening + middle
            own = unsigned[len(_FIELD_NAME) + 1 :].replace(b"\r\n ", b" ")
            signature = b64encode(sign(b"%sdkim-signature:%s" % (signed, own)))
            written.append(unsigned + _folded(signature))
        return b"".join(written)


def relaxed_fields(block: bytes) -> list[tuple[bytes, bytes]]:
    """Return each field's name in small letters and its relaxed form with CRLF (RFC 6376 section 3.4.2)."""
    text = block.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    if b"\t" in text or b"  " in text:
        text = _RUN.sub(b" ", text)
    lines = text.split(b"\r\n")
    if lines.pop() != b"":
        raise ValueError("the header block does not end with a line end")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" ").lower()
        if not colon or not name:
            raise ValueError(f"this is no header line: {line[:80]!r}")
        fields.append((name, name + b":" + value.strip(b" ") + b"\r\n"))
    return fields


def relaxed_body(body: bytes) -> bytes:
    """Return the relaxed form of a body (RFC 6376 section 3.4.4); nothing for one that is only empty lines."""
    text = _RUN.sub(b" ", body)
    if text and not text.endswith(b"\r\n"):
        text += b"\r\n"
    text = text.replace(b" \r\n", b"\r\n")
    end = len(text)
    while text.endswith(b"\r\n", 0, end):
        end -= 2
    return text[:end] + b"\r\n" if end else b""


def _body_hash(body: bytes | Sequence[bytes], is_relaxed: bool) -> bytes:
    data = body if isinstance(body, bytes) else b"".join(body)
    return b64encode(sha256(data if is_relaxed else relaxed_body(data)).digest())


@lru_cache(maxsize=256)  # a send has one or two shapes of header block
def _covered(names: tuple[bytes, ...]) -> tuple[bytes, tuple[int, ...]]:
    """Return h= for a block with these fields, and the numbers of those it covers, in h='s order.

    A name stands once more than the field does, so that the last one means "and no other"; among fields of one name
    verifiers count from the bottom (RFC 6376 section 5.4.2).
    """
    if b"from" not in names:
        raise ValueError("a message without From cannot be signed")
    named: list[bytes] = []
    chosen: list[int] = []
    for name in dict.fromkeys((*names, *GUARDED)):
        if name in _UNSIGNED or name.startswith(b"resent-"):
            continue
        found = [number for number, other in enumerate(names) if other == name]
        chosen += reversed(found)
        named += [name] * (len(found) + 1)
    return _folded_names(named), tuple(chosen)


def _folded_names(names: Sequence[bytes]) -> bytes:
    lines = [b""]
    for name in names:
        if len(lines[-1]) + len(name) + 1 > _LINE - len(" h="):
            lines.append(b"")
        lines[-1] += name + b":"
    return b"\r\n ".join(lines).removesuffix(b":")


def _folded(signature: bytes) -> bytes:
    """Return the value of b= on lines of its own and the field's end; white space in it counts for nothing."""
    first, rest = _LINE - len(" b="), _LINE - 1
    chunks = [signature[:first], *[signature[i : i + rest] for i in range(first, len(signature), rest)]]
    return b"\r\n ".join(chunks) + b"\r\n"
