"""Attributes that official MJML has and the library that compiles our mail does not act on."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.mjml_components import IGNORED_BY_LIBRARY
from newsletter.check.mjml_tree import read_mjml
from newsletter.check.template_place import place_of


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        for node in read_mjml(text).nodes:
            for attribute in node.tag.attributes:
                if attribute.name not in IGNORED_BY_LIBRARY.get(node.name, frozenset()):
                    continue
                place = place_of(subject, variant, node.tag, attribute=attribute.name)
                yield Finding(
                    id="mjml_ignored_attribute",
                    severity="warning",
                    message=f"mjml-python does nothing with {attribute.name} of <{node.name}>",
                    file=place.file,
                    line=place.line,
                    fix="write it as CSS with css-class and <mj-style>",
                )
