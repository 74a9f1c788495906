"""A message's bytes taken apart for people: its header fields, decoded and as written, and its body in pieces.

The pieces joined are the bytes again, so that what a page shows as the source leaves nothing out. Bytes that are no
UTF-8 are shown as `\\xff`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

_FOLD = re.compile(r"\r\n(?=[ \t])")
_NEXT_FIELD = re.compile(rb"\r\n(?![ \t])")
# Of a part: its own header fields, and what stands behind them up to the next boundary or the end.
_ENCODED = re.compile(
    rb"(?P<head>Content-Type: (?P<kind>[^;\r\n]+)[^\r\n]*\r\nContent-Transfer-Encoding: base64\r\n\r\n)"
    rb"(?P<body>[A-Za-z0-9+/=\r\n]*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One header field. `raw` has its folded lines as they stand."""

    name: str
    value: str  # decoded, on one line
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the source; `decoded` is what a base64 one holds, "" where it is text as it stands."""

    raw: str
    decoded: str = ""
    kind: str = ""  # of an encoded one: "text/html"

    @property
    def lines(self) -> int:
        return self.raw.count("\n")


def fields_of(data: bytes) -> tuple[Field, ...]:
    """Return a message's header fields in their order."""
    block = data.partition(b"\r\n\r\n")[0]
    return tuple(_field(readable(raw)) for raw in _NEXT_FIELD.split(block) if raw)


def _field(raw: str) -> Field:
    name, _, written = raw.partition(":")
    return Field(name=name, value=_decoded_words(_FOLD.sub("", written).strip()), raw=raw)


def _decoded_words(written: str) -> str:
    """Return a field's value with its encoded words read (RFC 2047); as it stands where they are broken.

    Not by `email.policy.default`: before Python 3.13 it puts a space between the encoded words of a name.
    """
    try:
        return str(make_header(decode_header(written)))
    except (HeaderParseError, LookupError, ValueError):
        return written


def pieces_of(data: bytes) -> tuple[Piece, ...]:
    """Return the whole message: text as it stands, and the base64 of each part apart."""
    return tuple(_pieces(data))


def _pieces(data: bytes) -> Iterator[Piece]:
    done = 0
    for found in _ENCODED.finditer(data):
        body = found["body"]
        yield Piece(raw=readable(data[done : found.start("body")]))
        yield Piece(raw=readable(body), decoded=_decoded(body), kind=readable(found["kind"]))
        done = found.end()
    if done < len(data):
        yield Piece(raw=readable(data[done:]))


def _decoded(body: bytes) -> str:
    try:
        return readable(base64.b64decode(body))
    except binascii.Error:
        return ""


def readable(data: bytes) -> str:
    """Return bytes as text, whatever they are."""
    return data.decode("utf-8", "backslashreplace")
