"""How large the HTML part is on the wire: Gmail cuts a mail at about 102 KB and hides the footer behind a link.

The figure is folklore with measurements that differ, some of the source, some of the encoded part, so the encoded
part is measured: safe under every reading (docs/checks.md). Base64 makes 100 bytes 137.
"""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.render.compiled import Part

MAX_ENCODED_BYTES = 102 * 1024
NEAR_ENCODED_BYTES = 90 * 1024  # what still grows before sending, tracking aside: a longer name, a longer link

_LINE_BYTES = 76  # of base64 (RFC 2045 section 6.8), and two for CRLF


def find(subject: Checked) -> Iterator[Finding]:
    decoded = decoded_bytes(subject)
    encoded = encoded_bytes(decoded)
    if encoded <= NEAR_ENCODED_BYTES:
        return
    too_large = encoded > MAX_ENCODED_BYTES
    limit = MAX_ENCODED_BYTES // 1024
    yield Finding(
        id="encoded_size",
        severity="error" if too_large else "warning",
        message=f"the HTML part is {kilobytes(encoded)} encoded ({kilobytes(decoded)} of HTML), "
        + (f"over the {limit} KB" if too_large else f"close to the {limit} KB")
        + " where Gmail cuts a mail and hides the unsubscribe link",
        clients=("gmail",),
        fix="shorten the items, show fewer of them, or link to the full text",
    )


def decoded_bytes(subject: Checked) -> int:
    """Return the size of the largest variant's HTML, as the specimen gets it or, if larger, without any value."""
    bare = (_static_bytes(variant.html) for variant in subject.compiled.variants.values())
    return max(*(len(page.encode(errors="replace")) for page in subject.pages), *bare, 0)


def encoded_bytes(decoded: int) -> int:
    """Return how many bytes base64 with CRLF lines makes of `decoded` bytes."""
    letters = -(-decoded // 3) * 4
    return letters + -(-letters // _LINE_BYTES) * 2


def kilobytes(count: int) -> str:
    return f"{count / 1024:.0f} KB"


def _static_bytes(part: Part) -> int:
    return sum(len(piece.encode()) for piece in part if isinstance(piece, str))
