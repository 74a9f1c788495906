"""The mail that was approved last, as it was kept: what the mail on the desk is compared with, and shown beside."""

from __future__ import annotations

from dataclasses import dataclass, replace

from newsletter.decision import Decision, Verdict
from newsletter.render.compiled import CompiledIssue
from newsletter.specimen import Specimen, specimen_of
from newsletter.store.database import reading
from newsletter.store.reviews import list_decisions, load_approved
from newsletter.web.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    decision: Decision
    compiled: CompiledIssue
    specimen: Specimen  # for the same reader as the view's


def last_approved(view: View) -> Approved | None:
    """Return the mail of the latest approval, merged for the view's reader; None before the first. Blocks."""
    premises = view.desk.premises
    with reading(premises.engine) as conn:
        decisions = list_decisions(conn, view.showing.result.issue.key)
        made = next((one for one in reversed(decisions) if one.verdict is Verdict.APPROVED), None)
        data = load_approved(conn, made.digest) if made else None
    if made is None or data is None:
        return None
    compiled = CompiledIssue.from_bytes(data)
    specimen = specimen_of(
        compiled,
        keys=premises.keys,
        now=premises.clock(),
        reader=view.chosen.reader,
        variant=view.specimen.variant if view.specimen.variant in compiled.variants else None,
    )
    return Approved(decision=made, compiled=compiled, specimen=specimen)


def as_approved(view: View) -> View | None:
    """Return the view of the approved mail; its pictures show as far as the mail on the desk has them too. Blocks."""
    found = last_approved(view)
    if found is None:
        return None
    result = view.showing.result
    compilation = replace(result.compilation, compiled=found.compiled, blocks={})
    showing = replace(view.showing, result=replace(result, compilation=compilation), report=None)
    return replace(view, showing=showing, specimen=found.specimen)
