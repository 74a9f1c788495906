"""kill -9 at random moments, 25 rounds; `make soak` plays hundreds (docs/soak.md is its report)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import play, random_round

pytestmark = pytest.mark.slow  # each round starts two to four real processes

ROUNDS, AT_ONCE = 25, 5


@pytest.mark.parametrize("first", range(0, ROUNDS, AT_ONCE))
def test_killed_at_random_moments_a_send_loses_nobody_and_repeats_within_the_bound(
    tmp_path: Path, migrated_file: Path, first: int
) -> None:
    kills = []
    for seed in range(first, first + AT_ONCE):
        result = play(random_round(seed), tmp_path / str(seed), template=migrated_file)
        print(f"{result.round}\nstates at the kills: {[dict(kill.states) for kill in result.kills]}")
        assert not result.verdict.faults, "\n".join(result.verdict.faults)
        kills += result.kills
    assert 2 * sum(kill.in_flight > 0 for kill in kills) >= len(kills)  # else these rounds prove little
