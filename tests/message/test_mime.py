"""Parts encoded in pieces are the bytes they would be if encoded whole; three other decoders are the witnesses."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import shutil
import subprocess
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.message import mime

Pieces = list[bytes | int]


def written(pieces: Pieces, values: list[bytes]) -> bytes:
    out: list[bytes] = []
    mime.encode_part(pieces).write(values, out)
    return b"".join(out)


def plain(pieces: Pieces, values: list[bytes]) -> bytes:
    return b"".join(piece if isinstance(piece, bytes) else values[piece] for piece in pieces)


def assert_lines(encoded: bytes) -> None:
    """Each line ends in CRLF, holds whole groups of four and is no longer than 76; padding only at the very end."""
    assert re.fullmatch(rb"(?:(?:[A-Za-z0-9+/=]{4}){1,19}\r\n)*", encoded)
    assert b"=" not in encoded.rstrip(b"\r\n=")


@given(
    st.lists(st.binary(max_size=7) | st.binary(min_size=50, max_size=130) | st.integers(0, 3), max_size=12),
    st.lists(st.binary(max_size=5) | st.binary(min_size=40, max_size=140), min_size=4, max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_any_mix_of_segments_and_slots_decodes_to_its_bytes(pieces: Pieces, values: list[bytes]) -> None:
    encoded = written(pieces, values)
    assert_lines(encoded)
    assert base64.b64decode(encoded) == plain(pieces, values)


def phase_cases() -> list[tuple[Pieces, list[bytes]]]:
    """Every length mod 3 of three segments and two slots, the shortest segments included."""
    return [
        ([b"a" * one, 0, b"b" * two, 1, b"c" * three], [b"v" * first, b"w" * second])
        for one, two, three in product((0, 1, 2, 3, 4, 5, 61), repeat=3)
        for first, second in ((0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2), (58, 3))
    ]


def test_every_phase_decodes_with_the_standard_library() -> None:
    for pieces, values in phase_cases():
        assert base64.b64decode(written(pieces, values)) == plain(pieces, values)


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is not installed")
def test_every_phase_decodes_with_perl() -> None:
    cases = phase_cases()
    # One process for all: cases are separated by a line that is no base64.
    program = (
        'use MIME::Base64; local $/ = "--\\n";'
        'while (<STDIN>) { s/--\\n//; print unpack("H*", decode_base64($_)), "\\n" }'
    )
    text = b"".join(written(pieces, values) + b"--\n" for pieces, values in cases)
    run = subprocess.run(["perl", "-e", program], input=text, capture_output=True, check=True)
    decoded = [bytes.fromhex(line.decode()) for line in run.stdout.split(b"\n")[:-1]]
    assert decoded == [plain(pieces, values) for pieces, values in cases]


@pytest.mark.skipif(shutil.which("base64") is None, reason="coreutils' base64 is not installed")
def test_phases_decode_with_coreutils() -> None:
    for pieces, values in phase_cases()[::29]:
        run = subprocess.run(["base64", "-d", "-i"], input=written(pieces, values), capture_output=True, check=True)
        assert run.stdout == plain(pieces, values)


def test_only_a_slot_and_at_most_two_bytes_on_each_side_are_encoded_at_merge() -> None:
    part = mime.encode_part([b"x" * 1_000, 0, b"y" * 1_000, 1, b"z" * 1_000])
    for _, phases in part.runs:
        assert all(len(phase.head) <= 2 and len(phase.tail) <= 2 for phase in phases)
        assert all(len(phase.lines) > 1_300 for phase in phases)


def test_part_without_slots_is_one_encoded_block() -> None:
    part = mime.encode_part([b"x" * 100, b"", b"y" * 100])
    assert part.runs == ()
    assert base64.b64decode(part.opening.lines) == b"x" * 100 + b"y" * 100
    assert written([], []) == written([b""], []) == b""


def test_line_ends_become_crlf_once() -> None:
    assert mime.canonical("а\nб\r\nв\rг") == "а\r\nб\r\nв\r\nг".encode()


def test_boundary_follows_from_the_content_and_no_base64_line_can_hold_it() -> None:
    assert mime.boundary_for("a") == mime.boundary_for("a") != mime.boundary_for("b")
    assert re.fullmatch(r"=_[0-9a-f]{32}", mime.boundary_for("a"))


def test_parts_are_found_by_the_standard_parser() -> None:
    boundary = mime.boundary_for("x")
    body = (
        mime.part_opening(boundary, "text/plain")
        + written(["Привет, ".encode(), 0, b"\r\n"], ["Мария".encode()])
        + mime.part_opening(boundary, "text/html")
        + written([b"<p>", 0, b"</p>\r\n"], ["Мария".encode()])
        + mime.closing(boundary)
    )
    mime.assert_relaxed(body)
    head = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode()
    parsed = email.message_from_bytes(head + body, policy=email.policy.default)
    assert not parsed.defects
    parts = list(parsed.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content() for part in parts] == ["Привет, Мария\r\n", "<p>Мария</p>\r\n"]
    assert not any(part.defects for part in parts)


@pytest.mark.parametrize(
    "body", [b"a \r\n", b"a\t\r\n", b"a  b\r\n", b"a\tb\r\n", b"a\r\n\r\n", b"a", b"a\nb\r\n", b"a\rb\r\n", b""]
)
def test_body_that_dkim_would_change_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        mime.assert_relaxed(body)


def test_body_in_relaxed_form_passes() -> None:
    mime.assert_relaxed(b"a b\r\n\r\nc\r\n")
