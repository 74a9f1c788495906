"""A text file changed as an editor changes it: what was not touched stays as it was, byte for byte."""

from __future__ import annotations

import codecs
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.decode import MAX_BYTES, decode
from newsletter.content.file_text import (
    ChangedMeanwhileError,
    FileText,
    UnwritableSignError,
    open_file_text,
    parse_file_text,
    replace_file,
)
from newsletter.errors import DiskError, InputError

ITEM = Path("новость.txt")
TEXT = (
    "Завод запустил в особой экономической зоне новый цех оптики.\n"
    "Цех занял три тысячи квадратных метров, на нём работают сто двадцать человек.\n"
)


def parsed(data: bytes, path: Path = ITEM) -> FileText:
    return parse_file_text(path, str(path), data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_mark_and_line_ends_survive_a_change(encoding: str, end: str) -> None:
    data = TEXT.replace("\n", end).encode(encoding)
    opened = parsed(data)
    assert opened.text == TEXT
    assert opened.bytes_of(TEXT) == data
    changed = TEXT.replace("новый цех", "второй цех\nи склад")
    assert opened.bytes_of(changed) == changed.replace("\n", end).encode(encoding)


def test_only_the_lines_that_changed_get_new_line_ends() -> None:
    opened = parsed("а\r\nб\nв\r\nг\r\n".encode())
    assert opened.bytes_of("а\nб\nВВ\nн\nг\n") == "а\r\nб\nВВ\r\nн\r\nг\r\n".encode()


@given(st.lists(st.text("аб", max_size=3), min_size=1, max_size=6), st.data())
def test_a_text_written_back_unchanged_is_the_same_bytes(lines: list[str], data: st.DataObject) -> None:
    ends = data.draw(st.lists(st.sampled_from(["\n", "\r\n"]), min_size=len(lines) - 1, max_size=len(lines) - 1))
    raw = "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True)).encode()
    opened = parsed(raw)
    assert opened.bytes_of(opened.text) == raw


@given(
    st.lists(st.sampled_from(["а", "б", ""]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["а", "б", "в"]), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_typed_is_what_the_loader_reads(before: list[str], typed: list[str], end: str) -> None:
    data = parsed(end.join(before).encode()).bytes_of("\r\n".join(typed))
    assert decode(data, "item") == "\n".join(typed)


def test_a_sign_that_the_encoding_lacks_is_named_and_utf8_is_the_way_out() -> None:
    opened = parsed(TEXT.encode("cp1251"))
    with pytest.raises(UnwritableSignError) as caught:
        opened.bytes_of(f"{TEXT}Площадь выросла: 3 ≥ 2.\n")
    assert caught.value.message == "its encoding, windows-1251, has no ≥"
    assert caught.value.line == 3
    assert opened.in_utf8().bytes_of(f"{TEXT}≥\n") == f"{TEXT}≥\n".encode()


def test_a_code_page_that_could_no_longer_be_told_is_refused() -> None:
    opened = parsed(TEXT.encode("cp1251"))
    with pytest.raises(InputError):
        opened.bytes_of("Ы")


def test_half_a_character_and_a_control_character_are_refused_with_their_line() -> None:
    opened = parsed(TEXT.encode())
    with pytest.raises(InputError, match=r"U\+D83D") as caught:
        opened.bytes_of("первая\nвторая \ud83d\n")
    assert caught.value.line == 2
    with pytest.raises(InputError, match=r"U\+0007") as caught:
        opened.bytes_of("первая\nвторая\ntретья \a\n")
    assert caught.value.line == 3


def test_a_text_beyond_the_limit_is_refused() -> None:
    with pytest.raises(InputError, match="2 MB"):
        parsed(TEXT.encode()).bytes_of("а" * MAX_BYTES)


def test_a_binary_file_is_no_text() -> None:
    with pytest.raises(InputError, match="binary"):
        parsed(b"PK\x03\x04\x00\x00abc")


def test_a_broken_file_with_a_mark_is_named_as_what_its_mark_says() -> None:
    with pytest.raises(InputError):
        parsed(codecs.BOM_UTF16_LE + b"\x00\xd8\x00")


def test_an_empty_file_can_be_written_into() -> None:
    assert parsed(b"").bytes_of("title = 1\n") == b"title = 1\n"


def test_a_page_is_read_in_the_encoding_it_names() -> None:
    data = '<meta charset="iso-8859-1"><p>Café à Zaretchensk</p>'.encode("latin-1")
    assert "Café" in parsed(data, Path("page.html")).text


def test_replacing_keeps_the_mode_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "item.md"
    file.write_text(TEXT, encoding="utf-8")
    file.chmod(0o640)
    replace_file(open_file_text(file, "item.md"), b"new\n")
    assert file.read_bytes() == b"new\n"
    assert file.stat().st_mode & 0o7777 == 0o640
    assert os.listdir(tmp_path) == ["item.md"]


def test_a_file_changed_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "item.md"
    file.write_text(TEXT, encoding="utf-8")
    opened = open_file_text(file, "item.md")
    file.write_text("Другое.\n", encoding="utf-8")
    with pytest.raises(ChangedMeanwhileError):
        replace_file(opened, b"new\n")
    assert file.read_text(encoding="utf-8") == "Другое.\n"
    assert os.listdir(tmp_path) == ["item.md"]


def test_two_who_save_at_once_take_turns_and_the_second_hears_of_the_first(tmp_path: Path) -> None:
    file = tmp_path / "item.txt"
    file.write_text("Новость.\n", encoding="utf-8")
    opened = open_file_text(file, "item.txt")
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # the first is between its last look and the step that replaces the file
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(replace_file, opened, "Новость второго.\n".encode())
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        file.write_text("Новость первого.\n", encoding="utf-8")
        os.close(folder)
        with pytest.raises(ChangedMeanwhileError):
            second.result()
    assert file.read_text(encoding="utf-8") == "Новость первого.\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "item.md", tmp_path / "link.md"
    file.write_text(TEXT, encoding="utf-8")
    link.symlink_to(file)
    replace_file(open_file_text(link, "link.md"), b"new\n")
    assert link.is_symlink()
    assert file.read_bytes() == b"new\n"


def test_a_protected_file_and_one_with_a_second_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "item.md"
    file.write_text(TEXT, encoding="utf-8")
    opened = open_file_text(file, "item.md")
    file.chmod(0o444)
    with pytest.raises(InputError, match="read-only"):
        replace_file(opened, b"new\n")
    file.chmod(0o644)
    os.link(file, tmp_path / "other.md")
    with pytest.raises(InputError, match="second name"):
        replace_file(opened, b"new\n")


def test_a_file_that_is_gone_is_an_error_of_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "item.md"
    file.write_text(TEXT, encoding="utf-8")
    opened = open_file_text(file, "item.md")
    file.unlink()
    with pytest.raises(DiskError):
        replace_file(opened, b"new\n")
