"""What reviewers said, kept: decisions, comments and the approved mail itself."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from newsletter.decision import Comment, Decision, Verdict, Waived
from newsletter.errors import UsageError
from newsletter.render.compiled import CompiledIssue
from newsletter.store.database import Engine, reading, writing
from newsletter.store.reviews import (
    add_comment,
    add_decision,
    keep_approved,
    last_decisions,
    list_comments,
    list_decisions,
    load_approved,
    reopen_comment,
    resolve_comment,
)
from newsletter.store.schema import approved_issue

AT = datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)
KEY = "content/april.md"
APPROVAL = Decision(
    key=KEY,
    digest="a" * 64,
    list_name="press",
    verdict=Verdict.APPROVED,
    who="Анна Соколова",
    note="Проверила числа.\nМожно.",
    at=AT,
    subject="Экспорт вырос",
    manifest={"item:content/april.md": "1"},
    waived=(Waived(id="no_date", message="no date", reason="вечное"),),
)
COMMENT = Comment(
    key=KEY, digest="a" * 64, item=KEY, block=2, quoted="Порт открыл", who="Борис Лугов", text="Точно?", at=AT
)


def test_a_decision_is_read_back_as_it_was_made(engine: Engine) -> None:
    with writing(engine) as conn:
        kept = add_decision(conn, APPROVAL)
    with reading(engine) as conn:
        assert list_decisions(conn, KEY) == (kept,)
        assert list_decisions(conn, "content/may.md") == ()
    assert kept.id > 0
    assert replace(kept, id=0) == APPROVAL


# What a text can hold: JSON and both databases must carry it. NUL is PostgreSQL's one exception, and typed by nobody.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    subject=words,
    manifest=st.dictionaries(words, words, max_size=3),
    waived=st.builds(Waived, id=words, message=words, reason=words),
)
def test_whatever_a_mail_is_made_of_is_read_back(
    engine: Engine, subject: str, manifest: dict[str, str], waived: Waived
) -> None:
    made = replace(APPROVAL, subject=subject, manifest=manifest, waived=(waived,))
    with writing(engine) as conn:
        kept = add_decision(conn, made)
        assert list_decisions(conn, KEY)[-1] == kept
    assert replace(kept, id=0) == made


def test_decisions_come_in_the_order_in_which_they_were_made(engine: Engine) -> None:
    rejection = replace(APPROVAL, verdict=Verdict.REJECTED, waived=(), at=AT)
    with writing(engine) as conn:
        made = [add_decision(conn, one) for one in (APPROVAL, rejection, APPROVAL)]
        other = add_decision(conn, replace(APPROVAL, key="content/may.md"))
    with reading(engine) as conn:
        assert list(list_decisions(conn, KEY)) == made
        assert last_decisions(conn) == {KEY: made[-1], "content/may.md": other}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"who": ""}, "the name is empty"),
        ({"who": " \u200b"}, "the name is empty"),
        ({"who": "Анна\x1b[2J"}, "control character"),
        ({"who": "Анна\u202e"}, "control character"),
        ({"who": "а" * 101}, "longer than 100"),
        ({"note": "да\x00"}, "control character"),
        ({"note": "да\ud800"}, "control character"),
        ({"note": "а" * 4001}, "longer than 4,000"),
        ({"at": datetime(2026, 11, 23, 12)}, "aware UTC"),  # noqa: DTZ001 - naive on purpose
    ],
)
def test_a_decision_that_cannot_be_told_to_people_is_not_made(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        replace(APPROVAL, **change)  # type: ignore[arg-type] # that is the point


def test_a_comment_is_open_until_somebody_says_it_is_done(engine: Engine) -> None:
    with writing(engine) as conn:
        kept = add_comment(conn, COMMENT)
        whole = add_comment(conn, replace(COMMENT, block=None, quoted=""))
        assert list_comments(conn, KEY) == (kept, whole)
        assert list_comments(conn, "content/may.md") == ()
        done = resolve_comment(conn, KEY, kept.id, who="Анна Соколова")
    assert (kept.is_open, done.is_open, done.resolved_by) == (True, False, "Анна Соколова")
    with writing(engine) as conn:
        again = resolve_comment(conn, KEY, kept.id, who="Вера Ким")
        assert again == done  # who was first stays named
        assert reopen_comment(conn, KEY, kept.id) == kept
        assert [one.is_open for one in list_comments(conn, KEY)] == [True, True]


def test_a_comment_of_another_issue_is_out_of_reach(engine: Engine) -> None:
    with writing(engine) as conn:
        kept = add_comment(conn, COMMENT)
        for number, key in ((kept.id, "content/may.md"), (kept.id + 1, KEY)):
            with pytest.raises(UsageError, match="no such comment"):
                resolve_comment(conn, key, number, who="Анна Соколова")
            with pytest.raises(UsageError, match="no such comment"):
                reopen_comment(conn, key, number)
        assert list_comments(conn, KEY) == (kept,)
        with pytest.raises(UsageError, match="the name is empty"):
            resolve_comment(conn, KEY, kept.id, who=" ")


@pytest.mark.parametrize("text", ["", " \n", "а\x07", "а" * 4001])
def test_a_comment_without_words_is_not_made(text: str) -> None:
    with pytest.raises(ValueError, match="the comment"):
        replace(COMMENT, text=text)


def test_who_resolved_a_comment_and_when_go_together() -> None:
    with pytest.raises(ValueError, match="by somebody at some time"):
        replace(COMMENT, resolved_at=AT)
    with pytest.raises(ValueError, match="aware UTC"):
        replace(COMMENT, at=AT.astimezone().replace(tzinfo=None))
    assert not replace(COMMENT, resolved_at=AT + timedelta(hours=1), resolved_by="Вера Ким").is_open


def test_the_approved_mail_is_kept_once_and_whole(engine: Engine, compiled: CompiledIssue) -> None:
    with writing(engine) as conn:
        assert load_approved(conn, compiled.digest) is None
        keep_approved(conn, compiled)
        keep_approved(conn, replace(compiled, manifest={"newsletter": "another"}))  # the digest is the same
        data = load_approved(conn, compiled.digest)
        assert conn.scalar(select(func.count()).select_from(approved_issue)) == 1
    assert data is not None
    read = CompiledIssue.from_bytes(data)
    assert (read, read.digest) == (compiled, compiled.digest)


def test_two_people_who_approve_at_one_moment_are_both_kept(engine: Engine, compiled: CompiledIssue) -> None:
    start = threading.Barrier(6)

    def approve(number: int) -> None:
        start.wait()
        with writing(engine) as conn:
            add_decision(conn, replace(APPROVAL, who=f"Имя {number}"))
            keep_approved(conn, compiled)

    threads = [threading.Thread(target=approve, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as conn:
        found = list_decisions(conn, KEY)
        assert sorted(one.who for one in found) == [f"Имя {n}" for n in range(6)]
        assert load_approved(conn, compiled.digest) == compiled.to_bytes()
