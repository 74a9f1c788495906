"""Where the files lie that stand beside the database while an issue is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = "send"  # below var/: locks, spare files, the run's number; whatever lies in it, a send has left


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Files beside the database, in one private folder."""

    folder: Path

    @property
    def side_file(self) -> Path:
        return self.folder / "run-number"

    def spare(self, code: str) -> Path:
        return self.folder / f"{code}.spare"
