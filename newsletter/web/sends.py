"""How a send looks to an editor: sent, being sent, or stopped; whoever sends it sees more with `newsletter status`."""

from __future__ import annotations

from typing import Literal

from newsletter.delivery.state import IssueState
from newsletter.sending.lock import is_held
from newsletter.sending.places import FOLDER
from newsletter.sending.report import shown_state
from newsletter.store.issues import IssueRow
from newsletter.workspace import Workspace

Sent = Literal["sent", "sending", "stopped"]
_GOING = frozenset({IssueState.PREPARING, IssueState.RUNNING, IssueState.WAITING})


def how_sent(row: IssueRow, workspace: Workspace) -> Sent:
    """Return how the send of a frozen issue stands. One whose process died is stopped, whatever its row still says."""
    folder = workspace.var / FOLDER
    state = shown_state(row, is_held=lambda code: is_held(folder, code))
    if state is IssueState.FINISHED:
        return "sent"
    return "sending" if state in _GOING else "stopped"
