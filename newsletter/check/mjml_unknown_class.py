"""Names in `mj-class` that no <mj-class> of the head declares: the element keeps its default looks."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.mjml_tree import Document, read_mjml
from newsletter.check.template_place import place_of


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        document = read_mjml(text)
        if any(document.named("mj-include")):
            continue  # the classes may be declared in the included file
        declared = _declared(document)
        for node in document.nodes:
            for name in _words({a.name: a.value for a in node.tag.attributes}.get("mj-class", "")):
                if name in declared:
                    continue
                place = place_of(subject, variant, node.tag, attribute="mj-class")
                close = get_close_matches(name, sorted(declared), n=1)
                yield Finding(
                    id="mjml_unknown_class",
                    severity="warning",
                    message=f'mj-class="{name}" is declared nowhere',
                    file=place.file,
                    line=place.line,
                    fix=f"did you mean {close[0]}?" if close else f'add <mj-class name="{name}" …/> to <mj-attributes>',
                )


def _declared(document: Document) -> frozenset[str]:
    return frozenset(
        attribute.value
        for node in document.named("mj-class")
        for attribute in node.tag.attributes
        if attribute.name == "name"
    )


def _words(value: str) -> Iterator[str]:
    return iter(dict.fromkeys(value.split()))
