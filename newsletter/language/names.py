"""People's names in Russian text: where a first name and a surname stand, and of which gender they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from newsletter.language.first_names import FIRST_NAMES, LATIN_FIRST_NAMES, Gender

_CAPITAL = r"[А-ЯЁ](?:['’][А-ЯЁ])?[а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_RUN = re.compile(rf"(?<![А-Яа-яЁё\-]){_CAPITAL}(?:[ \u00a0]{_CAPITAL})+(?![А-Яа-яЁё\-])")
_WORD = re.compile(_CAPITAL)
_LATIN_WORD = r"[A-ZÀ-Ž][a-zà-ž]+(?:-[A-ZÀ-Ž][a-zà-ž]+)?"
_LATIN_RUN = re.compile(
    rf"(?<![A-Za-z])(?:[A-Z]{{2,}}|{_LATIN_WORD})(?: [A-Z]\.)?(?: (?:van|von|de|da|di|al))?"
    rf"(?: {_LATIN_WORD})+(?![A-Za-z])"
)
_COMPANY = re.compile(
    r"\b(?:Systems?|Group|Inc|Ltd|AB|AG|SA|LLC|GmbH|Technolog\w+|Solutions?|Bank|Academy|University|Institute|Labs?|Energy|Motors?|Media"
    r"|Capital|Partners?|Holding|Industr\w+|International|Global|Software|Electronics?|Power|Design|Studio|Consulting"
    r"|Logistics?|Company|Corporation|Foundation|Centers?|Park|Forum|Summit|Awards?|Club|Hotel|Airlines?|Week|Days?)\b"
)
# «А. С. Белов», «Белов А. С.»
_INITIAL = r"[А-ЯЁ]\.[ \u00a0]?"
_INITIALS = re.compile(
    rf"(?<![А-Яа-яЁё\-.])(?:{_INITIAL}(?:{_INITIAL})?{_CAPITAL}"
    rf"|{_CAPITAL}[ \u00a0]{_INITIAL}[А-ЯЁ]\.(?![ \u00a0]?[А-ЯЁ]))"
    r"(?![А-Яа-яЁё\-])"
)
_PATRONYMIC = re.compile(r"(?:ович|евич|ьич|овна|евна|ична|инична)$")
_GENITIVE_PATRONYMIC = re.compile(r"(?:(?<=ич)а|(?<=вн)ы|(?<=чн)ы)$")
_OBLIQUE_SURNAME = re.compile(r"(?:овым|евым|иным|ому|ого|скую|ских|ову|еву|ину)$")
_ROLE_LIKE = re.compile(r"(?:тель|тор|ник|ница|ец|ист|лог|ент|ёр|ач|рь|ка|ла|ал|ил|мэр|глава)$", re.IGNORECASE)
_FAMILY_FIRST = frozenset({"Нгуен", "Чан", "Фам", "Хоанг", "Ле"})  # three words, the family's first

_GENITIVE_SURNAMES: dict[Gender, tuple[tuple[str, str], ...]] = {
    "m": (
        ("ского", "ский"),
        ("цкого", "цкий"),
        ("ова", "ов"),
        ("ева", "ев"),
        ("ёва", "ёв"),
        ("ина", "ин"),
        ("ына", "ын"),
        ("ову", "ов"),
        ("еву", "ев"),
        ("ину", "ин"),
        ("скому", "ский"),
        ("цкому", "цкий"),
        ("овым", "ов"),
        ("евым", "ев"),
        ("иным", "ин"),
        ("ским", "ский"),
        ("ых", "ых"),
        ("их", "их"),
        ("ко", "ко"),
    ),
    "f": (
        ("ской", "ская"),
        ("цкой", "цкая"),
        ("овой", "ова"),
        ("евой", "ева"),
        ("ёвой", "ёва"),
        ("иной", "ина"),
        ("ыной", "ына"),
    ),
}
_HARD_MAN = re.compile(r"([бвгджзклмнпрстфхцчшщ])а$")  # «по словам Яна Вольфа»
_INDECLINABLE_WOMAN = re.compile(r"[бвгджзклмнпрстфхцчшщоеиую]$")  # «по словам Анны Кравчук»


def _nominative_end(ending: re.Match[str]) -> str:
    return "" if ending.group() == "а" else "а"


class Name(NamedTuple):
    """A person's name as it stands in a text, in the nominative as far as the rules can tell."""

    start: int
    end: int
    words: str

    @property
    def surname(self) -> str:
        return surname_of(self.words)


