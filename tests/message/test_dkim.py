"""Signatures, read by dkimpy and by Perl's Mail::DKIM: what must hold, what must break, what relays may do.

Both verifiers get the DNS from us: the records that `dkim keygen` would have us publish.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import dkim
import pytest
from dkim.canonicalization import Relaxed
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from newsletter.message.dkim import GUARDED, Signer, SigningKey, relaxed_body, relaxed_fields
from newsletter.message.headers import mailbox_header, raw_header, text_header

DATE = datetime(2025, 11, 24, 14, 0, tzinfo=timezone(timedelta(hours=3)))
GOLDEN = Path(__file__).resolve().parents[1] / "golden"

HEADERS = b"".join(
    [
        raw_header("Date", "Mon, 24 Nov 2025 14:00:00 +0300"),
        mailbox_header("From", "Пресс-служба особой экономической зоны «Заречье»", "press@zarechye.example"),
        raw_header("To", "semyon@novosti.example"),
        text_header("Subject", "Экспорт вырос в полтора раза: " * 5),
        raw_header("Message-ID", "<1@zarechye.example>"),
        raw_header("List-ID", "<news.zarechye.example>"),
        b"List-Unsubscribe: <https://news.zarechye.example/u/"
        + b"a" * 200
        + b">,\r\n <mailto:unsub@zarechye.example>\r\n",
        raw_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        raw_header("X-Newsletter-Delivery", "k" * 900),
        raw_header("MIME-Version", "1.0"),
        b'Content-Type: multipart/alternative;\r\n boundary="=_1"\r\n',
    ]
)
BODY = b"--=_1\r\nContent-Type: text/plain\r\n\r\nZm9v\r\n.\r\n..\r\n--=_1--\r\n"


def whole(signer: Signer, headers: bytes = HEADERS, body: bytes = BODY, *, is_relaxed: bool = False) -> bytes:
    return signer.sign(headers, body, DATE, is_relaxed=is_relaxed) + headers + b"\r\n" + body


def table(signer: Signer) -> dict[bytes, bytes]:
    return {key.record_name(signer.domain).encode() + b".": key.record.encode() for key in signer.keys}


def verdicts(signer: Signer, data: bytes) -> list[bool]:
    """Return what dkimpy says of each signature, from the top."""
    records = table(signer)
    found = []
    for number in range(len(signer.keys)):
        try:
            found.append(dkim.DKIM(data).verify(idx=number, dnsfunc=lambda name, timeout=5: records.get(name)))
        except dkim.DKIMException:
            found.append(False)
    return found


def fields_of(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", data.partition(b"\r\n\r\n")[0] + b"\r\n")


def mails() -> Iterator[tuple[str, bytes, bytes]]:
    """Messages of ours: the samples as mailed, and one of hostile headers."""
    for path in sorted(GOLDEN.glob("*.eml")):
        data = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
        block, _, body = data.partition(b"\r\n\r\n")
        yield path.stem, block + b"\r\n", body
    yield "hostile", HEADERS, BODY


MAILS = list(mails())


@pytest.mark.parametrize(("headers", "body"), [mail[1:] for mail in MAILS], ids=[mail[0] for mail in MAILS])
def test_dkimpy_accepts_both_signatures_of_our_mails(signer: Signer, headers: bytes, body: bytes) -> None:
    assert verdicts(signer, whole(signer, headers, body, is_relaxed=True)) == [True, True]
    assert whole(signer, headers, body, is_relaxed=True) == whole(signer, headers, body, is_relaxed=False)


def test_a_body_that_is_not_in_relaxed_form_is_brought_into_it(signer: Signer) -> None:
    body = b"two  words\t\there \r\n\t\r\n\r\nend\t\r\n\r\n \r\n\r\n"
    assert verdicts(signer, whole(signer, body=body)) == [True, True]
    assert verdicts(signer, whole(signer, body=b"")) == [True, True]
    assert verdicts(signer, whole(signer, body=b"\r\n\r\n")) == [True, True]


def test_signature_follows_from_message_date_and_keys_alone(signer: Signer, key_folder: Path) -> None:
    from newsletter.message.dkim_keys import find_key

    again = Signer(signer.domain, [find_key(key_folder, name) for name in signer.selectors.split()])
    assert whole(again) == whole(signer)
    pieces = [BODY[:7], b"", BODY[7:40], BODY[40:]]
    assert again.sign(HEADERS, pieces, DATE, is_relaxed=True) == signer.sign(HEADERS, BODY, DATE, is_relaxed=True)
    assert signer.sign(HEADERS, BODY, DATE.astimezone(UTC), is_relaxed=True) == again.sign(
        HEADERS, BODY, DATE, is_relaxed=False
    )


def test_threads_sign_at_once_without_mixing_messages(signer: Signer) -> None:
    bodies = [b"%d\r\n" % number for number in range(32)]
    alone = [whole(signer, body=body) for body in bodies]
    found: dict[int, list[bytes]] = {}

    def work(thread: int) -> None:
        found[thread] = [whole(signer, body=body) for body in bodies]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert list(found.values()) == [alone] * 4


def test_fields_are_folded_within_78_and_say_what_they_should(signer: Signer) -> None:
    written = signer.sign(HEADERS, BODY, DATE, is_relaxed=True)
    assert all(len(line) <= 78 for line in written.split(b"\r\n"))
    first, second = fields_of(written + b"\r\n")
    tags = [dict(p.strip().split(b"=", 1) for p in re.sub(rb"\s", b"", f[16:]).split(b";")) for f in (first, second)]
    for found, key in zip(tags, signer.keys, strict=True):
        assert list(found) == [b"v", b"a", b"c", b"d", b"s", b"t", b"h", b"bh", b"b"]  # no l=, no x=
        assert found[b"c"] == b"relaxed/relaxed"
        assert found[b"d"] == b"zarechye.example"
        assert found[b"s"] == key.selector.encode()
        assert found[b"t"] == b"%d" % int(DATE.timestamp())
    assert [found[b"a"] for found in tags] == [b"rsa-sha256", b"ed25519-sha256"]
    assert signer.selectors == "s202611 e202611"


def test_every_field_is_named_once_more_than_it_stands_there(signer: Signer) -> None:
    written = signer.sign(HEADERS, BODY, DATE, is_relaxed=True)
    found = re.search(rb"\bh=([^;]*);", written)
    assert found
    names = re.sub(rb"\s", b"", found[1]).split(b":")
    present = [name for name, _ in relaxed_fields(HEADERS)]
    assert {name: names.count(name) for name in names} == {
        **dict.fromkeys(GUARDED, 1),
        **{name: present.count(name) + 1 for name in present},
    }


ADDED = [*(name.decode().title() for name in GUARDED), "X-Newsletter-Delivery", "Precedence"]


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("where", ["top", "middle", "bottom"])
def test_an_added_header_breaks_both_signatures(signer: Signer, name: str, where: str) -> None:
    headers = HEADERS + raw_header("Precedence", "bulk")
    signature = signer.sign(headers, BODY, DATE, is_relaxed=True)
    lines = fields_of(headers)
    lines.insert({"top": 0, "middle": 4, "bottom": len(lines)}[where], raw_header(name, "evil@evil.example"))
    assert verdicts(signer, signature + b"".join(lines) + b"\r\n" + BODY) == [False, False]


def test_a_removed_or_doubled_header_breaks_both_signatures(signer: Signer) -> None:
    signature = signer.sign(HEADERS, BODY, DATE, is_relaxed=True)
    lines = fields_of(HEADERS)
    for number in range(len(lines)):
        without = b"".join(lines[:number] + lines[number + 1 :])
        assert verdicts(signer, signature + without + b"\r\n" + BODY) == [False, False]
        doubled = b"".join(lines[: number + 1] + lines[number:])
        assert verdicts(signer, signature + doubled + b"\r\n" + BODY) == [False, False]


def canonical(data: bytes) -> tuple[object, bytes]:
    """What dkimpy's own relaxed form makes of header fields, apart from signatures, and body."""
    fields, body = dkim.rfc822_parse(data)
    relaxed = Relaxed.canonicalize_headers([f for f in fields if f[0].lower() != b"dkim-signature"])
    return sorted(relaxed), Relaxed.canonicalize_body(body)


