"""A real SMTP server inside the program, for `newsletter demo` and for tests: loopback, a free port, own thread.

What it accepts lies as `.eml` files in a folder before it says 250, each beside a `.json` with its envelope.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path
from types import TracebackType

from aiosmtpd.smtp import SMTP, Envelope, Session

# aiosmtpd's own limit is 32 MB and an assert; None would take SIZE from EHLO, and with it our own check of it.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class EmbeddedServer:
    """A context manager: the server runs inside the block, `url` says where."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._count = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-smtp", daemon=True)

    def __enter__(self) -> EmbeddedServer:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"smtp://{host}:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the message, then accept it."""
        self._count += 1
        name = f"{self._count:05}-{_safe(envelope.rcpt_tos[0])}"
        facts = {
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            "mail_options": envelope.mail_options,
            "rcpt_options": envelope.rcpt_options,
        }
        (self.folder / f"{name}.json").write_text(json.dumps(facts, ensure_ascii=False) + "\n", encoding="utf-8")
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        (self.folder / f"{name}.eml").write_bytes(content)
        return f"250 2.0.0 Ok: queued as {self._count:05}"

    async def _start(self) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, "127.0.0.1", 0)

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="localhost",  # else getfqdn(), which asks the DNS
            loop=self._loop,
        )

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)  # lets the cancelled connections end


def _safe(address: str) -> str:
    return re.sub(r"[^\w.@+-]", "_", address)[:80]
