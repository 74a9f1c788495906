"""What Outlook on Windows reads of a mail: conditional comments opened, and what they keep from it taken out.

Inside `<!--[if mso]>…<![endif]-->` stands what only Outlook sees, between `<!--[if !mso]><!-->` and
`<!--<![endif]-->` what it does not. Everybody else takes all of them for comments.
"""

from __future__ import annotations

import re

_MSO_VERSION = 16  # Outlook 2016 and later, which all say so

_MARK = re.compile(
    r"<!--\[if\s(?P<shown>[^\]]*+)\]>\s*+(?:<!)?-->"  # what follows is for everybody whom the condition fits
    r"|<!(?:--)?\[if\s(?P<opened>[^\]]*+)\]>"
    r"|(?P<end>(?:<!--)?<!\[endif\](?:--)?>)"
    r"|<!--(?>.*?(?:-->|\Z))",
    re.DOTALL | re.IGNORECASE,
)
_TERM = re.compile(r"(?P<order>lte|lt|gte|gt)?\s*(?P<program>mso|ie|vml|true|false)\s*(?P<version>\d+)?(?:\.\d+)?")


def outlook_view(html: str) -> str:
    """Return the document as Outlook reads it; every line stays on its line. Never raises."""
    kept: list[str] = []
    shown = [True]
    position = 0
    for mark in _MARK.finditer(html):
        kept.append(_passed(html[position : mark.start()], is_shown=all(shown)))
        position = mark.end()
        condition = mark["shown"] if mark["shown"] is not None else mark["opened"]
        if condition is not None:
            shown.append(holds_in_outlook(condition))
        elif mark["end"] and len(shown) > 1:
            shown.pop()
        kept.append("\n" * mark[0].count("\n"))
    kept.append(_passed(html[position:], is_shown=all(shown)))
    return "".join(kept)


def holds_in_outlook(condition: str) -> bool:
    """Say whether the condition of a conditional comment holds. One that cannot be read does not."""
    left = condition.lower().strip()
    while inner := re.search(r"\(([^()]*)\)", left):
        left = left[: inner.start()] + ("true" if _flat(inner[1]) else "false") + left[inner.end() :]
    return _flat(left)


def _flat(condition: str) -> bool:
    return any(all(_term(term) for term in either.split("&")) for either in condition.split("|"))


def _term(term: str) -> bool:
    bare = term.strip()
    negated = bare.startswith("!")
    found = _TERM.fullmatch(bare.lstrip("! "))
    return found is not None and _compared(found) != negated


def _compared(term: re.Match[str]) -> bool:
    if term["program"] != "mso":
        return term["program"] in ("vml", "true")
    if not term["version"]:
        return True
    version = min(int(term["version"][:6]), 1000)
    return {
        "lt": version > _MSO_VERSION, "lte": version >= _MSO_VERSION,
        "gt": version < _MSO_VERSION, "gte": version <= _MSO_VERSION,
    }.get(term["order"] or "", version == _MSO_VERSION)  # fmt: skip


def _passed(text: str, *, is_shown: bool) -> str:
    return text if is_shown else "\n" * text.count("\n")
