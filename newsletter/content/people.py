"""The people a text names, each with the fullest role it gives them; who «заместитель мэра», «Орлова» or «она» is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.language.first_names import FIRST_NAMES, Gender
from newsletter.language.names import (
    Name,
    find_genitive_names,
    find_last_name,
    find_latin_run,
    find_names,
    gender_of,
    nominative_surname,
    oblique_first_names,
    surname_of,
)
from newsletter.language.phrases import is_verb
from newsletter.language.recogniser import Entity, first_name_from_genitive, is_first_name
from newsletter.language.roles import (
    from_genitive,
    from_instrumental,
    gender_of_role,
    is_head,
    is_person_noun,
    lowered,
    role_start,
    role_words,
)
from newsletter.language.speech import VERB

_CLAUSE = re.compile(r"[.!?…;:()]\s|,\s|\s[–—]\s|^")
_NEAR = 300  # characters; nobody's role is longer
_APPOINTED = re.compile(r"\s+(?:назначен|избран|утвержд[её]н|стал)[а-я]*\s+$")
_AFTER = re.compile(r",\s+(?P<role>[^.,;:!?–—]+)")
_BY_WORDS = re.compile(
    r"(?:[Пп]о\s+(?=(?:его|е[её])\s)|(?:[Пп]о\s+(?:словам|мнению|данным|информации|оценке|признанию|выражению|убеждению|подсч[её]там)"
    r"|[Сс]о\s+слов)\s+)"
)
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
_TRADE = re.compile(r"\s*(?:[А-Яа-яё-]+(?:ый|ий|ой|ая|яя)\s+){0,3}(?P<noun>[А-ЯЁа-яё][а-яё]+)\b")
_LATIN_END = re.compile(r"(?P<before>(?:[А-Яа-яЁё-]+\s){1,3})(?:[A-ZÀ-Ž][A-Za-zà-ž-]+\s?){2,4}(?<!\s)")
_FORMERLY = re.compile(r"\s*(?:бывш|старш|младш|главн|заслуженн|народн|известн|почётн|почетн)(?:ий|ый|ая)\s+[а-яё]")
# Words that say nothing about somebody but the gender.
_SOMEBODY: dict[str, Gender] = {
    **dict.fromkeys(("девушка", "женщина", "девочка", "бабушка"), "f"),
    **dict.fromkeys(("юноша", "мужчина", "парень", "мальчик", "аксакал", "дедушка"), "m"),
}
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


class People:
    """Everybody a text names, and who is meant by a shorter word at a place in it."""

    def __init__(self, mentions: Sequence[Mention], others: Iterable[str] = ()) -> None:
        """`others` are names of places and organisations: two words in capitals among them are nobody's name."""
        self._mentions = tuple(mentions)
        self._names = sorted({mention.name for mention in mentions}, key=len, reverse=True)
        self._others = frozenset(others)

    def role(self, name: str) -> str:
        """Return the fullest role that the text gives a person."""
        return max((mention.role for mention in self._mentions if mention.name == name), key=len, default="")

    def speaker(self, words: str, *, paragraph: int, at: int) -> Speaker:
        """Return who is meant by what follows or precedes a verb of speech at a place in the text."""
        words = words.strip(" ,.:")
        if told := _BY_WORDS.match(words):
            return self._told_by(words[told.end() :], paragraph, at)
        if name := self.named(words):
            before = words[: name.start].strip()
            own = role_beside(words, name.start, name.end) or _unheaded(before)
            known = self.role(name.words)
            role = known if len(known) > len(own) and _starts_like(known, own) else own or known
            return Speaker(name=self.whole(name.words), role=role, rule="quote-name")
        if _PRONOUN.match(words) or re.search(r"(?:^|\s)(?:он|она)$", words):
            return self._last("f" if re.search(r"\bона\b", words.lower()) else "m", paragraph, at, "quote-pronoun")
        surname = _SURNAME.match(words)
        for found in _SURNAME.finditer(words):
            if full := self._by_surname(found.group(), paragraph, at):
                return Speaker(name=full, role=self.role(full), rule="quote-surname")
        if surname and not is_head(surname.group()):  # «Министр добавил»: a capital because the sentence begins
            return Speaker(name=surname.group(), role="", rule="quote-unknown")
        return self._by_role(words, paragraph, at)

    def named(self, words: str) -> Name | None:
        """Return the name in an attribution: one known from the text, else one that looks like a name."""
        known = [
            (at, name)
            for name in self._names
            if (at := words.rfind(name)) >= 0 and not words[at + len(name) :][:1].isalpha()
        ]
        if known:
            at, name = max(known, key=lambda entry: (entry[0] + len(entry[1]), len(entry[1])))
            return Name(at, at + len(name), self.whole(name))
        found = find_last_name(words)
        if found is None or any(found.words in other or other in found.words for other in self._others):
            return None
        return found

    def whole(self, name: str) -> str:
        """Return the fullest form of a name in the text: «А. Белова» and «Анна Белова» are «Анна Павловна Белова»."""
        parts = re.split(r"[ \u00a0]|(?<=\.)(?=\w)", name)
        fitting = {
            mention.name
            for mention in self._mentions
            if mention.surname == surname_of(name)
            and mention.name[0] == parts[0][0]
            and _is_short_for(parts, mention.name)
        }
        return max(fitting, key=lambda other: (other.count(" "), len(other)), default=name)

    def is_spoken_by(self, words: str) -> bool:
        """Claim that words after a verb begin with or hold somebody: a name, a known surname, a pronoun, a role."""
        surnames = {mention.surname for mention in self._mentions}
        return bool(
            _PRONOUN.match(words)
            or words.strip(" .").split(",")[0] in _SOMEBODY
            or self.named(words)
            or any(found.group() in surnames for found in _SURNAME.finditer(words))
            or role_start(words) == 0
        )

    def first(self) -> Speaker:
        """Return who is named first, with a role if anybody has one: whom an interview is with."""
        lead = next((mention for mention in self._mentions if mention.paragraph == 0), None)
        first = lead or next((mention for mention in self._mentions if mention.role), None)
        first = first or next(iter(self._mentions), None)
        return NOBODY if first is None else Speaker(name=first.name, role=self.role(first.name), rule="quote-reply")

    def _told_by(self, words: str, paragraph: int, at: int) -> Speaker:
        """Return who is meant by words in the genitive: «[по словам] директора завода Ивана Седова», «Седова», «её»."""
        if name := next(find_genitive_names(words), None):
            own, known = from_genitive(words[: name.start]), self.role(name.words)
            role = known if len(known) > len(own) else own
            return Speaker(name=name.words, role=role, rule="quote-name")
        for found in _SURNAME.finditer(words):
            for gender in ("m", "f"):
                surname = nominative_surname(found.group(), "f" if gender == "f" else "m")
                if surname and (full := self._by_surname(surname, paragraph, at)):
                    return Speaker(name=full, role=self.role(full), rule="quote-surname")
        if re.match(r"(?:его|е[её])\b", words):
            return self._last("m" if words.startswith("его") else "f", paragraph, at, "quote-pronoun")
        return self._by_role(from_genitive(words), paragraph, at)

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
        if by_place := self._by_place(short, paragraph, at):
            return by_place
        if role_start(short) == 0 and len(everybody := {mention.name for mention in self._mentions}) == 1:
            return Speaker(name=everybody.pop(), role=lowered(short), rule="quote-only-person")
        if (gender := gender_of_role(short)) and role_start(short) == 0:
            return self._last(gender, paragraph, at, "quote-gender")
        return Speaker(name="", role=lowered(short) if role_start(short) >= 0 else "", rule="quote-unknown")

    def _by_place(self, short: str, paragraph: int, at: int) -> Speaker | None:
        """Return who is meant by a word that names no role of theirs, if somebody stands right before it."""
        if (somebody := _SOMEBODY.get(short.strip())) is not None:
            return self._last(somebody, paragraph, at, "quote-gender")
        here = [mention.name for mention in self._mentions if mention.paragraph == paragraph and mention.at < at]
        one_role = (
            role_start(short) == 0 and len(set(here)) == 1 and gender_of_role(short) in {None, gender_of(here[0])}
        )
        if one_role or (here and role_start(short) < 0 and re.fullmatch(r"[а-яё-]{4,}", short)):
            # «… призывает доцент Георгий Саакян. «…», – поясняет экономист», «– бросил футболист»
            return Speaker(name=here[-1], role=self.role(here[-1]), rule="quote-nearest")
        return None

    def _last(self, gender: Gender, paragraph: int, at: int, rule: str) -> Speaker:
        before = [mention for mention in self._mentions if (mention.paragraph, mention.at) < (paragraph, at)]
        for mention in reversed(before):
            if gender_of(mention.name) == gender or not re.search(r"[А-Яа-яЁё]", mention.name):
                return Speaker(name=mention.name, role=self.role(mention.name), rule=rule)
        return NOBODY


def _is_short_for(parts: Sequence[str], name: str) -> bool:
    """Claim that the parts of a name, initials among them, stand for those of a longer one."""
    whole = name.split(" ")
    if "." in name or len(whole) < len([part for part in parts if part]):
        return False
    return all(any(one.startswith(part.rstrip(".")) for one in whole) for part in parts if part)


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
