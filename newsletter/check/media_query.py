"""Whether the condition of an @media holds: for a desktop screen, light or dark. Anything else does not."""

from __future__ import annotations

import re

_DESKTOP_PX = 800


def media_applies(condition: str, *, dark: bool) -> bool:
    """Say whether a media query list holds on a desktop screen. What is not understood does not."""
    return any(_query_applies(query, dark=dark) for query in condition.lower().split(","))


def _query_applies(query: str, *, dark: bool) -> bool:
    words = query.strip()
    negated = words.startswith("not ")
    words = words.removeprefix("not ").removeprefix("only ").strip()
    parts = [part.strip() for part in re.split(r"\band\b", words)]
    return all(_feature_applies(part, dark=dark) for part in parts) != negated


def _feature_applies(part: str, *, dark: bool) -> bool:
    if part in ("screen", "all"):
        return True
    scheme = re.fullmatch(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", part)
    if scheme:
        return (scheme[1] == "dark") is dark
    width = re.fullmatch(r"\(\s*(min|max)-(?:device-)?width\s*:\s*(\d+)(?:\.\d+)?px\s*\)", part)
    if width:
        at = int(width[2])
        return at <= _DESKTOP_PX if width[1] == "min" else at >= _DESKTOP_PX
    return False
