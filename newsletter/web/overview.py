"""How each issue stands, as far as it can be told without compiling it: from the store, and from the times of files.

An approval counts for one exact mail. Whether the files still make it only a compile can tell, so a file that was
saved after the decision is called changed, unless the room has compiled it and knows better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.decision import Decision, Verdict
from newsletter.delivery.state import IssueState
from newsletter.errors import NewsletterError
from newsletter.store.database import reading
from newsletter.store.issues import IssueRow, list_issues
from newsletter.store.reviews import last_decisions
from newsletter.web.desk import Desk
from newsletter.web.headline import headline_of
from newsletter.web.room import Room

_GOING = frozenset({IssueState.PREPARING, IssueState.RUNNING, IssueState.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: str
    title: str
    file: str  # as a person knows it
    is_issue: bool
    changed: datetime  # aware UTC
    state: str  # draft, approved, changed, rejected, sending, sent, stopped
    who: str = ""  # who decided, or the list it was sent to
    at: datetime | None = None  # when


def overview(room: Room) -> tuple[Entry, ...]:
    """Return everything that can be mailed, the newest first. Blocks (disk, database)."""
    with reading(room.premises.engine) as conn:
        decisions, sends = last_decisions(conn), list_issues(conn)
    found = []
    for paths in room.issues():
        try:
            found.append(_entry(room.open(paths), decisions, sends))
        except (OSError, NewsletterError):
            continue  # taken away between the two looks
    return tuple(sorted(found, key=lambda entry: entry.changed, reverse=True))


def _entry(desk: Desk, decisions: Mapping[str, Decision], sends: Sequence[IssueRow]) -> Entry:
    path = desk.paths[0]
    changed = datetime.fromtimestamp(_changed(path), UTC)
    showing = None if desk.is_stale else desk.showing
    headline = headline_of(path)
    key = showing.result.issue.key if showing else headline.key or desk.key
    sent = next((row for row in sends if row.key == key), None)
    state, who, at = _state(sent, decisions.get(key), changed, showing.digest if showing else "")
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


def _state(
    sent: IssueRow | None, decision: Decision | None, changed: datetime, digest: str
) -> tuple[str, str, datetime | None]:
    if sent:
        word = "sent" if sent.state is IssueState.FINISHED else "sending" if sent.state in _GOING else "stopped"
        return word, sent.list_name, sent.finished_at or sent.created_at
    if decision is None:
        return "draft", "", None
    is_same = digest == decision.digest if digest else changed <= decision.at
    if decision.verdict is Verdict.REJECTED:
        return "rejected" if is_same else "mended", decision.who, decision.at
    return "approved" if is_same else "changed", decision.who, decision.at


def _changed(path: Path) -> float:
    """Return when a file was saved; of a folder the latest of its files, as its own time tells of backups too."""
    if path.is_file():
        return path.stat().st_mtime
    files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
    return max(file.stat().st_mtime for file in files)
