"""People's names in Russian text: where a first name and a surname stand, and of which gender they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Literal, NamedTuple

from newsletter.language.table import words

Gender = Literal["m", "f"]

_MEN = words("""
Александр Алексей Анатолий Андрей Антон Аркадий Арсений Артем Артём Артур Афанасий Богдан Борис Вадим Валентин Валерий
Василий Вениамин Виктор Виталий Владимир Владислав Всеволод Вячеслав Геннадий Георгий Герман Глеб Григорий Даниил
Данила Денис Дмитрий Евгений Егор Захар Иван Игнат Игорь Илья Иннокентий Иосиф Кирилл Клим Константин Лев Леонид Макар
Максим Марат Марк Матвей Михаил Назар Никита Николай Олег Павел Петр Пётр Платон Прохор Рамиль Ренат Ринат Родион
Роман Ростислав Руслан Рустам Савелий Святослав Семен Семён Сергей Станислав Степан Тарас Тимофей Тимур Тихон Федор
Фёдор Филипп Эдуард Эльдар Эмиль Юлиан Юрий Яков Ян Ярослав Джон Дэвид Майкл Питер Томас Роберт Джеймс Ричард Ахмед
Али Ильдар Айрат Азат Булат Радик Дамир Магомед Рашид Шамиль Ли Ван
""")
_WOMEN = words("""
Агата Аделина Аза Алевтина Александра Алена Алёна Алина Алиса Алла Альбина Анастасия Ангелина Анжела Анна Антонина
Анфиса Валентина Валерия Варвара Василиса Вера Вероника Виктория Виолетта Галина Дарья Диана Дина Ева Евгения
Екатерина Елена Елизавета Жанна Зинаида Зоя Инга Инна Ирина Карина Каролина Кира Клавдия Ксения Лариса Лидия Лилия
Любовь Людмила Майя Маргарита Марина Мария Марьяна Милана Мила Надежда Наталия Наталья Нелли Ника Нина Нонна Оксана
Олеся Ольга Полина Раиса Регина Римма Роза Светлана Серафима Снежана София Софья Таисия Тамара Татьяна Ульяна Фаина
Эвелина Элина Эльвира Эльмира Эмма Юлия Яна Ярослава Гузель Лейла Айгуль Алсу Эмилия Джейн Сара
""")
FIRST_NAMES: dict[str, Gender] = {**dict.fromkeys(_MEN, "m"), **dict.fromkeys(_WOMEN, "f")}

_CAPITAL = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_RUN = re.compile(rf"(?<![А-Яа-яЁё\-]){_CAPITAL}(?:[ \u00a0]{_CAPITAL})+(?![А-Яа-яЁё\-])")
_WORD = re.compile(_CAPITAL)
_LATIN_RUN = re.compile(r"(?<![A-Za-z])[A-Z][a-z]+(?: [A-Z]\.)?(?: [A-Z][a-z]+(?:-[A-Z][a-z]+)?)+(?![A-Za-z])")
_PATRONYMIC = re.compile(r"(?:ович|евич|ьич|овна|евна|ична|инична)$")
_OBLIQUE_SURNAME = re.compile(r"(?:овым|евым|иным|ому|ого|скую|ских|ову|еву|ину)$")


_GENITIVE_SURNAMES: dict[Gender, tuple[tuple[str, str], ...]] = {
    "m": (
        ("ского", "ский"),
        ("цкого", "цкий"),
        ("ова", "ов"),
        ("ева", "ев"),
        ("ёва", "ёв"),
        ("ина", "ин"),
        ("ына", "ын"),
    ),
    "f": (("ской", "ская"), ("цкой", "цкая"), ("овой", "ова"), ("евой", "ева"), ("иной", "ина")),
}


class Name(NamedTuple):
    """A person's name as it stands in a text, in the nominative as far as the rules can tell."""

    start: int
    end: int
    words: str

    @property
    def surname(self) -> str:
        return re.split(r"[ \u00a0]", self.words)[-1]


def find_names(text: str) -> Iterator[Name]:
    """Yield the names that begin with a known first name in the nominative."""
    for run in _RUN.finditer(text):
        words = list(_WORD.finditer(run.group()))
        at = 0
        while at < len(words) - 1:
            if words[at].group() in FIRST_NAMES and not _OBLIQUE_SURNAME.search(words[at + 1].group()):
                size = 3 if at + 2 < len(words) and _PATRONYMIC.search(words[at + 1].group()) else 2
                start, end = run.start() + words[at].start(), run.start() + words[at + size - 1].end()
                yield Name(start, end, text[start:end])
                at += size
            else:
                at += 1


def find_genitive_names(text: str) -> Iterator[Name]:
    """Yield the names in the genitive, «по словам Елены Дорониной», with their words in the nominative."""
    genitives = _genitives()
    for run in _RUN.finditer(text):
        words = list(_WORD.finditer(run.group()))
        for first, last in pairwise(words):
            known = genitives.get(first.group(), "")
            surname = _nominative_surname(last.group(), FIRST_NAMES[known]) if known else ""
            if surname:
                yield Name(run.start() + first.start(), run.start() + last.end(), f"{known} {surname}")


@cache
def _genitives() -> dict[str, str]:
    """Return first names by their genitive; forms that are a name themselves (Валентина, Александра) are left out."""
    forms: dict[str, str] = {}
    for name, gender in FIRST_NAMES.items():
        if name.endswith("а"):
            form = name[:-1] + ("и" if name[-2] in "гкхжшчщ" else "ы")
        elif name.endswith(("я", "ь")) and not (name.endswith("ь") and gender == "m"):
            form = name[:-1] + "и"
        elif name.endswith(("й", "ь")):
            form = name[:-1] + "я"
        else:
            form = {"Павел": "Павла", "Лев": "Льва", "Петр": "Петра", "Пётр": "Петра"}.get(name, name + "а")
        forms.setdefault(form, name)
    return {form: name for form, name in forms.items() if form not in FIRST_NAMES}


def _nominative_surname(genitive: str, gender: Gender) -> str:
    """Return a surname of the common patterns in the nominative; empty for others."""
    patterns = _GENITIVE_SURNAMES[gender]
    return next((genitive[: -len(end)] + nominative for end, nominative in patterns if genitive.endswith(end)), "")


def find_last_name(text: str) -> Name | None:
    """Return the last name in an attribution: a known first name, else the last two capitalised words together.

    Latin letters count only where there is no name in Cyrillic ones.
    """
    known = list(find_names(text))
    if known:
        return known[-1]
    for run in reversed(list(_RUN.finditer(text))):
        words = list(_WORD.finditer(run.group()))
        size = 3 if len(words) >= 3 and _PATRONYMIC.search(words[-2].group()) else 2
        start = run.start() + words[-size].start()
        return Name(start, run.end(), text[start : run.end()])
    latin = list(_LATIN_RUN.finditer(text))
    return Name(latin[-1].start(), latin[-1].end(), latin[-1].group()) if latin else None


def gender_of(name: str) -> Gender:
    """Return the gender of a full name: by its first name when known, else by the surname's ending."""
    words = re.split(r"[ \u00a0]", name)
    if words[0] in FIRST_NAMES:
        return FIRST_NAMES[words[0]]
    return "f" if re.search(r"(?:ва|на|ая|яя)$", words[-1]) else "m"
