"""How a list of mails shows a subject and a preheader: cut at a width, and side by side.

The widths are what testers saw of Gmail, Apple Mail and Outlook, in characters of average breadth; every program and
screen differs, so nothing here is an error (docs/checks.md).
"""

from __future__ import annotations

import re
import unicodedata

PHONE_CHARACTERS = 40  # of a subject: 33 to 48 on phones
DESKTOP_CHARACTERS = 70  # 60 to 77 in lists on a desktop
MIN_PREHEADER = 40  # below it, the list fills up with what comes next in the mail
MAX_PREHEADER = 130


def cut(text: str, width: int) -> str:
    """Return what a list shows of `text`, with an ellipsis where it is cut."""
    return text if shown_length(text) <= width else text[:width].rstrip() + "…"


def shown_length(text: str) -> int:
    """Return how many characters take room: marks that sit on another character and zero-width ones do not."""
    return sum(unicodedata.category(letter) not in ("Mn", "Me", "Cf") for letter in text)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, case and punctuation aside."""
    return tuple(re.findall(r"\w+", text.casefold().replace("ё", "е")))
