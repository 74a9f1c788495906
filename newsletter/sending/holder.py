"""Who holds, or held, the right to send an issue: a process of a machine, and since when."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who took the lock, and when."""

    owner: str  # host:pid
    since: str  # a time as people read it, with its zone

    @property
    def host(self) -> str:
        return self.owner.rpartition(":")[0]

    def __str__(self) -> str:
        return f"process {self.owner.rpartition(':')[2]} on {self.host} since {self.since}"


def this_host() -> str:
    return socket.gethostname()[:40]


def this_process() -> str:
    """Return host:pid, as the ledger names its senders."""
    return f"{this_host()}:{os.getpid()}"
