"""From a file to news items: decode, split off the front matter, read the blocks, look for facts, let front win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from pathlib import Path

from newsletter.content.correction import Correction
from newsletter.content.decode import decode, read_bytes, read_text
from newsletter.content.draft import Draft
from newsletter.content.front import Front, split_front
from newsletter.content.item import NewsItem
from newsletter.content.opening import read_plain
from newsletter.errors import InputError

_MARKDOWN = frozenset({".md", ".markdown"})
_HTML = frozenset({".html", ".htm"})
_OF_WORD_PROCESSORS = frozenset({".doc", ".rtf", ".odt", ".pages", ".docm", ".dot", ".dotx", ".wps"})
FEEDS = frozenset({".xml", ".rss", ".atom"})
SUFFIXES = frozenset({".txt", ".docx"}) | _MARKDOWN | _HTML


def load_item(path: Path, *, root: Path, title: str = "", correction: Correction | None = None) -> NewsItem:
    """Return the news item in a file. `root` is the workspace: paths are shown from it, images looked for in it.

    `title` overrides the front matter's and the text's own. Raises InputError and nothing else.
    """
    shown = _shown(path, root)
    suffix = path.suffix.lower()
    if suffix in FEEDS:
        items = load_feed(path, root=root)
        if len(items) > 1:
            what = f"is a feed of {len(items)} items, where one is asked for"
            raise InputError(what, path=shown, fix="keep one entry in it, or make a digest of them")
        return replace(items[0], title=title, title_proposed=False) if title else items[0]
    if suffix not in SUFFIXES or path.name.startswith("~$"):
        raise _wrong_kind(path, suffix, shown)
    draft, front = _read(path, suffix, root, shown)
    if not draft.blocks and not draft.title:
        raise InputError("there are no words in this file", path=shown, fix="write the news item")
    return _understood(draft, front, shown=shown, title=title, correction=correction)


def _wrong_kind(path: Path, suffix: str, shown: str) -> InputError:
    if path.name.startswith("~$"):
        what = "is Word's own note that somebody has the file open"
        return InputError(what, path=shown, fix=f"name {path.name[2:]!r}, and close it in Word")
    kind = path.suffix or "without a suffix"
    if path.name == "issue.toml":
        fix = "this file is about a folder of items: name the folder"
    elif suffix in _OF_WORD_PROCESSORS:
        fix = "open it in a word processor and save it as .docx"
    elif suffix == ".pdf":
        fix = "copy its text into a .txt file"
    else:
        fix = "save it as .txt"
    what = f"a news item is a .txt, .md, .html or .docx file, or a feed, this one is {kind}"
    return InputError(what, path=shown, fix=fix)


def load_feed(
    path: Path, *, root: Path, zone: tzinfo = UTC, correction: Correction | None = None
) -> tuple[NewsItem, ...]:
    """Return the news items of an RSS or Atom file, in its order; each knows the line of its entry.

    `zone` is where the office is: a time in UTC falls on its day there.
    """
    from newsletter.content.feed import named_encoding, read_feed

    shown = _shown(path, root)
    data = read_bytes(path, shown)
    text = decode(data, shown, named=named_encoding(data))
    drafts = read_feed(text, shown=shown, item=path, root=root, zone=zone)
    return tuple(_understood(draft, front, shown=shown, title="", correction=correction) for draft, front in drafts)


def load_corrected(
    path: Path, *, root: Path, zone: tzinfo = UTC, correction: Correction | None = None
) -> tuple[NewsItem, ...]:
    """Return the news items of one file, with what `issue.toml` says of it. Raises InputError."""
    if path.suffix.lower() in FEEDS:
        items = load_feed(path, root=root, zone=zone, correction=correction)
        if correction is not None and len(items) > 1:
            what = f"a table is about one item, this file is a feed of {len(items)}"
            raise InputError(what, path=correction.path, line=correction.line, fix="keep one entry in the feed")
        return items
    return (load_item(path, root=root, correction=correction),)


def load_items(paths: Sequence[Path], *, root: Path, zone: tzinfo = UTC) -> tuple[NewsItem, ...]:
    """Return the news items in files, in the order given; a feed gives several, each with the feed's path."""
    return tuple(item for path in paths for item in load_corrected(path, root=root, zone=zone))


def _read(path: Path, suffix: str, root: Path, shown: str) -> tuple[Draft, Front]:
    """Return what is written in a file of one item, by the loader for its kind; each loads its library when needed."""
    if suffix in _HTML:
        from newsletter.content.page import named_charset, read_page

        data = read_bytes(path, shown)
        front = _body(decode(data, shown, named=named_charset(data)), shown)
        return read_page(front, shown=shown, item=path, root=root)
    if suffix == ".docx":
        from newsletter.content.docx import MAX_BYTES, read_docx

        data = read_bytes(path, shown, max_bytes=MAX_BYTES)
        return read_docx(data, shown=shown, place=_place(path, root))
    front = _body(read_text(path, shown), shown)
    if suffix in _MARKDOWN:
        from newsletter.content.markdown import parse_markdown

        return parse_markdown(front.body, shown=shown, first_line=front.body_line, item=path, root=root), front
    opening = read_plain(front.body, shown=shown, first_line=front.body_line)
    values, lines = {**opening.values, **front.values}, {**opening.lines, **front.lines}
    return opening.draft, replace(front, values=values, lines=lines)


def _body(text: str, shown: str) -> Front:
    front = split_front(text, shown)
    if not front.body.strip():
        raise InputError(
            "there is no text after the front matter", path=shown, line=front.body_line, fix="write the news item"
        )
    return front


def _place(path: Path, root: Path) -> str:
    """Return a file's path from the workspace's root, as in `Image.src`; whole for one outside."""
    file, top = path.resolve(), root.resolve()
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else file.as_posix()


def _shown(path: Path, root: Path) -> str:
    """Return the path as a person knows it: from the workspace when it lies inside, else as it was given."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        return str(path)


def _understood(
    draft: Draft, front: Front, *, shown: str, title: str, correction: Correction | None = None
) -> NewsItem:
    from newsletter.content.understand import understand  # half a second of patterns, for who reads an item

    if correction is None:
        item = understand(draft, front, shown=shown, title=title)
    else:
        with correction.naming_its_file():
            item = correction.placed(understand(draft, correction.over(front), shown=shown, title=title))
    return replace(item, left_out=draft.left_out) if draft.left_out else item
