"""kill -9 of one of three sending processes on PostgreSQL, or of their parent; `make soak` plays 25 rounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash_processes import play_processes

pytestmark = [pytest.mark.slow, pytest.mark.service]  # PostgreSQL; each starts eight real processes

A_PROCESS_DIES, THE_PARENT_DIES = (0, 3), (1,)


@pytest.mark.parametrize("seed", A_PROCESS_DIES + THE_PARENT_DIES)
def test_death_of_one_of_several_processes_loses_nobody_and_repeats_within_the_bound(
    tmp_path: Path, server_url: str, seed: int
) -> None:
    result = play_processes(seed, tmp_path, url=server_url)
    print(f"{result.round}\nof the dead one: {[dict(kill.states) for kill in result.kills]}")
    assert not result.verdict.faults, "\n".join(result.verdict.faults)
    assert len(result.kills) == 1
