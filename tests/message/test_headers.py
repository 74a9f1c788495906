"""Header lines, byte by byte, with the standard library's parser and our own reading of RFC 2047 as witnesses."""

from __future__ import annotations

import base64
import email
import email.header
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.message.headers import (
    MAX_SUBJECT,
    assert_headers,
    date_value,
    list_header,
    mailbox_header,
    raw_header,
    shortened,
    text_header,
)

CONTROLS = "\0\t\n\r\x1b\x7f\x80\x85\x9f\u2028\u2029\ud83d"
WORD = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/]+=*)\?=")
printable = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs")), min_size=1, max_size=300)


def decoded_subject(line: bytes) -> str:
    """Read a Subject as RFC 2047 section 6.2 says: words joined, the white space between them dropped."""
    parsed = email.message_from_bytes(line + b"\r\n", policy=email.policy.compat32)
    return str(email.header.make_header(email.header.decode_header(parsed["Subject"])))


def lines_of(field: bytes) -> list[bytes]:
    lines = field.split(b"\r\n")
    assert lines.pop() == b""
    return lines


def assert_well_formed(field: bytes) -> None:
    for line in lines_of(field):
        words = WORD.findall(line.decode("ascii"))
        assert all(len(f"=?utf-8?b?{word}?=") <= 75 for word in words)
        for word in words:
            base64.b64decode(word, validate=True).decode("utf-8")  # a whole number of characters, each word alone
        if words:
            assert len(line) <= 76
    for line in lines_of(field)[1:]:
        assert re.match(rb" [^ ]", line)


@given(printable)
@settings(max_examples=200, deadline=None)
def test_any_subject_arrives_as_it_was_written(text: str) -> None:
    field = text_header("Subject", text)
    assert_well_formed(field)
    assert all(len(line) <= 78 for line in lines_of(field))
    assert decoded_subject(field) == text
    assert_headers(field, ["Subject"])


@given(printable)
@settings(max_examples=200, deadline=None)
def test_any_subject_reads_the_same_with_the_modern_parser(text: str) -> None:
    parsed = email.message_from_bytes(text_header("Subject", text) + b"\r\n", policy=email.policy.default)
    assert parsed["Subject"] == text


@given(printable)
@settings(max_examples=200, deadline=None)
def test_any_display_name_arrives_beside_its_mailbox(name: str) -> None:
    field = mailbox_header("From", name, "press@zarechye.example")
    assert_well_formed(field)
    assert all(len(line) <= 78 for line in lines_of(field))
    assert field.endswith(b"<press@zarechye.example>\r\n")
    text = field.decode("ascii").replace("\r\n", "")[len("From: ") : -len("<press@zarechye.example>")]
    if WORD.search(text):
        shown = "".join(base64.b64decode(word).decode() for word in WORD.findall(text))
    else:
        shown = re.sub(r"\\(.)", r"\1", text.strip()[1:-1]) if text.startswith('"') else text[:-1]
    assert shown == name


def test_display_name_is_never_folded_inside_a_cyrillic_character() -> None:
    for length in range(1, 120):
        field = mailbox_header("From", "Я" * length, "a@b.example")
        for word in WORD.findall(field.decode("ascii")):
            assert set(base64.b64decode(word).decode("utf-8")) == {"Я"}


def test_name_outside_ascii_is_encoded_and_the_mailbox_is_not() -> None:
    field = mailbox_header("From", "Пресс-служба", "press@xn--80a1acny.xn--p1ai")
    assert field == b"From: =?utf-8?b?0J/RgNC10YHRgS3RgdC70YPQttCx0LA=?=\r\n <press@xn--80a1acny.xn--p1ai>\r\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("", b"From: a@b.example\r\n"),
        ("Press Office", b"From: Press Office <a@b.example>\r\n"),
        ("Press, Office", b'From: "Press, Office" <a@b.example>\r\n'),
        (r'A "B" \ C', b'From: "A \\"B\\" \\\\ C" <a@b.example>\r\n'),
        ("a@b.example", b'From: "a@b.example" <a@b.example>\r\n'),
    ],
)
def test_ascii_name_is_an_atom_or_a_quoted_string(name: str, line: bytes) -> None:
    assert mailbox_header("From", name, "a@b.example") == line


@pytest.mark.parametrize("bad", CONTROLS)
def test_control_character_is_refused_in_every_value(bad: str) -> None:
    text = f"Новости{bad}Bcc: x@y.example"
    with pytest.raises(InputError):
        text_header("Subject", text)
    with pytest.raises(InputError):
        mailbox_header("From", text, "a@b.example")
    with pytest.raises(InputError):
        mailbox_header("From", "A", f"a{bad}@b.example")
    with pytest.raises(InputError):
        raw_header("X-Id", text)
    with pytest.raises(InputError):
        list_header("List-Unsubscribe", [f"https://h.example/{bad}"])


HIDDEN = "=?utf-8?q?a=0D=0ABcc:_x=40y.example?="


