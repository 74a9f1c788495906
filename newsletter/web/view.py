"""What one request sees: a desk with its last good mail, and that mail merged for the reader that the page names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.specimen import SPECIMEN_LIST, Specimen, specimen_of
from newsletter.store.database import Connection, reading
from newsletter.store.people import lists_of
from newsletter.store.subscribers import list_label
from newsletter.web.desk import Desk, Showing
from newsletter.web.languages import Words
from newsletter.web.reader import Chosen, choose


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    desk: Desk
    showing: Showing
    chosen: Chosen
    specimen: Specimen  # the mail as the chosen reader would get it
    words: Words
    base: str  # address of the desk's page, without a slash at the end
    asked: Mapping[str, str]  # the page's other wishes, as they stand in its address


def open_view(desk: Desk, showing: Showing, *, words: Words, base: str, asked: Mapping[str, str]) -> View:
    """Merge the desk's mail for the reader `as` and the variant `variant` of `asked`. Blocks (database, merge)."""
    premises, issue = desk.premises, showing.result.issue
    compiled = showing.result.compilation.compiled
    with reading(premises.engine) as conn:
        chosen = choose(asked.get("as", ""), compiled, conn)
        label = _label(conn, issue.list_name, chosen)
    variant = asked.get("variant")
    specimen = specimen_of(
        compiled,
        keys=premises.keys,
        now=premises.clock(),
        reader=chosen.reader,
        variant=variant if variant in compiled.variants else None,
        list_label=label,
    )
    return View(desk=desk, showing=showing, chosen=chosen, specimen=specimen, words=words, base=base, asked=asked)


def _label(conn: Connection, list_name: str, chosen: Chosen) -> str:
    """Return what stands in List-ID: of the issue's list, else of the first that the reader is on."""
    names = [list_name] if list_name else lists_of(conn, chosen.subscriber_id) if chosen.subscriber_id else []
    return next((label for name in names if (label := list_label(conn, name))), SPECIMEN_LIST)
