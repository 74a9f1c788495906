"""A decision as a file that people can read, beside the item: `<item>.reviews/<UTC time>-<verdict>-<who>.toml`.

It is written once and read by nobody here: what `send` goes by is the store. It is for the folder that an office keeps,
copies and shows to whoever asks who let a mail go.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from pathlib import Path

from newsletter.decision import Decision, same_name
from newsletter.errors import DiskError
from newsletter.issue_folder import REVIEWS

EVERY_LIST = "every list"
_MAX_SLUG = 40  # characters: four bytes each stay well below the 255 of a file's name
_TRIES = 1_000
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def record_folder(items: Sequence[Path]) -> Path:
    """Return the folder of an issue's records: beside its item, the first of several, or its folder."""
    first = Path(os.path.abspath(items[0]))  # ".." has no name; a link stays where it lies
    name = first.name if first.is_dir() else first.stem
    more = f"-and-{len(items) - 1}-more" if len(items) > 1 else ""
    return first.parent / f"{name}{more}{REVIEWS}"


def write_record(made: Decision, items: Sequence[Path], *, zone: tzinfo) -> Path:
    """Write a decision about `items` into its own new file and return its path. Raises DiskError."""
    folder, data = record_folder(items), record_text(made, zone=zone).encode()
    try:
        if folder.is_symlink():  # in a folder that somebody sent it may lead anywhere
            raise NotADirectoryError(20, "it is a symbolic link")
        folder.mkdir(exist_ok=True)
        path = _write_new(folder, _file_name(made), data)
    except OSError as error:
        raise DiskError(
            f"the decision cannot be written: {error.strerror}",
            path=str(folder),
            fix="check the folder's owner and the free space; nothing was decided",
        ) from error
    return path


def drop_record(path: Path) -> None:
    """Take back a record whose decision could not be kept, and its folder if nothing else is in it."""
    try:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
    except OSError:
        return  # other records are in it; or the disk fails, which the error under way tells


def _write_new(folder: Path, stem: str, data: bytes) -> Path:
    """Write into a file that was not there: two decisions of one second and one name are two files."""
    for number in range(1, _TRIES):
        path = folder / (f"{stem}.toml" if number == 1 else f"{stem}-{number}.toml")
        try:
            file = path.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
    raise FileExistsError(17, f"{_TRIES} decisions of one second lie there")


def _file_name(made: Decision) -> str:
    slug = re.sub(r"[^\w]+", "-", same_name(made.who))[:_MAX_SLUG].strip("-_") or "somebody"
    return f"{made.at:%Y%m%dT%H%M%SZ}-{made.verdict.value}-{slug}"


def record_text(made: Decision, *, zone: tzinfo) -> str:
    """Return a decision as TOML; `zone` is the office's."""
    return "\n".join(_lines(made, zone)) + "\n"


def _lines(made: Decision, zone: tzinfo) -> Iterator[str]:
    yield "# A decision about a mail, written once by newsletter. The database keeps it too; send goes by that."
    yield f"verdict = {_text(made.verdict.value)}"
    yield f"who = {_text(made.who)}"
    yield f"when = {made.at.astimezone(zone).isoformat()}"
    yield f"note = {_note(made.note)}"
    yield f"subject = {_text(made.subject)}"
    yield f"list = {_text(made.list_name or EVERY_LIST)}"
    yield f"issue = {_text(made.key)}"
    yield f"digest = {_text(made.digest)}"
    for one in made.waived:
        yield f"\n[[waived]]\nid = {_text(one.id)}\nmessage = {_text(one.message)}\nreason = {_text(one.reason)}"
    yield "\n[manifest]"
    for name, value in sorted(made.manifest.items()):
        yield f"{_text(name)} = {_text(value)}"


def _note(words: str) -> str:
    """Return a note as people read it, its lines as lines."""
    if "\n" not in words:
        return _text(words)
    return '"""\n' + "\n".join(_escaped(line) for line in words.split("\n")) + '"""'


def _text(words: str) -> str:
    return f'"{_escaped(words)}"'


def _escaped(words: str) -> str:
    return "".join(_ESCAPES.get(c) or _coded(c) for c in words)


def _coded(character: str) -> str:
    """TOML allows no control character, and no lone surrogate, which a file's name may hold."""
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    is_hidden = code < 0x20 or 0x7F <= code < 0xA0 or code in (0x2028, 0x2029) or 0x202A <= code <= 0x202E
    return f"\\u{code:04X}" if is_hidden or 0x2066 <= code <= 0x2069 else character
