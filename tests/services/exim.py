"""A private Exim of Debian's, unpacked by `.ci/exim` because Debian installs no two mail servers beside each other.

It keeps what it takes in its queue, on its disk, and delivers nothing: a delivery is a process a mail. Who is in the
queue is read from its own files there, so `taken` does not rest on what its log says. `stop` and `start` are a restart.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.postfix import free_port, open_folder

PROGRAM = Path(__file__).resolve().parents[2] / ".cache" / "exim" / "usr" / "sbin" / "exim4"
USER = "Debian-exim"  # built in

# What limits a client (nonmail commands, errors, mails a session) stays as it is by default.
CONFIG = """exim_path = {program}
exim_user = {user}
exim_group = {user}
primary_hostname = relay.zarechye.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
disable_ipv6
keep_environment =
host_lookup =
tls_advertise_hosts =
chunking_advertise_hosts = {chunking}
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
queue_only
split_spool_directory
message_logs = false
log_selector = +received_recipients +smtp_connection
acl_smtp_rcpt = rcpt

begin acl
rcpt:
{rules}
  require verify = recipient
  accept

begin routers
readers:
  driver = accept
  domains = ! zarechye.example
  condition = ${{lookup{{$local_part@$domain}}lsearch{{{folder}/strangers}}{{no}}{{yes}}}}
  transport = away
  cannot_route_message = Unknown user

begin transports
away:
  driver = appendfile
  file = /dev/null
"""
_BY_CHUNKS = re.compile(r" <= .* P=\S+ (?:\S+ )*?K ")
_TAKEN = re.compile(r" <= ")
_RECIPIENT = re.compile(r"^1\n(\S+@\S+)", re.MULTILINE)  # of a spool file: their number, then each


class Exim:
    """One instance, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.log = folder / "log" / "mainlog"
        self._config = folder / "exim.conf"
        self._daemon: subprocess.Popen[bytes] | None = None
        for name in ("spool", "log"):
            (folder / name).mkdir()
            shutil.chown(folder / name, USER, USER)

    def start(self, rules: str = "", *, strangers: Iterable[str] = (), chunking: bool = True) -> None:
        """`rules`: lines of the ACL at RCPT, which come first. `strangers`: addresses it knows not to exist."""
        lines = "".join(f"{address}\n" for address in strangers)
        (self._folder / "strangers").write_text(lines, encoding="ascii")
        config = CONFIG.format(
            program=PROGRAM,
            user=USER,
            folder=self._folder,
            port=self.port,
            chunking="*" if chunking else "",
            rules=rules,
        )
        self._config.write_text(config, encoding="ascii")
        # A session of its own: its children are ended with it, and nobody else's.
        self._daemon = subprocess.Popen([PROGRAM, "-C", self._config, "-bdf"], start_new_session=True)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self._daemon.poll() is None, f"Exim ended with {self._daemon.returncode}\n{self._read()}"
            assert time.monotonic() < deadline, "Exim does not answer"
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        return self._daemon is not None

    def stop(self) -> None:
        """End it, and every session with it: each says 421 first."""
        assert self._daemon is not None
        os.killpg(self._daemon.pid, signal.SIGTERM)
        self._daemon.wait(30)
        self._daemon = None

    def settle(self) -> None:
        """Everything is where `taken` looks before Exim says 250."""

    @property
    def taken(self) -> list[tuple[str, str]]:
        """Its name and the recipient of each mail in its queue."""
        found = []
        for path in (self._folder / "spool" / "input").rglob("*-H"):
            recipient = _RECIPIENT.search(path.read_text(encoding="utf-8", errors="replace"))
            assert recipient is not None, path.read_text(encoding="utf-8", errors="replace")
            found.append((path.name.removesuffix("-H"), recipient[1]))
        return found

    @property
    def arrivals(self) -> int:
        """How many mails it has taken."""
        return len(_TAKEN.findall(self._read()))

    def commands(self, verb: str) -> int:
        """How many mails came by BDAT, or by DATA ("data")."""
        log = self._read()
        chunks = len(_BY_CHUNKS.findall(log))
        return chunks if verb == "bdat" else self.arrivals - chunks

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5):
                return True
        except ConnectionRefusedError:
            return False

    def _read(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


def missing() -> str:
    """Return why there can be no private Exim here; "" where there can."""
    if not PROGRAM.exists():
        return "Debian's Exim is not unpacked (as root: .ci/exim)"
    return "a private Exim needs root" if os.geteuid() != 0 else ""


@contextmanager
def private_exim() -> Iterator[Exim]:
    """Make one, not started yet; it ends with the block."""
    with open_folder("exim-") as folder:
        server = Exim(folder)
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()
