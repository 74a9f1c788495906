"""How an issue stands with its reviewers: who has approved this very mail, what is missing, what stands against it.

Pure: decisions in, a `Standing` out. An approval counts for one digest and for its list, or for every list; a rejection
sends all approvals before it back to the start, since whoever gave them did not know what the rejecter saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from newsletter.decision import Decision, Verdict, same_name


class State(StrEnum):
    """The word of a chip."""

    DRAFT = "draft"
    CHANGED = "changed since approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    MENDED = "changed since it was rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    approvals: tuple[Decision, ...] = ()  # that count, one of each name, oldest first
    required: int = 0
    rejection: Decision | None = None  # that stands: nothing counted came after it
    earlier: Decision | None = None  # the latest approval of another digest: what changed is told from its manifest
    returned: Decision | None = None  # the rejection of another digest, when nothing was decided after it
    elsewhere: tuple[str, ...] = ()  # other lists that this very mail was approved for

    @property
    def missing(self) -> int:
        """How many approvals lack."""
        return max(0, self.required - len(self.approvals))

    @property
    def is_open(self) -> bool:
        """True when the mail may go, as far as reviewers have a say."""
        return self.rejection is None and not self.missing

    @property
    def state(self) -> State:
        if self.rejection is not None:
            return State.REJECTED
        if self.approvals:
            return State.DRAFT if self.missing else State.APPROVED
        if self.returned is not None:
            return State.MENDED
        return State.CHANGED if self.earlier else State.DRAFT


def judge(
    decisions: Iterable[Decision], *, digest: str, list_name: str, required: int, authors: Iterable[str] = ()
) -> Standing:
    """Return how the mail `digest` stands for the list `list_name`. `decisions` are of one issue, oldest first.

    `authors` are those whose approvals do not count; give none unless `separate_author` is set. For `list_name` ""
    only what was said of every list counts.
    """
    said = tuple(decisions)
    ours = [one for one in said if one.list_name in ("", list_name)]
    barred = author_names(authors)
    counted: dict[str, Decision] = {}
    rejection: Decision | None = None
    for one in ours:
        if one.digest != digest:
            continue
        if one.verdict is Verdict.REJECTED:
            rejection = one
            counted.clear()
        elif same_name(one.who) not in barred:
            rejection = None
            counted.setdefault(same_name(one.who), one)
    others = [one for one in ours if one.digest != digest and one.verdict is Verdict.APPROVED]
    last = ours[-1] if ours else None
    lists = [one.list_name for one in said if one.digest == digest and one.verdict is Verdict.APPROVED]
    return Standing(
        approvals=tuple(counted.values()),
        required=required,
        rejection=rejection,
        earlier=others[-1] if others else None,
        returned=last if last and last.verdict is Verdict.REJECTED and last.digest != digest else None,
        elsewhere=tuple(dict.fromkeys(name for name in lists if name not in ("", list_name))),
    )


def author_names(written: Iterable[str]) -> frozenset[str]:
    """Return the names in lines such as "Анна Соколова, Пётр Лугов", as `same_name` compares them."""
    parts = (part for line in written for part in re.split(r"[,;]|\s(?:и|and)\s", line))
    return frozenset(name for name in map(same_name, parts) if name)
