"""What the program says, in the reader's language: whole messages are looked up, no call site knows of it.

Messages and ways out are English sentences with values in them. The catalogue (`words/ru.toml`) holds each sentence
with holes, `the title has {number} characters`, and its Russian, in which `{1}` is the first value and
`{1:знак|знака|знаков}` the form of a word after it. `{}` takes anything and shows it as it is; HOLES has the others.

A value is never searched for messages unless its hole says so: an editor's title that reads like one stays as typed.
What has no entry is returned unchanged. tests/test_translation.py finds sentences that lack one.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import chain, starmap
from pathlib import Path

from newsletter.language.plurals import plural

LANGUAGES = ("ru", "en")

# What may stand in a hole beside anything, which is `{}`.
HOLES = (
    "number",  # digits; a decimal point becomes a comma
    "name",  # of a file, an element, a sign: no spaces
    "key",  # of a setting
    "quoted",  # as Python's repr writes a text; the marks are taken off
    "words",  # translated where an entry says them, else as they are
    "known",  # words that an entry says; without one, the sentence is not this one
    "list",  # several words with " or " between
    "series",  # several words with ", " between
)

_FOLDER = Path(__file__).with_name("words")
_HOLE = re.compile(rf"\{{({'|'.join(HOLES)}|)\}}")
_PIECE = re.compile(r"\{([1-9])(?::([^{}|]*(?:\|[^{}|]*){2}))?\}")  # {2} or {2:one|few|many}
_THOUSANDS = "\N{NO-BREAK SPACE}"
_SHAPES = {
    "number": re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15}(?:\.[0-9]{1,6})?"),
    "name": re.compile(r"\S{1,200}"),
    "key": re.compile(r"[a-z]+(?:[._][a-z0-9_]+){1,5}"),
    "quoted": re.compile(r"(['\"]).*\1", re.DOTALL),
}
_COUNTED = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")
_OR = " or "
_MAX_WORDS = 2_000  # characters of a value that may be words of the program; longer ones are somebody's text
_MAX_DEPTH = 10  # of messages inside messages: a refusal names three findings
_MAX_TRIES = 500  # of one message: values that hold a literal again and again must not cost more than a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sentence with holes and what it is in the other language."""

    literals: tuple[str, ...]  # one more than holes: what stands before, between and after them
    holes: tuple[str, ...]  # "" or one of HOLES
    translated: str

    @property
    def weight(self) -> tuple[int, int]:
        """Return how much the entry says of a message: the heavier is tried first."""
        return sum(map(len, self.literals)), sum(map(bool, self.holes))

    @property
    def words(self) -> list[str]:
        """Return the words that a message must hold, as `split` finds them there: no hole may touch them."""
        gap = "\0"  # in no sentence
        return [word for word in gap.join(self.literals).split() if gap not in word]


