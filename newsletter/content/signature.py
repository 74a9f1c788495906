"""Whose words a quote holds, where its own last words say it: "— Алла Иванова, крановщица"."""

from __future__ import annotations

import re
from typing import NamedTuple

from newsletter.content.item import Text, plain
from newsletter.content.spans import cut

_SIGNATURE = re.compile(r"(?:—|–|--|-)\s+(?P<who>[^,\n]+?)(?:,\s*(?P<role>[^\n]+?))?")
# A name of two or three words and what somebody is: on a line of its own, or behind a dash.
_WHO = r"[А-ЯЁA-Z][\w-]+(?:\s+[А-ЯЁA-Z][\w.-]*){1,2}"
_NAMED = re.compile(rf"{_WHO},\s*[^.!?…\n]{{2,120}}")
_SIGNED_INSIDE = re.compile(rf"(?P<said>[^\n]*[.!?…»”\"])\s+(?P<signed>[—–]\s+{_WHO}(?:,\s*[^.!?…\n—–]{{2,120}})?)")


class Signed(NamedTuple):
    said: Text
    signature: str  # empty where the words say nothing of their speaker


def split_signature(body: Text) -> Signed:
    """Return a quote without the words at its end that only say who spoke, and those words."""
    words, _, last = plain(body).rpartition("\n")
    if words and (_SIGNATURE.fullmatch(last) or _NAMED.fullmatch(last)):
        return Signed(cut(body, 0, len(words)), last)
    if inside := _SIGNED_INSIDE.fullmatch(plain(body)):
        return Signed(cut(body, 0, inside.end("said")), inside["signed"])
    return Signed(body, "")


def read_signature(signature: str) -> tuple[str, str]:
    """Return speaker and role, both empty where it names nobody."""
    who = _SIGNATURE.fullmatch(signature) or _SIGNATURE.fullmatch(f"– {signature}")
    return (who["who"], who["role"] or "") if who is not None else ("", "")
