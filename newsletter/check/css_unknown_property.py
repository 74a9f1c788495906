"""Names of CSS properties that there are none of: a slip of the pen, which every program passes over in silence.

`data/css_properties.txt` lists what browsers and standards have; names of one vendor (`-webkit-`, `mso-`) pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.markup import read_tokens
from newsletter.check.stylesheet import Declaration, read_declarations, read_sheets
from newsletter.check.template_place import place_of_source

_OF_VENDORS = ("-", "mso-", "panose-", "tab-stops")  # a custom property begins with "--"


def find(subject: Checked) -> Iterator[Finding]:
    names = dict.fromkeys(one.name for html in subject.pages for one in _declarations(html))
    for name in names:
        if name in known_properties() or name.startswith(_OF_VENDORS):
            continue
        place = place_of_source(subject, rf"(?i)(?<![\w-]){re.escape(name)}\s*:")
        near = get_close_matches(name, sorted(known_properties()), 1)
        yield Finding(
            id="css_unknown_property",
            severity="warning",
            message=f"CSS has no property {name}: it changes nothing",
            file=place.file,
            line=place.line,
            fix=f"did you mean {near[0]}?" if near else "take it out",
        )


@cache
def known_properties() -> frozenset[str]:
    path = Path(__file__).with_name("data") / "css_properties.txt"
    return frozenset(path.read_text(encoding="utf-8").split())


def _declarations(html: str) -> Iterator[Declaration]:
    for sheet in read_sheets(html):
        for rule in sheet.rules:
            yield from rule.declarations
    for token in read_tokens(html):
        for attribute in token.attributes:
            if attribute.name.lower() == "style":
                yield from read_declarations(attribute.value)