def read_entry(english: str, translated: str) -> Entry:
    """Return the entry of one line of a catalogue.

    Raises ValueError if two holes touch, nothing but holes is said, or a value would be lost.
    """
    literals, holes = tuple(_HOLE.split(english)[::2]), tuple(_HOLE.split(english)[1::2])
    if any(not literal for literal in literals[1:-1]):
        raise ValueError(f"two holes touch in {english!r}")
    if not any(literals):
        raise ValueError(f"{english!r} would be any message")
    named = {int(found[1]) for found in _PIECE.finditer(translated) if not found[2]}
    if named != set(range(1, len(holes) + 1)):
        raise ValueError(f"{translated!r} does not show every value of {english!r}")
    return Entry(literals=literals, holes=holes, translated=translated)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is left of the effort that one message may cost."""

    tries: Iterator[int]
    depth: int = 0  # of messages inside messages


class Catalogue:
    """The sentences of one language, ready to be looked up."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        entries = sorted(starmap(read_entry, sentences.items()), key=lambda entry: entry.weight, reverse=True)
        self._whole = {entry.literals[0]: entry.translated for entry in entries if not entry.holes}
        self._entries = [entry for entry in entries if entry.holes]
        counts = Counter(chain.from_iterable(entry.words for entry in self._entries))
        self._by_word: dict[str, list[int]] = {}  # each entry once, under its rarest word; "" for those without
        for number, entry in enumerate(self._entries):
            self._by_word.setdefault(min(entry.words, key=counts.__getitem__, default=""), []).append(number)

    def translate(self, english: str) -> str:
        """Return a message in the catalogue's language; unchanged if no entry knows it."""
        found = self._look_up(english, _Search(tries=iter(range(_MAX_TRIES))))
        return english if found is None else found

    def _look_up(self, text: str, search: _Search) -> str | None:
        if text in self._whole:
            return self._whole[text]
        words = {"", *text.split()}
        for number in sorted(chain.from_iterable(self._by_word.get(word, ()) for word in words)):
            values = self._match(self._entries[number], text, search)
            if values is not None:
                return _filled(self._entries[number].translated, values)
        return None

    def _match(self, entry: Entry, text: str, search: _Search) -> list[str] | None:
        """Return the values that stand in the holes of an entry, translated where they may be; None if it does not fit.

        Literals are found one after the other, each as far left as the kinds of the holes allow: linear but for
        holes that refuse a value, which may have to end further right, and for that `tries` are counted.
        """
        first, last = entry.literals[0], entry.literals[-1]
        start, end = len(first), len(text) - len(last)
        if start > end or not text.startswith(first) or not text.endswith(last):
            return None
        at = start
        for literal in entry.literals[1:-1]:  # that all are there is found out without a try
            at = text.find(literal, at, end)
            if at < 0:
                return None
            at += len(literal)
        return self._values(entry, 0, text[start:end], search)

    def _values(self, entry: Entry, number: int, text: str, search: _Search) -> list[str] | None:
        if number == len(entry.holes) - 1:
            value = self._value(entry.holes[number], text, search)
            return None if value is None else [value]
        literal = entry.literals[number + 1]
        at = text.find(literal)
        while at >= 0:
            value = self._value(entry.holes[number], text[:at], search)
            if value is not None:
                others = self._values(entry, number + 1, text[at + len(literal) :], search)
                if others is not None:
                    return [value, *others]
            if next(search.tries, None) is None or not any(entry.holes):
                return None
            at = text.find(literal, at + 1)
        return None

    def _value(self, kind: str, value: str, search: _Search) -> str | None:
        """Return a value as the translation shows it, None if a hole of this kind does not take it."""
        if kind in _SHAPES and not _SHAPES[kind].fullmatch(value):
            return None
        match kind:
            case "number":
                return value.replace(",", _THOUSANDS).replace(".", ",")
            case "quoted":
                return value[1:-1]
            case "words" | "known":
                found = self._nested(value, search)
                return found if found is not None or kind == "known" else value
            case "list" | "series":
                joint = _OR if kind == "list" else ", "
                parts = [self._nested(part, search) or part for part in value.split(joint)]
                return self._whole.get(joint, joint).join(parts)
        return value

    def _nested(self, value: str, search: _Search) -> str | None:
        if len(value) > _MAX_WORDS or search.depth == _MAX_DEPTH or next(search.tries, None) is None:
            return None
        return self._look_up(value, _Search(tries=search.tries, depth=search.depth + 1))


def _filled(translated: str, values: list[str]) -> str:
    def piece(found: re.Match[str]) -> str:
        value = values[int(found[1]) - 1]
        return _form(value, found[2].split("|")) if found[2] else value

    return _PIECE.sub(piece, translated)


def _form(value: str, forms: list[str]) -> str:
    """Return the form of a word after a number as it is shown; after anything else, the last."""
    number = value.replace(_THOUSANDS, "").replace(",", ".")
    return plural(Decimal(number), *forms) if _COUNTED.fullmatch(number) else forms[-1]


def sentence(text: str) -> str:
    """Return a message as a sentence of a page: a capital in front if a word stands there, a full stop behind.

    Names of keys and files (`issue.toml`, `public_url`) and addresses, which may come first, keep their letters.
    """
    if not text:
        return ""
    begun = text[0].upper() + text[1:] if re.match(r"[a-zа-яё]+(?=[ ,;!?]|:(?: |$)|$)", text) else text
    return begun if begun.endswith((".", "!", "?", "…")) else f"{begun}."


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language, read once; an empty one for English, and for what there is none of."""
    path = _FOLDER / "ru.toml"
    return Catalogue(read_sentences(path.read_text(encoding="utf-8")) if language == "ru" else {})


def read_sentences(text: str) -> dict[str, str]:
    """Return every sentence of a catalogue's file, of whatever table. Raises ValueError if one stands twice."""
    sentences: dict[str, str] = {}
    for english, translated in _pairs(tomllib.loads(text)):
        if english in sentences:
            raise ValueError(f"{english!r} stands twice")
        sentences[english] = translated
    return sentences


def _pairs(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _pairs(value)
        else:
            yield key, str(value)


@cache
def _names() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return kind ("finding", "severity") → name → language → words."""
    names: dict[str, dict[str, dict[str, str]]] = tomllib.loads((_FOLDER / "names.toml").read_text(encoding="utf-8"))
    return names


def finding_name(identity: str, language: str) -> str:
    """Return the short name of a finding, as a heading; the id itself where a newer check has none."""
    return _names()["finding"].get(identity, {}).get(language, identity)


def severity_name(severity: str, language: str) -> str:
    return _names()["severity"].get(severity, {}).get(language, severity)
