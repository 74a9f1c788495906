"""`newsletter check --fix`: shows what typography would change in an item's file, and writes it when told to.

Encoding, byte order mark, line ends and front matter stay as they are. The file is replaced in one step, never half
written, and only if it is still the one that was shown.
"""

from __future__ import annotations

import codecs
import difflib
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.cli.context import CommandContext
from newsletter.cli.output import one_line, say
from newsletter.content.codepage import CODE_PAGES
from newsletter.content.decode import decode, read_bytes
from newsletter.content.draft import Draft
from newsletter.content.front import split_front
from newsletter.content.mending import mend_body
from newsletter.content.text import parse_text
from newsletter.errors import DiskError, InputError
from newsletter.issue_folder import open_folder

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LINE_END = re.compile(r"(\r\n|\r|\n)")
_MARKDOWN = frozenset({".md", ".markdown"})
# What --fix leaves: what it is, and where it is mended.
_OTHERS: Mapping[str, tuple[str, str]] = {
    ".docx": ("a Word file", "in Word"),
    ".html": ("a web page", "on the site"),
    ".htm": ("a web page", "on the site"),
    ".xml": ("a feed", "on the site"),
    ".rss": ("a feed", "on the site"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file's bytes, and its text as the loader reads it with what it takes to write it back."""

    path: Path
    shown: str
    data: bytes
    mark: bytes
    encoding: str
    text: str  # line ends are "\n"
    ends: tuple[str, ...]  # of each line as written; the last may be ""

    def bytes_of(self, text: str) -> bytes:
        lines = text.split("\n")
        raw = "".join(line + end for line, end in zip(lines, self.ends, strict=True))
        try:
            return self.mark + raw.encode(self.encoding)
        except UnicodeEncodeError as error:
            sign = raw[error.start]
            what = f"its encoding, {self.encoding}, has no {sign}"
            raise InputError(what, path=self.shown, fix="save it as UTF-8 first") from error


def fix_items(context: CommandContext, items: Sequence[str], *, lang: str, yes: bool) -> None:
    """Show the changes of each file, and write those that the person at the terminal, or `yes`, agrees to."""
    paths = _files(context, items)
    lang = lang if len(paths) == 1 else ""  # of several items it is the digest's own
    for path in paths:
        if path.suffix.lower() not in {".txt", *_MARKDOWN}:
            say(f"{context.workspace.shown(path)}: {_made_elsewhere(path)}")
            continue
        _fix(_read(path, context.workspace.shown(path)), context, lang=lang, yes=yes)


def _made_elsewhere(path: Path) -> str:
    """Say why a file is left: another program made it, and would make it again."""
    kind, where = _OTHERS.get(path.suffix.lower(), ("this file", "where it is made"))
    return f"{kind} is mended {where}, --fix changes .txt and .md files only; the mail has it right already"


def _files(context: CommandContext, items: Sequence[str]) -> list[Path]:
    paths = [Path(item) for item in items]
    if len(paths) == 1 and paths[0].is_dir():
        return list(open_folder(paths[0], root=context.workspace.root).items)
    return paths


def _fix(file: _File, context: CommandContext, *, lang: str, yes: bool) -> None:
    mended = _mended(file, context, lang)
    if mended == file.text:
        print(f"{file.shown}: nothing to mend")
        return
    data = file.bytes_of(mended)
    for line in difflib.unified_diff(
        file.text.split("\n"), mended.split("\n"), file.shown, f"{file.shown} (mended)", lineterm="", n=1
    ):
        print(line[:1] + one_line(line[1:]))
    if not yes and not sys.stdin.isatty():
        say(f"nothing was written; add --yes to write {file.shown}")
    elif yes or _agreed(file.shown):
        _write(file, data)
        print(f"{file.shown}: written")
    else:
        print(f"{file.shown}: left as it is")


def _mended(file: _File, context: CommandContext, lang: str) -> str:
    front = split_front(file.text, file.shown)
    markdown = file.path.suffix.lower() in _MARKDOWN

    def parse(body: str) -> Draft:
        if not markdown:
            return parse_text(body, shown=file.shown, first_line=front.body_line)
        from newsletter.content.markdown import parse_markdown

        return parse_markdown(
            body, shown=file.shown, first_line=front.body_line, item=file.path, root=context.workspace.root
        )

    head = file.text[: len(file.text) - len(front.body)]
    spoken = lang or front.word("lang") or "ru"
    return head + mend_body(
        front.body, markdown=markdown, parse=parse, lang=spoken, settings=context.settings.typography
    )


def _read(path: Path, shown: str) -> _File:
    """Read a file with its encoding: the one under which its bytes give the text that the loader sees."""
    data = read_bytes(path, shown)
    text = decode(data, shown)
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    for encoding in (marked,) if marked else ("utf-8", *CODE_PAGES):
        try:
            pieces = _LINE_END.split(data[len(mark) :].decode(encoding))
        except UnicodeDecodeError:
            continue
        if "\n".join(pieces[::2]) == text:
            ends = (*pieces[1::2], "")
            return _File(path=path, shown=shown, data=data, mark=mark, encoding=encoding, text=text, ends=ends)
    raise InputError(
        "holds separators (U+2028, U+FEFF) that --fix would lose", path=shown, fix="save it anew as plain UTF-8 text"
    )


def _agreed(shown: str) -> bool:
    print(f"Write this to {shown}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "д", "да")


def _refuse_unlike(target: Path, shown: str) -> None:
    """Refuse what replacing a file would not respect: that nobody is to write it, that it has a second name."""
    about = target.stat()
    if not about.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise InputError("is read-only", path=shown, fix="make it writable, or mend a copy")
    if about.st_nlink > 1:
        raise InputError("has a second name (a hard link), which would keep the old text", path=shown, fix="copy it")


def _write(file: _File, data: bytes) -> None:
    """Replace the file. Raises InputError where an editor saved another text meanwhile, DiskError when it fails."""
    if read_bytes(file.path, file.shown) != file.data:
        raise InputError("was changed meanwhile", path=file.shown, fix="run the command again")
    target = file.path.resolve()  # a symbolic link stays one
    temporary = ""
    try:
        _refuse_unlike(target, file.shown)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        with open(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
        temporary = ""
    except OSError as error:
        raise DiskError(f"cannot be written: {error.strerror}", path=file.shown, fix="check its rights") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
