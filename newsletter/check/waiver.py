"""Waivers: front matter `waive: {id: reason}` lets a finding stand, on the record, with the reason of a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches

from newsletter.check.checked import Checked, front_place
from newsletter.check.finding import Finding

ID = "waiver"  # of the findings about waivers themselves; they cannot be waived


def waive(findings: Iterable[Finding], subject: Checked) -> Iterator[Finding]:
    """Yield the findings, those with a reason to stand marked with it."""
    for finding in findings:
        reason = subject.waivers.get(finding.id, "").strip()
        yield replace(finding, waived=reason) if reason and finding.id != ID else finding


def find_bad_waivers(subject: Checked, ids: Iterable[str]) -> Iterator[Finding]:
    """Yield a warning for each waiver that names no finding, or gives no reason: neither waives anything."""
    known = sorted(ids)
    place = front_place(subject, "waive")
    for name, reason in subject.waivers.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            message = f"waive names {name}, which is no finding"
            fix = f"did you mean {close[0]}?" if close else "docs/checks.md lists them"
        elif not reason.strip():
            message, fix = f"waive gives no reason for {name}", f'write one: "{name}: why it may stand"'
        else:
            continue
        yield Finding(id=ID, severity="warning", message=message, file=place.file, line=place.line, fix=fix)
