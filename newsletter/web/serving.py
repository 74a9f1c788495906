"""The room behind a real socket: bound first, so that the address printed is one that answers."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from newsletter.errors import UsageError

HTTP_PORT = 80
GRACE_SECONDS = 2  # for a page that is being answered when the editor ends the room


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises UsageError when the address cannot be had, or is every address at once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if _is_every_address(str(found[4][0])):
            fix = "name the one address or name under which editors reach this machine"
            raise UsageError(f'--host cannot be "{host}", which is every address of this machine', fix=fix)
        return _bound(found[0], found[4])
    except UnicodeError as error:
        raise UsageError(f'--host "{host}" is no name of a machine', fix="check --host") from error
    except OSError as error:
        fix = "give another with --port" if error.errno == errno.EADDRINUSE else "check --host and --port"
        what = f"port {port} is taken" if error.errno == errno.EADDRINUSE else f"{host}:{port} cannot be had: {error}"
        raise UsageError(what, fix=fix) from error


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def _is_every_address(text: str) -> bool:
    address = ipaddress.ip_address(text)
    # "::ffff:0.0.0.0" is 0.0.0.0 in the clothes of IPv6, and binds it.
    return address.is_unspecified or bool(getattr(address, "ipv4_mapped", None) == ipaddress.IPv4Address(0))


def is_loopback(listening: socket.socket) -> bool:
    """Say whether only programs of this machine reach the socket."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def own_hosts(listening: socket.socket, host: str) -> tuple[str, frozenset[str]]:
    """Return the address to open ("127.0.0.1:8025"), and every value of Host that means it."""
    address, port = listening.getsockname()[:2]
    names = {host.lower().strip("[]"), str(address)}
    if is_loopback(listening):
        names |= {"localhost"}
    shown = [f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in (host.lower(), *sorted(names))]
    bare = {one.rpartition(":")[0] for one in shown} if port == HTTP_PORT else set()  # browsers leave it out
    return shown[0], frozenset({*shown, *bare})


def serve(
    app: Starlette, listening: socket.socket, *, when_ready: Callable[[], None], when_ending: Callable[[], None]
) -> None:
    """Answer until SIGINT or SIGTERM; raises KeyboardInterrupt or SystemExit then, so that the caller can tidy up.

    `when_ending` cuts short what pages wait for, such as a compile: the end would wait for it too.
    """
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # its lines hold tracebacks and addresses
    config = uvicorn.Config(
        app,
        log_config=None,  # a log of requests would hold the secret
        access_log=False,
        lifespan="on",
        http="h11",  # what else a machine may have installed reads a header without end into memory
        proxy_headers=False,  # there is no proxy in front of us: nobody else says how we are reached
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config, when_ready, when_ending)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        asyncio.run(server.serve(sockets=[listening]))
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: FrameType | None) -> None:
    # uvicorn ends well and then raises the signal again: it must not kill us before the compiling child is ended.
    raise SystemExit(128 + number)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None], when_ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready
        self._when_ending = when_ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        room = self.config.loaded_app and getattr(self.config.app, "state").room  # noqa: B009
        room.close()  # streams of events would hold the server open
        self._when_ending()
        await super().shutdown(sockets)
