"""Figures that an editor wrote down: front matter `figures:` and Markdown's ```figures block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from newsletter.content.facts import Passage, figure_of, tell_figures
from newsletter.content.item import Figure, Origin


def written_figure(fields: Mapping[str, str], origin: Origin) -> Figure:
    """Return a figure from its written fields. Kind, value and unit are read from its text; a text without any number
    that the rules know, such as "первое место", is shown as it stands. Nothing in it is a guess.
    """
    text = fields["text"]
    told = tell_figures([Passage(text, origin)])
    read = figure_of(told[0]) if told else Figure(text=text, kind="count", value=None, number=text, origin=origin)
    return replace(
        read,
        text=text,
        measures=fields.get("measures", ""),
        comparison=fields.get("comparison", ""),
        period=fields.get("period", ""),
        proposed=False,
        rule="",
    )
