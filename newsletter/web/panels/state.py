"""The chip: how the issue stands, in one quiet word, with the details for who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.review.deciding import standing_of
from newsletter.review.standing import Standing, State
from newsletter.store.database import reading
from newsletter.store.issues import IssueRow, list_issues
from newsletter.web.moments import moment, shown_moment
from newsletter.web.sends import Sent, how_sent
from newsletter.web.view import View

# What is said beside a send: the mail that would go now is not the one that went, or somebody is against it.
_BESIDE_A_SEND = frozenset({State.REJECTED, State.CHANGED, State.MENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    kind: str  # names the class that colours it, and its sign
    word: str
    detail: str = ""


def make(view: View) -> Mapping[str, object]:
    result, settings = view.showing.result, view.showing.settings
    with reading(view.desk.premises.engine) as conn:
        standing = standing_of(conn, result, settings, list_name=result.issue.list_name)
        rows = [row for row in list_issues(conn) if row.key == result.issue.key]
    return {"chips": chips_of(view, standing, rows)}


def chips_of(view: View, standing: Standing, rows: Sequence[IssueRow]) -> list[Chip]:
    """Return the chips, the one that counts most first. `rows` are the sends of the issue, newest first."""
    chips = [_sent(view, rows)] if rows else []
    if not rows or standing.state in _BESIDE_A_SEND:
        chips.append(_reviewed(view, standing))
    embargo = _embargo(view)
    return [*chips, embargo] if embargo else chips


def _sent(view: View, rows: Sequence[IssueRow]) -> Chip:
    kind = _how(view, rows[0])
    lines = [view.words(f"state.{_how(view, row)}_detail", **_facts(view, row)) for row in rows]
    if rows[0].digest != view.showing.digest:
        lines.append(view.words("state.sent_other"))
    return Chip(kind=kind, word=view.words(f"state.{kind}"), detail=" ".join(lines))


def _how(view: View, row: IssueRow) -> Sent:
    return how_sent(row, view.desk.premises.workspace)


def _facts(view: View, row: IssueRow) -> dict[str, object]:
    at = moment(row.finished_at or row.created_at, view.desk.premises.clock(), view.words)
    return {"list": row.list_name, "when": at}


def _reviewed(view: View, standing: Standing) -> Chip:
    words = view.words
    names = ", ".join(one.who for one in standing.approvals)
    number, required = len(standing.approvals), standing.required
    match standing.state:
        case State.REJECTED if standing.rejection:
            note = f": {standing.rejection.note}" if standing.rejection.note else ""
            return Chip(kind="rejected", word=words("state.rejected"), detail=f"{standing.rejection.who}{note}")
        case State.APPROVED:
            count = words("state.of", number=number, required=required) if required > 1 else ""
            return Chip(
                kind="approved",
                word=words("state.approved", names=names),
                detail=count or words("state.approved_detail"),
            )
        case State.MENDED if standing.returned:
            return Chip(
                kind="changed",
                word=words("state.mended"),
                detail=words("state.mended_detail", who=standing.returned.who),
            )
        case State.CHANGED if standing.earlier:
            return Chip(
                kind="changed",
                word=words("state.changed"),
                detail=words("state.changed_detail", who=standing.earlier.who),
            )
    if number:
        return Chip(kind="draft", word=words("state.partly", number=number, required=required), detail=names)
    detail = words("state.draft_needs", required=required) if required else words("state.draft_detail")
    return Chip(kind="draft", word=words("state.draft"), detail=detail)


def _embargo(view: View) -> Chip | None:
    until, now = view.showing.result.issue.embargo_until, view.desk.premises.clock()
    if until is None or until <= now:
        return None
    at = shown_moment(until, now.tzinfo, view.words.language)
    return Chip(kind="embargo", word=view.words("state.embargo", when=at), detail=view.words("state.embargo_detail"))
