"""`newsletter init`: a workspace made from what the program carries.

Nothing is overwritten and nothing stays half-written: all is made in a folder aside, then moved into place, with
`newsletter.toml`, which makes a folder a workspace, last.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from newsletter.errors import DiskError, UsageError
from newsletter.tokens import load_keys
from newsletter.workspace import MARKER, Workspace, package_data

# In the order of moving. `.gitignore` keeps addresses and keys out of a repository from the first commit on.
ENTRIES = (".gitignore", "content", "templates", "subscribers", "var", MARKER)
_GITIGNORE = "# Addresses, keys and what was sent: never in a repository.\n/var/\n"


def init(
    directory: Annotated[str, typer.Argument(metavar="DIR", help="The folder to make it in.")] = ".",
) -> int:
    """Make a new workspace: settings, templates, samples and a list.

    Refuses to overwrite anything. The folder may hold other files.
    """
    root = Path(directory).absolute()
    taken = [name for name in ENTRIES if os.path.lexists(root / name)]
    if taken or (root.exists() and not root.is_dir()):
        raise UsageError(f"already there: {', '.join(taken) or 'a file'}", path=directory, fix="name a new folder")
    make_workspace(root, os.environ)
    print(_next_steps(directory))
    return 0


def make_workspace(root: Path, environ: Mapping[str, str]) -> None:
    """Make a workspace in `root`, whole or not at all; raises DiskError."""
    new = [folder for folder in (root, *root.parents) if not folder.exists()]
    done = False
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".newsletter-init-", dir=root) as aside:
            _fill(Path(aside), environ)
            _move(Path(aside), root)
        done = True
    except OSError as error:
        # copytree gathers its failures: (source, target, reason) each, of which the first tells all.
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror or str(error)
        raise DiskError(
            f"no workspace could be made: {reason}", path=str(root), fix="check the disk's free space and your rights"
        ) from error
    finally:
        for folder in () if done else new:
            with suppress(OSError):  # never made, or meanwhile used by someone else: then it stays
                folder.rmdir()


def _fill(root: Path, environ: Mapping[str, str]) -> None:
    (root / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    for name in ("content", "templates", "subscribers"):
        # Contents only: a wheel's files may be read-only, and a workspace is there to be edited.
        shutil.copytree(
            package_data(name), root / name, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".*", "*.pyc")
        )
    workspace = Workspace(root=root)
    workspace.private_dir()
    load_keys(workspace.key_file, environ)
    shutil.copyfile(package_data(MARKER), root / MARKER)


def _move(aside: Path, root: Path) -> None:
    moved: list[Path] = []
    try:
        for name in ENTRIES:
            target = root / name
            if os.path.lexists(target):  # made by someone else since we looked; rename would replace a file
                raise FileExistsError(17, "it is there already", str(target))
            os.rename(aside / name, target)
            moved.append(target)
    except OSError:
        for target in moved:
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        raise


def _next_steps(directory: str) -> str:
    go = "" if directory == "." else f"  cd {shlex.quote(directory)}\n"
    return f"""A workspace is ready in {directory}. What to do next:
{go}  newsletter demo                      see the whole way on this machine
  edit newsletter.toml                 your office; public_url, sender.from, sender.unsubscribe_mailto, smtp.url
  newsletter doctor                    what is still missing
  newsletter preview                   the mail in a browser, to look at and approve
  newsletter build content/FILE        the mail, as files
  newsletter subscribers import FILE --list NAME
Keep var/secret.key safe, and a copy of it: without it the unsubscribe links already mailed stop working."""
