"""An SMTP server as a process of its own, which outlives the sender that it watches being killed.

It records each mail that it accepts (recipient, Message-ID, SHA-256 of the content) and has the record on disk before
its reply leaves. What it records is final only when every connection has ended: `settle` waits for that.
Run as a program it is the server; `RecordingSink` starts it. A thread a connection, blocking reads: a group of
commands that comes in one packet is taken command by command, as RFC 2920 asks.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_SETTLE_SECONDS = 60
_CONNECTED, _TAKEN, _TIMEOUT = b"+", b".", b"!"  # what the program writes to standard output, for whoever started it


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One mail that the sink took responsibility for."""

    recipient: str
    message_id: str
    sha256: str


class RecordingSink:
    """The server as a context manager; `accepted` may be read at any time, and is final after `settle`."""

    def __init__(self, record: Path, *, seed: int = 0, delay_ms: float = 0.0, options: Sequence[str] = ()) -> None:
        """`delay_ms`: the longest wait before a reply to a mail, half of it before the record is written.

        `options`: of `no-chunking`, `no-pipelining`, `idle=SECONDS` (then 421 and the end of the connection).
        """
        self._record = record
        record.touch()
        command = [sys.executable, "-I", "-S", __file__, str(record), f"--seed={seed}", f"--delay-ms={delay_ms}"]
        self._process = subprocess.Popen(
            [*command, *(f"--{option}" for option in options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self._said = self._process.stdout.fileno()
        port = b""
        while not port.endswith(b"\n"):
            port += os.read(self._said, 1)
        self.url = f"smtp://127.0.0.1:{int(port)}"

    def __enter__(self) -> RecordingSink:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def wait_for_connection(self, sender: subprocess.Popen[bytes]) -> bool:
        """Wait until somebody connects anew; False when `sender` ended before."""
        return self._wait_for(_CONNECTED, 1, sender)

    def wait_for_more(self, number: int, sender: subprocess.Popen[bytes]) -> bool:
        """Wait until so many more mails were accepted; False when `sender` ended before."""
        return self._wait_for(_TAKEN, number, sender)

    def _wait_for(self, sign: bytes, number: int, sender: subprocess.Popen[bytes]) -> bool:
        while number:
            if select.select([self._said], [], [], 0.02)[0]:
                number -= os.read(self._said, 1) == sign
            elif sender.poll() is not None:
                return False
        return True

    def wait_for_timeouts(self, number: int) -> None:
        """Wait until so many connections were given up because the sender fell silent (`idle`)."""
        while number:
            number -= os.read(self._said, 1) == _TIMEOUT

    def settle(self) -> None:
        """Take no new connection and wait until every one has ended."""
        self._process.communicate(timeout=_SETTLE_SECONDS)
        assert self._process.returncode == 0

    def accepted(self) -> list[Accepted]:
        lines = self._record.read_text(encoding="utf-8").splitlines()
        return [
            Accepted(recipient=recipient, message_id=message_id, sha256=sha256)
            for recipient, message_id, sha256 in (line.split("\t") for line in lines)
        ]


class _Server:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self._handle = os.open(arguments.record, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._delay_seconds = arguments.delay_ms / 1_000
        self._idle: float | None = arguments.idle or None
        self._random = random.Random(arguments.seed)
        self._offers = ["SIZE 50000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"]
        self._offers += [] if arguments.no_pipelining else ["PIPELINING"]
        self._offers += [] if arguments.no_chunking else ["CHUNKING"]
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)

    def accept_for_ever(self) -> None:
        while True:
            sock, _ = self.listener.accept()
            os.write(1, _CONNECTED)
            # Not a daemon: the process ends when the last connection has.
            threading.Thread(target=self._serve, args=(sock,), daemon=False).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(self._idle)
        try:
            with sock, sock.makefile("rb") as stream:
                self._session(sock, stream)
        except TimeoutError:
            os.write(1, _TIMEOUT)
        except OSError:
            return  # the sender is gone; what it had sent was read up to here

    def _session(self, sock: socket.socket, stream: BinaryIO) -> None:
        def say(text: str) -> None:
            sock.sendall(f"{text}\r\n".encode())

        say("220 sink.example ESMTP")
        recipient, chunks = "", list[bytes]()
        while True:
            try:
                line = stream.readline()
            except TimeoutError:
                say("421 4.4.2 sink.example timeout")
                raise
            if not line.endswith(b"\n"):
                return
            words = line.decode("utf-8", "replace").split()
            verb = words[0].upper() if words else ""
            if verb == "EHLO":
                lines = ["sink.example", *self._offers]
                say("\r\n".join(f"250{' ' if one is lines[-1] else '-'}{one}" for one in lines))
            elif verb in ("MAIL", "RSET"):
                recipient, chunks = "", []
                say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipient = line.decode("utf-8", "replace").partition("<")[2].partition(">")[0]
                say("250 2.1.5 Ok")
            elif verb == "DATA":
                say("354 go on")
                content = _dotted(stream)
                if content is None:
                    return
                say(self._take(recipient, content))
            elif verb == "BDAT":
                size = int(words[1])
                chunk = stream.read(size)
                if len(chunk) < size:
                    return
                chunks.append(chunk)
                say(self._take(recipient, b"".join(chunks)) if len(words) > 2 else "250 2.0.0 more")
            elif verb == "QUIT":
                say("221 2.0.0 Bye")
                return
            else:
                say("250 2.0.0 Ok" if verb == "NOOP" else "500 5.5.1 what?")

    def _take(self, recipient: str, content: bytes) -> str:
        if not recipient:
            return "503 5.5.1 no recipient"
        self._dawdle()
        found = _MESSAGE_ID.search(content.partition(b"\r\n\r\n")[0])
        message_id = found[1].decode() if found else ""
        os.write(self._handle, f"{recipient}\t{message_id}\t{hashlib.sha256(content).hexdigest()}\n".encode())
        os.fdatasync(self._handle)
        os.write(1, _TAKEN)
        self._dawdle()
        return "250 2.0.0 Ok: queued"

    def _dawdle(self) -> None:
        time.sleep(self._random.uniform(0, self._delay_seconds / 2))


def _dotted(stream: BinaryIO) -> bytes | None:
    """Return the content up to the lone dot, with doubled dots made one; None when the connection ended before."""
    lines = []
    while (line := stream.readline()) != b".\r\n":
        if not line.endswith(b"\n"):
            return None
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("record")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--idle", type=float, default=0.0)
    parser.add_argument("--no-chunking", action="store_true")
    parser.add_argument("--no-pipelining", action="store_true")
    server = _Server(parser.parse_args())
    print(server.listener.getsockname()[1], flush=True)
    threading.Thread(target=server.accept_for_ever, daemon=True).start()
    sys.stdin.buffer.read()  # until the test closes it
    server.listener.close()


if __name__ == "__main__":
    _main()
