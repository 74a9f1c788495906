"""An RSS or Atom file as news items, one an entry, in the order of the feed.

The file is read, never fetched: feedparser opens whatever it takes for a name or an address, so it gets a stream of
bytes. What an entry says of itself (link, date, author, category) counts as front matter does.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast

import feedparser  # type: ignore[import-untyped]

from newsletter.content.draft import Draft
from newsletter.content.feed_lines import EntryLines, find_entries
from newsletter.content.front import Front
from newsletter.content.html import Page, read_blocks
from newsletter.content.item import Block, Heading, Image, Origin, Paragraph, plain
from newsletter.content.keys import KEYS, WrongValueError
from newsletter.content.markup import parse_markup
from newsletter.content.opening import read_opening
from newsletter.content.page import find_page_image, with_opening
from newsletter.content.spans import squeeze, text_of
from newsletter.content.text import parse_text
from newsletter.errors import InputError

MAX_ENTRIES = 50  # a digest has a handful; a feed of a whole year is not what somebody means to send
_DECLARATION = re.compile(r"\A<\?xml\b[^>]*\?>")
_ROOT = re.compile(r"<\w")
_ENCODING = re.compile(rb"<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})")
_TAG = re.compile(r"<[a-zA-Z!/]")
_RUBRIC = 40  # characters
# What a character reference brings in behind decode.py's back.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]")
_BREAK = re.compile("\r\n?|[\u2028\u2029]")

Entry = Mapping[str, object]


def named_encoding(data: bytes) -> str:
    """Return the encoding that an XML declaration names; empty for none."""
    found = _ENCODING.search(data[:1000])
    return found[1].decode("ascii") if found else ""


def read_feed(text: str, *, shown: str, item: Path, root: Path, zone: tzinfo = UTC) -> tuple[tuple[Draft, Front], ...]:
    """Return the draft and front matter of each entry; `zone` is where a day begins, for times given in UTC.

    Raises InputError.
    """
    source = text.lstrip()  # some servers send blank lines before the declaration, which XML forbids
    first_line = 1 + text.count("\n", 0, len(text) - len(source))
    source = _DECLARATION.sub(lambda found: "\n" * found.group().count("\n"), source, count=1)
    lines = find_entries(source, shown=shown, first_line=first_line)
    # A stream of bytes: a string or bytes would be opened when a file of that name exists, or fetched.
    stream = io.BytesIO(_with_flat_head(source).encode())
    feed = feedparser.parse(stream, sanitize_html=False, resolve_relative_uris=False)
    entries = cast("list[Entry]", feed.entries)
    if not feed.version:
        raise InputError("is XML, but no RSS or Atom feed", path=shown, fix="name a feed, or save the text as .html")
    if not entries:
        raise InputError("the feed has no entries", path=shown, fix="export one that has")
    if len(entries) > MAX_ENTRIES:
        beyond = lines[MAX_ENTRIES].line if len(lines) > MAX_ENTRIES else 0
        what = f"the feed has {len(entries)} entries, more than {MAX_ENTRIES}"
        raise InputError(what, path=shown, line=beyond, fix="keep those to send, and delete the rest")
    if len(lines) != len(entries):
        lines = [EntryLines(line=first_line)] * len(entries)
    about = cast("Entry", feed.feed)
    return tuple(
        _Entry(entry, about, where, shown, item, root, zone).read() for entry, where in zip(entries, lines, strict=True)
    )


class _Entry:
    """Reads one entry of a feed."""

    def __init__(
        self, entry: Entry, about: Entry, lines: EntryLines, shown: str, item: Path, root: Path, zone: tzinfo
    ) -> None:
        self.entry = entry
        self.about = about
        self.lines = lines
        self.shown = shown
        self.item = item
        self.root = root
        self.zone = zone
        self.base = _word(entry, "link") or _word(about, "link")

    def read(self) -> tuple[Draft, Front]:
        title = _plain_words(_word(self.entry, "title"))
        blocks = self.blocks()
        if blocks and isinstance(blocks[0], Heading) and squeeze(plain(blocks[0].text)) == title:
            blocks = blocks[1:]
        if not title and not blocks:
            raise InputError(
                "this entry has neither title nor text", path=self.shown, line=self.lines.line, fix="delete it"
            )
        opening = read_opening(blocks, title=title)
        drafted = opening.draft
        draft = Draft(
            title=text_of(title) or drafted.title,
            title_line=self.lines.line,
            blocks=self.with_enclosure(drafted.blocks),
        )
        opening = replace(opening, draft=draft)
        values = self.values()
        front = Front(body="", body_line=self.lines.line)
        return draft, with_opening(front, values, dict.fromkeys(values, self.lines.line), opening)

    def blocks(self) -> tuple[Block, ...]:
        source, line = self.body()
        if not _TAG.search(source):
            return parse_text(_clean(html.unescape(source)), shown=self.shown, first_line=line, is_titled=False).blocks
        tree = parse_markup(source, shown=self.shown, first_line=line)
        return read_blocks(tree, Page(shown=self.shown, picture=self.picture, base=self.base))

    def body(self) -> tuple[str, int]:
        """Return the fullest text that the entry has, and its line."""
        contents = cast("list[Entry]", self.entry.get("content", []))
        for words, names in (
            (next((_word(content, "value") for content in contents), ""), ("encoded", "content")),
            (_word(self.entry, "yandex_full-text"), ("full-text",)),
            (_word(self.entry, "summary"), ("description", "summary")),
        ):
            if words.strip():
                found = (self.lines.words[name] for name in names if name in self.lines.words)
                return words.strip("\n"), next(found, self.lines.line)
        return "", self.lines.line

    def picture(self, address: str, origin: Origin) -> str:
        return find_page_image(address, base=self.base, item=self.item, root=self.root, origin=origin)

    def with_enclosure(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """Return the blocks with the picture that the entry encloses, behind the lead, unless it shows one itself."""
        address = next(self.enclosures(), "")
        if not address or any(isinstance(block, Image) for block in blocks):
            return blocks
        origin = Origin(path=self.shown, line=self.lines.line)
        image = Image(src=self.picture(address, origin), alt="", origin=origin)
        at = 1 if blocks and isinstance(blocks[0], Paragraph) else 0
        return (*blocks[:at], image, *blocks[at:])

    def enclosures(self) -> Iterator[str]:
        for key in ("enclosures", "media_content", "media_thumbnail"):
            for found in cast("list[Entry]", self.entry.get(key, [])):
                address = _word(found, "href") or _word(found, "url")
                kind = f"{_word(found, 'type')} {_word(found, 'medium')}"
                if address.startswith("https://") and ("image" in kind or key == "media_thumbnail"):
                    yield address

    def values(self) -> dict[str, object]:
        tags = cast("list[Entry]", self.entry.get("tags", []))
        rubric = _plain_words(next((_word(tag, "term") for tag in tags), ""))
        written = {
            "link": _word(self.entry, "link"),
            "source": _plain_words(_word(self.about, "title")),
            "author": _plain_words(_word(self.entry, "author")),
            "rubric": rubric if len(rubric) <= _RUBRIC else "",
            "lang": _word(self.about, "language"),
        }
        values: dict[str, object] = {}
        for key, words in written.items():
            try:
                values |= {key: KEYS[key](words)} if words else {}
            except WrongValueError:
                continue  # "http://…" is no link for a mail, "Russian" no language code: the entry is whole without
        day = _day(_word(self.entry, "published") or _word(self.entry, "updated"), self.zone)
        return values | ({"date": day} if day is not None else {})


def _word(entry: Entry, key: str) -> str:
    # feedparser's own get() looks for relatives of a key that is missing, and warns.
    value = dict.get(cast("dict[str, object]", entry), key, "")
    return _clean(value) if isinstance(value, str) else ""


def _clean(words: str) -> str:
    return _CONTROL.sub("", _BREAK.sub("\n", words))


def _with_flat_head(source: str) -> str:
    """Return the feed with single spaces before its root: in blank lines there feedparser is quadratic."""
    root = _ROOT.search(source)
    head = source[: root.start()] if root else ""
    return re.sub(r"\s+", " ", head) + source[len(head) :]


def _plain_words(words: str) -> str:
    """Return one line without the tags and entities that feeds put even into titles."""
    return parse_markup(words, shown="").words() if "<" in words or "&" in words else squeeze(words)


def _day(words: str, zone: tzinfo) -> date | None:
    """Return the day on which something was published, where it was: a time in UTC is one of `zone`."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(words)
            return moment.astimezone(zone).date() if moment.tzinfo and not moment.utcoffset() else moment.date()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
