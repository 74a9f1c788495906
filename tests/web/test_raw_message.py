"""A message taken apart: nothing is lost, and header fields read as they were written."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from newsletter.message.headers import MAX_SUBJECT, list_header, mailbox_header, text_header
from newsletter.web.raw_message import fields_of, pieces_of

# What our own writer takes: no control characters, no halves of characters.
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=MAX_SUBJECT)


@given(WORDS.filter(lambda text: text == text.strip()))
def test_a_subject_of_any_words_is_read_as_written(text: str) -> None:
    (field,) = fields_of(text_header("Subject", text) + b"\r\nbody")
    assert (field.name, field.value) == ("Subject", text)


def test_a_name_cut_into_two_encoded_words_is_one_name() -> None:
    name = "Пресс-служба особой экономической зоны «Заречье»"
    (field,) = fields_of(mailbox_header("From", name, "news@zarechye.example") + b"\r\n")
    assert field.value == f"{name} <news@zarechye.example>"
    assert field.raw.count("=?utf-8?b?") > 1


def test_a_folded_field_is_one_line_decoded_and_stays_folded_raw() -> None:
    addresses = ["https://zarechye.example/u/1", "mailto:unsubscribe@zarechye.example"]
    (field,) = fields_of(list_header("List-Unsubscribe", addresses) + b"\r\n")
    assert "\n" not in field.value
    assert "\r\n " in field.raw


@given(st.binary(max_size=300))
def test_whatever_the_bytes_the_pieces_are_all_of_them(data: bytes) -> None:
    assert "".join(piece.raw for piece in pieces_of(data)) == data.decode("utf-8", "backslashreplace")
    fields_of(data)


@given(st.lists(st.binary(max_size=200), max_size=3))
def test_every_base64_part_is_decoded_beside_itself(bodies: list[bytes]) -> None:
    parts = [
        b"--=_x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(body).replace(b"\n", b"\r\n")
        for body in bodies
    ]
    data = b"Subject: x\r\n\r\n" + b"".join(parts) + b"--=_x--\r\n"
    pieces = pieces_of(data)
    assert "".join(piece.raw for piece in pieces).encode() == data
    assert [piece.decoded for piece in pieces if piece.kind] == [
        body.decode("utf-8", "backslashreplace") for body in bodies
    ]


def test_broken_encodings_are_shown_as_they_stand() -> None:
    values = [
        field.value
        for field in fields_of(b"Subject: =?utf-8?b?\xff\xff?=\r\nX: =?no-such?q?a?=\r\nTo: \xd0\xb0@b\r\n\r\n")
    ]
    assert values[1:] == ["=?no-such?q?a?=", "а@b"]
