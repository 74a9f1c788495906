"""An item saved from the page: only a file of the desk, only over the version that was opened, never half written."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import re
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from newsletter.content.file_text import ChangedMeanwhileError, FileText, open_file_text, replace_file
from newsletter.errors import InputError
from newsletter.web.asking import desk_of, language_of, room_of
from newsletter.web.languages import words_of
from newsletter.web.pages import render
from newsletter.web.posted import flag_in, malformed, read_json, text_in
from newsletter.web.source_files import SourceFile, find_file

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_COMPARED = 3_000  # lines of either text: comparing takes the square of what differs
_AROUND = 2  # lines shown before and after each difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the page asks to be saved."""

    file: SourceFile
    text: str
    versions: frozenset[str]  # SHA-256 of the version opened, and of one that the editor has agreed to lose
    as_utf8: bool


async def save(request: Request) -> Response:
    """Save {"file", "text", "sha256", "over", "utf8"}: `over` is the version whose loss was agreed to, mostly ""."""
    desk = await desk_of(request)
    posted = await read_json(request)
    file = find_file(desk, text_in(posted, "file"))
    if file is None or not file.is_editable:
        raise HTTPException(404)
    opened = text_in(posted, "sha256")
    if not _SHA256.fullmatch(opened):
        raise malformed("sha256 must be that of the version that was opened")
    over = frozenset({opened, text_in(posted, "over")})
    wish = Wish(file=file, text=text_in(posted, "text"), versions=over, as_utf8=flag_in(posted, "utf8"))
    words = words_of(language_of(request))
    try:
        saved, version = await asyncio.to_thread(_save, wish)
    except ChangedMeanwhileError:
        return await asyncio.to_thread(_conflict, request, wish)
    room_of(request).files_changed()  # following would tell too, a moment later
    said = words("source.saved" if saved else "source.unchanged", file=file.shown)
    # The page goes on from this version: what is typed before the panel is fetched again is no conflict.
    return JSONResponse({"ok": True, "message": said, "fields": {"sha256": version}})


def _save(wish: Wish) -> tuple[bool, str]:
    """Write the text; returns whether it was another, and the file's SHA-256 now. Raises InputError, DiskError."""
    there = open_file_text(wish.file.path, wish.file.shown)
    if there.sha256 not in wish.versions:
        raise ChangedMeanwhileError("was changed meanwhile", path=wish.file.shown, fix="look at what it says now")
    if not wish.text.strip() and not wish.file.is_settings:
        raise InputError("the text is empty", path=wish.file.shown, fix="an item without words cannot be saved")
    written = there.in_utf8() if wish.as_utf8 else there
    data = written.bytes_of(wish.text)
    if data == there.data:
        return False, there.sha256
    replace_file(there, data)
    return True, hashlib.sha256(data).hexdigest()


def _conflict(request: Request, wish: Wish) -> Response:
    """Answer that the file on the disk is another by now: with its text, its version and what differs."""
    there = open_file_text(wish.file.path, wish.file.shown)
    words = words_of(language_of(request))
    told = {"message": words("source.changed"), "file": wish.file.shown, "line": 0, "fix": words("source.changed_fix")}
    html = render("conflict.html", language_of(request), there=there, differences=differences(there, wish.text))
    conflict = {"text": there.text, "sha256": there.sha256}
    return JSONResponse({"error": told | {"html": html}, "conflict": conflict}, status_code=409)


def differences(there: FileText, typed: str) -> tuple[tuple[str, str], ...] | None:
    """Return what differs, as ("same" | "theirs" | "mine" | "gap", line); None where both are too long to compare."""
    theirs, mine = there.text.split("\n"), re.sub("\r\n?", "\n", typed).split("\n")
    if max(len(theirs), len(mine)) > _MOST_COMPARED:
        return None
    kinds = {" ": "same", "-": "theirs", "+": "mine", "@": "gap"}
    rows = list(difflib.unified_diff(theirs, mine, lineterm="", n=_AROUND))[2:]
    return tuple((kinds[row[0]], "" if row.startswith("@@") and row[0] == "@" else row[1:]) for row in rows)
