"""A style sheet cut into its rules, each of which can be read by itself: who edits one leaves the others as they were.

Only what is plain is cut. Escapes, nested rules, @import or @namespace, a brace, bracket or quote too many: then a
parser must see the sheet whole, and nothing is returned. Rules under an at-rule hold at times only, and are left out.
"""

from __future__ import annotations

import re

_COMMENT = r"/\*(?:[^*]|\*(?!/))*+\*/"
_STRING = r""""[^"\\\n{}]*+"|'[^'\\\n{}]*+'"""
_PLAIN = r"""[^{}()\[\]"'\\<@/;]"""  # none of what opens or closes something
_BRACKETS = rf"\((?:{_STRING}|/(?!\*)|{_PLAIN})*+\)|\[(?:{_STRING}|{_PLAIN})*+\]"
_PRELUDE = rf"(?:{_BRACKETS}|{_PLAIN})"
_BODY = rf"(?:{_COMMENT}|{_STRING}|{_BRACKETS}|/(?!\*)|;|{_PLAIN})"
_PIECE = re.compile(
    rf"(?P<blank>\s++|{_COMMENT})"
    rf"|(?P<at>@(?:media|supports|font-face)(?=[\s(]){_PRELUDE}*+\{{(?:{_BODY}|\{{{_BODY}*+\}})*+\}})"
    rf"|(?P<rule>{_PRELUDE}++\{{{_BODY}*+\}})"
)


def style_rules(css: str) -> list[str] | None:
    """Return the rules of a sheet that hold always, in order; None where it is not plain."""
    rules: list[str] = []
    at = 0
    while at < len(css):
        piece = _PIECE.match(css, at)
        if piece is None:
            return None
        if piece["rule"]:
            rules.append(piece["rule"])
        at = piece.end()
    return rules
