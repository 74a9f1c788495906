"""A way out in every mail: a link to `links.unsubscribe` that a reader can see, in the HTML and in the text.

Mailbox providers demand it (facts in docs/checks.md), and who finds no link presses "spam".
"""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.page import Anchor, is_visible, read_page
from newsletter.render.compiled import Part, slots_of

FIELD = "links.unsubscribe"

_MARK = "zqx-unsubscribe-zqx"  # stands for the slot while its HTML is read
_FIX = 'add <a href="{{ links.unsubscribe }}">…</a> to the footer of the template'


def find(subject: Checked) -> Iterator[Finding]:
    for key, variant in subject.compiled.variants.items():
        name = f" of variant {key}" if key else ""
        problem = _problem_in_html(variant.html)
        if problem:
            yield _finding(f"the HTML{name} {problem}", _FIX, _place(subject, "mjml"))
        if not any(slot.field == FIELD for slot in slots_of(variant.text)):
            fix = "print {{ links.unsubscribe }} at the end of the text template"
            yield _finding(f"the text part{name} has no unsubscribe link", fix, _place(subject, "txt"))


def _finding(message: str, fix: str, place: Place) -> Finding:
    return Finding(id="unsubscribe_link", severity="error", message=message, file=place.file, line=place.line, fix=fix)


def _problem_in_html(part: Part) -> str:
    html = "".join(
        piece if isinstance(piece, str) else _MARK if piece.field == FIELD else "zqx-slot-zqx" for piece in part
    )
    links = [anchor for anchor in read_page(html).anchors if _MARK in anchor.href]
    reasons = [_reason_unseen(link) for link in links]
    if not links:
        return "has no unsubscribe link"
    return f"hides its unsubscribe link ({reasons[0]})" if all(reasons) else ""


def _reason_unseen(link: Anchor) -> str:
    return link.hidden or ("" if is_visible(link.label) else "it has no text")


def _place(subject: Checked, kind: str) -> Place:
    """Return where the template prints the slot; without that, its only file of the kind (".mjml…", ".txt…")."""
    files = {path: source for path, source in subject.mjml_sources.items() if f".{kind}" in path}
    for path, source in files.items():
        if FIELD in source:
            return Place(file=path, line=source[: source.index(FIELD)].count("\n") + 1)
    return Place(file=next(iter(files))) if len(files) == 1 else Place()
