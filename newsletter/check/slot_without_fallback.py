"""A subscriber's field that is printed bare and may be empty: the send refuses the whole issue for one such person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.template_place import place_of_source
from newsletter.render.compiled import slots_of

_NEVER_EMPTY = "subscriber.email"


def find(subject: Checked) -> Iterator[Finding]:
    compiled = subject.compiled
    parts = [compiled.subject, *(part for one in compiled.variants.values() for part in (one.html, one.text))]
    bare = (slot.field for part in parts for slot in slots_of(part) if not slot.has_fallback)
    for field in dict.fromkeys(bare):
        if field == _NEVER_EMPTY:
            continue
        place = place_of_source(subject, rf"\{{\{{-?\s*{re.escape(field)}\s*-?\}}\}}")
        yield Finding(
            id="slot_without_fallback",
            severity="warning",
            message=f"{field} is printed without a fallback: nothing can be sent while it is empty for anybody",
            file=place.file,
            line=place.line,
            fix=f'write {{{{ {field}|default("…") }}}}, or give the field a default in [subscriber.fields]',
        )