@given(place=st.integers(0, len(HEADERS) + len(BODY) + 1), flip=st.integers(1, 255))
@settings(max_examples=200)
def test_a_changed_byte_anywhere_breaks_both_signatures(signer: Signer, place: int, flip: int) -> None:
    signature = signer.sign(HEADERS, BODY, DATE, is_relaxed=True)
    message = HEADERS + b"\r\n" + BODY
    changed = message[:place] + bytes([message[place] ^ flip]) + message[place + 1 :]
    try:
        is_same = canonical(changed) == canonical(message)  # a capital in a name, a space to a tab
    except dkim.DKIMException:
        is_same = False
    assume(not is_same)
    assert verdicts(signer, signature + changed) == [False, False]


@pytest.mark.parametrize("tag", [b"d=zarechye", b"s=s202611", b"t=17", b"h=date", b"c=relaxed/relaxed", b"bh="])
def test_a_changed_tag_breaks_the_signature(signer: Signer, tag: bytes) -> None:
    data = whole(signer)
    assert tag in data
    other = {b"c=relaxed/relaxed": b"c=relaxed/simple", b"h=date": b"h=dates"}.get(tag, tag + b"A")
    assert verdicts(signer, data.replace(tag, other, 1))[0] is False


def test_another_key_under_the_selector_is_no_proof(signer: Signer) -> None:
    from newsletter.message import dkim_keys

    folder_key = signer.keys[0]
    other = SigningKey(
        selector=folder_key.selector, algorithm="rsa", public=folder_key.public, sign=lambda data: b"\0" * 256
    )
    assert verdicts(signer, whole(Signer(signer.domain, [other, signer.keys[1]]))) == [False, True]
    assert "\0" not in repr(other)
    assert dkim_keys.RSA_BITS == 2048


