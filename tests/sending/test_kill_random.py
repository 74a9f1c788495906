"""kill -9 at random moments, 25 rounds; `make soak` plays 500 and more kinds (docs/soak.md has its report)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import play, random_round

pytestmark = pytest.mark.slow  # each round starts two to four real processes

ROUNDS = 25


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_at_random_moments_a_send_loses_nobody_and_repeats_within_the_bound(
    tmp_path: Path, migrated_file: Path, seed: int
) -> None:
    result = play(random_round(seed), tmp_path, template=migrated_file)
    print(f"{result.round}\nstates at the kills: {[dict(kill.states) for kill in result.kills]}")
    assert not result.verdict.faults, "\n".join(result.verdict.faults)
