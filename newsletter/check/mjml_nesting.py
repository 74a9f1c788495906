"""MJML elements and texts that stand where they cannot: the library moves, drops or leaves them without a word."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.markup import Token
from newsletter.check.mjml_components import components, parents_of
from newsletter.check.mjml_tree import Document, Node, read_mjml
from newsletter.check.template_place import place_of
from newsletter.render.slots import without_marks


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        document = read_mjml(text)
        for token, message, fix in [*_of_nodes(document), *_doubled(document)]:
            place = place_of(subject, variant, token)
            yield Finding(
                id="mjml_nesting", severity="error", message=message, file=place.file, line=place.line, fix=fix
            )


def _of_nodes(document: Document) -> Iterator[tuple[Token, str, str]]:
    for node in document.nodes:
        if node.parent is not None and _is_misplaced(node, node.parent):
            yield (
                node.tag,
                f"<{node.name}> cannot stand in <{node.parent.name}>: its table cells fall out of the layout",
                f"put it in {_either(parents_of(node.name))}",
            )
        if node.bare_text is not None and node.is_known:
            yield (
                node.bare_text,
                f"text stands bare in <{node.name}>: «{_short(node.bare_text.text)}»",
                "put it inside <mj-text>",
            )
        for tag in node.inner_tags:
            yield (
                tag,
                f"<{tag.name}> stands inside <{node.name}>, where only HTML is read: it is not compiled",
                f"close <{node.name}> before it",
            )


def _doubled(document: Document) -> Iterator[tuple[Token, str, str]]:
    for name in ("mj-body", "mj-head"):
        for node in list(document.named(name))[:-1]:
            yield node.tag, f"there is more than one <{name}>: only the last is mailed", f"keep one <{name}>"


def _is_misplaced(node: Node, parent: Node) -> bool:
    if not node.is_known or parent.name not in components():
        return False  # mj-class and the like, or an unknown element, which is a finding of its own
    return not components()[parent.name].allows(node.name)


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(f"<{name}>" for name in names)


def _short(text: str) -> str:
    words = " ".join(without_marks(text).split())
    return words if len(words) <= 40 else words[:39] + "…"