def surname_of(name: str) -> str:
    """Return the last word of a name that is no initial."""
    whole = [word for word in re.split(r"[ \u00a0]", name) if not word.endswith(".")]
    return whole[-1].rsplit(".", 1)[-1] if whole else name.rsplit(".", 1)[-1]


def find_names(text: str) -> Iterator[Name]:
    """Yield the names that begin with a known first name in the nominative, or that have initials."""
    for run in _RUN.finditer(text):
        words = list(_WORD.finditer(run.group()))
        at = 0
        while at < len(words) - 1:
            if size := _size(words, at):
                start, end = run.start() + words[at].start(), run.start() + words[at + size - 1].end()
                yield Name(start, end, text[start:end])
                at += size
            else:
                at += 1
    yield from _latin_names(text)
    for initials in _INITIALS.finditer(text):
        if not _OBLIQUE_SURNAME.search(surname_of(initials.group())):
            yield Name(initials.start(), initials.end(), initials.group())


def is_known_first(word: str) -> bool:
    """Claim that a word is a first name in the nominative; of «Жан-Люк» the first part tells."""
    return word in FIRST_NAMES or ("-" in word and word.split("-", 1)[0] in FIRST_NAMES)


def _latin_names(text: str) -> Iterator[Name]:
    """Yield names in Latin letters: behind a company's («ARB Group John Smith»), or with a known first name."""
    for run in _LATIN_RUN.finditer(text):
        company = list(_COMPANY.finditer(run.group()))
        start = run.start() + (company[-1].end() if company else 0)
        words = list(re.finditer(r"\S+", text[start : run.end()]))
        known = next((at for at, word in enumerate(words) if word.group() in LATIN_FIRST_NAMES), -1)
        if known < 0:
            known = 0 if company else -1
        if known >= 0 and len(words) - known >= 2:
            begin = start + words[known].start()
            yield Name(begin, run.end(), text[begin : run.end()])


def find_latin_run(text: str) -> Name | None:
    """Return the name in the Latin words that end a text, behind a role: «профессор Nord Polytechnic Aino Virta»."""
    run = next((found for found in _LATIN_RUN.finditer(text) if found.end() == len(text.rstrip())), None)
    words = list(re.finditer(r"\S+", run.group())) if run else []
    if run is None or _COMPANY.search(words[-1].group()) or len(words) not in {2, 4}:
        return None
    begin = run.start() + words[-2].start()
    return Name(begin, run.end(), text[begin : run.end()])


def _size(words: list[re.Match[str]], at: int) -> int:
    """Return how many words of a run are a name that begins with the word at a place; 0 when it begins none."""
    first, second = words[at].group(), words[at + 1].group()
    if first in _FAMILY_FIRST and len(words) - at == 3:
        return 3
    if second in FIRST_NAMES and at + 3 == len(words) and _PATRONYMIC.search(words[at + 2].group()):
        return 0 if first in FIRST_NAMES or _ROLE_LIKE.search(first) else 3  # «Седов Иван Петрович»
    if not is_known_first(first) or _OBLIQUE_SURNAME.search(second):
        return 0
    return 3 if at + 2 < len(words) and _PATRONYMIC.search(second) else 2


def find_genitive_names(text: str) -> Iterator[Name]:
    """Yield the names in an oblique case, «по словам Елены Дорониной», with their words in the nominative."""
    genitives = _genitives()
    for run in _RUN.finditer(text):
        words = list(_WORD.finditer(run.group()))
        for at, (first, second) in enumerate(pairwise(words)):
            known = genitives.get(first.group(), "")
            if not known:
                continue
            between, last = "", second
            if _GENITIVE_PATRONYMIC.search(second.group()) and at + 2 < len(words):
                between, last = f"{_GENITIVE_PATRONYMIC.sub(_nominative_end, second.group())} ", words[at + 2]
            if surname := nominative_surname(last.group(), FIRST_NAMES[known]):
                yield Name(run.start() + first.start(), run.start() + last.end(), f"{known} {between}{surname}")


