"""Whether the files still make the mail that somebody decided on, told without compiling it.

A decision keeps its manifest: by hashes of the files, by the values of settings, by versions of libraries. Those are
compared, never the times of files: what comes out of an archive, a checkout or a backup is as old as it likes to be.
Where something decides bytes and cannot be compared cheaply, the answer is that nobody knows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from newsletter.content.picture import BadPictureError
from newsletter.errors import NewsletterError
from newsletter.issue_file import FILE
from newsletter.issue_folder import issue_key, open_folder
from newsletter.render.compile import SUBJECT, settings_manifest, versions
from newsletter.settings import Settings

# What takes other files in, or not, by rules of its own: no manifest names a file that was not there.
_ELUSIVE = re.compile(r"<mj-include\b|\bignore\s+missing\b|\{%-?\s*include\s*\[")
_MAKERS = {"library", "newsletter"}
_INSIDE = re.compile(r"\.docx!", re.IGNORECASE)


class Unchanged(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesNow:
    """The files and settings of a workspace as they stand. `settings` None: they cannot be read."""

    root: Path
    template_dirs: Sequence[Path]
    settings: Settings | None

    def still_make(self, manifest: Mapping[str, str], paths: Sequence[Path]) -> Unchanged:
        """Say whether `paths` still make the mail of `manifest`. Blocks (disk)."""
        answers = set(self._answers(manifest, paths))
        if Unchanged.NO in answers:
            return Unchanged.NO
        return Unchanged.UNKNOWN if Unchanged.UNKNOWN in answers or not manifest else Unchanged.YES

    def _answers(self, manifest: Mapping[str, str], paths: Sequence[Path]) -> Iterator[Unchanged]:
        parts: dict[str, dict[str, str]] = {}
        for name, value in manifest.items():
            kind, _, rest = name.partition(":")
            parts.setdefault(kind, {})[rest] = value
        parts.pop("issue", None)  # said in the items and in the issue's own file, which are compared
        yield self._items(parts.pop("item", {}), paths)
        templates = parts.pop("template", {})
        yield from (self._template(name, digest) for name, digest in templates.items())
        yield from self._new_subject(templates)
        pictures = parts.pop("picture", {})
        yield self._settings(parts.pop("setting", {}), pictures)
        yield from (self._picture(name, digest) for name, digest in pictures.items())
        made_by = {name: value for name, value in manifest.items() if name.partition(":")[0] in _MAKERS}
        # Another version may make the same mail: only a compile can tell.
        yield _known(made_by == versions("pillow" if pictures else ""))
        yield _known(parts.keys() <= _MAKERS)

    def _items(self, digests: Mapping[str, str], paths: Sequence[Path]) -> Unchanged:
        try:
            now = {issue_key((path,), self.root): path for path in self._files(paths)}
            return _same(now.keys() == digests.keys() and all(_sha256(now[name]) == digests[name] for name in now))
        except (OSError, NewsletterError):
            return Unchanged.NO  # no such mail can be made any more

    def _files(self, paths: Sequence[Path]) -> Iterable[Path]:
        for path in paths:
            if path.is_dir():
                yield path / FILE
                yield from open_folder(path, root=self.root).items
            else:
                yield path

    def _template(self, name: str, digest: str) -> Unchanged:
        file = next((found for folder in self.template_dirs if (found := folder / name).is_file()), None)
        if file is None:
            return Unchanged.NO
        try:
            source = file.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return Unchanged.NO
        is_same = hashlib.sha256(source.encode()).hexdigest() == digest
        return _known(not _ELUSIVE.search(source)) if is_same else Unchanged.NO

    def _new_subject(self, templates: Mapping[str, str]) -> Iterator[Unchanged]:
        """Yield NO for a theme that has words for the subject now, and had none."""
        for theme in {name.partition("/")[0] for name in templates}:
            name = f"{theme}/{SUBJECT}"
            if name not in templates and any((folder / name).is_file() for folder in self.template_dirs):
                yield Unchanged.NO

    def _settings(self, before: Mapping[str, str], pictures: Mapping[str, str]) -> Unchanged:
        if self.settings is None:
            return Unchanged.UNKNOWN
        now = {name.partition(":")[2]: value for name, value in settings_manifest(self.settings).items()}
        logo, shown = now["brand.logo"], before.get("brand.logo", "")
        # A logo of this machine: the manifest has the address where it was published, whose name begins as its hash.
        if logo in pictures and f"/{pictures[logo][:16]}." in shown:
            now["brand.logo"] = shown
        return _same(now == before)

    def _picture(self, name: str, digest: str) -> Unchanged:
        if _INSIDE.search(name):
            return Unchanged.YES  # the document is an item, and compared
        file = self.root / name
        try:
            return _same(_published(file, _sha256(file)) == digest)
        except (OSError, BadPictureError):
            return Unchanged.NO


def _same(is_same: bool) -> Unchanged:
    return Unchanged.YES if is_same else Unchanged.NO


def _known(is_known: bool) -> Unchanged:
    return Unchanged.YES if is_known else Unchanged.UNKNOWN


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@lru_cache(maxsize=512)
def _published(file: Path, _sha256: str) -> str:
    """Return the hash of what is published for a picture; asked anew only for other bytes."""
    from newsletter.content.recoding import make_picture  # Pillow: only where there is a picture

    return make_picture(file.read_bytes()).digest
