"""The panels beside the mail: from a view to the values of `pages/panel_<name>.html`, one module each.

PANELS is the whole list; TABS of desk_page.py orders those that stand beside the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from newsletter.web.panels import changes, embargo, findings, found, inbox, reader, review, source, state, text, wire
from newsletter.web.view import View

PANELS: Mapping[str, Callable[[View], Mapping[str, object]]] = {
    "state": state.make,
    "reader": reader.make,
    "inbox": inbox.make,
    "embargo": embargo.make,
    "findings": findings.make,
    "text": text.make,
    "source": source.make,
    "wire": wire.make,
    "found": found.make,
    "changes": changes.make,
    "review": review.make,
}
