"""Attribute values of the wrong kind, such as `font-size="abc"`: the library prints them into the CSS as they are."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.markup import Attribute
from newsletter.check.mjml_components import attribute_types, is_valid
from newsletter.check.mjml_tree import Node, read_mjml
from newsletter.check.template_place import place_of

_WORDS = {"color": "a colour", "integer": "a whole number", "boolean": "true or false"}


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        for node in read_mjml(text).nodes:
            for attribute, kinds in _wrong_values(node):
                place = place_of(subject, variant, node.tag, attribute=attribute.name)
                yield Finding(
                    id="mjml_bad_value",
                    severity="warning",
                    message=f'{attribute.name}="{attribute.value[:60]}" of <{node.name}> cannot be read',
                    file=place.file,
                    line=place.line,
                    fix="write " + " or ".join(dict.fromkeys(_in_words(kind) for kind in kinds)),
                )


def _wrong_values(node: Node) -> Iterator[tuple[Attribute, tuple[str, ...]]]:
    types = attribute_types(node.name)
    for attribute in node.tag.attributes:
        kinds = types.get(attribute.name, ())
        if kinds and not any(is_valid(attribute.value, kind) for kind in kinds):
            yield attribute, kinds


def _in_words(kind: str) -> str:
    """Say a type of mjml-core for a person: "unit(px,%){1,4}" is "a size in px, %, 1 to 4 of them"."""
    name, _, rest = kind.partition("(")
    if not rest:
        return _WORDS.get(name, name)
    options, _, count = rest.partition(")")
    listed = ", ".join(option or "nothing" for option in options.split(","))
    if name == "enum":
        return f"one of: {listed}"
    several = f", {count.strip('{}').replace(',', ' to ')} of them" if count else ""
    return f"a size in {listed}{several}"
