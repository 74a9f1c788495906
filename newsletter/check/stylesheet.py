"""Reads the CSS of a finished mail: its `<style>` blocks as flat rules with their media, and style attributes.

By tinycss2, which follows CSS Syntax Level 3 and never fails on bad input; what nests too deep for it to print is
left out. Conditional comments for Outlook are comments here; `outlook_view.py` opens them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
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
        rules: list[Rule] = []
        at_rules: list[AtRule] = []
        _collect(
            tinycss2.parse_stylesheet(found["css"], skip_comments=True, skip_whitespace=True),
            (condition,) if condition else (),
            line - 1,
            rules,
            at_rules,
        )
        sheets.append(
            Sheet(
                css=found["css"],
                in_head=in_head,
                media=condition,
                rules=tuple(rules),
                at_rules=tuple(at_rules),
                line=line,
            )
        )
    return tuple(sheets)


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


def _collect(
    nodes: list[ast.Node],
    media: tuple[str, ...],
    offset: int,
    rules: list[Rule],
    at_rules: list[AtRule],
    nested: bool = False,
) -> None:
    """Flatten rules; a block in a block in a block … stays unread below 20, which no mail has."""
    if len(media) > 20:
        return
    for node in nodes:
        if isinstance(node, ast.QualifiedRule):
            inner = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
            rules.append(
                Rule(
                    selectors=serialized(node.prelude),
                    declarations=tuple(_declarations(inner, offset)),
                    media=media,
                    nested=nested,
                    line=node.source_line + offset,
                )
            )
            deeper = [one for one in inner if isinstance(one, ast.QualifiedRule | ast.AtRule)]
            if deeper:
                _collect(deeper, (*media, "&"), offset, rules, at_rules, nested=True)
        elif isinstance(node, ast.AtRule):
            prelude = serialized(node.prelude)
            name = node.lower_at_keyword
            at_rules.append(AtRule(name=name, prelude=prelude, media=media, line=node.source_line + offset))
            if node.content is not None and name in ("media", "supports", "layer", "container", "document"):
                inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
                condition = prelude if name == "media" else f"@{name} {prelude}"
                _collect(inner, (*media, condition), offset, rules, at_rules)
            elif node.content is not None:
                inner = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
                declared = tuple(_declarations(inner, offset))
                if declared:
                    rules.append(
                        Rule(
                            selectors=f"@{name}",
                            declarations=declared,
                            media=(*media, f"@{name}"),
                            nested=False,
                            line=node.source_line + offset,
                        )
                    )
