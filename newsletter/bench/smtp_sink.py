"""Debian's smtp-sink as the server of a bench: pinned to one core, counting what it accepts.

It takes PIPELINING but no CHUNKING. Its counters (`-c`) go to a file that is read from outside.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.bench.meter import cpu_seconds
from newsletter.errors import UsageError

_SBIN = "/usr/sbin"
_MESSAGES = re.compile(rb"mesg=(\d+)")


class SmtpSink:
    """A running smtp-sink; `count` is how many messages it has accepted."""

    def __init__(self, port: int, process_id: int, counters: Path) -> None:
        self.port, self._process_id, self._counters = port, process_id, counters
        self.url = f"smtp://127.0.0.1:{port}"

    def count(self) -> int:
        with self._counters.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 200))
            found = _MESSAGES.findall(file.read() + b"\r")
        return int(found[-1]) if found else 0

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process_id)


@contextmanager
def smtp_sink(folder: Path, *, cores: Collection[int] = ()) -> Iterator[SmtpSink]:
    """Run smtp-sink on a free port of loopback. Raises UsageError when there is none."""
    program = find_program("smtp-sink")
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    counters = folder / f"sink-{port}.txt"
    with counters.open("wb") as output:
        sink = subprocess.Popen(
            [program, *user, "-c", f"127.0.0.1:{port}", "512"], stdout=output, stderr=subprocess.DEVNULL
        )
    try:
        if cores:
            os.sched_setaffinity(sink.pid, cores)
        wait_until_open(port, sink)
        yield SmtpSink(port, sink.pid, counters)
    finally:
        sink.terminate()
        sink.wait()


def find_program(name: str) -> str:
    """Return the path of a program of Debian's postfix. Raises UsageError."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), _SBIN]))
    if found is None:
        raise UsageError(f"bench needs {name}", fix="apt-get install postfix (it need not run)")
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_until_open(port: int, server: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until something answers on a port of loopback, ten seconds at most. Raises UsageError."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (server is None or server.poll() is None):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise UsageError("the server of the bench did not start", fix="run it by hand to see why")
