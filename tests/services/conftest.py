"""A private Postfix: own configuration, queue and ports, started and stopped by the test, nothing of the machine's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

POSTFIX = shutil.which("postfix", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))

MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.zarechye.example
mydestination =
mynetworks = 127.0.0.0/8
local_transport = error:no local mail
default_transport = smtp:[127.0.0.1]:{next_port}
relay_transport = smtp:[127.0.0.1]:{next_port}
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_destination_concurrency_limit = 10
minimal_backoff_time = 5s
queue_run_delay = 5s
alias_maps =
alias_database =
smtputf8_enable = yes
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def postfix() -> Iterator[Callable[[int], str]]:
    """Return a function that starts a Postfix which relays everything to a port, and returns its URL."""
    if POSTFIX is None:
        pytest.skip("Debian's postfix is not installed (apt-get install postfix)")
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    # Not in pytest's folders: those are 0700, and the next pytest to start makes them so again; the daemons of
    # Postfix run as another user and must reach their queue.
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    started: list[Path] = []

    def start(next_port: int) -> str:
        port = free_port()
        (folder / "main.cf").write_text(MAIN.format(folder=folder, next_port=next_port), encoding="ascii")
        (folder / "master.cf").write_text(MASTER.format(port=port), encoding="ascii")
        for name, owner in (("queue", "root"), ("data", "postfix"), ("log", "root")):
            (folder / name).mkdir()
            shutil.chown(folder / name, owner)
        _postfix(folder, "start")
        started.append(folder)
        return f"smtp://127.0.0.1:{port}"

    yield start
    for running in started:
        _postfix(running, "stop")
    shutil.rmtree(folder)


def _postfix(folder: Path, verb: str) -> None:
    assert POSTFIX is not None
    done = subprocess.run([POSTFIX, "-c", str(folder), verb], capture_output=True, text=True, check=False)
    log = folder / "log" / "mail.log"
    assert done.returncode == 0, done.stderr + (log.read_text(encoding="utf-8") if log.exists() else "")
