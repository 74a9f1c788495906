"""What is taken for an address, and what two spellings have in common."""

from __future__ import annotations

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.address import ascii_domain, ascii_url, normalise, parse_mailbox, refuse_controls
from newsletter.errors import InputError


def test_typed_form_is_kept_and_key_is_casefolded() -> None:
    address = normalise("  Ivan.Petrov@Zarechye.Example ")
    assert address.display == "Ivan.Petrov@Zarechye.Example"
    assert address.mailbox == "Ivan.Petrov@zarechye.example"
    assert address.key == "ivan.petrov@zarechye.example"
    assert address.domain == "zarechye.example"
    assert not address.needs_smtputf8


def test_cyrillic_domain_becomes_its_a_label_and_needs_no_smtputf8() -> None:
    address = normalise("ivan@Почта.РФ")
    assert address.mailbox == "ivan@xn--80a1acny.xn--p1ai"
    assert not address.needs_smtputf8
    assert address.key == normalise("IVAN@xn--80a1acny.xn--p1ai").key


def test_cyrillic_local_part_is_kept_and_needs_smtputf8() -> None:
    address = normalise("Иван@почта.рф")
    assert address.mailbox == "Иван@xn--80a1acny.xn--p1ai"
    assert address.needs_smtputf8
    assert address.key == normalise("иван@почта.рф").key


def test_composed_and_decomposed_local_parts_are_one_person() -> None:
    typed = "андрей@zarechye.example"
    assert normalise(unicodedata.normalize("NFD", typed)).key == normalise(typed).key


@pytest.mark.parametrize("domain", ["zarechye.example", "newsletter.invalid", "relay.test", "example.org"])
def test_reserved_names_of_samples_and_tests_are_taken(domain: str) -> None:
    assert normalise(f"a@{domain}").domain == domain


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "a",
        "a@",
        "@b.example",
        "a@b@c.example",
        "a b@c.example",
        "a@localhost",
        "a@printer.local",
        '"a b"@c.example',
        "a@[127.0.0.1]",
        "a@c.example\r\nBcc: x@y.example",
        "a\x00@c.example",
        "a\x85@c.example",
        "a\u2028@c.example",
        "a\u202e@c.example",
        "a\ud800@c.example",
        "a" * 65 + "@c.example",
        "a@" + "c" * 64 + ".example",
        "a@c..example",
        "a@-c.example",
        "<a@c.example>",
        "x" * 5_000 + "@c.example",
    ],
)
def test_what_is_not_one_address_is_refused_in_one_line(raw: str) -> None:
    with pytest.raises(InputError) as caught:
        normalise(raw)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("bad", ["\0", "\r", "\x85", "\u2028", "\ud800"])
def test_control_in_an_address_is_named_by_its_code(bad: str) -> None:
    with pytest.raises(InputError, match=rf"control character U\+{ord(bad):04X} at position 2"):
        normalise(f"a{bad}@c.example")


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_refused_or_gives_a_mailbox_that_is_safe_in_a_command(text: str) -> None:
    try:
        address = normalise(text)
    except InputError:
        return
    assert not any(c.isspace() or c in "<>()," or ord(c) < 33 for c in address.mailbox)
    assert address.domain.isascii()
    assert normalise(address.mailbox).key == address.key


@given(
    st.text(st.sampled_from("aZ0.-_+'!@\"(,ж "), min_size=1, max_size=20),
    st.sampled_from(["b.example", "B.Example", "почта.рф", "localhost", "x.local", "b..example", "-b.example", "b.1"]),
)
@settings(max_examples=200, deadline=None)
def test_the_short_way_for_ordinary_addresses_judges_as_the_library_does(local: str, domain: str) -> None:
    typed = f"{local}@{domain}".strip()
    try:
        known = validate_email(typed, check_deliverability=False, strict=True)
    except EmailNotValidError:
        with pytest.raises(InputError):
            normalise(typed)
        return
    found = normalise(typed)
    assert found.key == f"{known.local_part.casefold()}@{known.ascii_domain}"
    assert found.mailbox.rpartition("@")[0].casefold() == known.local_part.casefold()


