"""Everybody whom a text names with a first name: where, and with the role that stands beside the name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from newsletter.language.first_names import FIRST_NAMES
from newsletter.language.names import (
    Name,
    find_genitive_names,
    find_latin_run,
    find_names,
    nominative_surname,
    oblique_first_names,
)
from newsletter.language.phrases import is_verb
from newsletter.language.recogniser import Entity, first_name_from_genitive, is_first_name
from newsletter.language.roles import from_genitive, from_instrumental, is_head, is_person_noun, lowered, role_start
from newsletter.language.speech import VERB

_CLAUSE = re.compile(r"[.!?…;:()]\s|,\s|\s[–—]\s|^")
_NEAR = 300  # characters; nobody's role is longer
_APPOINTED = re.compile(r"\s+(?:назначен|избран|утвержд[её]н|стал)[а-я]*\s+$")
_AFTER = re.compile(r",\s+(?P<role>[^.,;:!?–—]+)")
# A first name that no table knows, right behind a role: «реставратор Этьен Морель», but not «глава Верхней Пышмы».
_UNLISTED = re.compile(
    r"(?<![А-Яа-яЁё-])(?P<head>[А-Яа-яЁё-]+)[ \u00a0]"
    r"(?P<name>(?P<first>[А-ЯЁ][а-яё]*[бвгджзклмнпрстфхцчшщй])(?<![оеиы][йх])"
    r"[ \u00a0](?P<last>[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?))(?![А-Яа-яЁё-])"
)
_TRADE = re.compile(r"\s*(?:[А-Яа-яё-]+(?:ый|ий|ой|ая|яя)\s+){0,3}(?P<noun>[А-ЯЁа-яё][а-яё]+)\b")
_LATIN_END = re.compile(r"(?<![А-Яа-яЁё-])(?P<before>(?:[А-Яа-яЁё-]+\s){1,3})(?:[A-ZÀ-Ž][A-Za-zà-ž-]+\s?){2,4}(?<!\s)")
_FORMERLY = re.compile(r"\s*(?:бывш|старш|младш|главн|заслуженн|народн|известн|почётн|почетн)(?:ий|ый|ая)\s+[а-яё]")
_APPOSED = re.compile(r",\s+$")
_HERSELF = re.compile(r"^(?:сам[аи]?|эта?|этот)\s+", re.IGNORECASE)


class Mention(NamedTuple):
    """A person named in a paragraph, counted from 0, at an offset in it."""

    paragraph: int
    at: int
    name: str
    surname: str
    role: str


def find_mentions(paragraphs: Sequence[str], entities: Sequence[Sequence[Entity]] = ()) -> tuple[Mention, ...]:
    """Return everybody named with a first name, in the order of the text, with the role beside the name.

    `entities` are what the models found in each paragraph: they lengthen names and add those no table knows.
    """
    found: list[Mention] = []
    for index, words in enumerate(paragraphs):
        people = [entity for entity in (entities[index] if index < len(entities) else ()) if entity.kind == "person"]
        names = {name.start: name for name in find_names(words)}
        for told in _UNLISTED.finditer(words):
            if is_head(told["head"]) and told["first"] not in FIRST_NAMES:
                names.setdefault(told.start("name"), Name(told.start("name"), told.end("name"), told["name"]))
        for name in latin_people(words):
            names.setdefault(name.start, name)
        for person in people:
            _add_recognised(names, words, person)
        for name in names.values():
            role = role_beside(words, name.start, name.end)
            found.append(Mention(index, name.start, name.words, name.surname, role))
        for name in _genitive_names(words, people):
            before = words[max(0, name.start - _NEAR) : name.start]
            clause = max((end.end() for end in _CLAUSE.finditer(before)), default=0)
            found.append(Mention(index, name.start, name.words, name.surname, from_genitive(before[clause:])))
    return tuple(sorted(found))


def latin_people(words: str) -> Iterator[Name]:
    """Yield the names in Latin letters right behind a role: «профессор Nord Polytechnic Aino Virta»."""
    for latin in _LATIN_END.finditer(words):
        name = find_latin_run(latin.group())
        if name and any(is_head(word) for word in latin["before"].split()[-3:]):
            start = latin.start() + name.start
            yield Name(start, start + len(name.words), name.words)


def _add_recognised(names: dict[int, Name], words: str, person: Entity) -> None:
    """Put a name that the models found among those of the rules: where it goes on, or where they saw none."""
    start, end = trimmed_person(words, person.start, person.end)
    written = words[start:end]
    inside = [name for name in names.values() if name.start < end and start < name.end]
    if inside:
        if (
            len(inside) == 1
            and start <= inside[0].start
            and inside[0].end <= end
            and len(written) > len(inside[0].words)
        ):
            del names[inside[0].start]
            names[start] = Name(start, end, written)
        return
    first, _, rest = written.partition(" ")
    if (
        rest
        and _is_nominative(first, rest)
        and re.fullmatch(r"[^\d«»,;:()]+", written)
        and (is_first_name(first, "nomn") or role_beside(words, start, end))
    ):
        names[start] = Name(start, end, written)


def trimmed_person(words: str, start: int, end: int) -> tuple[int, int]:
    """Return a person of the models without what stands before the name: «Первокурсница Варя», «Беседовал Кирилл»."""
    parts = list(re.finditer(r"\S+", words[start:end]))
    whole = [part.group() for part in parts]
    known = next((at for at, part in enumerate(whole) if _begins_name(part)), 0)
    led = whole[0].lower() if whole else ""
    surname_first = (
        known == 1 and not is_head(led) and not is_verb(led) and (len(whole) == 2 or whole[-1].endswith("."))
    )
    patronymic = known == 1 and len(whole) == 3 and re.search(r"(?:вич|вн|чн)[а-я]{0,2}$", whole[2])
    if known and not surname_first and not patronymic:
        return start + parts[known].start(), end
    return (start + parts[1].start(), end) if len(parts) > 2 and is_head(led) else (start, end)


def _begins_name(part: str) -> bool:
    return part in FIRST_NAMES or part in oblique_first_names() or part.endswith(".")


def _is_nominative(first: str, rest: str) -> bool:
    """Claim that a name that no table knows stands in the nominative, as far as its endings tell."""
    if is_first_name(first, "nomn"):
        return not re.search(r"(?:овой|евой|иной|ской|ого|ому|овым|евым|ову|еву)$", rest)
    return not re.search(r"(?:ого|ому|ым|ой|ом|ем|ову|еву|ину|скую|ы|и|у|ю)$", rest) and not is_first_name(
        first, "gent"
    )


def _genitive_names(words: str, people: Sequence[Entity]) -> list[Name]:
    """Return the names in the genitive: those of the rules, and where the models see somebody, of the dictionary."""
    found = list(find_genitive_names(words))
    for person in people:
        written = words[person.start : person.end]
        first, _, last = written.partition(" ")
        if not last or any(name.start < person.end and person.start < name.end for name in found):
            continue
        if first not in FIRST_NAMES and (known := first_name_from_genitive(first)):
            name, gender = known
            if surname := nominative_surname(last, gender):
                found.append(Name(person.start, person.end, f"{name} {surname}"))
    return found


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
    for other in find_names(segment):  # «губернатор Иван Седов и старейшая пекарь города Анна Белова»
        ahead = re.sub(r"^\s*и\s+", " ", segment[other.end :])
        clause, segment = clause + len(segment) - len(ahead), ahead
        break
    at = role_start(segment)
    if at < 0:
        at = _trade_start(segment)
    if at >= 0:
        return _earlier_role(before, clause, at) + lowered(segment[at:].strip())
    if role := _apposed_role(before, words[end : end + 1]):
        return role
    after = _AFTER.match(words, end)
    if after and (
        any(is_head(word) for word in after["role"].split()[:2])
        or _opens_with_person(after["role"])
        or _FORMERLY.match(after["role"])
    ):
        return after["role"].strip()
    return ""


def _trade_start(segment: str) -> int:
    """Return where a noun that looks like somebody's trade begins, its adjectives included; -1 where none does."""
    for found in re.finditer(r"(?<![А-Яа-яЁё-])[А-Яа-яё][а-яё]+(?![А-Яа-яЁё])", segment):
        if is_person_noun(found.group().lower()):
            lead = re.search(r"(?:[А-Яа-яё-]+(?:ый|ий|ой|ая|яя)\s+)*$", segment[: found.start()])
            return lead.start() if lead else found.start()
    return -1