def rewritten(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What relays do on their way and relaxed canonical form forgives."""
    block, _, body = data.partition(b"\r\n\r\n")
    block += b"\r\n"
    yield "untouched", data
    yield (
        "trace on top",
        b"Received: from a\r\n\tby b; Mon, 24 Nov 2025 14:00:00 +0300\r\nReturn-Path: <a@b.example>\r\n" + data,
    )
    yield "unfolded", re.sub(rb"\r\n(?=[ \t])", b"", block) + b"\r\n" + body
    yield "folded with tabs", re.sub(rb"\r\n ", b"\r\n\t", block) + b"\r\n" + body
    yield "folded at each space", re.sub(rb"(?<=[^:\r\n]) (?=\S)", b"\r\n  ", block) + b"\r\n" + body
    yield "space at the ends of header lines", block.replace(b"\r\n", b" \r\n") + b"\r\n" + body
    yield "no space after the colon", re.sub(rb"(?m)^([\w-]+): ", rb"\1:", block) + b"\r\n" + body
    yield "names in capitals", re.sub(rb"(?m)^[\w-]+(?=: )", lambda m: m[0].upper(), block) + b"\r\n" + body
    yield "fields in another order", b"".join(fields_of(data)[:2] + fields_of(data)[:1:-1]) + b"\r\n" + body
    yield "space at the ends of body lines", block + b"\r\n" + body.replace(b"\r\n", b" \t\r\n")
    yield "empty lines at the end", block + b"\r\n" + body + b"\r\n\r\n"


@pytest.mark.parametrize("number", range(len(list(rewritten(b"\r\n\r\n")))))
def test_what_relays_rewrite_leaves_both_signatures_good(signer: Signer, number: int) -> None:
    name, data = list(rewritten(whole(signer)))[number]
    assert verdicts(signer, data) == [True, True], name


def test_canonical_forms_are_those_of_the_standard() -> None:
    assert relaxed_fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n") == [(b"a", b"a:X\r\n"), (b"b", b"b:Y Z\r\n")]
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"") == relaxed_body(b"\r\n \r\n") == b""
    assert relaxed_body(b"no line end \t") == b"no line end\r\n"


BITS = st.lists(
    st.sampled_from([b" ", b"\t", b"\r\n", b"\r\n", b"a", b"\r", b"\n", "ё".encode(), b" \r\n"]), max_size=40
)


@given(BITS)
@settings(max_examples=200)
def test_relaxed_body_is_dkimpys(bits: list[bytes]) -> None:
    body = b"".join([*bits, b"\r\n"])
    assert relaxed_body(body) == Relaxed.canonicalize_body(body)


VALUE = st.text("a1:;<>=\"' \t\u0451", max_size=60)


@given(
    st.lists(st.tuples(st.text("AbC-9", min_size=1, max_size=12), st.lists(VALUE, min_size=1, max_size=4)), min_size=1)
)
@settings(max_examples=200)
def test_relaxed_headers_are_dkimpys(fields: list[tuple[str, list[str]]]) -> None:
    block = b"".join(b"%s:%s\r\n" % (name.encode(), "\r\n\t".join(lines).encode()) for name, lines in fields)
    parsed, _ = dkim.rfc822_parse(block + b"\r\n")
    assert [line for _, line in relaxed_fields(block)] == [
        name + b":" + value for name, value in Relaxed.canonicalize_headers(parsed)
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs")), min_size=1, max_size=300))
@settings(max_examples=50)
def test_any_subject_and_name_can_be_signed(signer: Signer, text: str) -> None:
    headers = mailbox_header("From", text, "press@zarechye.example") + text_header("Subject", text)
    assert verdicts(signer, whole(signer, headers)) == [True, True]


@pytest.mark.parametrize(
    "block", [b"", b"Subject: x\r\n", b"From: a@b.example", b"From: a@b.example\r\n\r\n", b"From: a\r\nno colon\r\n"]
)
def test_a_block_that_is_no_header_with_a_sender_is_a_defect(signer: Signer, block: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|From"):
        signer.sign(block, BODY, DATE, is_relaxed=True)


def test_a_naive_date_is_a_defect(signer: Signer) -> None:
    with pytest.raises(ValueError, match="naive"):
        signer.sign(HEADERS, BODY, datetime(2025, 1, 1), is_relaxed=True)  # noqa: DTZ001


def test_a_signer_without_keys_or_with_one_selector_twice_is_a_defect(signer: Signer) -> None:
    for keys in ([], [signer.keys[0], signer.keys[0]]):
        with pytest.raises(ValueError, match="keys"):
            Signer("zarechye.example", keys)


# Prints "<file> <algorithm> <verdict>" for each signature of each file named; the DNS is the table of the first.
PERL = r"""
use strict; use warnings;
use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS;
package Table;
sub send {
    my ($self, $name, $type) = @_;
    my $packet = Net::DNS::Packet->new($name, $type, "IN");
    $packet->header->qr(1);
    my $text = $self->{lc $name};
    $packet->push(answer => Net::DNS::RR->new(owner => $name, type => "TXT", txtdata => [unpack "(a255)*", $text]))
        if defined $text;
    return $packet;
}
sub query { &send }
sub errorstring { "NXDOMAIN" }
package main;
my %table;
open my $records, "<", shift or die;
while (<$records>) { chomp; my ($name, $text) = split /\t/; $table{lc $name} = $text }
Mail::DKIM::DNS::resolver(bless \%table, "Table");
for my $file (@ARGV) {
    open my $mail, "<:raw", $file or die;
    local $/;
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT(scalar <$mail>);
    $verifier->CLOSE;
    print "$file ", $_->algorithm, " ", $_->result, "\n" for $verifier->signatures;
}
"""


@pytest.mark.service
def test_perls_mail_dkim_agrees_on_what_holds_and_what_does_not(signer: Signer, tmp_path: Path) -> None:
    perl = shutil.which("perl")
    has_module = [perl or "perl", "-MMail::DKIM::Verifier", "-e", "1"]
    if perl is None or subprocess.run(has_module, capture_output=True, check=False).returncode:
        pytest.skip("libmail-dkim-perl is not installed")
    (tmp_path / "records").write_text(
        "".join(f"{key.record_name(signer.domain)}\t{key.record}\n" for key in signer.keys), encoding="utf-8"
    )
    data = whole(signer)
    good = [whole(signer, headers, body) for _, headers, body in MAILS] + [each for _, each in rewritten(data)]
    bad = [
        data.replace(b"Zm9v", b"Zm9w"),
        data.replace(b"To: semyon", b"To: simyon"),
        *(data.replace(b"MIME-Version", raw_header(name, "x@evil.example") + b"MIME-Version") for name in ADDED[:-1]),
    ]
    for number, each in enumerate(good + bad):
        (tmp_path / f"{number:03}.eml").write_bytes(each)
    files = sorted(str(path) for path in tmp_path.glob("*.eml"))
    done = subprocess.run(
        [perl, "-e", PERL, str(tmp_path / "records"), *files], capture_output=True, text=True, check=True, timeout=60
    )
    told = [line.split()[1:] for line in done.stdout.splitlines() if "rsa-sha256" in line]  # it knows no Ed25519
    assert told == [["rsa-sha256", "pass"]] * len(good) + [["rsa-sha256", "fail"]] * len(bad)
