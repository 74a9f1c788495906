"""The browser learns the room's address from a private file, never from its command line."""

from __future__ import annotations

import stat
from pathlib import Path

from newsletter.cli.browser import write_signpost

ADDRESS = 'http://127.0.0.1:8025/s3cret/?a=1&b="2"'


def test_a_signpost_leads_to_the_address_and_only_we_can_read_it(tmp_path: Path) -> None:
    path = write_signpost(tmp_path, ADDRESS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert 'url=http://127.0.0.1:8025/s3cret/?a=1&amp;b=&quot;2&quot;">' in path.read_text(encoding="utf-8")


def test_one_left_behind_by_a_dead_process_is_written_anew(tmp_path: Path) -> None:
    old = write_signpost(tmp_path, "http://127.0.0.1:1/old/")
    old.chmod(0o644)
    path = write_signpost(tmp_path, ADDRESS)
    assert path == old
    assert (stat.S_IMODE(path.stat().st_mode), "old" in path.read_text(encoding="utf-8")) == (0o600, False)
