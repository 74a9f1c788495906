"""What reviewers said, kept: decisions, comments, and the compiled issue that was approved.

Nothing is ever taken back: a decision is answered by a later one, a resolved comment stays. Every function works in
its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.decision import Comment, Decision, Verdict, Waived, name_complaint
from newsletter.errors import UsageError
from newsletter.render.compiled import CompiledIssue
from newsletter.store.database import now
from newsletter.store.schema import approved_issue, decision, review_comment


def add_decision(conn: Connection, made: Decision) -> Decision:
    """Keep a decision; returns it with its id."""
    row = {entry.name: getattr(made, entry.name) for entry in fields(made) if entry.name != "id"}
    row |= {
        "verdict": made.verdict.value,
        "manifest": dict(made.manifest),
        "waived": [asdict(one) for one in made.waived],
    }
    return replace(made, id=conn.scalars(insert(decision).returning(decision.c.id), [row]).one())


def list_decisions(conn: Connection, key: str) -> tuple[Decision, ...]:
    """Return every decision about an issue, oldest first."""
    found = conn.execute(select(decision).where(decision.c.key == key).order_by(decision.c.id))
    return tuple(_decision(row) for row in found)


def last_decisions(conn: Connection) -> dict[str, Decision]:
    """Return the latest decision about each issue, by its key: for an overview, which compiles nothing."""
    last = select(func.max(decision.c.id)).group_by(decision.c.key)
    return {row.key: _decision(row) for row in conn.execute(select(decision).where(decision.c.id.in_(last)))}


def add_comment(conn: Connection, made: Comment) -> Comment:
    """Keep a comment; returns it with its id."""
    row = {entry.name: getattr(made, entry.name) for entry in fields(made) if entry.name != "id"}
    return replace(made, id=conn.scalars(insert(review_comment).returning(review_comment.c.id), [row]).one())


def list_comments(conn: Connection, key: str) -> tuple[Comment, ...]:
    """Return every comment on an issue, open and resolved, oldest first."""
    found = conn.execute(select(review_comment).where(review_comment.c.key == key).order_by(review_comment.c.id))
    return tuple(_comment(row) for row in found)


def resolve_comment(conn: Connection, key: str, comment_id: int, *, who: str) -> Comment:
    """Mark a comment as dealt with. One that is resolved stays as it is. Raises UsageError."""
    if complaint := name_complaint(who):
        raise UsageError(complaint, fix="write who says that it is done")
    return _settle(conn, key, comment_id, at=now(conn), who=who)


def reopen_comment(conn: Connection, key: str, comment_id: int) -> Comment:
    """Take back that a comment was dealt with. Raises UsageError."""
    return _settle(conn, key, comment_id, at=None, who="")


def _settle(conn: Connection, key: str, comment_id: int, *, at: datetime | None, who: str) -> Comment:
    chosen = (review_comment.c.id == comment_id, review_comment.c.key == key)
    differs = review_comment.c.resolved_at.is_not(None) if at is None else review_comment.c.resolved_at.is_(None)
    conn.execute(update(review_comment).where(*chosen, differs).values(resolved_at=at, resolved_by=who))
    row = conn.execute(select(review_comment).where(*chosen)).first()
    if row is None:
        raise UsageError("there is no such comment on this issue", fix="reload the page")
    return _comment(row)


def keep_approved(conn: Connection, compiled: CompiledIssue) -> None:
    """Keep the compiled issue, once per digest."""
    if load_approved(conn, compiled.digest) is not None:
        return
    row = {"digest": compiled.digest, "compiled": compiled.to_bytes(), "created_at": now(conn)}
    try:
        with conn.begin_nested():
            conn.execute(insert(approved_issue), [row])
    except IntegrityError:  # somebody else approved the same mail meanwhile
        pass


def load_approved(conn: Connection, digest: str) -> bytes | None:
    """Return the written form of an issue that was approved, for `CompiledIssue.from_bytes`."""
    return conn.scalar(select(approved_issue.c.compiled).where(approved_issue.c.digest == digest))


def _decision(row: Row[Any]) -> Decision:
    waived: Sequence[dict[str, str]] = row.waived
    return Decision(
        **{
            **row._mapping,
            "verdict": Verdict(row.verdict),
            "waived": tuple(Waived(**one) for one in waived),
        }
    )


def _comment(row: Row[Any]) -> Comment:
    return Comment(**row._mapping)