def test_encoded_line_break_in_a_subject_arrives_as_the_text_that_it_is() -> None:
    field = text_header("Subject", HIDDEN)
    assert b"Bcc" not in field
    assert decoded_subject(field) == HIDDEN
    parsed = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert parsed.keys() == ["Subject"]
    assert parsed["Subject"] == HIDDEN


def test_encoded_line_break_in_a_name_arrives_as_the_text_that_it_is() -> None:
    field = mailbox_header("From", HIDDEN, "a@b.example")
    assert b"0D=0A" not in field
    parsed = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert parsed["From"].addresses[0].display_name == HIDDEN
    assert parsed["From"].addresses[0].addr_spec == "a@b.example"


def test_long_ascii_subject_is_folded_at_spaces_and_not_encoded() -> None:
    text = "Exports of the zone grew by half over the first nine months of the year, says the press office"
    field = text_header("Subject", text)
    assert b"=?" not in field
    assert len(lines_of(field)) == 2
    assert field.replace(b"\r\n", b"") == f"Subject: {text}".encode()


def test_200_character_unsubscribe_url_stays_whole_and_plain() -> None:
    url = "https://news.zarechye.example/" + "a" * 170
    field = list_header("List-Unsubscribe", [url, "mailto:unsub@zarechye.example?subject=unsubscribe"])
    assert field == (f"List-Unsubscribe: <{url}>,\r\n <mailto:unsub@zarechye.example?subject=unsubscribe>\r\n").encode(
        "ascii"
    )
    parsed = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert parsed["List-Unsubscribe"].startswith(f"<{url}>, <mailto:")


@pytest.mark.parametrize("url", ["https://заречье.рф/", "https://h.example/a b", "https://h.example/>", "https://h/<"])
def test_url_that_would_need_encoding_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        list_header("List-Unsubscribe", [url])


def test_date_is_written_at_the_offset_it_came_with() -> None:
    moment = datetime(2026, 11, 3, 9, 5, 7, 999_999, tzinfo=timezone(timedelta(hours=3)))
    assert date_value(moment) == "Tue, 03 Nov 2026 09:05:07 +0300"
    assert date_value(moment.astimezone(UTC)) == "Tue, 03 Nov 2026 06:05:07 +0000"
    assert date_value(moment.astimezone(timezone(timedelta(hours=-3, minutes=-30)))).endswith("02:35:07 -0330")


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1970, 1, 3), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
@settings(max_examples=100, deadline=None)
def test_any_date_is_read_back(moment: datetime) -> None:
    parsed = email.message_from_string(f"Date: {date_value(moment)}\r\n\r\n", policy=email.policy.default)
    assert parsed["Date"].datetime.replace(tzinfo=None) == moment.replace(microsecond=0, tzinfo=None)
    offset = moment.utcoffset()
    assert offset is not None
    assert abs(parsed["Date"].datetime.utcoffset() - offset) < timedelta(minutes=1)


def test_naive_date_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        date_value(datetime(2026, 1, 1))  # noqa: DTZ001


def test_long_subject_is_cut_at_a_word_with_an_ellipsis() -> None:
    cut = shortened("слово " * 100)
    assert cut.endswith("слово…")
    assert len(cut) <= MAX_SUBJECT
    assert shortened("а" * 1_000) == "а" * (MAX_SUBJECT - 1) + "…"
    assert shortened("а" * MAX_SUBJECT) == "а" * MAX_SUBJECT


def test_subject_is_not_cut_between_a_letter_and_its_mark() -> None:
    assert shortened("и\u0306" * 10, 8) == "и\u0306" * 3 + "…"
    assert shortened("ё" * 5 + "\u200d" * 2 + "x" * 9, 8) == "ё" * 4 + "…"


GOOD = b"Date: x\r\nSubject: a\r\n b\r\nTo: c\r\n"


def test_block_that_is_as_meant_passes() -> None:
    assert_headers(GOOD, ["Date", "Subject", "To"])


@pytest.mark.parametrize(
    "block",
    [
        GOOD + b"Bcc: x\r\n",
        GOOD + b"To: c\r\n",
        b"Bcc: x\r\n" + GOOD,
        GOOD.replace(b" b\r\n", b"  b\r\n"),
        GOOD.replace(b" b\r\n", b"\tb\r\n"),
        GOOD.replace(b" b\r\n", b" \r\n"),
        GOOD.replace(b" b\r\n", b"\r\n"),
        GOOD.replace(b"a\r\n b", b"a\n b"),
        GOOD.replace(b"a\r\n b", b"a\r b"),
        GOOD.replace(b"a\r\n b", b"a\0b"),
        GOOD.replace(b"Subject: a", b"Subject:a"),
        GOOD.replace(b"Subject: a", b"Subject: " + b"a" * 990),
        GOOD[:-2],
        b" a\r\n" + GOOD,
        b"To: c\r\nSubject: a\r\nDate: x\r\n",
        b"",
    ],
)
def test_block_that_is_not_as_meant_is_refused(block: bytes) -> None:
    with pytest.raises(InputError):
        assert_headers(block, ["Date", "Subject", "To"])
