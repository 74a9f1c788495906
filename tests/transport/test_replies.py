"""Replies cut out of a stream: the same however the network cuts it, and no server makes us keep more than the caps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.transport.replies import MAX_LINE_BYTES, MAX_REPLY_BYTES, ReplyReader

LINES = st.sampled_from(
    [
        *(
            b"250 2.0.0 Ok: queued as 1\r\n",
            b"250-first\r\n",
            b"250-\r\n",
            b"250\r\n",
            b"550 5.1.1 no\n",
            b"421 bye\r\r\n",
        ),
        *(b"354 go on\r\n", b"999 ?\r\n", b"\r\n", b"\n", b"\r", b"25", b"25x no\r\n", b"2500 no\r\n", b"250_no\r\n"),
        *(b"HTTP/1.1 400\r\n", "250 Привет\r\n".encode(), b"250 \x00\xff\x1b[2J\r\n", b"250-" + b"a" * 4_000 + b"\r\n"),
    ]
)
STREAMS = st.lists(LINES | st.binary(max_size=6), max_size=14).map(b"".join)
CUTS = st.lists(st.integers(0, 300), max_size=40)


def in_pieces(stream: bytes, sizes: list[int]) -> tuple[list[tuple[int, bytes]], bool, bool]:
    """Feed a stream in pieces of these sizes, the rest at once."""
    reader, at = ReplyReader(), 0
    found: list[tuple[int, bytes]] = []
    for size in sizes:
        found += reader.feed(stream[at : at + size])
        at += size
    found += reader.feed(stream[at:])
    return found, bool(reader.broken), not reader.broken and reader.is_amid_reply


def by_the_book(stream: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Read a stream that is all there, line by line: replies, and whether it stopped being SMTP."""
    found: list[tuple[int, bytes]] = []
    texts: list[bytes] = []
    for line in stream.split(b"\n")[:-1]:
        parts = re.fullmatch(rb"([0-9]{3})(?:([ -])(.*?))?\r*", line, re.DOTALL)
        if parts is None:
            return found, True
        texts.append(parts[3] or b"")
        if parts[2] != b"-":
            found.append((int(parts[1]), b"\n".join(texts)))
            texts = []
    return found, False


@given(STREAMS, CUTS)
@settings(max_examples=200)
def test_replies_are_the_same_however_the_stream_is_cut(stream: bytes, sizes: list[int]) -> None:
    assert in_pieces(stream, sizes) == in_pieces(stream, [])


@given(STREAMS)
@settings(max_examples=200)
def test_replies_are_those_of_a_second_reader(stream: bytes) -> None:
    found, is_broken, _ = in_pieces(stream, [])
    assert (found, is_broken) == by_the_book(stream)


def test_a_stream_byte_by_byte_is_read_as_one() -> None:
    stream = b"220 hello\r\n250-one\r\n250-two\r\n250 three\r\n354\r\n250 2.0.0 ok\r\n"
    assert in_pieces(stream, [1] * len(stream)) == (
        [(220, b"hello"), (250, b"one\ntwo\nthree"), (354, b""), (250, b"2.0.0 ok")],
        False,
        False,
    )


@pytest.mark.parametrize(
    ("opening", "more", "cap"),
    [
        (b"", b"2" * 1_000, MAX_LINE_BYTES),
        (b"250 ", b"\x00" * 1_000, MAX_LINE_BYTES),
        (b"250 ok", b"\r" * 1_000, MAX_LINE_BYTES),
        (b"", b"250-" + b"a" * 994 + b"\r\n", MAX_REPLY_BYTES),
        (b"", b"250-\r\n", MAX_REPLY_BYTES),
    ],
)
def test_an_endless_reply_is_broken_off_at_its_cap(opening: bytes, more: bytes, cap: int) -> None:
    reader = ReplyReader()
    assert reader.feed(b"220 hello\r\n" + opening) == [(220, b"hello")]
    fed = 0
    while not reader.broken:
        assert reader.feed(more) == []
        fed += len(more)
        assert fed <= 2 * cap
    assert "endless" in reader.broken
    assert reader.feed(b"\r\n250 ok\r\n") == []  # nothing after it is believed


def test_what_came_before_the_noise_still_counts() -> None:
    assert in_pieces(b"250 taken\r\nnoise\r\n550 never read\r\n", [])[:2] == ([(250, b"taken")], True)


def test_a_line_as_long_as_the_cap_is_taken_or_refused_however_it_is_cut() -> None:
    stream = b"250 " + b"a" * (MAX_LINE_BYTES - 4) + b"\r\n"
    assert in_pieces(stream, [len(stream) - 1]) == in_pieces(stream, [])
