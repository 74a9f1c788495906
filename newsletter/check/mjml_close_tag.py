"""Closing tags of another element than the open one: the library takes any name, other MJML tools do not."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.mjml_tree import read_mjml
from newsletter.check.template_place import place_of


def find(subject: Checked) -> Iterator[Finding]:
    for variant, text in subject.rendered_mjml.items():
        for node in read_mjml(text).nodes:
            if node.wrong_close is None:
                continue
            place = place_of(subject, variant, node.tag)
            yield Finding(
                id="mjml_close_tag",
                severity="warning",
                message=f"<{node.name}> is closed by </{node.wrong_close.name}>",
                file=place.file,
                line=place.line,
                fix=f"close it with </{node.name}>",
            )
