"""The watermark over a mail that must not be published yet."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.web.moments import shown_moment
from newsletter.web.view import View

REPEATS = 60  # enough for the tallest screen


def make(view: View) -> Mapping[str, object]:
    until, now = view.showing.result.issue.embargo_until, view.desk.premises.clock()
    is_held = until is not None and until > now
    when = shown_moment(until, now.tzinfo, view.words.language) if until and is_held else ""
    return {"when": when, "repeats": REPEATS}
