"""Pictures without words: what a reader with images off, or who does not see, gets in their place."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.mjml_tree import read_mjml
from newsletter.check.page import is_visible, read_page
from newsletter.check.template_place import place_of
from newsletter.content.item import Image

# The library writes alt="" when the template gives none, so only the MJML shows that it was forgotten.
_IMAGES = ("mj-image", "mj-carousel-image")


def find(subject: Checked) -> Iterator[Finding]:
    yield from _in_items(subject)
    yield from _in_templates(subject)
    for html in subject.pages:
        yield from _in_html(html)


def _in_items(subject: Checked) -> Iterator[Finding]:
    for item in subject.items:
        for index, block in enumerate(item.blocks):
            if isinstance(block, Image) and not is_visible(block.alt):
                place = Place(file=block.origin.path, line=block.origin.line, block=index)
                yield _finding(f"the image {block.src} has no alt text", place, "say in words what it shows")


def _in_templates(subject: Checked) -> Iterator[Finding]:
    fix = 'add alt="…", or alt="" for decoration'
    for variant, text in subject.rendered_mjml.items():
        for node in read_mjml(text).nodes:
            if node.name in _IMAGES and not any(attribute.name == "alt" for attribute in node.tag.attributes):
                yield _finding(f"<{node.name}> has no alt", place_of(subject, variant, node.tag), fix)


def _in_html(html: str) -> Iterator[Finding]:
    page = read_page(html)
    for picture in page.pictures:
        if not picture.has_alt:
            yield _finding(
                f"<img src={picture.src[:80]!r}> has no alt", Place(), 'add alt="…", or alt="" for decoration'
            )
    for anchor in page.anchors:
        if not anchor.hidden and not is_visible(anchor.label):
            fix = "give the link text, or its image an alt"
            yield _finding(f"the link to {anchor.href[:80]} has no text that can be read out", Place(), fix)


def _finding(message: str, place: Place, fix: str) -> Finding:
    return Finding(
        id="missing_alt",
        severity="warning",
        message=message,
        file=place.file,
        line=place.line,
        block=place.block,
        fix=fix,
    )
