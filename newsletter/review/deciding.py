"""Somebody approves or rejects a mail: refused, or kept in the store and as a file, both or neither.

The file is written inside the transaction, before its commit, and taken back when that fails. A power cut between the
two leaves a file alone, which proves nothing: `send` goes by the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.check import Report, gate
from newsletter.decision import (
    MAX_QUOTED,
    Comment,
    Decision,
    Verdict,
    Waived,
    comment_complaint,
    name_complaint,
    note_complaint,
    same_name,
    tidy_name,
    tidy_note,
)
from newsletter.errors import GateError, InputError
from newsletter.issue import Issue
from newsletter.render.child import CompileResult
from newsletter.review.changes import changes, in_words
from newsletter.review.record import drop_record, write_record
from newsletter.review.standing import Standing, author_names, judge
from newsletter.settings import Settings
from newsletter.store.database import Connection, Engine, now, writing
from newsletter.store.freezing import shown
from newsletter.store.reviews import add_comment, add_decision, keep_approved, list_decisions
from newsletter.store.subscribers import check_list_name, need_list
from newsletter.store.suppression import FILE_LIST

_REWRITE = "write it again, shorter or without the odd signs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a person says of a mail, as typed."""

    verdict: Verdict
    who: str
    note: str = ""
    list_name: str = ""  # "": every list
    # What the page showed them: another mail is not decided on, and `seen_manifest` tells what changed meanwhile.
    expected_digest: str = ""
    seen_manifest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    decision: Decision
    standing: Standing  # after it, for the ballot's list, else the issue's own
    record: Path


def decide(
    engine: Engine,
    ballot: Ballot,
    *,
    result: CompileResult,
    report: Report,
    items: Sequence[Path],
    settings: Settings,
) -> Decided:
    """Keep a decision about the compiled `result` of `items`, which `report` is about.

    Raises InputError for a bad name, note or list; GateError when the mail is not what was looked at, when it has
    unwaived errors, or when its author approves it and `separate_author` is set; DiskError, StoreError.
    """
    who, note = check_words(ballot)
    _refuse_other(ballot, result)
    barred = barred_authors(result.issue, settings)
    if ballot.verdict is Verdict.APPROVED:
        gate(report)
        _refuse_author(who, barred, result)
    record: Path | None = None
    try:
        with writing(engine) as conn:
            _need_list(conn, ballot.list_name)
            made = add_decision(conn, _decision(conn, ballot, who, note, result, report))
            if ballot.verdict is Verdict.APPROVED:
                keep_approved(conn, result.compilation.compiled)
            # Of a decision for every list, how the mail stands for its own: the one that the issue names.
            list_name = ballot.list_name or result.issue.list_name
            standing = standing_of(conn, result, settings, list_name=list_name)
            record = write_record(made, items, zone=ZoneInfo(settings.office.timezone))
    except BaseException:
        if record is not None:
            drop_record(record)
        raise
    return Decided(decision=made, standing=standing, record=record)


def standing_of(conn: Connection, result: CompileResult, settings: Settings, *, list_name: str) -> Standing:
    """Return how a compiled issue stands for a list, by the settings."""
    return judge(
        list_decisions(conn, result.issue.key),
        digest=result.compilation.compiled.digest,
        list_name=list_name,
        required=settings.review.approvals_required,
        authors=barred_authors(result.issue, settings),
    )


def barred_authors(issue: Issue, settings: Settings) -> tuple[str, ...]:
    """Return the authors whose approvals do not count."""
    return issue.authors if settings.review.separate_author else ()


def remark(
    conn: Connection,
    result: CompileResult,
    *,
    item: str,
    block: int | None = None,
    quoted: str = "",
    who: str,
    text: str,
) -> Comment:
    """Keep a comment on a block of an item, or on the whole item; `quoted` begins with the block's words.

    Raises InputError.
    """
    name, words = tidy_name(who), tidy_note(text)
    if complaint := name_complaint(name) or comment_complaint(words):
        raise InputError(complaint, fix=_REWRITE)
    if item not in {one.origin.path for one in result.issue.items}:
        raise InputError(f"this issue has no item {item[:100]!r}", fix="reload the page")
    return add_comment(
        conn,
        Comment(
            key=result.issue.key,
            digest=result.compilation.compiled.digest,
            item=item,
            block=block,
            quoted=" ".join(quoted.split())[:MAX_QUOTED],
            who=name,
            text=words,
            at=now(conn),
        ),
    )


def check_words(ballot: Ballot) -> tuple[str, str]:
    """Return name and note as they are kept. Raises InputError."""
    who, note = tidy_name(ballot.who), tidy_note(ballot.note)
    if complaint := name_complaint(who):
        raise InputError(complaint, fix="say who decides, by first and last name")
    if complaint := note_complaint(note):
        raise InputError(complaint, fix=_REWRITE)
    return who, note


def _refuse_other(ballot: Ballot, result: CompileResult) -> None:
    """Raise GateError when somebody saved meanwhile: nobody decides on what they did not see."""
    compiled = result.compilation.compiled
    if ballot.expected_digest in ("", compiled.digest):
        return
    what = in_words(changes(ballot.seen_manifest, compiled.manifest)) if ballot.seen_manifest else ""
    raise GateError(
        f"the mail has changed since you looked at it{f': {what}' if what else ''}; nothing was decided",
        fix="look at it again, then decide",
    )


def _refuse_author(who: str, authors: Sequence[str], result: CompileResult) -> None:
    if same_name(who) in author_names(authors):
        raise GateError(
            f"{who} is an author of this mail, and review.separate_author is set",
            path=result.issue.items[0].origin.path,
            fix="let somebody else approve it",
        )


def _need_list(conn: Connection, name: str) -> None:
    """Raise InputError for a list that is not there: an approval for a misspelled one would open nothing."""
    if name.startswith(FILE_LIST):
        check_list_name(name)  # made by its send
    elif name:
        need_list(conn, name)


def _decision(conn: Connection, ballot: Ballot, who: str, note: str, result: CompileResult, report: Report) -> Decision:
    compiled = result.compilation.compiled
    return Decision(
        key=result.issue.key,
        digest=compiled.digest,
        list_name=ballot.list_name,
        verdict=ballot.verdict,
        who=who,
        note=note,
        at=now(conn),
        subject=shown(compiled.subject),
        manifest=compiled.manifest,
        waived=tuple(
            Waived(id=one.id, message=one.message, reason=one.waived) for one in report.findings if one.waived
        ),
    )
