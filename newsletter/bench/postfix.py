"""A private Postfix as the server of a bench: own configuration, queue and port, nothing of the machine's.

It takes each mail onto its disk as a relay does, then throws it away (`discard`). Needs root, as Postfix does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.bench.meter import cpu_seconds
from newsletter.bench.smtp_sink import find_program, free_port, wait_until_open
from newsletter.errors import UsageError

_MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.zarechye.example
mydestination =
mynetworks = 127.0.0.0/8
default_transport = discard:
relay_transport = discard:
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
alias_maps =
alias_database =
"""
_MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_TAKEN = b": message-id="  # cleanup writes one such line for each mail that it takes


class Postfix:
    """A running Postfix; `count` is how many messages are in its queue or were."""

    def __init__(self, port: int, process_id: int, log: Path) -> None:
        self.port, self._process_id, self._log = port, process_id, log
        self.url = f"smtp://127.0.0.1:{port}"
        self._read = self._counted = 0
        self._rest = b""

    def count(self) -> int:
        with self._log.open("rb") as file:
            file.seek(self._read)
            more = file.read()
        self._read += len(more)
        lines, newline, self._rest = (self._rest + more).rpartition(b"\n")
        self._counted += lines.count(_TAKEN) if newline else 0
        return self._counted

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process_id)


@contextmanager
def postfix(folder: Path) -> Iterator[Postfix]:
    """Run a Postfix of its own below `folder`. Raises UsageError without root or without Postfix."""
    program = find_program("postfix")
    if os.geteuid() != 0:
        raise UsageError("a Postfix of the bench's own needs root", fix="run the bench as root, or with --server sink")
    home, port = folder / "postfix", free_port()
    home.mkdir(exist_ok=True)
    for path in (home, *home.parents):  # its daemons run as another user and must reach their queue
        if path.stat().st_uid == os.geteuid() and path.is_relative_to(folder.parent):
            path.chmod(path.stat().st_mode | 0o055)
    for name, owner in (("queue", "root"), ("data", "postfix"), ("log", "root")):
        (home / name).mkdir()
        shutil.chown(home / name, owner)
    (home / "main.cf").write_text(_MAIN.format(folder=home), encoding="ascii")
    (home / "master.cf").write_text(_MASTER.format(port=port), encoding="ascii")
    log = home / "log" / "mail.log"
    _tell(program, home, "start")
    try:
        wait_until_open(port)
        master = int((home / "queue" / "pid" / "master.pid").read_text(encoding="ascii"))
        yield Postfix(port, master, log)
    finally:
        _tell(program, home, "stop")


def _tell(program: str, home: Path, verb: str) -> None:
    done = subprocess.run([program, "-c", str(home), verb], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UsageError(f"postfix {verb} failed: {done.stderr.strip()[-300:]}")
