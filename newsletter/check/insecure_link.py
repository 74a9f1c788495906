"""Links and pictures over plain http: anyone on the way can change the page, and some readers block the picture."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.links import links_of, place_of_link, split


def find(subject: Checked) -> Iterator[Finding]:
    for address in links_of(subject):
        if split(address).scheme != "http":
            continue
        place = place_of_link(subject, address)
        yield Finding(
            id="insecure_link",
            severity="warning",
            message=f"{address[:120]} is not https",
            file=place.file,
            line=place.line,
            block=place.block,
            fix="write https://, if the site has it",
        )
