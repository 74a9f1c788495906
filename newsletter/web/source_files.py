"""The files of a desk that a page may show and change: those of its issue, and no other.

A page names one by a short id made from its name; whatever else a browser sends finds nothing. A symbolic link inside
the workspace that leads out of it is no file of ours: a folder that somebody sent must not show a file of this machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from newsletter.content.load import FEEDS, SUFFIXES
from newsletter.issue_file import FILE
from newsletter.web.desk import Desk

Kind = Literal["text", "feed", "word"]
WORD = ".docx"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    id: str
    path: Path
    shown: str  # as messages and findings name it
    kind: Kind

    @property
    def is_editable(self) -> bool:
        return self.kind == "text"  # a feed is made by the site, which would make it again

    @property
    def is_settings(self) -> bool:
        return self.path.name == FILE


def files_of(desk: Desk) -> tuple[SourceFile, ...]:
    """Return the files of an issue, also of one that is broken: `issue.toml` first, then its items."""
    return tuple(_source_file(path, desk) for path in _paths(desk) if _is_ours(path, desk))


def find_file(desk: Desk, file_id: str) -> SourceFile | None:
    return next((file for file in files_of(desk) if file.id == file_id), None)


def _paths(desk: Desk) -> Iterator[Path]:
    for path in desk.paths:
        if not path.is_dir():
            yield path
            continue
        yield path / FILE
        items = SUFFIXES | FEEDS
        yield from (
            one
            for one in sorted(path.iterdir())
            if one.suffix.lower() in items
            and not one.name.startswith((".", "~$"))
            # As the loader has it: no item of a folder lies outside it.
            and one.resolve().parent == path.resolve()
        )


def _is_ours(path: Path, desk: Desk) -> bool:
    """Claim that a file may be shown: in the workspace, or named outside it on the command line by the editor."""
    top = desk.premises.workspace.root
    real, named = path.resolve(), Path(os.path.abspath(path))
    is_within = any(named.is_relative_to(root) for root in (top.absolute(), top.resolve()))
    return real.is_file() and (real.is_relative_to(top.resolve()) or not is_within)


def _source_file(path: Path, desk: Desk) -> SourceFile:
    real, root = path.resolve(), desk.premises.workspace.root.resolve()
    # As the loader shows it in messages.
    shown = real.relative_to(root).as_posix() if real.is_relative_to(root) else str(path)
    suffix = path.suffix.lower()
    kind: Kind = "word" if suffix == WORD else "feed" if suffix in FEEDS else "text"
    return SourceFile(id=hashlib.sha256(os.fsencode(shown)).hexdigest()[:12], path=path, shown=shown, kind=kind)
