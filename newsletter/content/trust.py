"""How far each rule can be trusted: what it found right on the labelled items, measured by `newsletter bench extract`.

A guess by a rule that is right in fewer than nine cases of ten, or was seen too seldom to tell, is a proposal for an
editor, not a fact. This table is the one place; a test measures again and fails when table and measurement differ.
"""

from __future__ import annotations

from collections.abc import Mapping

TRUSTED = 0.9
MIN_CASES = 3  # one lucky hit is no measurement

# rule: (right, found), both labelled sets pooled; a figure is right only with its kind, value and bound. The `quote-…`
# rules are named by how the speaker was told; `quote-unknown` found nobody.
MEASURED: Mapping[str, tuple[int, int]] = {
    "figure-count": (36, 36),
    "figure-measure": (16, 16),
    "figure-money": (28, 28),
    "figure-percent": (28, 28),
    "figure-ratio": (7, 7),
    "figure-scaled": (4, 4),
    "figure-share": (22, 22),
    "organisations": (35, 35),
    "organisations-model": (1, 1),
    "people": (41, 41),
    "people-model": (1, 1),
    "places": (33, 33),
    "quote-before": (1, 1),
    "quote-gender": (1, 1),
    "quote-name": (24, 24),
    "quote-nearest": (2, 2),
    "quote-pronoun": (8, 8),
    "quote-role": (4, 4),
    "quote-surname": (5, 5),
}
# «76 млн» may count anything: the number is right, what it counts is not said.
NEVER_TRUSTED = frozenset({"figure-scaled"})


def is_trusted(rule: str, right: int, found: int) -> bool:
    """Claim that a rule's finds may be printed without a human look."""
    return rule not in NEVER_TRUSTED and found >= MIN_CASES and right / found >= TRUSTED


def is_proposal(rule: str) -> bool:
    """Claim that what a rule found needs a human look. A rule never measured is not trusted."""
    return not is_trusted(rule, *MEASURED.get(rule, (0, 0)))
