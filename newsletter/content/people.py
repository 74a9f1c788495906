"""The people a text names, each with the fullest role it gives them; who «заместитель мэра», «Орлова» or «она» is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from newsletter.content.mentions import Mention, role_beside
from newsletter.language.first_names import Gender
from newsletter.language.names import (
    Name,
    find_genitive_names,
    find_last_name,
    gender_of,
    nominative_surname,
    surname_of,
)
from newsletter.language.roles import from_genitive, gender_of_role, is_head, lowered, role_start, role_words

_BY_WORDS = re.compile(
    r"(?:[Пп]о\s+(?=(?:его|е[её])\s)|(?:[Пп]о\s+(?:словам|мнению|данным|информации|оценке|признанию|выражению|убеждению|подсч[её]там)"
    r"|[Сс]о\s+слов)\s+)"
)
_PRONOUN = re.compile(r"(?:он|она|они)\b", re.IGNORECASE)
_LETTERS = re.compile(r"[А-Яа-яЁё]+")
_SURNAME = re.compile(r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?")
_CIRCUMSTANCE = re.compile(
    r"[,]?\s+(?:на|в|во|журналистам|корреспонденту|после|во время|перед|подписывая|по итогам|из)\b.*$"
)
# Words that say nothing about somebody but the gender.
_SOMEBODY: dict[str, Gender] = {
    **dict.fromkeys(("девушка", "женщина", "девочка", "бабушка"), "f"),
    **dict.fromkeys(("юноша", "мужчина", "парень", "мальчик", "аксакал", "дедушка"), "m"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who said something, and by which rule that was found."""

    name: str
    role: str
    rule: str


NOBODY = Speaker(name="", role="", rule="quote-unknown")


