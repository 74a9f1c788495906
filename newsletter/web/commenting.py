"""Comments of reviewers, from the page: one more, one dealt with, one opened again."""

from __future__ import annotations

import asyncio
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.decision import Comment, tidy_name
from newsletter.errors import UsageError
from newsletter.render.child import CompileResult
from newsletter.review.deciding import remark
from newsletter.store.database import writing
from newsletter.store.reviews import reopen_comment, resolve_comment
from newsletter.web.asking import desk_of, language_of
from newsletter.web.desk import Desk
from newsletter.web.languages import words_of
from newsletter.web.places import words_of_block, words_of_openings
from newsletter.web.posted import flag_in, id_in, malformed, read_json, text_in

# "": the whole mail; "1.": the whole second item; "1.title", "1.lead"; "1.4": its fifth block.
_PLACE = re.compile(r"|(?P<item>\d{1,4})\.(?:(?P<block>\d{1,5})|(?P<opening>title|lead))?", re.ASCII)


async def comment(request: Request) -> Response:
    """Keep a comment: {"name", "text", "block", "digest"}; `block` is "ITEM.INDEX", or "" for the whole mail."""
    desk = await desk_of(request)
    posted = await read_json(request)
    if desk.showing is None:
        raise UsageError("there is no mail to comment on yet", fix="mend the error first")
    result, digest = desk.showing.result, desk.showing.digest
    place, seen = text_in(posted, "block"), text_in(posted, "digest")
    if place and seen and seen != digest:  # the place may hold other words by now
        raise UsageError("the mail has changed since you chose this place", fix="choose the place again")
    who, text = text_in(posted, "name"), text_in(posted, "text")
    made = await asyncio.to_thread(_remark, desk, result, place, who, text)
    desk.tell()
    words = words_of(language_of(request))
    return JSONResponse({"ok": True, "id": made.id, "message": words("review.done_comment")})


async def settle(request: Request) -> Response:
    """Resolve a comment, or open it again: {"comment": id, "done": true, "name"}."""
    desk = await desk_of(request)
    posted = await read_json(request)
    number, is_done = id_in(posted, "comment"), flag_in(posted, "done")
    who = tidy_name(text_in(posted, "name"))
    if is_done and not who:
        raise UsageError("the name is empty", fix="write your name in one of the forms of this page first")
    await asyncio.to_thread(_settle, desk, number, is_done, who)
    desk.tell()
    words = words_of(language_of(request))
    return JSONResponse({"ok": True, "message": words("review.done_resolved" if is_done else "review.done_reopened")})


def _remark(desk: Desk, result: CompileResult, place: str, who: str, text: str) -> Comment:
    item, block, quoted = named_place(result, place)
    with writing(desk.premises.engine) as conn:
        return remark(conn, result, item=item, block=block, quoted=quoted, who=who, text=text)


def named_place(result: CompileResult, place: str) -> tuple[str, int | None, str]:
    """Return item, block and the words there for a page's word of a place. Raises HTTPException 400.

    A title and a lead are no blocks: a comment on one is about the item, and found again by the words.
    """
    found = _PLACE.fullmatch(place)
    if found is None:
        raise malformed("block must name a block of the mail")
    items = result.issue.items
    number = int(found["item"] or 0)
    if number >= len(items):
        raise malformed("block must name a block of the mail")
    item = items[number]
    if opening := found["opening"]:
        words = words_of_openings(item).get(opening)
        if words is None:
            raise malformed("block must name a block of the mail")
        return item.origin.path, None, words
    if not found["block"]:
        return item.origin.path, None, ""
    block = int(found["block"])
    if block >= len(item.blocks):
        raise malformed("block must name a block of the mail")
    return item.origin.path, block, words_of_block(item.blocks[block])


def _settle(desk: Desk, number: int, is_done: bool, who: str) -> None:
    showing = desk.showing
    key = showing.result.issue.key if showing else desk.key
    with writing(desk.premises.engine) as conn:
        if is_done:
            resolve_comment(conn, key, number, who=who)
        else:
            reopen_comment(conn, key, number)
