"""The room's words, in Russian and in English: one file per part of the room in `words/`.

A file `words/mail.toml` holds tables such as `[dark]` with `ru = "…"` and `en = "…"`; a page prints them as
`t("mail.dark")`. `{name}` stands for a value, `{n:письмо|письма|писем}` for the form of a word after the number `n`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from newsletter.language.plurals import plural

Language = Literal["ru", "en"]
_FOLDER = Path(__file__).parent / "words"
_VALUE = re.compile(r"\{(\w+)(?::([^{}]*))?\}")


class Words:
    """The words of one language. Called with a key and values; raises KeyError for what no file has."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._words = {key: both[language] for key, both in catalogue().items()}

    def __call__(self, key: str, **values: object) -> str:
        return _VALUE.sub(lambda found: _value(found, values), self._words[key])

    def under(self, part: str) -> dict[str, str]:
        """Return the words of one part by their keys without it: those that the script of a page prints."""
        return {key.removeprefix(f"{part}."): text for key, text in self._words.items() if key.startswith(f"{part}.")}


def _value(found: re.Match[str], values: Mapping[str, object]) -> str:
    value = values[found[1]]
    return str(value) if found[2] is None else plural(Decimal(str(value)), *found[2].split("|"))


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every word in both languages, by key."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted(_FOLDER.glob("*.toml")):
        for key, both in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found[f"{file.stem}.{key}"] = both
    return found


@cache
def words_of(language: Language) -> Words:
    return Words(language)


def choose_language(setting: str, accepted: str) -> Language:
    """Return the language of the room: the setting's, else the first that the browser accepts, else Russian."""
    if setting in ("ru", "en"):
        return "en" if setting == "en" else "ru"
    weighed = []
    for number, entry in enumerate(accepted.split(",")[:50]):
        tag, _, quality = entry.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        if language in ("ru", "en"):
            weighed.append((-_quality(quality), number, language))
    return "en" if weighed and min(weighed)[2] == "en" else "ru"


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](?:\.\d{0,3})?", text) else 1.0 if not text else 0.0
