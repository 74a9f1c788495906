"""Latin letters inside Russian words, and the other way round: they look alike, and are found by no search.

A word is a run of letters, so that «IT-парк» and «3D-печать» are two; «PRщик» is one, but R is like no Russian letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.texts import shown, texts_of_issue
from newsletter.language.edit import MASK

ID = "mixed_letters"

_WORD = re.compile(rf"[^\W\d_{MASK}]+")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN_ALIKE = frozenset("ABCEHKMOPTXYaceopxyi")  # each is drawn like a Cyrillic letter
_CYRILLIC_ALIKE = frozenset("АВСЕНКМОРТХУасеорхуі")
# An acronym with a Russian ending: «SMMу», «VIPов».
_ENDED = re.compile(r"[A-Z]{2,}[а-яё]{1,4}")
_ACRONYM = re.compile(r"[A-Z]{2}")
_FEW = 2
# A preposition typed in the wrong layout: «c Москвой».
_ALONE = re.compile(
    r"(?:(?<=[а-яё,][ \u00a0])[acoyk]|(?:(?<=[.!?…][ \u00a0])|^)[ABCKOY])(?=[ \u00a0][«„\"]?[А-Яа-яЁё])",
)


def find(subject: Checked) -> Iterator[Finding]:
    for text, place in texts_of_issue(subject):
        for found in _WORD.finditer(text):
            if letters := odd_letters(found.group()):
                yield _in_word(found.group(), letters, place)
        for found in _ALONE.finditer(text):
            around = shown(text[max(found.start() - 15, 0) : found.end() + 15])
            message = f"«{found.group()}» is a Latin letter among Russian words: …{around}…"
            yield _finding(message, "type it in the Russian layout", place)


def odd_letters(word: str) -> tuple[int, ...]:
    """Return the places of letters that belong to the other alphabet and look like letters of the word's own."""
    latin = [at for at, char in enumerate(word) if _LATIN.match(char)]
    cyrillic = [at for at, char in enumerate(word) if _CYRILLIC.match(char)]
    if not latin or not cyrillic or _ENDED.fullmatch(word):
        return ()
    kinds = sorted(((latin, _LATIN_ALIKE), (cyrillic, _CYRILLIC_ALIKE)), key=lambda kind: len(kind[0]))
    for places, alike in kinds:
        if all(word[at] in alike for at in places):
            return tuple(places)
    return _beside(word, latin, cyrillic)


def _beside(word: str, latin: list[int], cyrillic: list[int]) -> tuple[int, ...]:
    """Return look-alikes next to the other alphabet where a stranger («z») keeps the word from being read as one.

    Only a stranger or two are a slip: «YouTubeканал» is two words, «SMMщик» an acronym with its ending.
    """
    few, alike, many = min((latin, _LATIN_ALIKE, cyrillic), (cyrillic, _CYRILLIC_ALIKE, latin), key=lambda k: len(k[0]))
    if len(few) > _FEW or _ACRONYM.match(word):
        return ()
    return tuple(at for at in few if word[at] in alike and (at - 1 in many or at + 1 in many))


def _in_word(word: str, places: tuple[int, ...], place: Place) -> Finding:
    at = places[0]
    script = "Latin" if _LATIN.match(word[at]) else "Cyrillic"
    marked = "".join(f"[{char}]" if n in places else char for n, char in enumerate(word))
    name = unicodedata.name(word[at]).lower()
    other = "Russian" if script == "Latin" else "English"
    return _finding(
        f"«{word}» has {script} letters among others: {marked} (letter {at + 1} is {name})",
        f"type the letters in brackets in the {other} layout",
        place,
    )


def _finding(message: str, fix: str, place: Place) -> Finding:
    return Finding(
        id=ID, severity="warning", message=message, file=place.file, line=place.line, block=place.block, fix=fix
    )
