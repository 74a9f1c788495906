"""Links that lead nowhere, or somewhere that mail programs do not open."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding, Severity
from newsletter.check.links import place_of_link, split
from newsletter.check.page import read_page
from newsletter.check.template_place import place_of_source

_FIX = "write the whole address, beginning with https://"
_LEADS_NOWHERE = frozenset({"javascript", "vbscript", "data", "file", "blob", "about", "cid"})

# What an address of each scheme needs: its pattern, how its lack is said, and the way out.
_WHOLE = {
    "http": (r".", "names no host", _FIX),
    "https": (r".", "names no host", _FIX),
    "mailto": (r"^[^@\s]+@[^@\s]+$", "names no mailbox", "write mailto:name@example.org"),
    "tel": (r"\d{2}", "has no number", "write tel:+70000000000"),
}


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        page = read_page(html)
        if page.empty_links:
            place = place_of_source(subject, r"href\s*=\s*(?:\"\s*\"|'\s*')")
            yield _finding("error", "a link has an empty address", place, _FIX)
        for anchor in page.anchors:
            severity, problem, fix = _problem(anchor.href)
            if problem and not anchor.hidden:
                place = place_of_link(subject, anchor.href)
                if not place.file:
                    place = place_of_source(subject, re.escape(f'"{anchor.href}"'))
                yield _finding(severity, f"the link «{anchor.label.strip()[:60]}» {problem}", place, fix)


def _problem(href: str) -> tuple[Severity, str, str]:
    parts = split(href)
    shown = href[:80]
    if href.startswith("#"):
        return "warning", f"leads to {shown} inside the mail, where many programs do not go", "lead to the web"
    if parts.scheme in _WHOLE:
        is_whole, lacking, fix = _WHOLE[parts.scheme]
        target = parts.hostname or "" if parts.scheme.startswith("http") else parts.path
        return "error", "" if re.search(is_whole, target) else f"leads nowhere: {shown} {lacking}", fix
    if parts.scheme and parts.scheme not in _LEADS_NOWHERE:
        return "warning", f"uses {parts.scheme}:, which many mail programs do not open", "use https, mailto or tel"
    why = f"no mail program opens {parts.scheme}:" if parts.scheme else f"{shown} is no whole address"
    return "error", f"leads nowhere: {why}", _FIX


def _finding(severity: Severity, message: str, place: Place, fix: str) -> Finding:
    return Finding(
        id="link_target", severity=severity, message=message, file=place.file, line=place.line, block=place.block,
        fix=fix,
    )  # fmt: skip
