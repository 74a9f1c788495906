from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.codepage import CODE_PAGES
from newsletter.content.decode import MAX_BYTES, decode, read_text
from newsletter.errors import InputError

RUSSIAN = "Завод открыли в мае. «Мы рады», – сказал директор.\nПодробности – на сайте."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_same_text_comes_out_of_every_encoding_and_line_end(encoding: str, newline: str) -> None:
    assert decode(RUSSIAN.replace("\n", newline).encode(encoding), "a.txt") == RUSSIAN


def test_a_file_in_capitals_is_russian_too() -> None:
    assert decode("ВНИМАНИЕ, ЗАВОД ОТКРЫТ".encode("cp1251"), "a.txt") == "ВНИМАНИЕ, ЗАВОД ОТКРЫТ"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_refused_with_a_way_out(encoding: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(RUSSIAN.encode(encoding), "a.txt")
    assert "UTF-8" in caught.value.fix


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf16_with_its_mark_is_read(mark: str) -> None:
    assert decode(f"\ufeff{RUSSIAN}".encode(mark), "a.txt") == RUSSIAN


def test_broken_utf16_is_refused() -> None:
    with pytest.raises(InputError, match="UTF-16"):
        decode(b"\xff\xfe\x00\xd8\x41\x00", "a.txt")


# KOI8-R and CP866 have no dashes and no guillemets: such a text has hyphens and straight marks.
PLAIN = 'Завод открыли в мае. "Мы рады", - сказал директор.\nПодробности - на сайте.'


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_each_cyrillic_code_page_is_told_from_the_others(encoding: str) -> None:
    assert decode(PLAIN.encode(encoding), "a.txt") == PLAIN


WORDS = re.findall(
    r"\w+",
    "выставка ярмарка молоко фабрика шоссе ёлка подъезд съёмка хозяйство щебень чугун эшелон юрист якорь цемент жильё "
    "губернатор бюджет вокзал гимназия дождь ежедневно журнал зёрна известь йогурт кирпич лагерь мост ночной озеро "
    "пшеница ремонт сельский тротуар уголь фермер хлопок цех чемпион школьный экзамен южный ясли не из для под без",
)


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=4, max_size=30, unique=True),
    style=st.sampled_from([str.lower, str.capitalize, str.upper, str.title]),
    encoding=st.sampled_from(["cp1251", "koi8-r", "cp866", "iso8859-5"]),
)
def test_russian_words_are_never_misread_and_eight_of_them_are_always_read(
    words: list[str], style: Callable[[str], str], encoding: str
) -> None:
    text = style(" ".join(words))
    try:
        assert decode(text.encode(encoding), "a.txt") == text
    except InputError:
        assert len(words) < 8  # a few odd words have little to go by


def test_an_encoding_that_a_file_claims_counts_where_its_bytes_agree() -> None:
    german = "Größe: für Öl".encode("latin-1")
    assert decode(german, "a.html", named="ISO-8859-1") == "Größe: für Öl"
    assert decode(PLAIN.encode("koi8-r"), "a.html", named="windows-1251") == PLAIN
    assert decode(PLAIN.encode(), "a.html", named="windows-1251") == PLAIN


@pytest.mark.parametrize("named", ["", "zip", "rot13", "unicode_escape", "utf-7", "no such", "idna", "\0"])
def test_an_encoding_that_no_file_should_claim_is_ignored(named: str) -> None:
    with pytest.raises(InputError):
        decode("Größe: für Öl".encode("latin-1"), "a.html", named=named)


def test_latin_letters_with_accents_are_not_taken_for_windows_1251() -> None:
    with pytest.raises(InputError):
        decode("Déjà vu à l'été".encode("latin-1"), "a.txt")


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", "\ufeff\n".encode(), "\u00a0\n".encode()])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="empty"):
        decode(data, "a.txt")


def test_a_binary_file_is_refused_with_the_line() -> None:
    with pytest.raises(InputError, match="binary") as caught:
        decode(b"PK\x03\x04 text\r\nmore\r\nand \0 zero", "a.txt")
    assert caught.value.line == 3


@pytest.mark.parametrize("char", ["\x01", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9f", "\ufffe", "\uffff"])
def test_a_control_character_is_refused_with_its_line(char: str) -> None:
    with pytest.raises(InputError, match="control character") as caught:
        decode(f"Первая\nвторая {char}\n".encode(), "a.txt")
    assert caught.value.line == 2


def test_separators_of_word_processors_are_white_space() -> None:
    assert decode("Раз\u2028два\u2029три \ufeffчетыре".encode(), "a.txt") == "Раз два три четыре"


def test_a_file_of_five_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes(b"a" * 5 * 1024 * 1024)
    with pytest.raises(InputError, match="2 MB"):
        read_text(path, "big.txt")


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes(b"a" * MAX_BYTES)
    assert len(read_text(path, "big.txt")) == MAX_BYTES


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a file"):
        read_text(tmp_path, "folder")
    with pytest.raises(InputError, match="no such file"):
        read_text(tmp_path / "none.txt", "none.txt")


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_an_input_error(data: bytes) -> None:
    try:
        text = decode(data, "a.txt")
    except InputError:
        return
    assert text.strip()
    assert not any(ord(char) < 32 and char not in "\t\n" for char in text)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=100))
def test_whatever_is_utf8_is_read_as_utf8(text: str) -> None:
    if text.strip("\ufeff\u2028\u2029").strip():
        expected = text.removeprefix("\ufeff").replace("\u2028", " ").replace("\u2029", " ").replace("\ufeff", "")
        assert decode(text.encode(), "a.txt") == expected
