"""Approve or send back, from the page: the files are compiled afresh, and nobody decides on what they did not see."""

from __future__ import annotations

import asyncio
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.decision import Verdict, tidy_note
from newsletter.errors import GateError, UsageError
from newsletter.review import deciding
from newsletter.review.deciding import Ballot, Decided
from newsletter.store.database import reading
from newsletter.store.reviews import list_comments
from newsletter.web.asking import desk_of, language_of
from newsletter.web.desk import Desk
from newsletter.web.languages import words_of
from newsletter.web.posted import malformed, read_json, text_in, word_in

_DIGEST = re.compile(r"[0-9a-f]{64}")


async def decide(request: Request) -> Response:
    """Take a decision: {"verdict", "name", "note", "list", "digest"}, the digest being that of the mail on the page."""
    desk = await desk_of(request)
    posted = await read_json(request)
    digest = text_in(posted, "digest")
    if not _DIGEST.fullmatch(digest):  # without one, any mail would be decided on
        raise malformed("digest must be that of the mail that the page shows")
    ballot = Ballot(
        verdict=Verdict(word_in(posted, "verdict", tuple(Verdict))),
        who=text_in(posted, "name"),
        note=text_in(posted, "note"),
        list_name=text_in(posted, "list"),
        expected_digest=digest,
        seen_manifest=desk.manifests.get(digest, {}),
    )
    try:
        done = await asyncio.to_thread(_decide, desk, ballot)
    except GateError:
        desk.is_stale = True  # the page may show a mail that is not there any more: watching can lag behind
        await desk.refresh()
        raise
    desk.tell()
    return JSONResponse({"ok": True, "message": _said(request, done)})


def _decide(desk: Desk, ballot: Ballot) -> Decided:
    if ballot.verdict is Verdict.REJECTED and not tidy_note(ballot.note):
        _need_comment(desk)
    settings, result = desk.compile_now()
    report = desk.report_on(result)
    premises = desk.premises
    return deciding.decide(premises.engine, ballot, result=result, report=report, items=desk.paths, settings=settings)


def _need_comment(desk: Desk) -> None:
    """Raise UsageError where nobody has said what is to be mended: whoever mends it would have to guess."""
    with reading(desk.premises.engine) as conn:
        if not any(one.is_open for one in list_comments(conn, desk.key)):
            raise UsageError("nobody has said yet what is to be mended", fix="write it into the note, or add a comment")


def _said(request: Request, done: Decided) -> str:
    words, standing = words_of(language_of(request)), done.standing
    if done.decision.verdict is Verdict.REJECTED:
        return words("review.done_rejected")
    if standing.missing:
        return words("review.done_more", missing=standing.missing)
    return words("review.done_approved")
