"""What a page is told of its desk, at first and after every change: enough to know what it must fetch anew."""

from __future__ import annotations

from newsletter.web.desk import Desk


def pulse_of(desk: Desk) -> dict[str, object]:
    """Return plain values. `mail` names what the frame shows, "" while there is none; counts are None until checked."""
    showing = desk.showing
    # While a file is broken, what the checks said is about lines that it no longer has.
    report = showing.report if showing and desk.fault is None else None
    return {
        "number": desk.number,
        "mail": showing.digest if showing else "",
        "title": showing.result.issue.title if showing else desk.key,
        "broken": desk.fault is not None,
        "busy": desk.is_slow,
        "errors": report.errors if report else None,
        "warnings": report.warnings if report else None,
    }
