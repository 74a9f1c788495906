"""Whom the mail is shown for: the name in the bar, who comes before and after, and the variant they get."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.store.database import reading
from newsletter.store.people import next_person
from newsletter.web.reader import EXTREMES
from newsletter.web.view import View


def make(view: View) -> Mapping[str, object]:
    word = view.chosen.word
    issue = view.showing.result.issue
    here = int(word[1:]) if word.startswith("s") else 0
    with reading(view.desk.premises.engine) as conn:
        around = [next_person(conn, here, list_name=issue.list_name, step=step) for step in (-1, 1)]
    fields = view.chosen.reader.fields or {}
    return {
        "kind": "person" if here else word if word in EXTREMES else "specimen",
        "called": fields.get("name", "") if here else "",
        "address": view.chosen.reader.address,
        "previous": f"s{around[0].id}" if around[0] else "",
        "next": f"s{around[1].id}" if around[1] else "",
        "variants": _variants(view),
        "variant": view.asked.get("variant", "") if view.asked.get("variant") in _variants(view) else "",
        "own": _variants(view)[view.specimen.variant],
    }


def _variants(view: View) -> dict[str, str]:
    """Return what an editor calls each variant: "ru · msk" for "language=ru,region=msk"."""
    keys = view.showing.result.compilation.compiled.variants
    return {key: " · ".join(part.partition("=")[2] for part in key.split(",")) for key in keys}
