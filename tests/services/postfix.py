"""A private Postfix: own configuration, queue, log and port, nothing of the machine's. Needs root and Debian's package.

    with private_postfix() as server:
        server.start()            # what it takes stays in its queue, on hold
        ... server.url ...
        server.settle()           # until every session has ended
        server.taken              # its name of each mail in its queue, and for whom it is
        server.log                # the file, written as any /var/log/mail.log: what `reconcile --postfix-log` reads

`stop` and `start` are a restart: port, queue and log stay. But the log has gaps then: its writer is ended with the
others, and what they told it last is lost. So `taken` does not rest on it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
PROGRAM = shutil.which("postfix", path=_PATH)
POSTQUEUE = shutil.which("postqueue", path=_PATH)

# in_flow_delay: Postfix would hold up whoever brings mail faster than it leaves, by a second a mail.
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
default_transport = {transport}
relay_transport = {transport}
relay_domains = regexp:{folder}/ours
relay_recipient_maps = regexp:{folder}/known
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_destination_concurrency_limit = 10
in_flow_delay = 0
minimal_backoff_time = 5s
queue_run_delay = 5s
alias_maps =
alias_database =
smtputf8_enable = yes
smtpd_discard_ehlo_keywords = {hidden}
smtpd_client_restrictions = {client}
{settings}
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
_DISCONNECTED = re.compile(r"postfix/smtpd\[\d+\]: disconnect from .*")
_STARTS = "starting the Postfix mail system"


class Postfix:
    """One instance, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.log = folder / "log" / "mail.log"
        self._config = folder / "etc"  # by itself: `postfix start` warns of each file below it that is not root's
        for name, owner in (("etc", "root"), ("queue", "root"), ("data", "postfix"), ("log", "root")):
            (folder / name).mkdir()
            shutil.chown(folder / name, owner)
        (self._config / "master.cf").write_text(MASTER.format(port=self.port), encoding="ascii")
        self.is_running = False

    def start(
        self,
        settings: str = "",
        *,
        strangers: Iterable[str] = (),
        chunking: bool = True,
        keeps: bool = True,
        next_port: int | None = None,
    ) -> None:
        """`settings`: lines of main.cf, which win. `strangers`: addresses it does not know.

        What it takes it `keeps`, or throws away, or hands on to `next_port`.
        """
        main = MAIN.format(
            folder=self._folder,
            transport="discard:" if next_port is None else f"smtp:[127.0.0.1]:{next_port}",
            hidden="" if chunking else "chunking",
            client="check_client_access static:HOLD" if keeps and next_port is None else "",
            settings=settings,
        )
        (self._config / "main.cf").write_text(main, encoding="ascii")
        (self._folder / "ours").write_text("/./ ours\n", encoding="ascii")
        unknown = "|".join(re.escape(address) for address in strangers)
        known = f"if !/^({unknown})$/\n/./ known\nendif\n" if unknown else "/./ known\n"
        (self._folder / "known").write_text(known, encoding="ascii")
        self._tell("start")
        self.is_running = True

    def stop(self) -> None:
        """End it, and every session with it."""
        self._tell("stop")
        self.is_running = False

    def settle(self) -> None:
        """Wait until each session since the last start is in the log to its end. For a minute at most."""
        deadline = time.monotonic() + 60
        while not self._are_sessions_over():
            assert time.monotonic() < deadline, f"sessions of Postfix do not end\n{self._read()[-2_000:]}"
            time.sleep(0.05)

    def _are_sessions_over(self) -> bool:
        now = self._read().rpartition(_STARTS)[2]
        return now.count("]: connect from ") == now.count("]: disconnect from ")

    @property
    def taken(self) -> list[tuple[str, str]]:
        """Its name and the recipient of each mail that it keeps: a file that was there before it said 250."""
        listed = self._run(POSTQUEUE, "-c", str(self._config), "-j").stdout
        mails = [json.loads(line) for line in listed.splitlines()]
        return [(mail["queue_id"], one["address"]) for mail in mails for one in mail["recipients"]]

    @property
    def arrivals(self) -> int:
        """How many mails it has taken."""
        return self._read().count(": message-id=<")

    def commands(self, verb: str) -> int:
        """How many such commands it took, by what it logs at the end of each session."""
        return sum(taken for taken, _ in self._counted(verb))

    def refused(self, verb: str) -> int:
        """How many such commands it refused."""
        return sum(every - taken for taken, every in self._counted(verb))

    def _counted(self, verb: str) -> list[tuple[int, int]]:
        told = "\n".join(_DISCONNECTED.findall(self._read()))
        found = re.findall(rf"\b{verb}=(\d+)(?:/(\d+))?", told)  # "5/6": one of six was refused
        return [(int(taken), int(every or taken)) for taken, every in found]

    def _read(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def _tell(self, verb: str) -> None:
        self._run(PROGRAM, "-c", str(self._config), verb)

    def _run(self, program: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        assert program is not None
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + self._read()
        return done


def missing() -> str:
    """Return why there can be no private Postfix here; "" where there can."""
    if PROGRAM is None:
        return "Debian's postfix is not installed (apt-get install postfix)"
    return "a private Postfix needs root" if os.geteuid() != 0 else ""


@contextmanager
def private_postfix() -> Iterator[Postfix]:
    """Make one, not started yet; it ends with the block."""
    with open_folder("postfix-") as folder:
        server = Postfix(folder)
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()


@contextmanager
def open_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that daemons of other users can reach, and take it away.

    Not one of pytest's: those are 0700, and the next pytest to start makes them so again.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
