"""How decisions count: pure rules, so every case is written down as a list of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.decision import Decision, Verdict
from newsletter.review.standing import Standing, State, author_names, judge

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANNA, BORIS = "Анна Соколова", "Борис Лугов"


def decision(
    who: str = ANNA, *, no: bool = False, digest: str = "aa", list_name: str = "", minute: int = 0
) -> Decision:
    return Decision(
        key="content/april.md",
        digest=digest,
        list_name=list_name,
        verdict=Verdict.REJECTED if no else Verdict.APPROVED,
        who=who,
        at=NOON + timedelta(minutes=minute),
        subject="Экспорт вырос",
    )


def stand(*decisions: Decision, list_name: str = "press", required: int = 1, authors: tuple[str, ...] = ()) -> Standing:
    return judge(decisions, digest="aa", list_name=list_name, required=required, authors=authors)


def test_nobody_having_said_anything_it_is_a_draft() -> None:
    standing = stand(required=2)
    assert (standing.missing, standing.is_open, standing.state) == (2, False, State.DRAFT)
    assert stand(required=0).is_open


def test_an_approval_for_every_list_opens_each() -> None:
    assert stand(decision()).state is State.APPROVED
    assert stand(decision(), list_name="file:people").is_open


def test_an_approval_for_one_list_does_not_open_another() -> None:
    of_press = decision(list_name="press")
    assert stand(of_press).is_open
    assert not stand(of_press, list_name="partners").is_open
    assert not stand(of_press, list_name="").is_open


@pytest.mark.parametrize(
    "again", [ANNA, "анна соколова", "Анна  Соколова", "АННА СОКОЛОВА", "Анна\u00a0Соколова", "Анна Сокол\u200bова"]
)
def test_one_name_counts_once_however_it_is_typed(again: str) -> None:
    standing = stand(decision(), decision(again), required=2)
    assert (len(standing.approvals), standing.missing) == (1, 1)


def test_yo_and_ye_are_one_letter_of_a_name() -> None:
    assert stand(decision("Пётр Королёв"), decision("Петр Королев"), required=2).missing == 1


def test_two_names_are_two_approvals() -> None:
    standing = stand(decision(ANNA), decision(BORIS), required=2)
    assert [one.who for one in standing.approvals] == [ANNA, BORIS]
    assert standing.state is State.APPROVED


def test_too_few_approvals_are_a_draft_still() -> None:
    standing = stand(decision(), required=2)
    assert (standing.state, standing.is_open) == (State.DRAFT, False)


def test_a_rejection_undoes_every_approval_before_it() -> None:
    standing = stand(decision(ANNA), decision(BORIS, no=True), required=1)
    assert standing.approvals == ()
    assert standing.rejection is not None
    assert standing.rejection.who == BORIS
    assert standing.state is State.REJECTED


def test_a_rejection_stands_where_no_approval_is_required() -> None:
    assert not stand(decision(no=True), required=0).is_open


def test_an_approval_after_the_rejection_lifts_it_but_brings_nobody_else_back() -> None:
    standing = stand(decision(ANNA), decision(BORIS, no=True), decision("Вера Ким"), required=2)
    assert standing.rejection is None
    assert [one.who for one in standing.approvals] == ["Вера Ким"]
    assert standing.missing == 1


def test_a_rejection_for_another_list_stands_against_that_one_only() -> None:
    said = (decision(), decision(BORIS, no=True, list_name="partners"))
    assert stand(*said).is_open
    assert not stand(*said, list_name="partners").is_open


def test_a_rejection_of_another_text_does_not_stand_against_this_one() -> None:
    assert stand(decision(no=True, digest="bb"), required=0).is_open


def test_an_approval_of_another_text_counts_for_nothing_but_tells_what_changed() -> None:
    old, newer = decision(digest="bb"), decision(BORIS, digest="cc", minute=5)
    standing = stand(old, newer)
    assert (standing.missing, standing.earlier, standing.state) == (1, newer, State.CHANGED)


def test_what_was_changed_after_a_rejection_is_told_from_what_was_changed_after_an_approval() -> None:
    rejected = decision(BORIS, no=True, digest="cc", minute=5)
    standing = stand(decision(digest="bb"), rejected)
    assert (standing.returned, standing.state) == (rejected, State.MENDED)
    assert standing.earlier is not None
    assert stand(decision(digest="bb"), rejected, decision(digest="dd", minute=6)).state is State.CHANGED
    assert stand(rejected, decision(minute=6)).state is State.APPROVED


def test_an_approval_for_another_list_is_no_earlier_one() -> None:
    assert stand(decision(digest="bb", list_name="partners")).earlier is None


@pytest.mark.parametrize(
    "author", [ANNA, "Борис Лугов, Анна Соколова", "Борис Лугов и анна соколова", "А; Анна Соколова"]
)
def test_an_author_does_not_count_and_lifts_no_rejection(author: str) -> None:
    assert stand(decision(), authors=(author,)).approvals == ()
    assert stand(decision(BORIS, no=True), decision(), authors=(author,)).state is State.REJECTED
    assert stand(decision()).is_open


def test_and_inside_a_word_parts_no_name() -> None:
    assert author_names(["Ирина Андреева"]) == {"ирина андреева"}


decisions = st.lists(
    st.builds(
        decision,
        st.sampled_from([ANNA, BORIS, "анна соколова"]),
        no=st.booleans(),
        digest=st.sampled_from(["aa", "bb"]),
        list_name=st.sampled_from(["", "press", "partners"]),
    ),
    max_size=8,
)


@given(decisions)
def test_what_is_counted_was_said_of_this_text_and_this_list_after_its_last_rejection(said: list[Decision]) -> None:
    standing = judge(said, digest="aa", list_name="press", required=2)
    of_this = [one for one in said if one.digest == "aa" and one.list_name in ("", "press")]
    since = next((n for n, one in enumerate(reversed(of_this)) if one.verdict is Verdict.REJECTED), len(of_this))
    late = of_this[len(of_this) - since :]
    assert all(any(one is other for other in late) for one in standing.approvals)
    assert len(standing.approvals) == len({one.who.casefold() for one in late})
    assert (standing.rejection is not None) == (bool(of_this) and of_this[-1].verdict is Verdict.REJECTED)
    assert standing.is_open == (len(standing.approvals) == 2)
