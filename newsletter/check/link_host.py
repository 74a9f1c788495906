"""Hosts of links that a reader cannot reach or should not trust: by their name, and by what the link's text says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding, Severity
from newsletter.check.hosts import complaint, in_letters, mixes_alphabets, same_site
from newsletter.check.links import place_of_link, split
from newsletter.check.page import Anchor, read_page
from newsletter.check.placeholder_link import PLACEHOLDER_HOST

# What reads as an address in a text. Without a scheme or "www." only well-known endings count: «отчёт.pdf» is a file.
_SHOWN_HOST = re.compile(
    r"(?:https?://(?:[^\s/@]*@)?|www\.)([\w-]+(?:\.[\w-]+)+)|(?<![\w@.-])((?:[\w-]+\.)+(?:ru|su|рф|com|net|org|info|example))(?![\w-])",
    re.IGNORECASE,
)


def find(subject: Checked) -> Iterator[Finding]:
    anchors = {(a.href, a.text.strip()): a for html in subject.pages for a in read_page(html).anchors if not a.hidden}
    for anchor in anchors.values():
        for severity, message, fix in _problems(anchor):
            place = place_of_link(subject, anchor.href)
            yield Finding(
                id="link_host",
                severity=severity,
                message=message,
                file=place.file,
                line=place.line,
                block=place.block,
                fix=fix,
            )


def _problems(anchor: Anchor) -> Iterator[tuple[Severity, str, str]]:
    parts = split(anchor.href)
    host = parts.hostname or ""
    shown = [(found[1] or found[2]).lower() for found in _SHOWN_HOST.finditer(anchor.text)]
    claimed = shown[0] if not any(same_site(one, host) for one in shown) and shown else ""
    if parts.scheme == "mailto":
        host = parts.path.rpartition("@")[2].lower()
        shown_mailbox = re.fullmatch(r"[^@\s]+@([^@\s]+)", anchor.text.strip())
        claimed = shown_mailbox[1].lower() if shown_mailbox else ""
    elif parts.scheme not in ("http", "https") or not host:
        return  # link_target says so
    if host.endswith(PLACEHOLDER_HOST):
        return
    if claimed and host and not same_site(claimed, host):
        message = f"the link shows {claimed} and leads to {host}, as deceitful mails do"
        yield "warning", message, "let it show where it leads, or say it in words"
    if parts.scheme == "mailto":
        return
    if "@" in parts.netloc:
        yield "warning", f"the link to {host} carries a user name, which hides where it leads", "leave it out"
    if wrong := complaint(host):
        yield "warning", f"the link's host {host[:80]} {wrong}", "link to the page itself, by its public name"
    elif mixes_alphabets(host):
        message = f"the link's host {in_letters(host)} mixes Latin and Cyrillic letters"
        yield "warning", message, "type it anew in one alphabet"
    elif in_letters(host) != host:
        yield "info", f"{host} is how mail programs may show {in_letters(host)}", "nothing, if that is your site"
