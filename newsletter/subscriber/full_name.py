"""A first name out of a full name, only where it is certain: a greeting «Здравствуйте, Иванов И.!» is worse than none.

Russian lists write «Фамилия Имя Отчество» or «Имя Отчество Фамилия»; the patronymic tells which.
"""

from __future__ import annotations

import re
from functools import lru_cache

from newsletter.language.first_names import FIRST_NAMES

_WORD = re.compile("[А-ЯЁа-яё]{2,}(?:-[А-ЯЁа-яё]{2,})*")  # no initials
_PATRONYMIC = re.compile(".{2,}(?:вич|вна|ична)|ильич|кузьмич|лукич|фомич|никитич|.+[ -]?(?:оглы|кызы)", re.IGNORECASE)
_TURKIC_END = re.compile(r"\s+(оглы|кызы)$", re.IGNORECASE)


@lru_cache(maxsize=4_096)
def first_name(full_name: str) -> str:
    """Return the first name in a full name of three words, "" when it cannot be told for certain."""
    words = _TURKIC_END.sub(r"-\1", full_name.strip()).split()
    if len(words) != 3 or not all(_WORD.fullmatch(word) for word in words):
        return ""
    middle, last = (bool(_PATRONYMIC.fullmatch(word)) for word in words[1:])
    if middle == last:  # «Анна Петровна Мицкевич»: a surname may look like a patronymic
        return ""
    found, other = (words[1], words[0]) if last else (words[0], words[2])
    name = _spelled(found)
    if name not in FIRST_NAMES and _spelled(other) in FIRST_NAMES:
        return ""  # the order is another than it seems
    return name


def is_first_name(text: str) -> bool:
    """True for one word that is a known first name."""
    return text in FIRST_NAMES


def _spelled(word: str) -> str:
    """Return the word as a name is written: ИВАН and иван are Иван."""
    return "-".join(part.capitalize() for part in word.split("-"))
