"""How far each rule can be trusted: what it found right on the labelled items, measured by `newsletter bench extract`.

A guess by a rule that is right in fewer than nine cases of ten, or was seen too seldom to tell, is a proposal for an
editor, not a fact. This table is the one place; a test measures again and fails when table and measurement differ.
"""

from __future__ import annotations

from collections.abc import Mapping

TRUSTED = 0.9
MIN_CASES = 3  # one lucky hit is no measurement

# rule: (right, found). `quote-…` rules are named by how the speaker was told; `quote-unknown` found nobody.
MEASURED: Mapping[str, tuple[int, int]] = {
    "figure-count": (15, 15),
    "figure-measure": (5, 5),
    "figure-money": (12, 12),
    "figure-percent": (14, 14),
    "figure-ratio": (4, 4),
    "figure-share": (9, 9),
    "places": (15, 15),
    "quote-gender": (1, 1),
    "quote-name": (12, 12),
    "quote-pronoun": (2, 2),
    "quote-role": (3, 3),
    "quote-surname": (5, 5),
}


def is_trusted(right: int, found: int) -> bool:
    """Claim that a rule's finds may be printed without a human look."""
    return found >= MIN_CASES and right / found >= TRUSTED


def is_proposal(rule: str) -> bool:
    """Claim that what a rule found needs a human look. A rule never measured is not trusted."""
    return not is_trusted(*MEASURED.get(rule, (0, 0)))
