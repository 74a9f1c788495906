"""Features of HTML and CSS that a mail program does not know, where a reader would miss something.

By the data of Can I email, newest version of each program. Outlook on Windows is asked strictly: what it supports by
halves counts too, where the use is in the wrong half. What costs nobody a word is left out (harmless.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from newsletter.check.caniemail import OUTLOOK, client_names, features
from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.harmless import HARMLESS, OUTLOOK_LIMITS
from newsletter.check.html_features import Use, uses_of
from newsletter.check.outlook_view import outlook_view
from newsletter.check.template_place import place_of_source

# Who is read most by offices in Russia, and Outlook; what only others lack is an info.
_WEIGHTY = ("outlook.windows", "outlook.outlook-com", "gmail.", "mail-ru.", "apple-mail.")


@dataclass(slots=True)
class _Lack:
    """A feature that fails somewhere: for whom, and its first use."""

    use: Use
    clients: list[str] = field(default_factory=list)


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        for lack in lacking(html):
            yield _finding(subject, lack)


def lacking(html: str) -> list[_Lack]:
    """Return the features of a page that some program lacks, and not without harm, in the order of first use."""
    lacks: dict[str, _Lack] = {}
    for view, is_outlook in ((outlook_view(html), True), (html, False)):
        for use in uses_of(view):
            for client in _wanting(use.slug):
                if (client == OUTLOOK) is is_outlook and _fails(use, client):
                    lack = lacks.setdefault(use.slug, _Lack(use))
                    if client not in lack.clients:
                        lack.clients.append(client)
    return sorted(lacks.values(), key=lambda lack: lack.use.line)


@cache
def _wanting(slug: str) -> tuple[str, ...]:
    """Return the programs that do not support a feature, or Outlook by halves only; none where that does no harm."""
    if slug in HARMLESS:
        return ()
    support = features()[slug].support
    return tuple(one for one in client_names() if support(one) == "n" or (one == OUTLOOK and support(one) == "a"))


def _fails(use: Use, client: str) -> bool:
    if any(features()[gate].support(client) == "n" for gate in use.gates):
        return False  # it never comes so far
    limit = OUTLOOK_LIMITS.get(use.slug) if client == OUTLOOK else None
    return limit is None or limit(use)


def _finding(subject: Checked, lack: _Lack) -> Finding:
    use, feature = lack.use, features()[lack.use.slug]
    names = ", ".join(client_names()[client] for client in lack.clients)
    place = _place(subject, use)
    where = "" if place.file else f" (line {use.line} of the HTML)"
    written = f"{use.name}: {use.value[:40]}" if use.value and use.name else use.name or f"<{use.tag}>"
    half = feature.support(OUTLOOK) == "a" and lack.clients == [OUTLOOK]
    note = feature.note(OUTLOOK) if OUTLOOK in lack.clients else ""
    return Finding(
        id="client_support",
        severity="warning" if any(client.startswith(_WEIGHTY) for client in lack.clients) else "info",
        message=f"{feature.title} («{written}») is not {'fully ' * half}supported by {names}{where}"
        + (f": {_short(note)}" if note else ""),
        file=place.file,
        line=place.line,
        clients=tuple(lack.clients),
        fix="do without it, or see that the mail reads well where it fails",
    )


def _place(subject: Checked, use: Use) -> Place:
    """Return the first place where a template writes what was used; MJML itself may have written it."""
    if use.name.startswith("@"):
        pattern = re.escape(use.name)
    elif use.name and use.value:
        pattern = rf"(?<![\w-]){re.escape(use.name)}\s*[:=]"
    elif use.name:
        pattern = re.escape(use.name)
    else:
        pattern = rf"<{re.escape(use.tag)}(?![\w-])"
    return place_of_source(subject, pattern) if use.name or use.tag else Place()


def _short(note: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", note).replace("`", "")
    return plain if len(plain) <= 160 else plain[:159] + "…"
