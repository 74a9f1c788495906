"""The people a text names, each with the fullest role it gives them; who «заместитель мэра», «Орлова» or «она» is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.language.names import FIRST_NAMES, Gender, find_genitive_names, find_last_name, find_names, gender_of
from newsletter.language.roles import (
    from_genitive,
    from_instrumental,
    gender_of_role,
    is_head,
    lowered,
    role_start,
    role_words,
)
from newsletter.language.speech import VERB

_CLAUSE = re.compile(r"[.!?…;:()]\s|,\s|\s[–—]\s|^")
_NEAR = 300  # characters; nobody's role is longer
_APPOINTED = re.compile(r"\s+(?:назначен|избран|утвержд[её]н|стал)[а-я]*\s+$")
_AFTER = re.compile(r",\s+(?P<role>[^.,;:!?–—]+)")
_PRONOUN = re.compile(r"(?:он|она|они)\b", re.IGNORECASE)
_SURNAME = re.compile(r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?")
_CIRCUMSTANCE = re.compile(
    r"[,]?\s+(?:на|в|во|журналистам|корреспонденту|после|во время|перед|подписывая|по итогам|из)\b.*$"
)


# A first name that no table knows, right behind a role: «реставратор Этьен Морель», but not «глава Верхней Пышмы».
_UNLISTED = re.compile(
    r"(?P<head>[А-Яа-яЁё-]+)[ \u00a0](?P<name>(?P<first>[А-ЯЁ][а-яё]*[бвгджзклмнпрстфхцчшщй])(?<![оеиы][йх])"
    r"[ \u00a0](?P<last>[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?))(?![А-Яа-яЁё-])"
)
_APPOSED = re.compile(r",\s+$")
_HERSELF = re.compile(r"^(?:сам[аи]?|эта?|этот)\s+", re.IGNORECASE)


class Mention(NamedTuple):
    """A person named in a paragraph, counted from 0, at an offset in it."""

    paragraph: int
    at: int
    name: str
    surname: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who said something, and by which rule that was found."""

    name: str
    role: str
    rule: str


NOBODY = Speaker(name="", role="", rule="quote-unknown")


def find_mentions(paragraphs: Sequence[str]) -> tuple[Mention, ...]:
    """Return everybody named with a first name, in the order of the text, with the role beside the name."""
    found: list[Mention] = []
    for index, words in enumerate(paragraphs):
        for name in find_names(words):
            found.append(Mention(index, name.start, name.words, name.surname, role_beside(words, name.start, name.end)))
        for told in _UNLISTED.finditer(words):
            if is_head(told["head"]) and told["first"] not in FIRST_NAMES:
                role = role_beside(words, told.start("name"), told.end("name"))
                found.append(Mention(index, told.start("name"), told["name"], told["last"], role))
        for name in find_genitive_names(words):
            before = words[max(0, name.start - _NEAR) : name.start]
            clause = max((end.end() for end in _CLAUSE.finditer(before)), default=0)
            found.append(Mention(index, name.start, name.words, name.surname, from_genitive(before[clause:])))
    return tuple(sorted(found))


def role_beside(words: str, start: int, end: int) -> str:
    """Return the role before a name, or after it between commas; empty when there is none."""
    words = words[max(0, start - _NEAR) : end + _NEAR]
    start, end = min(start, _NEAR), min(start, _NEAR) + end - start
    before = words[:start]
    clause = max((found.end() for found in _CLAUSE.finditer(before)), default=0)
    if appointed := _APPOINTED.search(before):
        sentence = max((found.end() for found in re.finditer(r"[.!?…]\s|^", before[: appointed.start()])), default=0)
        return from_instrumental(before[sentence : appointed.start()])
    segment = words[clause:start]
    if verbs := list(VERB.finditer(segment)):
        segment = segment[verbs[-1].end() :]
    at = role_start(segment)
    if at >= 0:
        return lowered(segment[at:].strip())
    if role := _apposed_role(before, words[end : end + 1]):
        return role
    after = _AFTER.match(words, end)
    if after and any(is_head(word) for word in after["role"].split()[:2]):
        return after["role"].strip()
    return ""


def _apposed_role(before: str, after: str) -> str:
    """Return the role that a name between commas explains: «Сама пациентка, Галина Стрельцова, вспоминает»."""
    comma = _APPOSED.search(before)
    if comma is None or after not in {"", ","}:
        return ""
    start = max((found.end() for found in _CLAUSE.finditer(before, 0, comma.start())), default=0)
    segment = _HERSELF.sub("", before[start : comma.start()].strip())
    return lowered(segment) if role_start(segment) == 0 and not VERB.search(segment) else ""


