"""What changed since the mail was last approved: from what it is made, in its words, and to the eye."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from newsletter.render.compiled import CompiledIssue, MailHeaders, fill
from newsletter.review.changes import changes
from newsletter.web.approved import Approved, last_approved
from newsletter.web.difference import Piece, Row, are_alike, compare, paragraphs_of, runs_of
from newsletter.web.manifest_words import inputs_in_words
from newsletter.web.moments import Moment, moment
from newsletter.web.openings import squeezed
from newsletter.web.view import View

Where = Literal["text", "html", "look", "nowhere"]  # the words that differ stand: "look": none does, the markup does


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A line of the mail's head that differs."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def is_alike(self) -> bool:
        return are_alike(self.pieces)


def make(view: View) -> Mapping[str, object]:
    approved = last_approved(view)
    if approved is None:
        return {"approved": None}
    compiled = view.showing.result.compilation.compiled
    made = approved.decision
    values = {"approved": made, "when": _when(view, approved), "is_same": made.digest == view.showing.digest}
    if values["is_same"]:
        return values
    rows, what = _rows(view, approved, compiled)
    found = changes(approved.compiled.manifest, compiled.manifest)
    titles = {item.origin.path: item.title for item in view.showing.result.issue.items}
    return values | {
        "inputs": tuple(inputs_in_words(found, view.words, titles if len(titles) > 1 else {})),
        "fields": tuple(_fields(view, approved, compiled)),
        "rows": rows,
        "what": what,
        "has_other_pictures": any(one.name.startswith("picture:") and one.before for one in found),
        "then_at": _address(view, approved.decision.digest, version="approved"),
        "now_at": _address(view, view.showing.digest),
    }


def _when(view: View, approved: Approved) -> Moment:
    return moment(approved.decision.at, view.desk.premises.clock(), view.words)


def _rows(view: View, approved: Approved, compiled: CompiledIssue) -> tuple[tuple[Row, ...], Where]:
    """Return the differing paragraphs of the text part; where it is the same, those of the HTML.

    Both are filled with the same values: a trial's tokens differ each time and are no change.
    """
    values = {**approved.specimen.values, **view.specimen.values}
    items = view.showing.result.issue.items
    titles = [squeezed(item.title) for item in items] if len(items) > 1 else []
    then, now = approved.compiled.variants[approved.specimen.variant], compiled.variants[view.specimen.variant]
    before, after = (paragraphs_of(fill(one.text, values)) for one in (then, now))
    if rows := compare(before, after, titles):
        return rows, "text"
    pages = fill(then.html, values), fill(now.html, values)
    if rows := compare(*map(runs_of, pages)):
        return rows, "html"
    return (), "look" if pages[0] != pages[1] else "nowhere"


def _fields(view: View, approved: Approved, compiled: CompiledIssue) -> Iterator[Field]:
    values = {**approved.specimen.values, **view.specimen.values}
    pairs = {
        "subject": (fill(approved.compiled.subject, values), fill(compiled.subject, values)),
        "preheader": (approved.compiled.preheader, compiled.preheader),
        "sender": (_sender(approved.compiled.headers), _sender(compiled.headers)),
        "reply_to": (approved.compiled.headers.reply_to, compiled.headers.reply_to),
    }
    for name, (then, now) in pairs.items():
        if then != now:
            rows = compare((then,), (now,))
            pieces = tuple(piece for row in rows for piece in row.pieces if piece.words)
            whole = Piece(kind="del", words=then), Piece(kind="ins", words=now)  # where only a number in [] differs
            yield Field(name=view.words(f"changes.{name}"), pieces=pieces or whole)


def _sender(headers: MailHeaders) -> str:
    return f"{headers.from_name} <{headers.from_mailbox}>".strip()


def _address(view: View, digest: str, **more: str) -> str:
    """Return the address of a frame; the digest in it makes a browser load it anew when the mail is another."""
    asked = {"as": view.chosen.word, "variant": view.asked.get("variant", ""), **more, "of": digest[:16]}
    return f"{view.base}/mail?{urlencode({name: value for name, value in asked.items() if value})}"
