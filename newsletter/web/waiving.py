"""How a finding is let stand: the very lines to paste, and where. Decides only; the rules are in check/waiver.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from newsletter.check import Finding
from newsletter.check import waiver as waivers
from newsletter.issue import Issue
from newsletter.web.source_files import SourceFile

# "front": into the front matter; "new_front": as front matter at the top of the file; "under": below `waive:` that
# stands there already; "settings": into issue.toml; "beside": into its table of this file.
Where = Literal["front", "new_front", "under", "settings", "settings_there", "beside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    where: Where
    file: str
    lines: str  # to be pasted
    line: int = 0  # of what stands there already


def way_to_waive(
    finding: Finding, issue: Issue, files: Sequence[SourceFile], reason: str, fenced: Sequence[str]
) -> Way | None:
    """Return how to waive a finding; None where it cannot be. `fenced` names the files that have front matter."""
    if finding.id == waivers.ID:
        return None
    settings = next((file for file in files if file.is_settings), None)
    item = next((item for item in issue.items if item.origin.path == finding.file), None)
    if issue.kind == "letter" and settings is None:
        item = issue.items[0]
    source = next((file for file in files if item and file.shown == item.origin.path), None)
    if item and source and source.is_editable:
        return _in_front(finding.id, source.shown, item.front_lines.get("waive", 0), reason, source.shown in fenced)
    if settings is None:
        return None
    entry = f'{finding.id} = "{reason}"'
    if item and source:
        return Way(where="beside", file=settings.shown, lines=f'[item."{source.path.name}"]\nwaive = {{ {entry} }}')
    if "waive" in issue.origins:
        return Way(where="settings_there", file=settings.shown, lines=entry, line=issue.origins["waive"].line)
    return Way(where="settings", file=settings.shown, lines=f"waive = {{ {entry} }}")


def _in_front(finding_id: str, file: str, there: int, reason: str, is_fenced: bool) -> Way:
    entry = f'  {finding_id}: "{reason}"'
    if there:
        return Way(where="under", file=file, lines=entry, line=there)
    if is_fenced:
        return Way(where="front", file=file, lines=f"waive:\n{entry}")
    return Way(where="new_front", file=file, lines=f"---\nwaive:\n{entry}\n---")
