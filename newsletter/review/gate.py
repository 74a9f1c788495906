"""What reviewers refuse: a mail with too few approvals, or one that somebody rejected. `send` and `resume` ask here.

Decide, then act: decisions in, the approvals that let the mail through out, or a GateError that says what changed and
the way on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from newsletter.decision import Decision, Verdict
from newsletter.errors import GateError
from newsletter.review.changes import changes, in_words
from newsletter.review.standing import Standing, judge

_NOTE_SHOWN = 120  # characters of a rejection's note in a refusal, which is one line


def admit(standing: Standing, *, manifest: Mapping[str, str], zone: tzinfo, path: str = "", approve: str) -> None:
    """Raise GateError unless reviewers let the mail go that `manifest` tells of.

    `path` is the file that the refusal names, `approve` the command that approves.
    """
    if (rejection := standing.rejection) is not None:
        fix = f"mend it, or have it approved after all: {approve}"
        raise GateError(f"{_rejected(rejection, zone)}; nothing was sent", path=path, fix=fix)
    if not standing.missing:
        return
    have = f"has {len(standing.approvals)} of {counted(standing.required)}"
    if standing.approvals:
        names = ", ".join(one.who for one in standing.approvals)
        raise GateError(f"this mail {have} ({names}); nothing was sent", path=path, fix=f"approve it: {approve}")
    raise GateError(
        f"this mail {have}{_since(standing.earlier, manifest, zone)}; nothing was sent",
        path=path,
        fix=f"look at it again and approve it: {approve}" if standing.earlier else f"approve it: {approve}",
    )


def counted(number: int) -> str:
    return f"{number} approval" if number == 1 else f"{number} approvals"


def elsewhere(decisions: Sequence[Decision], *, digest: str, list_name: str) -> tuple[str, ...]:
    """Return the other lists that this very mail was approved for: a refusal may name them."""
    found = [one for one in decisions if one.digest == digest and one.verdict is Verdict.APPROVED]
    return tuple(dict.fromkeys(one.list_name for one in found if one.list_name not in ("", list_name)))


def refuse_rejected_since(
    decisions: Sequence[Decision], *, digest: str, list_name: str, frozen_at: datetime, code: str, zone: tzinfo
) -> None:
    """Raise GateError when the mail of the frozen issue `code` was rejected after its freeze and not approved since.

    What was decided before let it go, or was too late: only what came meanwhile counts.
    """
    since = [one for one in decisions if one.at >= frozen_at]
    rejection = judge(since, digest=digest, list_name=list_name, required=0).rejection
    if rejection is not None:
        what = _rejected(rejection, zone)
        raise GateError(
            f"issue {code} is not to go on: {what}",
            fix='an approval of the same mail lets it go on ("newsletter approve")',
        )


def _rejected(rejection: Decision, zone: tzinfo) -> str:
    words = " ".join(rejection.note.split())
    note = words if len(words) <= _NOTE_SHOWN else f"{words[: _NOTE_SHOWN - 1]}…"
    return f"{rejection.who} rejected this mail on {shown(rejection.at, zone)}" + (f": {note}" if note else "")


def _since(earlier: Decision | None, manifest: Mapping[str, str], zone: tzinfo) -> str:
    if earlier is None:
        return ""
    what = in_words(changes(earlier.manifest, manifest)) or "its options, such as --lang"
    return f", it changed since {earlier.who} approved it on {shown(earlier.at, zone)}: {what}"


def shown(at: datetime, zone: tzinfo) -> str:
    """Return a moment for people: to the minute, in the office's zone, which is named."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
