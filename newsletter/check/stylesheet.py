"""Reads the CSS of a finished mail: its `<style>` blocks as flat rules with their media, and style attributes.

By tinycss2, which follows CSS Syntax Level 3 and never fails on bad input; what nests too deep for it to print is
left out. Conditional comments for Outlook are comments here; `outlook_view.py` opens them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import tinycss2
from tinycss2 import ast

from newsletter.check.markup import Lines

# Comments go first; what stands in a style element is no markup, whatever it looks like.
_PARTS = re.compile(
    r"<!--(?:-?>|(?>.*?(?:-->|\Z)))"
    r"""|<style\b(?P<rest>(?:[^<>"']|"[^"]*+"|'[^']*+')*+)>(?P<css>(?>.*?(?=</style\b|\Z)))"""
    r"|(?P<body><body\b)",
    re.DOTALL | re.IGNORECASE,
)
_MEDIA = re.compile(r"""\bmedia\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


_HOLDING_RULES = frozenset({"media", "supports", "layer", "container", "document"})
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    name: str  # lower case; a custom property as written
    value: str
    important: bool
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    selectors: str
    declarations: tuple[Declaration, ...]
    media: tuple[str, ...]  # the conditions it stands under, outermost first; @supports and the like as "@supports …"
    nested: bool  # stands in another rule
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRule:
    name: str  # "media", lower case
    prelude: str
    media: tuple[str, ...]  # the conditions around it
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    css: str
    in_head: bool
    media: str  # of the element's attribute
    rules: tuple[Rule, ...]
    at_rules: tuple[AtRule, ...]
    line: int


@lru_cache(maxsize=8)  # contrast, client support and size read the same few pages
def read_sheets(html: str) -> tuple[Sheet, ...]:
    """Return the style blocks of a document, in order. Never raises."""
    lines = Lines(html)
    sheets: list[Sheet] = []
    in_head = True
    for found in _PARTS.finditer(html):
        if found["body"]:
            in_head = False
        if found["css"] is None:
            continue
        line = lines.line_of(found.start("css"))
        media = _MEDIA.search(found["rest"])
        condition = next(filter(None, media.groups()), "") if media else ""
        rules, at_rules = _read_css(found["css"], condition, line)
        sheets.append(
            Sheet(css=found["css"], in_head=in_head, media=condition, rules=rules, at_rules=at_rules, line=line)
        )
    return tuple(sheets)


@lru_cache(maxsize=64)  # a theme's few, whatever the mail says below them
def _read_css(css: str, media: str, line: int) -> tuple[tuple[Rule, ...], tuple[AtRule, ...]]:
    reading = _Reading(line - 1)
    reading.read(
        tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True),
        (media,) if media else (),
    )
    return tuple(reading.rules), tuple(reading.at_rules)


@lru_cache(maxsize=2048)  # the inliner writes the same few hundred style attributes into every mail of a theme
def read_declarations(style: str) -> tuple[Declaration, ...]:
    """Return the declarations of a style attribute, in order. Never raises."""
    return tuple(_declarations(tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True), 0))


def serialized(tokens: list[ast.Node]) -> str:
    """Write tokens as CSS; nothing where they nest deeper than can be written."""
    try:
        return str(tinycss2.serialize(tokens)).strip()
    except RecursionError:
        return ""


def _declarations(nodes: list[ast.Node], offset: int) -> Iterator[Declaration]:
    for node in nodes:
        if isinstance(node, ast.Declaration):
            name = node.name if node.name.startswith("--") else node.lower_name
            value = serialized(node.value)
            yield Declaration(name=name, value=value, important=node.important, line=node.source_line + offset)


@dataclass(slots=True)
class _Reading:
    """Flattens the rules of one style element."""

    offset: int  # lines of the document before it
    rules: list[Rule] = field(default_factory=list)
    at_rules: list[AtRule] = field(default_factory=list)

    def read(self, nodes: list[ast.Node], media: tuple[str, ...], *, nested: bool = False) -> None:
        """Add the rules among `nodes`, and those within them; what nests deeper than any mail's stays unread."""
        if len(media) > _MAX_DEPTH:
            return
        for node in nodes:
            if isinstance(node, ast.QualifiedRule):
                self._rule(node, serialized(node.prelude), media, nested=nested)
            elif isinstance(node, ast.AtRule):
                self._at_rule(node, media)

    def _rule(
        self, node: ast.QualifiedRule | ast.AtRule, selectors: str, media: tuple[str, ...], *, nested: bool
    ) -> None:
        inner = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
        self.rules.append(
            Rule(
                selectors=selectors,
                declarations=tuple(_declarations(inner, self.offset)),
                media=media,
                nested=nested,
                line=node.source_line + self.offset,
            )
        )
        if isinstance(node, ast.QualifiedRule):  # what stands in @keyframes and the like is no rule for elements
            self.read(inner, (*media, "&"), nested=True)

    def _at_rule(self, node: ast.AtRule, media: tuple[str, ...]) -> None:
        name, prelude = node.lower_at_keyword, serialized(node.prelude)
        self.at_rules.append(AtRule(name=name, prelude=prelude, media=media, line=node.source_line + self.offset))
        if node.content is None:
            return
        if name in _HOLDING_RULES:
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            self.read(inner, (*media, prelude if name == "media" else f"@{name} {prelude}"))
        else:
            self._rule(node, f"@{name}", (*media, f"@{name}"), nested=False)
