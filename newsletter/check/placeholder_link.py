"""Addresses under newsletter.invalid: they stand in until the office's own are set, and lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.links import links_of, split

PLACEHOLDER_HOST = "newsletter.invalid"


def find(subject: Checked) -> Iterator[Finding]:
    links = [address for address in links_of(subject) if _is_placeholder(address)]
    if links:
        many = f"{len(links)} links lead" if len(links) > 1 else "a link leads"
        fix = "set public_url in newsletter.toml before a real send"
        yield _finding(f"{many} to {PLACEHOLDER_HOST}, which is nowhere: {links[0][:80]}", fix)
    headers = subject.compiled.headers
    mailboxes = {"sender.from": headers.from_mailbox, "sender.unsubscribe_mailto": headers.unsubscribe_mailto}
    for setting, mailbox in mailboxes.items():
        if _is_under_placeholder(mailbox.rpartition("@")[2]):
            yield _finding(f"the mailbox {mailbox} is a placeholder", f"set {setting} in newsletter.toml")


def _finding(message: str, fix: str) -> Finding:
    return Finding(id="placeholder_link", severity="warning", message=message, fix=fix)


def _is_placeholder(address: str) -> bool:
    parts = split(address)
    host = (
        parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.netloc.rpartition("@")[2].partition(":")[0]
    )
    return _is_under_placeholder(host)


def _is_under_placeholder(host: str) -> bool:
    return host.lower() == PLACEHOLDER_HOST or host.lower().endswith(f".{PLACEHOLDER_HOST}")
