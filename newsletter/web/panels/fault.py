"""Why the files as they stand give no mail: shown over the last good one, or alone while there never was one."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.translation import catalogue, sentence
from newsletter.web.desk import Desk
from newsletter.web.languages import Language


def make(desk: Desk, language: Language) -> Mapping[str, object]:
    """Return the values of `pages/panel_fault.html`; unlike the other panels it needs no mail."""
    found = desk.fault
    say = catalogue(language).translate
    return {
        "fault": found,
        "message": sentence(say(found.message)) if found else "",
        "fix": sentence(say(found.fix)) if found else "",
        "has_mail": desk.showing is not None,
    }
