"""The bytes of a list as records: encoding, physical lines, cells.

A first pass over the file settles the encoding (UTF-8, else windows-1251), refuses what is no text and counts lines;
the second yields records one by one, so a list of any length costs the memory of its longest record.
A quote that is never closed must not swallow the people below it: it spoils its own line only.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from newsletter.errors import InputError

SEPARATORS = (";", ",", "\t")

_CHUNK = 1 << 20  # bytes; also the cap on one line, which keeps memory bounded
_MAX_RECORD_LINES = 50  # physical lines that one quoted cell may span
_SAVE_AS = 'save it as "CSV UTF-8" and try again'
_INVALID = re.compile("[\udc80-\udcff]")
_RUSSIAN = re.compile("[А-Яа-яЁё№«»–—…“”„\u00a0]")
_FOREIGN_STARTS = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text file that was looked through once."""

    path: Path
    shown: str  # as people know it
    encoding: str
    line_count: int


class Record(NamedTuple):
    """One record. Not a frozen dataclass: there are a million of them, and those cost four times as much to make."""

    line: int  # physical, 1-based: where the record begins
    raw: str  # without its line end
    cells: list[str]
    fault: str = ""  # why it could not be split into cells


def open_source(path: Path, *, shown: str = "") -> Source:
    """Look through the file once; raises InputError when it is missing, empty or no text."""
    shown = shown or str(path)
    try:
        with path.open("rb") as file:
            return _look_through(iter(lambda: file.read(_CHUNK), b""), path, shown)
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise InputError(f"cannot read the list: {what}", path=shown, fix="check the path") from error


def _look_through(chunks: Iterator[bytes], path: Path, shown: str) -> Source:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    lines = whole = invalid = letters = 0
    sample = last = b""
    for chunk in chunks:
        if not whole:
            _refuse_foreign(chunk, shown)
        if b"\0" in chunk:
            raise InputError("this is not a text file: it holds zero bytes", path=shown, fix=_SAVE_AS)
        if len(chunk) == _CHUNK and b"\n" not in chunk and b"\r" not in chunk:
            raise InputError("a line is longer than 1 MB: this is no list of subscribers", path=shown, line=lines + 1)
        text = decoder.decode(chunk)
        if not text.isascii():
            found = len(_INVALID.findall(text))
            invalid += found
            if found:
                letters += sum(character > "\x7f" for character in text) - found
                sample = sample or chunk
        # Lines as Python's universal newlines count them, but a lone CR (an old Mac) only when there is no LF at all.
        lines += chunk.count(b"\n") or chunk.count(b"\r")
        whole += len(chunk)
        last = chunk
    if not whole:
        raise InputError("the list is empty", path=shown, fix="its first line must name the columns: email;name")
    if not last.endswith((b"\n", b"\r")):
        lines += 1
    # More valid letters than broken bytes: UTF-8 with damage, whose rows are reported one by one.
    if invalid <= letters:
        return Source(path=path, shown=shown, encoding="utf-8-sig", line_count=lines)
    _refuse_other_russian(sample.decode("cp1251", errors="replace"), shown)
    return Source(path=path, shown=shown, encoding="cp1251", line_count=lines)


def _refuse_foreign(start: bytes, shown: str) -> None:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError("the list is in UTF-16", path=shown, fix=_SAVE_AS)
    for signature, name in _FOREIGN_STARTS.items():
        if start.startswith(signature):
            raise InputError(f"this is {name}, not a CSV file", path=shown, fix=_SAVE_AS)


def _refuse_other_russian(text: str, shown: str) -> None:
    """Refuse cp866 and KOI8-R, which every byte of cp1251 would take, as rubbish, into people's names."""
    odd = [character for character in text if character > "\x7f"]
    russian = len(_RUSSIAN.findall(text))
    # KOI8-R read as cp1251 swaps the case of every letter: words begin small and go on in capitals.
    swapped = len(re.findall("[а-яё][А-ЯЁ]", text)) > len(re.findall("[А-ЯЁ][а-яё]|[а-яё][а-яё]", text))
    if russian < 0.8 * len(odd) or swapped:
        raise InputError("the list is neither UTF-8 nor windows-1251", path=shown, fix=_SAVE_AS)


def read_records(source: Source) -> Iterator[Record]:
    """Yield the header and then every record that is not blank, with its separator found in the header."""
    # Broken bytes come through as lone surrogates and are refused row by row.
    with source.path.open(encoding=source.encoding, errors="surrogateescape", newline="") as file:
        waiting: deque[str] = deque()
        line, separator = 0, ""
        while True:
            text = waiting.popleft() if waiting else file.readline()
            if not text:
                return
            line += 1
            raw = text.rstrip("\r\n")
            if not separator:
                declared = raw.casefold().strip()
                if declared.startswith("sep=") and len(declared) == 5:  # Excel's own first line
                    continue
                if not raw.strip():
                    continue
                separator = find_separator(raw)
            if '"' not in raw:
                if raw and not raw.isspace():
                    yield Record(line, raw, raw.split(separator))
                continue
            taken = [text]
            cells, fault = _split_quoted(text, separator)
            while cells is None and len(taken) < _MAX_RECORD_LINES:
                more = waiting.popleft() if waiting else file.readline()
                if not more:
                    break
                taken.append(more)
                cells, fault = _split_quoted("".join(taken), separator)
            if cells is None:  # never closed: give the lines below back
                waiting.extendleft(reversed(taken[1:]))
                yield Record(line=line, raw=raw, cells=[], fault=fault or "a quote is opened and never closed")
                continue
            yield Record(line=line, raw="".join(taken).rstrip("\r\n"), cells=cells, fault=fault)
            line += len(taken) - 1


def _split_quoted(text: str, separator: str) -> tuple[list[str] | None, str]:
    """Return the cells, or None while a quote is open; a fault when the quotes are wrong."""
    if len(text) > _CHUNK:
        return None, "a quoted cell is longer than 1 MB"
    try:
        rows = list(csv.reader((text,), delimiter=separator, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None, ""
        return [], 'quotes inside a quoted cell must be doubled: ""'
    if len(rows) != 1:
        return [], "a line end stands where a cell should go on"
    return rows[0], ""


def find_separator(header: str) -> str:
    """Return the separator that the header uses most, outside quotes; a single column has any."""
    bare = re.sub('"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)
