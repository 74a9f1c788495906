"""How this program starts itself as another process: the same interpreter and package, whatever the current folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def command_of(module: str) -> list[str]:
    """Return the command that runs a module of ours."""
    # -P keeps a file named like a module in the current directory from being imported: that may be anybody's folder.
    return [sys.executable, "-P", "-m", module]


def environ_of_child() -> dict[str, str]:
    """Return the environment in which it finds this very package."""
    package_root = str(Path(__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))}
