"""What reviewers refuse: a mail with too few approvals, or one that somebody rejected. `send` and `resume` ask here.

Values in; a GateError out that says who said what, what changed since, and the way on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from newsletter.decision import Decision
from newsletter.errors import GateError
from newsletter.review.changes import changes, in_words
from newsletter.review.standing import Standing, judge
from newsletter.sending.report import shown_time

_NOTE_SHOWN = 120  # characters of a rejection's note in a refusal, which is one line


def admit(
    standing: Standing, *, list_name: str, manifest: Mapping[str, str], zone: tzinfo, path: str, approve: str
) -> None:
    """Raise GateError unless reviewers let the mail go that `manifest` tells of, to `list_name`.

    `path` is the file that the refusal names, `approve` the command that approves.
    """
    if standing.rejection is not None:
        raise GateError(
            f"{_rejected(standing.rejection, zone)}; nothing was sent",
            path=path,
            fix=f'mend it, or have it approved after all: "{approve}"',
        )
    if not standing.missing:
        return
    have = f"this mail has {approvals_in_words(standing)}"
    if standing.approvals:
        have += f" ({', '.join(one.who for one in standing.approvals)})"
    elif standing.elsewhere:
        have += f" for the list {list_name}; it was approved for {', '.join(standing.elsewhere)} only"
    elif standing.earlier is not None:
        have += f": it changed since {_approved(standing.earlier, zone)}: {_changed(standing.earlier, manifest)}"
    raise GateError(f"{have}; nothing was sent", path=path, fix=f'look at it and approve it: "{approve}"')


def approvals_in_words(standing: Standing) -> str:
    """Return "1 of 2 approvals"; where none is required, "1 approval"."""
    number, of = len(standing.approvals), standing.required
    return f"{number} of {_counted(of)}" if of else _counted(number)


def refuse_rejected_since(
    decisions: Sequence[Decision], *, digest: str, list_name: str, frozen_at: datetime, code: str, zone: tzinfo
) -> None:
    """Raise GateError when the mail of the frozen issue `code` was rejected after its freeze and not approved since.

    What was said before the freeze let it go; and whoever may not approve could not, then as later.
    """
    since = [one for one in decisions if one.at >= frozen_at]
    rejection = judge(since, digest=digest, list_name=list_name, required=0).rejection
    if rejection is not None:
        raise GateError(
            f"issue {code} does not go on: {_rejected(rejection, zone)}",
            fix='once somebody approves the same mail ("newsletter approve") it does',
        )


def _counted(number: int) -> str:
    return f"{number} approval" if number == 1 else f"{number} approvals"


def _rejected(rejection: Decision, zone: tzinfo) -> str:
    words = " ".join(rejection.note.split())
    note = words if len(words) <= _NOTE_SHOWN else f"{words[: _NOTE_SHOWN - 1]}…"
    return f"{rejection.who} rejected this mail at {shown_time(rejection.at, zone)}" + (f": {note}" if note else "")


def _approved(approval: Decision, zone: tzinfo) -> str:
    return f"{approval.who} approved it at {shown_time(approval.at, zone)}"


def _changed(approval: Decision, manifest: Mapping[str, str]) -> str:
    return in_words(changes(approval.manifest, manifest)) or "its options, such as --lang"
