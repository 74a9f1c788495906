"""Attributes that the element does not have, or has twice: the library passes over them without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.markup import read_tokens
from newsletter.check.mjml_components import attribute_types, element_names
from newsletter.check.mjml_tree import Node, read_mjml
from newsletter.check.template_place import place_of


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        yield from _css_classes(subject, variant, text)
        for node in read_mjml(text).nodes:
            if node.name not in element_names():
                continue  # mjml_unknown_element says so
            for attribute, message, fix in _faults(node):
                place = place_of(subject, variant, node.tag, attribute=attribute)
                yield Finding(
                    id="mjml_unknown_attribute",
                    severity="warning",
                    message=message,
                    file=place.file,
                    line=place.line,
                    fix=fix,
                )


def _css_classes(subject: Checked, variant: str, text: str) -> Iterator[Finding]:
    """Yield HTML tags with an attribute that MJML alone knows."""
    for token in read_tokens(text):
        if token.name.startswith("mj") or all(attribute.name != "css-class" for attribute in token.attributes):
            continue
        place = place_of(subject, variant, token, attribute="css-class")
        yield Finding(
            id="mjml_unknown_attribute",
            severity="warning",
            message=f"<{token.name}> is HTML, where css-class changes nothing",
            file=place.file,
            line=place.line,
            fix="write class",
        )


def _faults(node: Node) -> Iterator[tuple[str, str, str]]:
    known = attribute_types(node.name)
    for name, count in Counter(attribute.name for attribute in node.tag.attributes).items():
        if name not in known:
            close = ["css-class"] if name == "class" else get_close_matches(name.lower(), sorted(known), n=1)
            yield (
                name,
                f"<{node.name}> has no attribute {name}: it changes nothing",
                f"did you mean {close[0]}?" if close else "remove it, or write it as CSS with css-class",
            )
        elif count > 1:
            yield name, f"<{node.name}> has {name} {count} times: only the last one counts", "keep one"
