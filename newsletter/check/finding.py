"""What a check says of an issue: one finding, with its place and the way to mend it, and the report of them all.

Errors are only what breaks the mail or its delivery; everything an editor may know better is a warning at most
(design.md, command-line contract).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")  # worst first, as a report lists them


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or worth a look. Text is empty and `line` 0 where nothing is known."""

    id: str  # as in docs/checks.md; what front matter `waive:` names
    severity: Severity
    message: str
    file: str = ""
    line: int = 0
    block: int | None = None  # index into the blocks of the item that `file` holds
    clients: tuple[str, ...] = ()  # mail programs that are touched; empty: all of them
    fix: str = ""
    waived: str = ""  # the reason of the one who waived it

    def __post_init__(self) -> None:
        if not self.id or not self.message:
            raise ValueError("a finding needs an id and a message")
        if self.severity not in SEVERITIES:
            raise ValueError(f"no such severity: {self.severity}")
        if self.line < 0:
            raise ValueError(f"a line is counted from 1: {self.line}")

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        way_out = f"; {self.fix}" if self.fix else ""
        waived = f" (waived: {self.waived})" if self.waived else ""
        return f"{where}{self.severity}: {self.message}{way_out} [{self.id}]{waived}"

    def as_json(self) -> dict[str, object]:
        """Return the finding as `check --json` prints it."""
        return {
            "id": self.id,
            "severity": self.severity,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "block": self.block,
            "clients": list(self.clients),
            "fix": self.fix,
            "waived": self.waived,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings of an issue, worst first. The two counts leave out what is waived."""

    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        return self._count("error")

    @property
    def warnings(self) -> int:
        return self._count("warning")

    def _count(self, severity: Severity) -> int:
        return sum(finding.severity == severity and not finding.waived for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """Return the object that `check --json` prints (design.md, command-line contract)."""
        return {
            "findings": [finding.as_json() for finding in self.findings],
            "errors": self.errors,
            "warnings": self.warnings,
        }
