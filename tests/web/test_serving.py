"""The room as a process: what it prints, and how it ends."""

from __future__ import annotations

import signal
import urllib.request

import pytest

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
