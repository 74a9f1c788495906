"""Elements that MJML does not have: the library hands them on as they are, and no mail program knows them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.mjml_components import element_names
from newsletter.check.mjml_tree import Node, read_mjml
from newsletter.check.template_place import place_of


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        for node in read_mjml(text).nodes:
            if node.name in element_names() or _is_inside_unknown(node):
                continue
            place = place_of(subject, variant, node.tag)
            yield Finding(
                id="mjml_unknown_element",
                severity="error",
                message=f"<{node.name}> is not an MJML element: its content is left without cell, style and width",
                file=place.file,
                line=place.line,
                fix=_fix(node.name),
            )


def _is_inside_unknown(node: Node) -> bool:
    """Say whether the parent is unknown too: one finding for the outermost says it all."""
    return node.parent is not None and node.parent.name not in element_names()


def _fix(name: str) -> str:
    if not name.lower().startswith("mj"):
        return "put HTML inside <mj-text>, <mj-table> or <mj-raw>"
    close = get_close_matches(name.lower(), sorted(element_names()), n=1)
    return f"did you mean <{close[0]}>?" if close else "see templates/README.md for the elements there are"
