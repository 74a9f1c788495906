"""How each issue stands, as far as it can be told without compiling it: from the store, and from what the files hold.

An approval counts for one exact mail. Where the room has compiled the issue its digest says whether it is still that
mail; otherwise what the mail was made of is compared (unchanged.py), and "approved" is said only where all of it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.decision import Decision, Verdict
from newsletter.errors import NewsletterError
from newsletter.store.database import reading
from newsletter.store.issues import IssueRow, list_issues
from newsletter.store.reviews import last_decisions
from newsletter.web.desk import Desk
from newsletter.web.headline import headline_of
from newsletter.web.room import Room
from newsletter.web.sends import how_sent
from newsletter.web.unchanged import FilesNow, Unchanged
from newsletter.workspace import template_dirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: str
    title: str
    file: str  # as a person knows it
    is_issue: bool
    changed: datetime  # aware UTC
    state: str  # draft, approved, earlier, changed, rejected, mended, sending, sent, stopped
    who: str = ""  # who decided, or the list it was sent to
    at: datetime | None = None  # when


def overview(room: Room) -> tuple[Entry, ...]:
    """Return everything that can be mailed, the newest first. Blocks (disk, database)."""
    with reading(room.premises.engine) as conn:
        decisions, sends = last_decisions(conn), list_issues(conn)
    found, files = [], _files_now(room)
    for paths in room.issues():
        try:
            found.append(_entry(room.open(paths), decisions, sends, files))
        except (OSError, NewsletterError):
            continue  # taken away between the two looks
    return tuple(sorted(found, key=lambda entry: entry.changed, reverse=True))


def _files_now(room: Room) -> FilesNow:
    workspace = room.premises.workspace
    settings = None
    with suppress(NewsletterError):
        settings, _ = room.premises.load_settings().with_placeholders()
    return FilesNow(root=workspace.root, template_dirs=template_dirs(workspace), settings=settings)


def _entry(desk: Desk, decisions: Mapping[str, Decision], sends: Sequence[IssueRow], files: FilesNow) -> Entry:
    path = desk.paths[0]
    changed = datetime.fromtimestamp(_changed(path), UTC)
    showing = desk.showing if desk.is_up_to_date else None
    headline = headline_of(path)
    key = showing.result.issue.key if showing else headline.key or desk.key
    sent = next((row for row in sends if row.key == key), None)
    state: str
    if sent:
        state, who, at = how_sent(sent, desk.premises.workspace), sent.list_name, sent.finished_at or sent.created_at
    elif decision := decisions.get(key):
        state, who, at = _decided(decision, _unchanged(decision, desk, files)), decision.who, decision.at
    else:
        state, who, at = "draft", "", None
    return Entry(
        id=desk.id,
        title=showing.result.issue.title if showing else headline.title,
        file=desk.key,
        is_issue=path.is_dir(),
        changed=changed,
        state=state,
        who=who,
        at=at,
    )


def _unchanged(decision: Decision, desk: Desk, files: FilesNow) -> Unchanged:
    if desk.is_up_to_date:
        is_same = desk.fault is None and desk.showing is not None and desk.showing.digest == decision.digest
        return Unchanged.YES if is_same else Unchanged.NO
    return files.still_make(decision.manifest, desk.paths)


def _decided(decision: Decision, unchanged: Unchanged) -> str:
    if decision.verdict is Verdict.REJECTED:
        return "mended" if unchanged is Unchanged.NO else "rejected"
    return {Unchanged.YES: "approved", Unchanged.NO: "changed", Unchanged.UNKNOWN: "earlier"}[unchanged]


def _changed(path: Path) -> float:
    """Return when a file was saved; of a folder the latest of its files, as its own time tells of backups too."""
    if path.is_file():
        return path.stat().st_mtime
    files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
    return max(file.stat().st_mtime for file in files)