class People:
    """Everybody a text names, and who is meant by a shorter word at a place in it."""

    def __init__(self, mentions: Sequence[Mention], others: Iterable[str] = ()) -> None:
        """`others` are names of places and organisations: two words in capitals among them are nobody's name."""
        self._mentions = tuple(sorted(mentions))
        self._others = frozenset(others)
        self._roles: dict[str, str] = {}  # the fullest of each person
        self._by_last_word: dict[str, list[str]] = {}  # names that may stand where that word does
        self._fullest: dict[str, str] = {}
        self._with_role: list[tuple[Mention, list[str]]] = []
        self._of_surname: dict[str, list[Mention]] = {}
        self._of_gender: dict[Gender, list[Mention]] = {"m": [], "f": []}
        for mention in self._mentions:
            self._add(mention)
        for name in self._roles:
            self._by_last_word.setdefault((_LETTERS.findall(name) or [""])[-1], []).append(name)

    def _add(self, mention: Mention) -> None:
        if len(mention.role) > len(self._roles.setdefault(mention.name, "")):
            self._roles[mention.name] = mention.role
        if mention.role:
            self._with_role.append((mention, list(role_words(mention.role))))
        self._of_surname.setdefault(mention.surname, []).append(mention)
        told = bool(_LETTERS.search(mention.name))  # a name in Latin letters may be anybody's
        for gender in (gender_of(mention.name),) if told else tuple(self._of_gender):
            self._of_gender[gender].append(mention)

    def role(self, name: str) -> str:
        """Return the fullest role that the text gives a person."""
        return self._roles.get(name, "")

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
        last_words = {"", *_LETTERS.findall(words)}
        known = [
            (at, name)
            for last in last_words
            for name in self._by_last_word.get(last, ())
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
        if name not in self._fullest:
            parts = re.split(r"[ \u00a0]|(?<=\.)(?=\w)", name)
            namesakes = dict.fromkeys(mention.name for mention in self._of_surname.get(surname_of(name), ()))
            fitting = [other for other in namesakes if other[0] == parts[0][0] and _is_short_for(parts, other)]
            self._fullest[name] = max(fitting, key=lambda other: (other.count(" "), len(other)), default=name)
        return self._fullest[name]

    def is_spoken_by(self, words: str) -> bool:
        """Claim that words after a verb begin with or hold somebody: a name, a known surname, a pronoun, a role."""
        return bool(
            _PRONOUN.match(words)
            or words.strip(" .").split(",")[0] in _SOMEBODY
            or self.named(words)
            or any(found.group() in self._of_surname for found in _SURNAME.finditer(words))
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

    def _by_surname(self, surname: str, paragraph: int, at: int) -> str:
        """Return the name of somebody of a surname: the last before the place, else the first after it."""
        namesakes = self._of_surname.get(surname, [])
        before = bisect_left(namesakes, (paragraph, at))
        return namesakes[max(before - 1, 0)].name if namesakes else ""

    def _of_role(self, paragraph: int, at: int, fits: Callable[[Sequence[str]], bool]) -> list[str]:
        """Return who has a role that fits: those named before the place, the nearest first, then those after it."""
        before = bisect_left(self._with_role, (paragraph, at), key=lambda one: one[0][:2])
        near = [*self._with_role[:before][::-1], *self._with_role[before:]]
        return list(dict.fromkeys(mention.name for mention, role in near if fits(role)))

    def _by_role(self, words: str, paragraph: int, at: int) -> Speaker:
        short = _CIRCUMSTANCE.sub("", words)
        asked = list(role_words(short))
        fitting = self._of_role(paragraph, at, lambda role: role[: len(asked)] == asked) if asked else []
        if asked and not fitting:
            fitting = self._of_role(paragraph, at, lambda role: _holds(role, asked))
        if fitting:
            rule = "quote-role" if len(fitting) == 1 else "quote-role-of-several"
            return Speaker(name=fitting[0], role=self.role(fitting[0]), rule=rule)
        if by_place := self._by_place(short, paragraph, at):
            return by_place
        if role_start(short) == 0 and len(self._roles) == 1:
            return Speaker(name=next(iter(self._roles)), role=lowered(short), rule="quote-only-person")
        if (gender := gender_of_role(short)) and role_start(short) == 0:
            return self._last(gender, paragraph, at, "quote-gender")
        return Speaker(name="", role=lowered(short) if role_start(short) >= 0 else "", rule="quote-unknown")

    def _by_place(self, short: str, paragraph: int, at: int) -> Speaker | None:
        """Return who is meant by a word that names no role of theirs, if somebody stands right before it."""
        if (somebody := _SOMEBODY.get(short.strip())) is not None:
            return self._last(somebody, paragraph, at, "quote-gender")
        first, end = (bisect_left(self._mentions, (paragraph, place)) for place in (0, at))
        here = [mention.name for mention in self._mentions[first:end]]
        one_role = (
            role_start(short) == 0 and len(set(here)) == 1 and gender_of_role(short) in {None, gender_of(here[0])}
        )
        if one_role or (here and role_start(short) < 0 and re.fullmatch(r"[а-яё-]{4,}", short)):
            # «… призывает доцент Георгий Саакян. «…», – поясняет экономист», «– бросил футболист»
            return Speaker(name=here[-1], role=self.role(here[-1]), rule="quote-nearest")
        return None

    def _last(self, gender: Gender, paragraph: int, at: int, rule: str) -> Speaker:
        known = self._of_gender[gender]
        if before := bisect_left(known, (paragraph, at)):
            name = known[before - 1].name
            return Speaker(name=name, role=self.role(name), rule=rule)
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


def _holds(role: Sequence[str], asked: Sequence[str]) -> bool:
    """Claim that all words asked for stand in a role, in their order: «генеральный директор», «директор»."""
    rest = iter(role)
    return all(any(word == other for other in rest) for word in asked)


def _unheaded(before: str) -> str:
    """Return words before a name as a role though their noun is none we know: «сказал блогер Иван Петров»."""
    if not before or before[-1] in ",;:" or re.match(r"(?:на|в|во|по|после|журналистам|для|с|со|из)\b", before):
        return ""
    if re.match(r"[а-яё]+(?:ой|ей|ого|его|ому|ему|ым|ых|их|ую|юю)\b", before):
        return ""  # the rest of a sentence, in another case
    return before if re.fullmatch(r"(?:и\.\s?о\.\s)?[а-яё\-]+(?:\s.+)?", before) and len(before) < 120 else ""
