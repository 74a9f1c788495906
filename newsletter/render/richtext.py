"""Spans of an item → HTML that is safe anywhere text may stand. Nothing else makes markup out of content."""

from __future__ import annotations

import html

from markupsafe import Markup

from newsletter.content.item import Span, Text


def inline(text: Text | str) -> Markup:
    """Return `text` as HTML with strong, em, code and a. A plain string is escaped.

    `href` was checked by the loader: http, https, mailto or tel, host in A-labels.
    """
    if isinstance(text, str):
        return Markup(_escaped(text))  # noqa: S704 - escaped
    return Markup("".join(_span(span) for span in text))  # noqa: S704 - built from escaped text


def _span(span: Span) -> str:
    shown = _escaped(span.text)
    for wanted, tag in ((span.code, "code"), (span.italic, "em"), (span.bold, "strong")):
        if wanted:
            shown = f"<{tag}>{shown}</{tag}>"
    if span.href:
        shown = f'<a class="link" href="{_escaped(span.href)}">{shown}</a>'
    return shown


def _escaped(text: str) -> str:
    return html.escape(text, quote=True).replace("\n", "<br>")
