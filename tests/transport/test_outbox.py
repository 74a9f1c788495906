"""A folder in place of a relay."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.delivery.scope import Kind
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.transport.channel import send
from newsletter.transport.outbox import OutboxTransport, find_written, is_there, write_message

MakeMessage = Callable[..., Message]


def test_same_delivery_sent_again_stands_beside_its_first_copy(tmp_path: Path, make_message: MakeMessage) -> None:
    first, second = make_message(body="1", envid="abc"), make_message(body="2", envid="abc")
    assert [write_message(tmp_path, m) for m in (first, second)] == ["abc.eml", "abc-2.eml"]
    assert (tmp_path / "abc.eml").read_bytes() == first.data
    assert (tmp_path / "abc-2.eml").read_bytes() == second.data


def test_files_and_a_folder_that_we_make_are_for_their_owner_alone(tmp_path: Path, make_message: MakeMessage) -> None:
    async def run(folder: Path) -> None:
        channel = await OutboxTransport(folder).connect()
        assert (await send(channel, make_message(envid="abc"))).kind is Kind.ACCEPTED

    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs").chmod(0o755)
    (tmp_path / "theirs" / ".abc.part").write_bytes(b"half")  # left by a writer that died, open to others
    (tmp_path / "theirs" / ".abc.part").chmod(0o644)
    umask = os.umask(0)
    try:
        for name in ("ours", "theirs"):
            asyncio.run(run(tmp_path / name))
    finally:
        os.umask(umask)
    modes = {str(path.relative_to(tmp_path)): oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    assert modes == {"ours": "0o700", "ours/abc.eml": "0o600", "theirs": "0o755", "theirs/abc.eml": "0o600"}


def test_folder_that_cannot_be_made_is_a_relay_that_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RelayError, match=r"the outbox cannot be written: Not a directory; name another folder"):
        asyncio.run(OutboxTransport(tmp_path / "file" / "outbox").connect())


def test_folder_that_goes_away_ends_the_channel_with_nothing_accepted(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    async def run() -> tuple[Kind, str]:
        channel = await OutboxTransport(tmp_path / "outbox").connect()
        (tmp_path / "outbox").rmdir()
        outcome = await send(channel, make_message())
        return outcome.kind, channel.failed

    kind, failed = asyncio.run(run())
    assert kind is Kind.NOT_SENT
    assert os.strerror(errno.ENOENT) in failed


def test_folder_tells_what_became_of_a_message_whose_writer_died(tmp_path: Path, make_message: MakeMessage) -> None:
    other, message = make_message(body="1", envid="abc"), make_message(body="2", envid="abc")
    part = tmp_path / ".abc.part"
    write_message(tmp_path, other)  # an earlier try of the same delivery
    part.write_bytes(b"half")
    assert find_written(tmp_path, "abc", message.sha256, is_kept=False).kind is Kind.NOT_SENT  # type: ignore[union-attr]
    assert not part.exists()
    assert find_written(tmp_path, "abc", message.sha256, is_kept=True).kind is Kind.NOT_SENT  # type: ignore[union-attr]
    assert find_written(tmp_path, "abc", message.sha256, is_kept=False) is None
    write_message(tmp_path, message)
    part.write_bytes(message.data)  # killed between link and unlink
    assert find_written(tmp_path, "abc", message.sha256, is_kept=False).kind is Kind.ACCEPTED  # type: ignore[union-attr]
    assert not part.exists()
    assert (is_there(tmp_path, "abc"), is_there(tmp_path, "abd")) == (True, False)
