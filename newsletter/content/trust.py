"""How far each rule can be trusted: what it found right on the labelled items, measured by `newsletter bench extract`.

A guess by a rule that is right in fewer than nine cases of ten, or was seen too seldom to tell, is a proposal for an
editor, not a fact. This table is the one place; a test measures again and fails when table and measurement differ.
"""

from __future__ import annotations

from collections.abc import Mapping

TRUSTED = 0.9
MIN_CASES = 3  # one lucky hit is no measurement

# rule: (right, found), the four labelled sets pooled, read with the models; a figure is right only with its kind, value
# and bound. The `quote-…` rules are named by how the speaker was told; `quote-unknown` found nobody.
MEASURED: Mapping[str, tuple[int, int]] = {
    "figure-bare": (11, 11),
    "figure-count": (109, 109),
    "figure-measure": (43, 43),
    "figure-money": (84, 84),
    "figure-percent": (71, 71),
    "figure-ratio": (23, 23),
    "figure-scaled": (11, 12),
    "figure-share": (54, 54),
    "organisations": (87, 88),
    "organisations-model": (5, 5),
    "people": (118, 118),
    "people-model": (4, 4),
    "places": (82, 82),
    "quote-before": (1, 1),
    "quote-fragment": (3, 3),
    "quote-gender": (3, 3),
    "quote-name": (58, 58),
    "quote-nearest": (4, 4),
    "quote-pronoun": (16, 16),
    "quote-reply": (11, 11),
    "quote-role": (8, 8),
    "quote-surname": (10, 10),
    "quote-unknown": (1, 1),
}
# «76 млн» may count anything: the number is right, what it counts is not said.
NEVER_TRUSTED = frozenset({"figure-scaled"})


def is_trusted(rule: str, right: int, found: int) -> bool:
    """Claim that a rule's finds may be printed without a human look."""
    return rule not in NEVER_TRUSTED and found >= MIN_CASES and right / found >= TRUSTED


def is_proposal(rule: str) -> bool:
    """Claim that what a rule found needs a human look. A rule never measured is not trusted."""
    return not is_trusted(rule, *MEASURED.get(rule, (0, 0)))
