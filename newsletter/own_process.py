"""This program as a process: how it starts itself as another one, and what it gives back to the system."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path


def command_of(module: str) -> list[str]:
    """Return the command that runs a module of ours."""
    # -P keeps a file named like a module in the current directory from being imported: that may be anybody's folder.
    return [sys.executable, "-P", "-m", module]


def give_memory_back() -> None:
    """Return what was freed to the system: glibc keeps it, and a send runs for hours after a large freeze."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def environ_of_child() -> dict[str, str]:
    """Return the environment in which it finds this very package."""
    package_root = str(Path(__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))}
