"""How large the HTML itself is, by the other reading of Gmail's limit: the source, not what base64 makes of it."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.encoded_size import decoded_bytes, kilobytes
from newsletter.check.finding import Finding

NEAR_HTML_BYTES = 90 * 1024


def find(subject: Checked) -> Iterator[Finding]:
    decoded = decoded_bytes(subject)
    if decoded > NEAR_HTML_BYTES:
        yield Finding(
            id="html_size",
            severity="warning",
            message=f"the HTML is {kilobytes(decoded)}: Gmail cuts it even if it counts the source alone",
            clients=("gmail",),
            fix="shorten the items, show fewer of them, or link to the full text",
        )
