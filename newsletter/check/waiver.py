"""Waivers: front matter `waive: {id: reason}` lets a finding stand, on the record, with the reason of a person.

In a digest the waivers of `issue.toml` hold for the whole mail, those of an item for the findings of its file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from newsletter.check.checked import Checked, Place, front_place
from newsletter.check.finding import Finding
from newsletter.content.item import NewsItem

ID = "waiver"  # of the findings about waivers themselves; they cannot be waived


def waive(findings: Iterable[Finding], subject: Checked) -> Iterator[Finding]:
    """Yield the findings, those with a reason to stand marked with it."""
    of_files = _of_files(subject)
    for finding in findings:
        reason = (subject.waivers.get(finding.id) or of_files.get((finding.file, finding.id), "")).strip()
        yield replace(finding, waived=reason) if reason and finding.id != ID else finding


def _of_files(subject: Checked) -> dict[tuple[str, str], str]:
    """Return the reasons that items of a digest give, by file and finding."""
    if subject.kind != "digest":
        return {}
    return {
        (item.origin.path, str(name)): str(reason or "")
        for item in subject.items
        for name, reason in _written(item).items()
    }


def _written(item: NewsItem) -> Mapping[object, object]:
    waivers = item.front.get("waive")
    return waivers if isinstance(waivers, dict) else {}


def find_bad_waivers(subject: Checked, ids: Iterable[str]) -> Iterator[Finding]:
    """Yield a warning for each waiver that names no finding, or gives no reason: neither waives anything."""
    known = sorted(ids)
    place = front_place(subject, "waive")
    for name, reason in subject.waivers.items():
        yield from _complaint(name, reason, known, place)
    if subject.kind == "digest":
        for item in subject.items:
            at = Place(file=item.origin.path, line=item.front_lines.get("waive", 0))
            for key, why in _written(item).items():
                yield from _complaint(str(key), str(why or ""), known, at)


def _complaint(name: str, reason: str, known: list[str], place: Place) -> Iterator[Finding]:
    if name not in known:
        close = get_close_matches(name, known, n=1)
        message = f"waive names {name}, which is no finding"
        fix = f"did you mean {close[0]}?" if close else "docs/checks.md lists them"
    elif not reason.strip():
        message, fix = f"waive gives no reason for {name}", f'write one: "{name}: why it may stand"'
    else:
        return
    yield Finding(id=ID, severity="warning", message=message, file=place.file, line=place.line, fix=fix)
