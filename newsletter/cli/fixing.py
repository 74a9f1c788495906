"""`newsletter check --fix`: shows what typography would change in an item's file, and writes it when told to.

Encoding, byte order mark, line ends and front matter stay as they are. The file is replaced in one step, never half
written, and only if it is still the one that was shown.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from newsletter.cli.context import CommandContext
from newsletter.cli.output import one_line, say
from newsletter.content.decode import decode, read_bytes
from newsletter.content.draft import Draft
from newsletter.content.file_text import FileText, parse_file_text, replace_file
from newsletter.content.front import split_front
from newsletter.content.mending import mend_body
from newsletter.content.text import parse_text
from newsletter.errors import InputError
from newsletter.issue_folder import open_folder

_MARKDOWN = frozenset({".md", ".markdown"})
# What --fix leaves: what it is, and where it is mended.
_OTHERS: Mapping[str, tuple[str, str]] = {
    ".docx": ("a Word file", "in Word"),
    ".html": ("a web page", "on the site"),
    ".htm": ("a web page", "on the site"),
    ".xml": ("a feed", "on the site"),
    ".rss": ("a feed", "on the site"),
}


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


def _fix(file: FileText, context: CommandContext, *, lang: str, yes: bool) -> None:
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
        replace_file(file, data)
        print(f"{file.shown}: written")
    else:
        print(f"{file.shown}: left as it is")


def _mended(file: FileText, context: CommandContext, lang: str) -> str:
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


def _read(path: Path, shown: str) -> FileText:
    """Read a file whose text is, to the letter, what the loader sees: nothing else could be mended in it."""
    data = read_bytes(path, shown)
    text = decode(data, shown)
    file = parse_file_text(path, shown, data)
    if file.text != text:
        what = "holds separators (U+2028, U+FEFF) that --fix would lose"
        raise InputError(what, path=shown, fix="save it anew as plain UTF-8 text")
    return file


def _agreed(shown: str) -> bool:
    print(f"Write this to {shown}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "д", "да")
