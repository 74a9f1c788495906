"""What reviewers refuse, in the words that a person reads; whole commands are in tests/cli/test_review_gate.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.decision import Decision, Verdict
from newsletter.errors import GateError
from newsletter.review.gate import admit, approvals_in_words, refuse_rejected_since
from newsletter.review.standing import judge

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
MANIFEST = {"item:content/april.md": "1"}


def said(
    verdict: Verdict = Verdict.APPROVED, *, digest: str = "aa", list_name: str = "", note: str = "", minute: int = 0
) -> Decision:
    return Decision(
        key="content/april.md",
        digest=digest,
        list_name=list_name,
        verdict=verdict,
        who="Анна Соколова",
        note=note,
        at=NOON + timedelta(minutes=minute),
        subject="Экспорт вырос",
        manifest=MANIFEST,
    )


def refusal(*decisions: Decision, required: int = 1, manifest: dict[str, str] = MANIFEST) -> str:
    standing = judge(decisions, digest="aa", list_name="press", required=required)
    with pytest.raises(GateError) as refused:
        admit(standing, list_name="press", manifest=manifest, zone=MOSCOW, path="a.md", approve="newsletter approve a")
    return str(refused.value)


def test_what_is_approved_goes() -> None:
    standing = judge([said()], digest="aa", list_name="press", required=1)
    admit(standing, list_name="press", manifest=MANIFEST, zone=MOSCOW, path="a.md", approve="")


def test_a_change_that_no_manifest_tells_of_is_one_of_options() -> None:
    assert refusal(said(digest="bb")) == (
        "a.md: this mail has 0 of 1 approval: it changed since Анна Соколова approved it at 2026-11-23 15:00:00 MSK: "
        'its options, such as --lang; nothing was sent; look at it and approve it: "newsletter approve a"'
    )


def test_a_long_note_is_cut_and_stays_one_line() -> None:
    words = refusal(said(Verdict.REJECTED, note="Не та\nцифра " * 40))
    assert "\n" not in words
    assert "MSK: Не та цифра Не та" in words
    assert "…; nothing was sent" in words
    assert len(words) < 350


@pytest.mark.parametrize(
    ("number", "of", "words"), [(0, 0, "0 approvals"), (1, 0, "1 approval"), (1, 1, "1 of 1 approval")]
)
def test_approvals_are_counted_in_words(number: int, of: int, words: str) -> None:
    standing = judge([said()] * number, digest="aa", list_name="press", required=of)
    assert approvals_in_words(standing) == words


def resume(*decisions: Decision) -> None:
    refuse_rejected_since(
        decisions, digest="aa", list_name="press", frozen_at=NOON + timedelta(minutes=5), code="abc234", zone=MOSCOW
    )


REJECTED = Verdict.REJECTED


@pytest.mark.parametrize(
    "decisions",
    [
        (),
        (said(REJECTED, minute=4),),
        (said(REJECTED, minute=6), said(minute=7)),
        (said(REJECTED, digest="bb", minute=6),),
        (said(REJECTED, list_name="partners", minute=6),),
    ],
)
def test_a_frozen_issue_goes_on_unless_it_was_rejected_since(decisions: tuple[Decision, ...]) -> None:
    resume(*decisions)


@pytest.mark.parametrize(
    "decisions",
    [
        (said(REJECTED, minute=5),),  # within the clock's own step: had it come before, nothing would have been frozen
        (said(REJECTED, list_name="press", minute=6),),
        (said(minute=1), said(REJECTED, minute=6), said(digest="bb", minute=7)),
        (said(REJECTED, minute=6), said(list_name="partners", minute=7)),
    ],
)
def test_a_frozen_issue_that_was_rejected_since_does_not_go_on(decisions: tuple[Decision, ...]) -> None:
    with pytest.raises(GateError, match="issue abc234 does not go on: Анна Соколова rejected this mail at"):
        resume(*decisions)
