"""The body: multipart/alternative of two base64 parts, encoded once per issue but for what is personal.

A base64 line may be of any length, and 3 bytes make 4 characters: so a static segment is encoded ahead for each of
the three phases in which it can begin, and a merge encodes only a slot's value with at most two neighbouring bytes on
each side, on lines of its own (docs/decisions/0003-message-bytes.md). Lines are at most 76 characters, and the body
is in DKIM's relaxed form as it stands: no space at a line's end, no run of spaces, no empty line at the end.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.errors import InputError

_LINE_BYTES = 57  # make 76 characters (RFC 2045 section 6.8)
_MIN_SEGMENT = 2  # bytes: a shorter one cannot complete the slot before it in every phase


@dataclass(frozen=True, slots=True)
class Phase:
    """A static segment that begins `len(head)` bytes before a border of three."""

    head: bytes  # encoded together with the slot before
    lines: bytes  # encoded ahead
    tail: bytes  # encoded together with the slot after


_NOTHING = (Phase(b"", b"", b""),) * 3

Group = tuple[bytes | int, ...]


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """A MIME part whose slots are numbers into the values that `write` is given."""

    opening: Phase
    runs: tuple[tuple[Group, tuple[Phase, Phase, Phase]], ...]

    def write(self, values: Sequence[bytes], out: list[bytes]) -> None:
        """Append the encoded lines of this part, with `values` in its slots, to `out`."""
        out.append(self.opening.lines)
        carried = self.opening.tail
        for group, phases in self.runs:
            for piece in group:
                carried += piece if isinstance(piece, bytes) else values[piece]
            phase = phases[-len(carried) % 3]
            out.append(encoded_lines(carried + phase.head))
            out.append(phase.lines)
            carried = phase.tail


def encode_part(pieces: Sequence[bytes | int]) -> EncodedPart:
    """Encode what is static in `pieces`: bytes, and slots as numbers."""
    opening, *merged = _merged(pieces) or [b""]
    if isinstance(opening, int):
        merged.insert(0, opening)
        opening = b""
    runs: list[tuple[Group, tuple[Phase, Phase, Phase]]] = []
    group: list[bytes | int] = []
    for number, piece in enumerate(merged, start=1):
        if isinstance(piece, int) or len(piece) < _MIN_SEGMENT:
            group.append(piece)
        else:
            last = number == len(merged)
            runs.append((tuple(group), (_phase(piece, 0, last), _phase(piece, 1, last), _phase(piece, 2, last))))
            group = []
    if group:
        runs.append((tuple(group), _NOTHING))
    return EncodedPart(_phase(opening, 0, not runs), tuple(runs))


def encoded_lines(data: bytes) -> bytes:
    """Return base64 in lines of at most 76 characters, each ended by CRLF; nothing for nothing."""
    if len(data) <= _LINE_BYTES:
        return b2a_base64(data, newline=False) + b"\r\n" if data else b""
    lines = [b2a_base64(data[i : i + _LINE_BYTES], newline=False) for i in range(0, len(data), _LINE_BYTES)]
    return b"\r\n".join(lines) + b"\r\n"


def canonical(text: str) -> bytes:
    """Return UTF-8 with every line end as CRLF (RFC 2046 section 4.1.1)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()


def boundary_for(content: str) -> str:
    """Derive a boundary from what names the content. `_` is no base64 character: no encoded line can hold it."""
    return f"=_{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def part_opening(boundary: str, kind: str) -> bytes:
    """Return what stands before the encoded lines of a part: delimiter, header, empty line."""
    return (f"--{boundary}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n").encode(
        "ascii"
    )


def closing(boundary: str) -> bytes:
    return f"--{boundary}--\r\n".encode("ascii")


def assert_relaxed(body: bytes) -> None:
    """Raise InputError unless the body is its own relaxed canonical form (RFC 6376 section 3.4.4)."""
    relaxed = re.sub(rb"[ \t]+", b" ", body)
    relaxed = re.sub(rb" (?=\r\n)", b"", relaxed)
    relaxed = re.sub(rb"(?:\r\n)*\Z", b"\r\n", relaxed, count=1)
    if relaxed != body or re.search(rb"\r(?!\n)|(?<!\r)\n", body):
        raise InputError("the body is not in DKIM's relaxed form")


def _phase(segment: bytes, head: int, last: bool) -> Phase:
    tail = 0 if last else (len(segment) - head) % 3
    end = len(segment) - tail
    return Phase(segment[:head], encoded_lines(segment[head:end]), segment[end:])


def _merged(pieces: Sequence[bytes | int]) -> list[bytes | int]:
    """Join neighbouring bytes and drop empty ones."""
    merged: list[bytes | int] = []
    for piece in pieces:
        if isinstance(piece, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += piece
        elif piece != b"":
            merged.append(piece)
    return merged
