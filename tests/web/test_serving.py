"""The room as a process: what it prints, and how it ends."""

from __future__ import annotations

import signal
import socket
import urllib.request

import pytest

from newsletter.cli.output import internal_failure
from newsletter.errors import UsageError
from newsletter.web.serving import bind, own_hosts
from newsletter.workspace import Workspace
from tests.room_server import RoomProcess, children_of, is_alive, running_room

pytestmark = pytest.mark.slow


def test_the_first_line_is_the_address_alone_and_it_answers(room_workspace: Workspace) -> None:
    with running_room(room_workspace, "content/optika.md") as room:
        assert room.address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(room.address) as answer:
            assert "оптики" in answer.read().decode()
        assert room.stop()[1] == "", "nothing but the address goes to stdout"


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_at_once_with_pages_open_and_leaves_no_child(
    room_workspace: Workspace, how: signal.Signals, code: int
) -> None:
    room = RoomProcess.start(room_workspace, "content/optika.md")
    streams = [urllib.request.urlopen(f"{room.address}events") for _ in range(3)]
    assert all(stream.readline().startswith(b"data: ") for stream in streams)
    children = children_of(room.process.pid)
    assert children, "it compiles in a child"
    ended, out, err = room.stop(how)
    for stream in streams:
        stream.close()
    assert (ended, out) == (code, "")
    assert err.splitlines()[0] == "Ctrl-C ends the preview"
    assert "Traceback" not in err
    assert "ASGI" not in err
    assert not any(map(is_alive, children))


def test_a_defect_is_told_on_the_terminal_in_one_line_without_the_secret(
    capsys: pytest.CaptureFixture[str], in_workspace: Workspace
) -> None:
    error = RuntimeError("no\npage http://127.0.0.1:8025/sEcReT/i/")
    assert internal_failure(error, as_json=False, secret="sEcReT") == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert "internal error: RuntimeError: no page http://127.0.0.1:8025/…/i/" in told
    kept = next(in_workspace.var.glob("newsletter-error-*")).read_text(encoding="utf-8")
    assert "sEcReT" not in told + kept


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "::ffff:0.0.0.0", "0:0::0"])  # noqa: S104 - refused
def test_every_address_at_once_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="every address of this machine"):
        bind(host, 0)


@pytest.mark.parametrize("host", ["", "nobody.invalid", "x" * 70, "256.1.1.1", "203.0.113.7", "::1%nothing", "a b"])
def test_a_host_that_cannot_be_had_is_a_sentence_with_a_way_out(host: str) -> None:
    with pytest.raises(UsageError) as refused:
        bind(host, 0)
    assert "--host" in refused.value.fix


def test_a_port_that_is_taken_is_a_sentence_with_a_way_out() -> None:
    with bind("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(UsageError, match="is taken") as refused:
            bind("127.0.0.1", first.getsockname()[1])
    assert refused.value.fix == "give another with --port"


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1", ["127.0.0.1", "localhost"]),
        ("localhost", ["localhost", "127.0.0.1"]),
        ("LocalHost", ["localhost", "127.0.0.1"]),
        ("127.0.0.2", ["127.0.0.2", "localhost"]),
    ],
)
def test_the_room_knows_its_own_names(host: str, names: list[str]) -> None:
    with bind(host, 0) as listening:
        port = listening.getsockname()[1]
        shown, hosts = own_hosts(listening, host)
    assert shown == f"{names[0]}:{port}"
    assert {f"{name}:{port}" for name in names} <= hosts


def test_a_room_open_to_the_network_warns(room_workspace: Workspace) -> None:
    address = next((own for own in own_addresses() if not own.startswith("127.")), "")
    if not address:
        return  # a machine without a network has nobody to warn of
    room = RoomProcess.start(room_workspace, "--host", address)
    code, _, err = room.stop()
    assert code == 130
    assert "is open to the network" in err


def own_addresses() -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), 0, socket.AF_INET)]
    except OSError:
        return []
