"""Markdown as blocks: CommonMark with tables, HTML off (a tag is text). What cannot become a block is an error.

Nothing is dropped silently: a construction without a place in a mail (an image inside a sentence, a table inside a
list, nesting without end) is refused with its line. Nested lists become one list, inner items after a dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.content.draft import Draft
from newsletter.content.inline import inline_text
from newsletter.content.item import (
    Block,
    Figure,
    FigureGroup,
    Heading,
    Image,
    Link,
    ListBlock,
    Origin,
    Paragraph,
    Quote,
    Span,
    Table,
    Text,
    plain,
)
from newsletter.content.keys import WrongValueError, split_figure
from newsletter.content.links import find_image
from newsletter.content.spans import cut, join, text_of, unquoted
from newsletter.content.written import written_figure
from newsletter.errors import InputError

_MAX_LEVEL = 16  # open elements around a block; a list takes two. People stop at three lists
_MAX_BRACKETS = 3_000  # markdown-it looks for the partner of each [ to the end: 40,000 of them take 15 seconds
_SIGNATURE = re.compile(r"(?:—|–|--)\s*(?P<who>[^,\n]+?)(?:,\s*(?P<role>[^\n]+?))?")


def parse_markdown(body: str, *, shown: str, first_line: int, item: Path, root: Path) -> Draft:
    """Return the title and blocks of Markdown whose first line is line `first_line` of the file."""
    # Beyond maxNesting markdown-it drops blocks without a word: our own limit, far below, is an error instead.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable("table")
    # Addresses are judged in links.py, where a refusal has a line; markdown-it lets a bad link silently stay text.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    reader = _Reader(shown=shown, first_line=first_line, item=item, root=root, lines=body.split("\n"))
    if body.count("[") > _MAX_BRACKETS:
        raise InputError(
            f"there are more than {_MAX_BRACKETS:,} opening brackets", path=shown, fix="is this a news item?"
        )
    tokens = parser.parse(body)
    reader.refuse_depth(tokens)
    nodes = SyntaxTreeNode(tokens).children
    title: Text = ()
    title_line = 0
    if nodes and nodes[0].type == "heading" and nodes[0].tag == "h1":
        title, title_line = reader.text(nodes[0]), reader.origin(nodes[0]).line
        nodes = nodes[1:]
    blocks = tuple(block for node in nodes for block in reader.blocks(node))
    return Draft(title=title, title_line=title_line, blocks=blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Turns syntax nodes into blocks; knows the file for errors and images."""

    shown: str
    first_line: int
    item: Path
    root: Path
    lines: Sequence[str]

    def origin(self, node: SyntaxTreeNode) -> Origin:
        holder: SyntaxTreeNode | None = node
        while holder is not None and not holder.is_root:
            if holder.map:
                return Origin(path=self.shown, line=self.first_line + holder.map[0])
            holder = holder.parent
        return Origin(path=self.shown, line=self.first_line)

    def refuse(self, node: SyntaxTreeNode, what: str, fix: str) -> InputError:
        return InputError(what, path=self.shown, line=self.origin(node).line, fix=fix)

    def refuse_depth(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            deep = token.level > _MAX_LEVEL or any(child.level > _MAX_LEVEL for child in token.children or ())
            if deep:
                line = self.first_line + (token.map[0] if token.map else 0)
                what = "lists, quotes or emphasis are nested too deeply"
                raise InputError(what, path=self.shown, line=line, fix="use fewer levels")

    def text(self, node: SyntaxTreeNode) -> Text:
        return inline_text(node, self.origin(node))

    def blocks(self, node: SyntaxTreeNode) -> Iterator[Block]:
        """Yield the block that a top-level node becomes; a rule (***) becomes none, an empty node neither."""
        match node.type:
            case "paragraph":
                yield self.paragraph(node)
            case "heading":
                level = min(max(int(node.tag[1]), 2), 4)
                if text := self.text(node):
                    yield Heading(level=level, text=text, origin=self.origin(node))
            case "bullet_list" | "ordered_list":
                if items := tuple(self.items(node)):
                    ordered = node.type == "ordered_list"
                    yield ListBlock(ordered=ordered, items=items, origin=self.origin(node))
            case "blockquote":
                yield from self.quote(node)
            case "table":
                yield self.table(node)
            case "fence" | "code_block":
                yield from self.fence(node)
            case "hr":
                return
            case other:
                raise self.refuse(node, f"there is no place in a mail for {other!r}", "write it as a paragraph")

    def paragraph(self, node: SyntaxTreeNode) -> Block:
        inline = [child for holder in node.children for child in holder.children]
        if len(inline) == 1 and inline[0].type == "image":
            return self.image(inline[0])
        text = self.text(node)
        if len(inline) == 1 and inline[0].type == "link":
            return Link(text=plain(text).replace("\n", " "), href=text[0].href, origin=self.origin(node))
        return Paragraph(text=text, origin=self.origin(node))

    def image(self, node: SyntaxTreeNode) -> Image:
        origin = self.origin(node)
        src = find_image(str(node.attrs.get("src", "")), item=self.item, root=self.root, origin=origin)
        alt = "".join(child.content or " " for child in node.children)
        return Image(src=src, alt=alt, credit=str(node.attrs.get("title", "")), origin=origin)

    def items(self, node: SyntaxTreeNode) -> Iterator[Text]:
        """Yield the items of a list, each followed by the items of the lists inside it, after a dash."""
        for entry in node.children:
            own: list[Text] = []
            inner: list[Text] = []
            for child in entry.children:
                if child.type in {"bullet_list", "ordered_list"}:
                    inner += [_dashed(text) for text in self.items(child)]
                else:
                    own += self.lines_of(child)
            if text := _lined(own):
                yield text
            yield from inner

    def lines_of(self, node: SyntaxTreeNode) -> list[Text]:
        """Return the text inside a list item or a quote, one entry a paragraph."""
        match node.type:
            case "paragraph" | "heading":
                return [self.text(node)]
            case "fence" | "code_block":
                return [_code(node)]
            case "bullet_list" | "ordered_list":
                return [_dashed(text) for text in self.items(node)]
            case "blockquote":
                return [text for child in node.children for text in self.lines_of(child)]
            case "hr":
                return []
            case other:
                raise self.refuse(node, f"a {other} stands inside a list or a quote", "move it out of there")

    def quote(self, node: SyntaxTreeNode) -> Iterator[Quote]:
        """Yield a quote; a last line such as "— Имя Фамилия, роль" says whose words they are."""
        body = _lined(self.said(node))
        last = next((line for line in reversed(self._source(node)) if line), "")
        signed = _SIGNATURE.fullmatch(last)
        speaker = role = ""
        # "— от подбора площадки до сетей." is the end of a sentence that somebody's editor broke there.
        is_speech = signed is not None and last.endswith((".", "!", "?", "…")) and signed["who"][0].islower()
        if signed is not None and not is_speech and plain(body).endswith(last):
            speaker, role = signed["who"], signed["role"] or ""
            body = cut(body, 0, len(plain(body)) - len(last))
        if plain(body):
            yield Quote(text=unquoted(body), speaker=speaker, role=role, origin=self.origin(node))
        elif last:
            raise self.refuse(node, "this quote has a speaker, but no words", 'put the words before "— …"')

    def said(self, node: SyntaxTreeNode) -> list[Text]:
        """Return the lines of a quote; a line broken before its dash is no list, though Markdown takes it for one."""
        found: list[Text] = []
        end = -1
        for child in node.children:
            lines = self.lines_of(child)
            start = child.map[0] if child.map else -1
            if found and child.type == "bullet_list" and start == end and _goes_on(plain(found[-1]), lines):
                found[-1] = join(found[-1], text_of(" "), lines[0])
            else:
                found += lines
            end = child.map[1] if child.map else -1
        return found

    def _source(self, node: SyntaxTreeNode) -> list[str]:
        start, end = node.map or (0, 0)
        return [line.strip().lstrip("> \t").strip() for line in self.lines[start:end]]

    def table(self, node: SyntaxTreeNode) -> Table:
        rows = [row for part in node.children for row in part.children]
        columns = len(rows[0].children)
        for row in rows:
            self.refuse_extra_cells(row, columns)
        texts = [tuple(self.text(cell) for cell in row.children) for row in rows]
        return Table(header=texts[0], rows=tuple(texts[1:]), origin=self.origin(node))

    def refuse_extra_cells(self, row: SyntaxTreeNode, columns: int) -> None:
        # GFM drops the cells beyond the header's columns: that would be silent loss.
        cells = escapedSplit(self.lines[row.map[0]].strip()) if row.map else []
        if cells and not cells[0].strip():
            cells = cells[1:]
        if any(cell.strip() for cell in cells[columns:]):
            raise self.refuse(row, "this row has more cells than the table's header", "add columns to the header")

    def fence(self, node: SyntaxTreeNode) -> Iterator[Block]:
        origin = self.origin(node)
        if node.type == "fence" and node.info.strip() == "figures":
            lines = enumerate(node.content.split("\n"), origin.line + 1)
            figures = tuple(self.figure(words, line) for line, words in lines if words.strip())
            if not figures:
                raise self.refuse(node, "this group of figures is empty", "write a figure a line, or delete it")
            yield FigureGroup(figures=figures, origin=origin)
        elif code := _code(node):
            yield Paragraph(text=code, origin=origin)

    def figure(self, words: str, line: int) -> Figure:
        try:
            return written_figure(split_figure(words), Origin(path=self.shown, line=line))
        except WrongValueError as exc:
            raise InputError(f"a figure {exc}", path=self.shown, line=line, fix="see docs/items.md") from exc


def _goes_on(before: str, lines: Sequence[Text]) -> bool:
    """Claim that a list of one entry is the rest of the sentence above it: it begins small behind no end."""
    words = plain(lines[0]).lstrip("– ") if len(lines) == 1 else ""
    return words[:1].islower() and not before.endswith((".", "!", "?", "…", ":", ";"))


def _code(node: SyntaxTreeNode) -> Text:
    words = node.content.strip("\n").replace("\t", "    ")
    return (Span(text=words, code=True),) if words.strip() else ()


def _dashed(text: Text) -> Text:
    return join(text_of("– "), text)


def _lined(texts: Sequence[Text]) -> Text:
    """Return paragraphs as one text, a line break between them."""
    parts: list[Text] = []
    for text in texts:
        if text:
            parts += [text_of("\n"), text] if parts else [text]
    return join(*parts)