def _opens_with_person(segment: str) -> bool:
    """Claim that words begin with a noun that looks like somebody's trade: «известный флорист …»."""
    opens = _TRADE.match(segment)
    return opens is not None and is_person_noun(opens["noun"].lower())


def _earlier_role(before: str, clause: int, at: int) -> str:
    """Return the first of two roles with a comma between: «председатель жюри, управляющий партнер фонда Иван Седов»."""
    if at or not re.search(r",\s+$", before[:clause]):
        return ""
    ahead = before[:clause].rstrip(", ")
    start = max((found.end() for found in _CLAUSE.finditer(ahead)), default=0)
    segment = ahead[start:].strip()
    if not segment or role_start(segment) != 0 or VERB.search(segment) or re.search(r"[А-ЯЁ][а-яё]+ [А-ЯЁ]", segment):
        return ""
    return lowered(segment) + ", "


def _apposed_role(before: str, after: str) -> str:
    """Return the role that a name between commas explains: «Сама пациентка, Галина Стрельцова, вспоминает»."""
    comma = _APPOSED.search(before)
    if comma is None or after not in {"", ","}:
        return ""
    start = max((found.end() for found in _CLAUSE.finditer(before, 0, comma.start())), default=0)
    segment = _HERSELF.sub("", before[start : comma.start()].strip())
    return lowered(segment) if role_start(segment) == 0 and not VERB.search(segment) else ""