def _oblique(name: str, gender: Gender) -> tuple[str, ...]:
    """Return the genitive, dative, instrumental and accusative of a first name."""
    stem = name[:-1]
    if name.endswith("а"):
        soft = name[-2] in "гкхжшчщ"
        return stem + ("и" if soft else "ы"), stem + "е", stem + "ой", stem + "у"
    if name.endswith("я"):
        return stem + "и", stem + ("и" if name.endswith("ия") else "е"), stem + "ей", stem + "ю"
    if name.endswith("ь") and gender == "f":
        return name[:-1] + "и", name[:-1] + "и", name + "ю"
    if name.endswith(("й", "ь")):
        return name[:-1] + "я", name[:-1] + "ю", name[:-1] + "ем"
    stem = {"Павел": "Павл", "Лев": "Льв", "Пётр": "Петр"}.get(name, name)
    return (stem + "а", stem + "у", stem + "ом") if re.search(r"[бвгджзклмнпрстфхцчшщ]$", stem) else ("", "", "")


@cache
def _genitives() -> dict[str, str]:
    """Return first names by their oblique forms, without those that are a name themselves (Валентина, Александра)."""
    forms: dict[str, str] = {}
    for case in range(3):
        for name, gender in FIRST_NAMES.items():
            forms.setdefault((*_oblique(name, gender), "")[case], name)
    return {form: name for form, name in forms.items() if form and form not in FIRST_NAMES}


def oblique_first_names() -> frozenset[str]:
    """Return every form of a known first name."""
    return _all_forms()


@cache
def _all_forms() -> frozenset[str]:
    return frozenset(form for name, gender in FIRST_NAMES.items() for form in (name, *_oblique(name, gender)) if form)


def find_written_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names stand, in whatever case: a form of a known first name, a patronymic or not, a surname."""
    for run in _RUN.finditer(text):
        words = list(_WORD.finditer(run.group()))
        at = 0
        while at < len(words) - 1:
            size = _size(words, at)
            if not size and words[at].group().split("-", 1)[0] in _all_forms():
                size = (
                    3
                    if at + 2 < len(words) and re.search(r"(?:вич|вн|ичн|ьич)[а-я]{0,2}$", words[at + 1].group())
                    else 2
                )
            if size:
                yield run.start() + words[at].start(), run.start() + words[at + size - 1].end()
            at += size or 1
    for name in find_names(text):
        if re.search(r"[A-Za-z.]", name.words):
            yield name.start, name.end


def nominative_surname(genitive: str, gender: Gender) -> str:
    """Return a surname of the common patterns in the nominative; empty for others."""
    patterns = _GENITIVE_SURNAMES[gender]
    found = next((genitive[: -len(end)] + nominative for end, nominative in patterns if genitive.endswith(end)), "")
    if found:
        return found
    if gender == "f":
        return genitive if _INDECLINABLE_WOMAN.search(genitive) and not genitive.endswith(("ой", "ей")) else ""
    return _HARD_MAN.sub(r"\1", genitive) if _HARD_MAN.search(genitive) else ""


def find_last_name(text: str) -> Name | None:
    """Return the last name in an attribution: a known first name, else the last two capitalised words together.

    Latin letters count only where there is no name in Cyrillic ones.
    """
    known = sorted(name for name in find_names(text) if not re.search("[A-Za-z]", name.words))
    if known:
        return known[-1]
    for run in reversed(list(_RUN.finditer(text))):
        words = list(_WORD.finditer(run.group()))
        size = 3 if len(words) >= 3 and _PATRONYMIC.search(words[-2].group()) else 2
        start = run.start() + words[-size].start()
        return Name(start, run.end(), text[start : run.end()])
    if named := list(_latin_names(text)):
        return named[-1]
    latin = [run for run in _LATIN_RUN.finditer(text) if not _COMPANY.search(run.group())]
    return Name(latin[-1].start(), latin[-1].end(), latin[-1].group()) if latin else None


def gender_of(name: str) -> Gender:
    """Return the gender of a full name: by its first name when known, else by the surname's ending."""
    words = re.split(r"[ \u00a0]", name)
    if words[0] in FIRST_NAMES:
        return FIRST_NAMES[words[0]]
    if known := next((FIRST_NAMES[word] for word in words[1:] if word in FIRST_NAMES), None):
        return known
    return "f" if re.search(r"(?:ва|на|ая|яя)$", surname_of(name)) else "m"
