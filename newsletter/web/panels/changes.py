"""What changed since the mail was last approved: from what it is made, in its words, and to the eye."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from newsletter.render.compiled import CompiledIssue, MailHeaders, fill
from newsletter.review.changes import Change, changes
from newsletter.web.approved import Approved, last_approved
from newsletter.web.difference import Piece, Row, compare, paragraphs_of, runs_of
from newsletter.web.languages import Words
from newsletter.web.moments import shown_moment
from newsletter.web.view import View

_VALUE_SHOWN = 120  # characters of a setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A line of the mail's head that differs."""

    name: str
    pieces: tuple[Piece, ...]


def make(view: View) -> Mapping[str, object]:
    approved = last_approved(view)
    if approved is None:
        return {"approved": None}
    compiled = view.showing.result.compilation.compiled
    made = approved.decision
    values = {"approved": made, "when": _when(view, approved), "is_same": made.digest == view.showing.digest}
    if values["is_same"]:
        return values
    rows, is_text = _rows(view, approved, compiled)
    found = changes(approved.compiled.manifest, compiled.manifest)
    titles = {item.origin.path: item.title for item in view.showing.result.issue.items}
    return values | {
        "inputs": tuple(inputs_in_words(found, view.words, titles if len(titles) > 1 else {})),
        "fields": tuple(_fields(view, approved, compiled)),
        "rows": rows,
        "is_text": is_text,
        "then_at": _address(view, approved.decision.digest, version="approved"),
        "now_at": _address(view, view.showing.digest),
    }


def _when(view: View, approved: Approved) -> str:
    return shown_moment(approved.decision.at, view.desk.premises.clock().tzinfo, view.words.language)


def _rows(view: View, approved: Approved, compiled: CompiledIssue) -> tuple[tuple[Row, ...], bool]:
    """Return the differing paragraphs of the text part; where it is the same, those of the HTML, and False.

    Both are filled with the same values: a trial's tokens differ each time and are no change.
    """
    values = {**approved.specimen.values, **view.specimen.values}
    then, now = approved.compiled.variants[approved.specimen.variant], compiled.variants[view.specimen.variant]
    rows = compare(paragraphs_of(fill(then.text, values)), paragraphs_of(fill(now.text, values)))
    if rows:
        return rows, True
    return compare(runs_of(fill(then.html, values)), runs_of(fill(now.html, values))), False


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
            yield Field(name=view.words(f"changes.{name}"), pieces=pieces)


def _sender(headers: MailHeaders) -> str:
    return f"{headers.from_name} <{headers.from_mailbox}>".strip()


def _address(view: View, digest: str, **more: str) -> str:
    """Return the address of a frame; the digest in it makes a browser load it anew when the mail is another."""
    asked = {"as": view.chosen.word, "variant": view.asked.get("variant", ""), **more, "of": digest[:16]}
    return f"{view.base}/mail?{urlencode({name: value for name, value in asked.items() if value})}"


def inputs_in_words(found: Sequence[Change], words: Words, titles: Mapping[str, str]) -> Iterator[str]:
    """Yield each thing the mail is made of that differs, for people; `titles` of items where there are several."""
    in_a_file = any(one.name.startswith("item:") for one in found)
    for one in found:
        kind, _, name = one.name.partition(":")
        if kind == "issue" and in_a_file:
            continue  # a title changed in an item changes the issue's facts too
        if kind in ("setting", "library", "newsletter"):
            yield words(f"changes.{kind}", name=name, before=_value(one.before, words), after=_value(one.after, words))
        elif kind in ("item", "picture", "template", "issue"):
            how = "" if one.before and one.after else "_new" if one.after else "_gone"
            title = f" «{titles[name]}»" if name in titles else ""
            yield words(f"changes.{kind}{how if kind != 'issue' else ''}", name=name, title=title)
        else:
            yield str(one)


def _value(value: str, words: Words) -> str:
    if not value:
        return words("changes.empty")
    return value if len(value) <= _VALUE_SHOWN else f"{value[: _VALUE_SHOWN - 1]}…"
