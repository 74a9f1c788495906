"""The CSS of `mj-style` and what a theme would fetch: refused with the line that wrote it, before MJML and inlining.

A brace that is not closed makes every rule after it a part of another, and each later check would find something
else in it. A font or style sheet from the network tells its server who reads, and most programs do not fetch it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from newsletter.errors import TemplateError

# An offset in characters of the MJML → (template, line).
Locate = Callable[[int], tuple[str, int]]

_TAGS = re.compile(
    r"<(?:!--.*?-->"
    r"|mj-style\b[^>]*(?<!/)>(?P<css>.*?)(?=</mj-style\b|\Z)"
    r"|(?P<font>mj-font\b[^>]*>)"
    r"|(?P<sheet>link\b[^>]*\bstylesheet\b[^>]*>))",
    re.DOTALL | re.IGNORECASE,
)
_CSS = re.compile(
    r"""/\*.*?\*/|(?P<comment>/\*)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?P<fetch>@import\b)|(?P<sign>[{};])""",
    re.DOTALL | re.IGNORECASE,
)
_FETCH_WAY = "put the rules into mj-style; use fonts that readers have"


def check_styles(source: str, locate: Locate) -> None:
    """Raise TemplateError for CSS that cannot be read as meant, and for whatever would be fetched."""
    for match in _TAGS.finditer(source):
        if fetching := match["font"] or match["sheet"]:
            words = " ".join(f"<{fetching}".split())
            raise _error(f"{words} fetches styles from the network", _FETCH_WAY, locate(match.start()))
        if match["css"] is not None:
            start = match.start("css")
            check_css(match["css"], lambda offset, start=start: locate(start + offset))  # type: ignore[misc]


def check_css(css: str, locate: Locate) -> None:
    """Raise TemplateError for a brace or comment that is not closed, a brace that closes nothing, and @import."""
    open_rules: list[tuple[int, str]] = []  # offset of the first character, and the selector or @-rule
    swallowing: tuple[int, str] | None = None  # the first plain rule with a rule inside: the brace before it is missing
    begun = 0
    for offset, kind, sign in _signs(css):
        if kind == "comment":
            raise _error("a comment of CSS is never closed", "write */ behind it", locate(offset))
        if kind == "fetch":
            raise _error("@import fetches styles from the network", _FETCH_WAY, locate(offset))
        if sign == "{":
            if open_rules and not open_rules[-1][1].startswith("@"):
                swallowing = swallowing or open_rules[-1]
            open_rules.append(_rule(css, begun, offset))
        elif sign == "}":
            if not open_rules:
                raise _error("a } of CSS closes nothing", "take it out, or write the { before it", locate(offset))
            open_rules.pop()
        begun = offset + 1
    if open_rules:
        first, selector = swallowing or open_rules[-1]
        raise _error(f"the {{ of «{_short(selector)}» is never closed", "write } behind its last rule", locate(first))


def _signs(css: str) -> Iterator[tuple[int, str, str]]:
    for match in _CSS.finditer(css):
        if match.lastgroup:
            yield match.start(), match.lastgroup, match[0]


def _rule(css: str, start: int, end: int) -> tuple[int, str]:
    """Return where the words before a brace begin, comments aside, and the words."""
    words = re.sub(r"/\*.*?\*/", lambda found: " " * len(found[0]), css[start:end], flags=re.DOTALL)
    return start + len(words) - len(words.lstrip()), words.strip()


def _short(words: str) -> str:
    even = " ".join(words.split())
    return even if len(even) <= 40 else even[:39] + "…"


def _error(message: str, fix: str, place: tuple[str, int]) -> TemplateError:
    return TemplateError(message, path=place[0], line=place[1], fix=fix)
