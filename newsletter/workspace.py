"""Where things lie: the folder with `newsletter.toml`, and what the program itself carries.

A workspace is found from the current directory upward, as git finds its own. `var/` holds addresses and keys,
so it is 0700 from the moment it exists.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from newsletter.config import Settings
from newsletter.errors import DiskError, UsageError

MARKER = "newsletter.toml"
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / MARKER

    @property
    def content(self) -> Path:
        return self.root / "content"

    @property
    def templates(self) -> Path:
        return self.root / "templates"

    @property
    def subscribers(self) -> Path:
        return self.root / "subscribers"

    @property
    def var(self) -> Path:
        return self.root / "var"

    @property
    def key_file(self) -> Path:
        return self.var / "secret.key"

    def database_url(self, settings: Settings) -> str:
        """Return the database's address; the embedded SQLite file under `var/` unless the settings name another."""
        url = settings.database.url or "sqlite:///var/newsletter.db"
        # Three slashes: a path of the workspace, wherever the command is run; four: an absolute one.
        name = url.removeprefix("sqlite:///")
        return url if name == url or name.startswith("/") else f"sqlite:///{self.root / name}"

    def private_dir(self, *names: str) -> Path:
        """Return `var/` or a folder in it, made with mode 0700 at first need; raises DiskError."""
        folder = self.var.joinpath(*names)
        try:
            for path in [p for p in reversed(folder.parents) if p.is_relative_to(self.var)] + [folder]:
                path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DiskError(
                f"cannot make this folder: {error.strerror}", path=str(folder), fix="check its owner and the free space"
            ) from error
        return folder

    def shown(self, path: Path) -> str:
        """Return `path` as a person knows it: relative to the workspace, or absolute when outside."""
        full = path.absolute()
        return str(full.relative_to(self.root)) if full.is_relative_to(self.root) else str(full)

    def leaks(self) -> tuple[str, ...]:
        """Return what others on this machine could read though it is private: `var/` itself and the secret key."""
        loose = (p for p in (self.var, self.key_file) if p.exists() and stat.S_IMODE(p.stat().st_mode) & 0o077)
        return tuple(self.shown(path) for path in loose)


def find_workspace(start: Path) -> Workspace:
    """Return the workspace that `start` lies in; raises UsageError with the way to make one."""
    here = Path(os.path.abspath(start))
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return Workspace(root=folder)
    raise UsageError(
        f"there is no {MARKER} in {here} or above it",
        fix='go into a workspace, or make one with "newsletter init DIR"',
    )


def package_data(name: str) -> Path:
    """Return a file or folder that the program carries: `templates`, `content`, `subscribers`, `newsletter.toml`.

    A wheel has them in `newsletter/data/`; in a checkout they are the repository's own, one source for both.
    """
    carried = _PACKAGE / "data"
    path = (carried if carried.is_dir() else _PACKAGE.parent) / name
    if not path.exists():
        raise UsageError(f"the installed program lacks its own {name}", path=str(path), fix="install it again")
    return path


def template_dirs(workspace: Workspace) -> tuple[Path, ...]:
    """Return where templates are looked for: the workspace's own first, then the ones that the program carries."""
    carried = package_data("templates")
    own = workspace.templates
    return (own, carried) if own.is_dir() and own.resolve() != carried.resolve() else (carried,)
