"""How long a disk takes to keep something, and a library that makes it take longer.

The library goes before libc (LD_PRELOAD) and is compiled with the machine's own C compiler; strace could delay the
same calls, but stops the program at all others too.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

_SOURCE = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static int slow(const char *name, int fd) {{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(fd);
    struct timespec wait = {{0, {nanoseconds}L}};
    nanosleep(&wait, 0);
    return result;
}}
int fdatasync(int fd) {{ return slow("fdatasync", fd); }}
int fsync(int fd) {{ return slow("fsync", fd); }}
"""


def slowing_library(folder: Path, *, milliseconds: int) -> Path | None:
    """Compile a library that adds so much to each fdatasync and fsync; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, library = folder / "slow_disk.c", folder / "slow_disk.so"
    source.write_text(_SOURCE.format(nanoseconds=milliseconds * 1_000_000), encoding="ascii")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    done = subprocess.run(command, capture_output=True, check=False)
    return library if done.returncode == 0 else None


def fdatasync_microseconds(folder: Path, *, times: int = 200) -> float:
    """Return the median time of an fdatasync after 4 KB were written to a new file in `folder`."""
    path = folder / "fdatasync"
    found = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            found.append(time.perf_counter() - started)
    path.unlink()
    return round(statistics.median(found) * 1e6, 1)
