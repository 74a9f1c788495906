"""A whole send to smtp-sink, by the command line, ledger on: the sample item to an invented list.

smtp-sink (Debian's postfix) accepts and throws away, and offers PIPELINING but no CHUNKING. It and the sender share
this machine's cores; `sink_cpu_share` says how much of one core it took, so that a sink-bound figure is seen as one.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from newsletter.errors import UsageError

ITEM = "content/2026-11-zarechye-export.md"
CONNECTIONS = (1, 8, 16)
_SETTINGS = {
    "NEWSLETTER_PUBLIC_URL": "https://news.zarechye.example",
    "NEWSLETTER_SENDER__FROM": "news@zarechye.example",
    "NEWSLETTER_SENDER__UNSUBSCRIBE_MAILTO": "unsubscribe@zarechye.example",
}


def run(
    *, messages: int, folder: Path, item: str = ITEM, connections: Sequence[int] = CONNECTIONS
) -> dict[str, object]:
    """Send `item` to `messages` people once for each number of connections. Raises UsageError without smtp-sink."""
    workspace = folder / "workspace"
    _newsletter(["init", str(workspace)], folder)
    people = "".join(f"reader{n}@mail{n % 50}.example;Читатель {n}\n" for n in range(messages))
    (workspace / "subscribers" / "bench.csv").write_text(f"email;имя\n{people}", encoding="utf-8")
    _newsletter(["subscribers", "import", "subscribers/bench.csv", "--list", "bench"], workspace)
    figures: dict[str, object] = {"messages": messages, "item": Path(item).name}
    for number in connections:
        with smtp_sink() as (url, process_id):
            before = cpu_seconds(process_id)
            arguments = ["send", item, "--title", "Bench", "--list", "bench", "--smtp", url, "--again"]
            arguments += ["--connections", str(number)]
            report = json.loads(_newsletter([*arguments, "--yes", "--json"], workspace))
            share = (cpu_seconds(process_id) - before) / report["seconds"]
        if report["accepted"] != messages:
            raise UsageError(f"{messages - report['accepted']} messages were not accepted", fix="look at smtp-sink")
        figures[f"messages_per_second_{number}_connections"] = report["messages_per_second"]
        figures[f"sink_cpu_share_{number}_connections"] = round(share, 2)
    return figures


@contextmanager
def smtp_sink() -> Iterator[tuple[str, int]]:
    """Run smtp-sink on a free port of loopback; yields its URL and process id."""
    program = shutil.which("smtp-sink", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if program is None:
        raise UsageError("bench send needs smtp-sink", fix="apt-get install postfix (it need not run)")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "512"], stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(port, sink)
        yield f"smtp://127.0.0.1:{port}", sink.pid
    finally:
        sink.terminate()
        sink.wait()


def _wait_until_open(port: int, sink: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and sink.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise UsageError("smtp-sink did not start", fix="run it by hand to see why")


def cpu_seconds(process_id: int) -> float:
    """Return the CPU time that a process has used, in seconds (proc(5): fields 14 and 15, in clock ticks)."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _newsletter(arguments: Sequence[str], folder: Path) -> str:
    package_root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", *arguments],
        cwd=folder,
        env={**os.environ, **_SETTINGS, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise UsageError(f"newsletter {arguments[0]} failed: {done.stderr.strip()[-300:]}")
    return done.stdout