class People:
    """Everybody a text names, and who is meant by a shorter word at a place in it."""

    def __init__(self, mentions: Sequence[Mention]) -> None:
        self._mentions = tuple(mentions)

    def role(self, name: str) -> str:
        """Return the fullest role that the text gives a person."""
        return max((mention.role for mention in self._mentions if mention.name == name), key=len, default="")

    def speaker(self, words: str, *, paragraph: int, at: int) -> Speaker:
        """Return who is meant by what follows or precedes a verb of speech at a place in the text."""
        words = words.strip(" ,.:")
        if name := find_last_name(words):
            before = words[: name.start].strip()
            own = role_beside(words, name.start, name.end) or _unheaded(before)
            known = self.role(name.words)
            role = known if len(known) > len(own) and _starts_like(known, own) else own or known
            return Speaker(name=name.words, role=role, rule="quote-name")
        if _PRONOUN.match(words):
            return self._last("f" if words.lower().startswith("она") else "m", paragraph, at, "quote-pronoun")
        surname = _SURNAME.match(words)
        for found in _SURNAME.finditer(words):
            if full := self._by_surname(found.group(), paragraph, at):
                return Speaker(name=full, role=self.role(full), rule="quote-surname")
        if surname:
            return Speaker(name=surname.group(), role="", rule="quote-unknown")
        return self._by_role(words, paragraph, at)

    def _before_first(self, paragraph: int, at: int) -> list[Mention]:
        """Return all mentions: those before the place first, nearest first, then those after it."""
        place = (paragraph, at)
        before = [mention for mention in self._mentions if (mention.paragraph, mention.at) < place]
        return before[::-1] + self._mentions_after(place)

    def _mentions_after(self, place: tuple[int, int]) -> list[Mention]:
        return [mention for mention in self._mentions if (mention.paragraph, mention.at) >= place]

    def _by_surname(self, surname: str, paragraph: int, at: int) -> str:
        near = self._before_first(paragraph, at)
        return next((mention.name for mention in near if mention.surname == surname), "")

    def _by_role(self, words: str, paragraph: int, at: int) -> Speaker:
        short = _CIRCUMSTANCE.sub("", words)
        near = self._before_first(paragraph, at)
        fitting = list(dict.fromkeys(mention.name for mention in near if _starts_like(mention.role, short)))
        if not fitting:
            fitting = list(dict.fromkeys(mention.name for mention in near if _holds(mention.role, short)))
        if fitting:
            rule = "quote-role" if len(fitting) == 1 else "quote-role-of-several"
            return Speaker(name=fitting[0], role=self.role(fitting[0]), rule=rule)
        here = {m.name for m in self._mentions if m.paragraph == paragraph and m.at < at}
        if role_start(short) == 0 and len(here) == 1 and gender_of_role(short) in {None, gender_of(*here)}:
            nearest = here.pop()  # «… призывает доцент Георгий Саакян. «…», – поясняет экономист»
            return Speaker(name=nearest, role=self.role(nearest), rule="quote-nearest")
        if role_start(short) == 0 and len(everybody := {mention.name for mention in self._mentions}) == 1:
            return Speaker(name=everybody.pop(), role=lowered(short), rule="quote-only-person")
        if (gender := gender_of_role(short)) and role_start(short) == 0:
            return self._last(gender, paragraph, at, "quote-gender")
        return Speaker(name="", role=lowered(short) if role_start(short) >= 0 else "", rule="quote-unknown")

    def _last(self, gender: Gender, paragraph: int, at: int, rule: str) -> Speaker:
        before = [mention for mention in self._mentions if (mention.paragraph, mention.at) < (paragraph, at)]
        for mention in reversed(before):
            if gender_of(mention.name) == gender:
                return Speaker(name=mention.name, role=self.role(mention.name), rule=rule)
        return NOBODY


def _starts_like(role: str, short: str) -> bool:
    """Claim that a role begins with the words of a shorter one: «заместитель мэра Москвы…», «заместитель мэра»."""
    words = list(role_words(short))
    return bool(words) and list(role_words(role))[: len(words)] == words


def _holds(role: str, short: str) -> bool:
    """Claim that all words of a shorter role stand in a role, in their order: «генеральный директор», «директор»."""
    rest = role_words(role)
    words = list(role_words(short))
    return bool(words) and all(any(word == other for other in rest) for word in words)


def _unheaded(before: str) -> str:
    """Return words before a name as a role though their noun is none we know: «сказал блогер Иван Петров»."""
    if not before or before[-1] in ",;:" or re.match(r"(?:на|в|во|по|после|журналистам|для|с|со|из)\b", before):
        return ""
    if re.match(r"[а-яё]+(?:ой|ей|ого|его|ому|ему|ым|ых|их|ую|юю)\b", before):
        return ""  # the rest of a sentence, in another case
    return before if re.fullmatch(r"(?:и\.\s?о\.\s)?[а-яё\-]+(?:\s.+)?", before) and len(before) < 120 else ""
