"""A file that a command writes for a person: whole or not at all, for its owner's eyes only; "-" is stdout."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from newsletter.errors import DiskError

STDOUT = "-"


@contextmanager
def whole_file(out: str, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Yield a file that takes the name `out`, with mode 0600, once the block has ended well. Raises DiskError."""
    if out in ("", STDOUT):
        yield from _stdout(encoding)
        return
    path = Path(out)
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: nothing to put in its place
        with _opened(path, encoding) as file:
            yield file
        return
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:60]}-", dir=path.parent)  # mode 0600
    except OSError as error:
        raise DiskError(
            f"cannot write here: {error.strerror}", path=out, fix="check the folder and the free space"
        ) from error
    try:
        with open(handle, "w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(handle)  # before the name: after a power cut there is the old file or the whole new one
        os.replace(temporary, path)
    except OSError as error:
        raise DiskError(f"cannot be written: {error.strerror}", path=out, fix="check the free space") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _opened(path: Path, encoding: str) -> TextIO:
    try:
        return path.open("w", encoding=encoding, newline="")
    except OSError as error:
        raise DiskError(f"cannot write here: {error.strerror}", path=str(path), fix="name a file") from error


def _stdout(encoding: str) -> Iterator[TextIO]:
    # Always this encoding, whatever the terminal is set to: it is a file on its way through a pipe.
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        yield sys.stdout
        return
    wrapped = io.TextIOWrapper(buffer, encoding=encoding, newline="")
    try:
        yield wrapped
        wrapped.flush()
    finally:
        wrapped.detach()
