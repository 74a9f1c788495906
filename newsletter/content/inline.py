"""The inside of a Markdown paragraph, heading or cell as styled text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from markdown_it.tree import SyntaxTreeNode

from newsletter.content.item import Origin, Span, Text
from newsletter.content.links import clean_href
from newsletter.content.spans import cut, join
from newsletter.errors import InputError

_PLAIN = Span(text="")


def inline_text(node: SyntaxTreeNode, origin: Origin) -> Text:
    """Return the text of a node that holds one inline node, or none. Raises InputError with the line."""
    spans = tuple(span for child in node.children for span in _spans(child, _PLAIN, _Line(origin)))
    text = join(spans)
    return cut(text, 0, sum(len(span.text) for span in text))


class _Line:
    """Where reading stands: line breaks inside a paragraph count, so that a bad link is named by its own line."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    def advance(self) -> None:
        self.origin = replace(self.origin, line=self.origin.line + 1)


def _spans(node: SyntaxTreeNode, style: Span, line: _Line) -> Iterator[Span]:
    match node.type:
        case "softbreak":
            line.advance()
            yield replace(style, text=" ")
        case "hardbreak":
            line.advance()
            yield replace(style, text="\n")
        case "code_inline":
            yield replace(style, text=node.content, code=True)
        case "image":
            raise InputError(
                "an image stands inside a sentence, list or table",
                path=line.origin.path,
                line=line.origin.line,
                fix="give it a paragraph of its own, with blank lines around",
            )
        case "link":
            href = clean_href(str(node.attrs.get("href", "")), line.origin)
            inside = list(_inside(node, replace(style, href=href), line))
            yield from inside or [replace(style, text=href, href=href)]
        case "strong":
            yield from _inside(node, replace(style, bold=True), line)
        case "em":
            yield from _inside(node, replace(style, italic=True), line)
        case "inline":
            yield from _inside(node, style, line)
        case _:
            yield replace(style, text=node.content)


def _inside(node: SyntaxTreeNode, style: Span, line: _Line) -> Iterator[Span]:
    for child in node.children:
        yield from _spans(child, style, line)
