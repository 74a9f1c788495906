"""Facts that a rule found and is not sure of: who said a quote, what a figure measures, what region a place is in."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.content.item import Figure, FigureGroup, NewsItem, Quote


def find(subject: Checked) -> Iterator[Finding]:
    for item in subject.items:
        yield from _of_item(item)


def _of_item(item: NewsItem) -> Iterator[Finding]:
    figures = [(figure, _block_of(item, figure)) for figure in item.figures]
    for index, block in enumerate(item.blocks):
        if isinstance(block, Quote) and block.proposed:
            who = ", ".join(filter(None, (block.speaker, block.role))) or "nobody named"
            place = Place(file=block.origin.path, line=block.origin.line, block=index)
            yield _finding(f"the speaker of a quote was found by rule: {who}", place, "write the quote as Markdown")
        elif isinstance(block, FigureGroup):
            figures += [(figure, index) for figure in block.figures]
    for figure, at in figures:
        if figure.proposed:
            said = f"{figure.text} – {figure.measures}" if figure.measures else figure.text
            place = Place(file=figure.origin.path, line=figure.origin.line, block=at)
            yield _finding(f"a key figure was found by rule: {said}", place, "give `figures:` in front matter")
    for region in item.regions:
        if region.proposed:
            said = f"{region.name}: {', '.join(region.places)}"
            place = Place(file=item.origin.path)
            yield _finding(f"places were found by rule: {said}", place, "give `places:` in front matter")


def _finding(message: str, place: Place, fix: str) -> Finding:
    return Finding(
        id="proposed_fact",
        severity="info",
        message=f"{message}; look at it",
        file=place.file,
        line=place.line,
        block=place.block,
        fix=f"if it is wrong, {fix}",
    )


def _block_of(item: NewsItem, figure: Figure) -> int | None:
    """Return the block that starts on the figure's line: figures of the lead and of later lines have none."""
    return next((index for index, block in enumerate(item.blocks) if block.origin == figure.origin), None)
