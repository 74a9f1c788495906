"""Whether a .docx can be opened safely: a zip of reasonable size, whose XML parts are plain and hold nothing unseen.

Everything is unpacked once, in small steps, and counted: a zip's own directory may lie about sizes. What the reader of
Word files would leave out without a word (a chart, a formula) or show although Word hides it is an error here.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from newsletter.errors import InputError

MAX_BYTES = 20 * 1024 * 1024  # pictures of a press item take some 5 MB
_MAX_UNPACKED = 30 * 1024 * 1024
_MAX_XML = 4 * 1024 * 1024  # Word writes some 100 KB for a press item; 4 MB take ten seconds and 200 MB to read
_MAX_PARTS = 2_000
_MAX_DEPTH = 60  # elements; every level costs the reader a dozen Python frames of a thousand
_MAX_ELEMENTS = 40_000  # of one part; a press item has 1,000, Word's list of styles 10,000; 100,000 take 20 seconds
_STEP = 64 * 1024
_KNOWN_PACKING = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE = "save it as .docx"
_DAMAGED = "open it in a word processor and save it as .docx again"
# Local names of what would be left out silently, and how to say it.
_LOST = {
    "oMath": ("a formula stands here", "write it in words, or put in a picture of it"),
    "chart": ("a chart stands here", "paste it as a picture"),
    "relIds": ("a SmartArt drawing stands here", "paste it as a picture"),
    "altChunk": ("another document is embedded here", "paste its text"),
}


def check_word_file(data: bytes, shown: str) -> None:
    """Raise InputError where the bytes are no .docx, or one that should not be opened."""
    _refuse_other_kinds(data, shown)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            _check_directory(file, shown)
            parts = {name: bytes(part) for name, part in _unpacked(file, shown)}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as exc:
        raise InputError("is no Word file, or a damaged one", path=shown, fix=_DAMAGED) from exc
    for name, part in parts.items():
        _Scan(name, shown).read(part)


def _refuse_other_kinds(data: bytes, shown: str) -> None:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise InputError("is protected with a password", path=shown, fix="save it without one")
        raise InputError("is an old Word file (.doc)", path=shown, fix=_SAVE)
    if data.startswith(b"{\\rtf"):
        raise InputError("is an RTF file", path=shown, fix=_SAVE)
    if not data.startswith(b"PK"):
        raise InputError("is no Word file", path=shown, fix=_SAVE)


def _check_directory(file: zipfile.ZipFile, shown: str) -> None:
    entries = file.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > _MAX_PARTS or len(names) < len(entries):
        raise InputError("is built like no Word file: too many parts, or two of one name", path=shown, fix=_DAMAGED)
    if any(entry.flag_bits & 1 for entry in entries):
        raise InputError("is protected with a password", path=shown, fix="save it without one")
    # bzip2 and LZMA unpack gigabytes in one step, whatever is asked for; no word processor uses them.
    if any(entry.compress_type not in _KNOWN_PACKING for entry in entries):
        raise InputError("is packed as no word processor packs", path=shown, fix=_DAMAGED)
    if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
        raise InputError("is a zip file, but no Word document", path=shown, fix=_SAVE)


def _unpacked(file: zipfile.ZipFile, shown: str) -> Iterator[tuple[str, bytearray]]:
    """Yield the name and bytes of each part that is XML, having counted all of them."""
    total = xml = 0
    for entry in file.infolist():
        part = bytearray()
        is_xml = False
        with file.open(entry) as stream:
            while chunk := stream.read(_STEP):
                # Relationships may call any part the document, so a part is XML when it looks so.
                is_xml = is_xml or (not part and chunk.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"))
                total += len(chunk)
                xml += len(chunk) if is_xml else 0
                if total > _MAX_UNPACKED or xml > _MAX_XML:
                    raise InputError("unpacks to more than a news item can hold", path=shown, fix="make it smaller")
                if is_xml:
                    part += chunk
        if is_xml:
            yield entry.filename, part


class _Scan:
    """Reads one XML part for what must not be in it; in the document it counts paragraphs, which serve as lines."""

    def __init__(self, name: str, shown: str) -> None:
        self.name = name
        self.shown = shown
        self.paragraphs = 0
        self.elements = 0
        self.open: list[str] = []
        self.copies = 0  # elements open that only repeat others for older versions of Word
        self.is_hidden = False
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words

    def read(self, part: bytes) -> None:
        try:
            self.parser.Parse(part, True)
        except (expat.ExpatError, ValueError, LookupError) as exc:  # the latter: an encoding of expat's dislike
            raise InputError(f"its part {self.name} is damaged", path=self.shown, fix=_DAMAGED) from exc

    def _refuse(self, what: str, fix: str) -> InputError:
        line = self.paragraphs if self.name == "word/document.xml" else 0
        return InputError(what, path=self.shown, line=line, fix=fix)

    def _doctype(self, *_: object) -> None:
        raise self._refuse(f"its part {self.name} carries a DTD, as no word processor writes it", _DAMAGED)

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        prefix, _, name = tag.rpartition(":")
        self.open.append(name)
        self.copies += name == "Choice"
        self.elements += 1
        if self.elements > _MAX_ELEMENTS:
            raise self._refuse("is longer than a news item can be", "keep the text, link to the rest")
        if len(self.open) > _MAX_DEPTH:
            raise self._refuse("is nested too deeply", "simplify its lists and tables")
        if name == "p" and prefix == "w" and not self.copies:
            self.paragraphs += 1
        elif name == "r":
            self.is_hidden = False
        elif name == "vanish" and self.open[-3:-1] == ["r", "rPr"]:
            self.is_hidden = attributes.get("w:val", "") not in {"0", "false", "off"}
        self._refuse_lost(prefix, name, attributes)

    def _refuse_lost(self, prefix: str, name: str, attributes: Mapping[str, str]) -> None:
        if not prefix or self.copies or not self.name.startswith("word/"):
            return
        if name in _LOST:
            raise self._refuse(*_LOST[name])
        # The kind of a drawing is an address; a chart has its own name above, other kinds are shapes and groups.
        kind = attributes.get("uri", "").rpartition("/")[2]
        if name == "graphicData" and kind not in {"", "picture", "chart", "diagram"}:
            raise self._refuse("a drawing stands here", "paste it as a picture")

    def _end(self, tag: str) -> None:
        self.copies -= self.open.pop() == "Choice"

    def _words(self, words: str) -> None:
        if self.is_hidden and self.open[-1:] == ["t"] and words.strip():
            raise self._refuse("hidden text stands here", "show it, or delete it")
