"""Addresses under newsletter.invalid: they stand in until the office's own are set, and lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.links import links_of, split

PLACEHOLDER_HOST = "newsletter.invalid"


def find(subject: Checked) -> Iterator[Finding]:
    headers = subject.compiled.headers
    unset = {
        "public_url": any(_is_placeholder(address) for address in links_of(subject)),
        "sender.from": _is_under_placeholder(headers.from_mailbox.rpartition("@")[2]),
        "sender.unsubscribe_mailto": _is_under_placeholder(headers.unsubscribe_mailto.rpartition("@")[2]),
    }
    names = [name for name, is_unset in unset.items() if is_unset]
    if names:
        yield Finding(
            id="placeholder_link",
            severity="warning",
            message=f"not set: {', '.join(names)}; placeholders under {PLACEHOLDER_HOST} stand in",
            fix="fill them in in newsletter.toml before a real send",
        )


def _is_placeholder(address: str) -> bool:
    parts = split(address)
    host = (
        parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.netloc.rpartition("@")[2].partition(":")[0]
    )
    return _is_under_placeholder(host)


def _is_under_placeholder(host: str) -> bool:
    return host.lower() == PLACEHOLDER_HOST or host.lower().endswith(f".{PLACEHOLDER_HOST}")
