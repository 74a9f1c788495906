"""Reads MJML into a tree the way mjml-python does, faults included, so that a linter sees what the library saw.

Any closing tag closes the element that is open (the library compares no names); what stands in an "ending" element,
such as mj-text, is HTML. The reader never raises: a fault that stops the library was reported by the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from newsletter.check.markup import VOID, Token, read_tokens
from newsletter.check.mjml_components import components


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """An element. Filled while reading, not changed afterwards."""

    tag: Token
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    bare_text: Token | None = None  # the first visible text that stands directly in an element that takes none
    inner_tags: list[Token] = field(default_factory=list)  # of an ending element: MJML tags that stand as if HTML
    wrong_close: Token | None = None  # a closing tag of another name closed it

    @property
    def name(self) -> str:
        return self.tag.name

    @property
    def is_known(self) -> bool:
        return self.name in components()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    text: str
    nodes: tuple[Node, ...]  # in the order of the text

    def named(self, name: str) -> Iterator[Node]:
        return (node for node in self.nodes if node.name == name)


@lru_cache(maxsize=16)  # every MJML check reads the same few variants
def read_mjml(text: str) -> Document:
    """Return the tree of an MJML text, whatever the text is."""
    nodes: list[Node] = []
    open_nodes: list[Node] = []
    depth = 0  # elements of its own name open inside an ending element
    for token in read_tokens(text):
        current = open_nodes[-1] if open_nodes else None
        if current is not None and _is_ending(current):
            depth += _step(token, current.name)
            if token.kind == "close" and depth < 0:
                open_nodes.pop()
                depth = 0
            elif token.kind == "open" and token.name.startswith("mj-"):
                current.inner_tags.append(token)
        elif token.kind == "open":
            node = Node(tag=token, parent=current)
            nodes.append(node)
            if current is not None:
                current.children.append(node)
            if not token.self_closing and token.name not in VOID:
                open_nodes.append(node)
        elif token.kind == "close" and current is not None:
            if token.name != current.name:
                current.wrong_close = token
            open_nodes.pop()
        elif current is not None and current.bare_text is None and token.text.strip():
            current.bare_text = token
    return Document(text=text, nodes=tuple(nodes))


def _is_ending(node: Node) -> bool:
    known = components().get(node.name)
    return known is not None and known.is_ending


def _step(token: Token, name: str) -> int:
    if token.name != name or token.self_closing:
        return 0
    return {"open": 1, "close": -1, "text": 0}[token.kind]
