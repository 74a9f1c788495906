"""Where the files lie that stand beside the database while an issue is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIST_LOCK = "list-"  # how the names of lists' locks begin; issues' are their codes
FOLDER = "send"  # below var/: locks, spare files, the run's number; whatever lies in it, a send has left


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Files beside the database, in one private folder."""

    folder: Path

    @property
    def side_file(self) -> Path:
        return self.folder / "run-number"

    @property
    def name_file(self) -> Path:
        return self.folder / "name"

    def spare(self, code: str, slot: int = 0) -> Path:
        """Return the spare file of one sending process."""
        return self.folder / (f"{code}-{slot}.spare" if slot else f"{code}.spare")

    def spares(self, code: str) -> tuple[Path, ...]:
        """Return the spare files there are, of every process of every run."""
        return tuple(sorted(self.folder.glob(f"{code}*.spare")))