@pytest.mark.parametrize(
    ("raw", "name", "mailbox"),
    [
        ("Пресс-служба <press@zarechye.example>", "Пресс-служба", "press@zarechye.example"),
        ('"Пресс-служба, «Заречье»" <press@zarechye.example>', "Пресс-служба, «Заречье»", "press@zarechye.example"),
        (r'"A \"B\" \\ C" <a@b.example>', r'A "B" \ C', "a@b.example"),
        ('ОЭЗ "Заречье" <a@b.example>', 'ОЭЗ "Заречье"', "a@b.example"),
        ("Служба, новости <a@b.example>", "Служба, новости", "a@b.example"),
        ("<a@b.example>", "", "a@b.example"),
        ("a@b.example", "", "a@b.example"),
        ("=?utf-8?q?a=0D=0ABcc:_x?= <a@b.example>", "=?utf-8?q?a=0D=0ABcc:_x?=", "a@b.example"),
        ("Имя <a@почта.рф>", "Имя", "a@xn--80a1acny.xn--p1ai"),
    ],
)
def test_mailbox_is_read_as_a_person_wrote_it(raw: str, name: str, mailbox: str) -> None:
    found, address = parse_mailbox(raw)
    assert (found, address.mailbox) == (name, mailbox)


@pytest.mark.parametrize(
    "raw",
    [
        "a@b.example, c <d@e.example>",
        "One <a@b.example> <c@d.example>",
        "a@b.example>",
        "A\r\nBcc: x <a@b.example>",
        "A <a@b.example",
        "A <>",
        "",
    ],
)
def test_more_or_less_than_one_mailbox_is_refused(raw: str) -> None:
    with pytest.raises(InputError):
        parse_mailbox(raw)


@pytest.mark.parametrize("bad", ["\0", "\t", "\n", "\r", "\x1b", "\x7f", "\x80", "\x85", "\x9f", "\u2028", "\ud83d"])
def test_control_is_refused_with_its_name_and_place(bad: str) -> None:
    with pytest.raises(InputError, match=rf"the subject holds .* U\+{ord(bad):04X} at position 3"):
        refuse_controls(f"ab{bad}c", "the subject")


def test_text_without_controls_comes_back() -> None:
    assert refuse_controls("Привет,\u00a0мир 🎉", "x") == "Привет,\u00a0мир 🎉"


def test_host_names_become_a_labels() -> None:
    assert ascii_domain("Новости.Заречье.РФ") == "xn--b1amnebsh.xn--80akaf0c3b9a.xn--p1ai"
    assert ascii_domain("News.Example.") == "news.example"


@pytest.mark.parametrize("raw", ["", "a b", "a>b.example", "a\r\nb.example", "-a.example", "a..b", "é" * 300, "a/b"])
def test_what_is_not_a_host_is_refused(raw: str) -> None:
    with pytest.raises(InputError):
        ascii_domain(raw)


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("https://новости.заречье.рф/а б", "https://xn--b1amnebsh.xn--80akaf0c3b9a.xn--p1ai/%D0%B0%20%D0%B1"),
        ("https://h.example:8443/x%20y?q=1", "https://h.example:8443/x%20y?q=1"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ('https://h.example/">', "https://h.example/%22%3E"),
    ],
)
def test_url_becomes_ascii(raw: str, url: str) -> None:
    assert ascii_url(raw) == url


@pytest.mark.parametrize(
    "raw", ["", "ftp://h.example", "https://", "https://u:p@h.example", "//h", "https://h.example\n"]
)
def test_what_is_not_a_web_address_is_refused(raw: str) -> None:
    with pytest.raises(InputError):
        ascii_url(raw)
