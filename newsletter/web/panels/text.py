"""The mail's text part, as its reader gets it."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.web.view import View


def make(view: View) -> Mapping[str, object]:
    return {"text": view.specimen.text}
