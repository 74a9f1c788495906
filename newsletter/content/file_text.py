"""A text file as an editor sees and changes it: its text, and what it takes to write it back as it was.

Encoding, byte order mark and line ends stay. A file is replaced in one step, never half written, and only while it
holds the bytes that were read. What would not read back as it was typed is refused before anything is written.
"""

from __future__ import annotations

import codecs
import fcntl
import hashlib
import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from newsletter.content.decode import MAX_BYTES, decode, encoding_of, read_bytes
from newsletter.errors import DiskError, InputError

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_END = re.compile(r"(\r\n|\r|\n)")
_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1251": "windows-1251",
    "koi8-r": "KOI8-R",
    "cp866": "CP866",
    "iso8859-5": "ISO 8859-5",
    "mac-cyrillic": "Mac Cyrillic",
}


class ChangedMeanwhileError(InputError):
    """The file on the disk is no longer the one that was read."""


class UnwritableSignError(InputError):
    """The file's encoding has no such character, or would no longer be told from another; UTF-8 is the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """A file's bytes as text. `text` has "\\n" line ends, and nothing else of it is changed."""

    path: Path
    shown: str  # the path as a person knows it
    data: bytes
    mark: bytes
    encoding: str
    text: str
    ends: tuple[str, ...]  # of each line but the last, as written

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def encoding_name(self) -> str:
        return _NAMES.get(self.encoding, self.encoding)

    @property
    def is_utf8(self) -> bool:
        return self.encoding == "utf-8"

    def in_utf8(self) -> FileText:
        """Return the same text as a UTF-8 file would hold it."""
        return replace(self, mark=b"", encoding="utf-8")

    def bytes_of(self, text: str) -> bytes:
        """Return what a changed text is on the disk. Raises InputError; UnwritableSignError where UTF-8 would do."""
        lines = _END.sub("\n", text).removeprefix("\ufeff").split("\n")
        ends = _ends_of(lines, self.text.split("\n"), self.ends)
        raw = "".join(line + end for line, end in zip(lines, (*ends, ""), strict=True))
        try:
            data = self.mark + raw.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise self._unwritable(lines, raw, error) from error
        if len(data) > MAX_BYTES:
            limit = f"is larger than {MAX_BYTES // 1024 // 1024} MB, the limit for a news item"
            raise InputError(limit, path=self.shown, fix="keep the text, link to the rest")
        if not data.strip():
            return data
        decode(data, self.shown, named=_named(self.path, data))  # a control character is refused with its line
        if parse_file_text(self.path, self.shown, data).text != "\n".join(lines):
            # Which code page it is in is told from the letters: of a few Russian words it may not be.
            what = f"would no longer be known as {self.encoding_name}"
            raise UnwritableSignError(what, path=self.shown, fix="save it as UTF-8")
        return data

    def _unwritable(self, lines: list[str], raw: str, error: UnicodeEncodeError) -> InputError:
        sign = raw[error.start]
        line = next(number for number, words in enumerate(lines, start=1) if sign in words)
        if "\ud800" <= sign <= "\udfff":
            what = f"holds half of a character, U+{ord(sign):04X}"
            return InputError(what, path=self.shown, line=line, fix="delete it")
        what = f"its encoding, {self.encoding_name}, has no {sign}"
        return UnwritableSignError(what, path=self.shown, line=line, fix="save it as UTF-8")


def open_file_text(path: Path, shown: str) -> FileText:
    """Read a text file. Raises InputError."""
    return parse_file_text(path, shown, read_bytes(path, shown))


def parse_file_text(path: Path, shown: str, data: bytes) -> FileText:
    """Return bytes as text; those of an empty file too. Raises InputError."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    if not encoding:
        encoding = encoding_of(data, shown, named=_named(path, data)).removesuffix("-sig")
    try:
        pieces = _END.split(data[len(mark) :].decode(encoding))
    except UnicodeDecodeError as error:
        raise InputError(f"is broken {_NAMES[encoding]}", path=shown, fix="save it as UTF-8 text") from error
    return FileText(
        path=path,
        shown=shown,
        data=data,
        mark=mark,
        encoding=encoding,
        text="\n".join(pieces[::2]),
        ends=tuple(pieces[1::2]),
    )


def _named(path: Path, data: bytes) -> str:
    """Return the encoding that a page or a feed says it is in."""
    suffix = path.suffix.lower()
    if suffix in (".html", ".htm"):
        from newsletter.content.page import named_charset

        return named_charset(data)
    if suffix in (".xml", ".rss", ".atom"):
        from newsletter.content.feed import named_encoding

        return named_encoding(data)
    return ""


def _ends_of(lines: list[str], before: list[str], ends: tuple[str, ...]) -> tuple[str, ...]:
    """Return the line ends of a changed text: around the change those that were there, within it the usual one."""
    count = len(lines) - 1
    if count == len(ends):
        return ends
    room = min(count, len(ends))
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(lines[:room], before, strict=False)))
    left = room - head
    pairs = zip(reversed(lines), reversed(before), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    tail = min(max(same - 1, 0), left)  # the last line has no end
    usual = Counter(ends).most_common(1)[0][0] if ends else "\n"
    return (*ends[:head], *(usual,) * (count - head - tail), *ends[len(ends) - tail :])


def replace_file(opened: FileText, data: bytes) -> None:
    """Write `data` in the place of the file that was opened; its mode stays.

    Raises ChangedMeanwhileError where it is another by now, InputError where nobody is to write it, DiskError. Two of
    us take turns. Another program that saves between our last look and the step that replaces the file loses: a moment,
    which no file system can close.
    """
    target = opened.path.resolve()  # a symbolic link stays one
    temporary = ""
    try:
        about = target.stat()
        _refuse_unlike(about, target, opened.shown)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:60]}-", suffix=".tmp", dir=target.parent)
        with open(handle, "wb") as out:
            out.write(data)
            out.flush()
            with suppress(
                PermissionError
            ):  # a folder that several people write to: the file's owner stays where it may
                os.fchown(out.fileno(), about.st_uid, about.st_gid)
            os.fchmod(out.fileno(), stat.S_IMODE(about.st_mode))
            os.fsync(out.fileno())
        with _our_turn(target.parent) as folder:
            if read_bytes(target, opened.shown) != opened.data:
                raise ChangedMeanwhileError("was changed meanwhile", path=opened.shown, fix="look at what it says now")
            os.replace(temporary, target)
            temporary = ""
            os.fsync(folder)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise DiskError(what, path=opened.shown, fix="check its rights and the free space") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _refuse_unlike(about: os.stat_result, target: Path, shown: str) -> None:
    """Refuse what replacing a file would not respect: that nobody is to write it, that it has a second name."""
    if not about.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise InputError("is read-only", path=shown, fix="make it writable, or mend a copy")
    if about.st_nlink > 1:
        raise InputError("has a second name (a hard link), which would keep the old text", path=shown, fix="copy it")


@contextmanager
def _our_turn(folder: Path) -> Iterator[int]:
    """Wait until no other page or process of ours replaces a file of this folder; yields the open folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network drives know no locks: there the moment is as for other programs
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)
