"""What people are called by their work: «заместитель мэра», «главный технолог завода», and where such a role begins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.language.names import Gender
from newsletter.language.table import words

_HEADS = words("""
директор гендиректор замдиректора заместитель зам замглавы заммэра замминистра руководитель руководительница глава мэр
министр вице-премьер премьер-министр губернатор вице-губернатор начальник начальница заведующий заведующая президент
председатель зампред зампредседателя секретарь советник советница депутат сенатор инженер технолог конструктор эксперт
аналитик специалист менеджер управляющий управляющая владелец владелица основатель сооснователь соучредитель
основательница учредитель предприниматель предпринимательница бизнесмен ректор проректор декан профессор доцент
учитель учительница преподаватель ученый учёный исследователь наставник наставница ветеран тренер капитан спортсмен
спортсменка чемпион чемпионка мастер бригадир рабочий слесарь токарь оператор координатор куратор уполномоченный
представитель представительница партнер партнёр врач архитектор дизайнер режиссер режиссёр журналист журналистка
редактор автор организатор победитель победительница участник участница студент студентка выпускник выпускница житель
жительница сотрудник сотрудница помощник помощница лидер полпред посол консул академик врио омбудсмен прокурор адвокат
юрист экономист бухгалтер программист разработчик хозяин хозяйка актер актриса писатель поэт художник художница певец
певица пилот космонавт собеседник собеседница вице-президент пресс-секретарь арт-директор чиновник чиновница
топ-менеджер реставратор фермер пациент пациентка хранитель хранительница первокурсник первокурсница школьник
школьница пенсионер пенсионерка хирург терапевт кардиолог педагог воспитатель воспитательница физик химик историк
археолог музыкант дирижер дирижёр композитор волонтер волонтёр блогер повар шеф-повар водитель машинист диспетчер
агроном ветеринар эколог биолог психолог социолог политолог экскурсовод гид библиотекарь лесник пчеловод болельщик
болельщица гонщик лыжник лыжница биатлонист биатлонистка футболист хоккеист скалолаз скалолазка гимнастка финансист
банкир логист маркетолог продюсер критик настоятель священник атташе консультант аудитор прораб строитель сварщик
монтажник станочник
""")
HEADS: frozenset[str] = frozenset(_HEADS)
# These say nothing about whom they mean, except that they were named before.
_FEMININE = re.compile(r"(?:ка|ца|ая)$")
_ADJECTIVE = re.compile(r"[А-Яа-яЁё\-]{3,}(?:ый|ий|ой|ая|яя)")
_GENITIVE = {
    "директора": "директор",
    "гендиректора": "гендиректор",
    "заместителя": "заместитель",
    "руководителя": "руководитель",
    "главы": "глава",
    "мэра": "мэр",
    "министра": "министр",
    "начальника": "начальник",
    "президента": "президент",
    "вице-президента": "вице-президент",
    "председателя": "председатель",
    "советника": "советник",
    "губернатора": "губернатор",
    "инженера": "инженер",
    "технолога": "технолог",
    "основателя": "основатель",
    "эксперта": "эксперт",
    "аналитика": "аналитик",
}
_NO_PART_OF_ROLE = frozenset({"новый", "новая", "который", "которая", "этот", "сам", "такой"})
_ACTING = re.compile(r"(?:и\.\s?о\.|врио|исполняющ(?:ий|ая) обязанности)\s+$", re.IGNORECASE)
_WORD = re.compile(r"[А-Яа-яЁёA-Za-z]+(?:-[А-Яа-яЁёA-Za-z]+)*")
_INSTRUMENTAL = {
    "директором": "директор",
    "гендиректором": "гендиректор",
    "заместителем": "заместитель",
    "руководителем": "руководитель",
    "главой": "глава",
    "мэром": "мэр",
    "министром": "министр",
    "начальником": "начальник",
    "президентом": "президент",
    "председателем": "председатель",
    "советником": "советник",
    "инженером": "инженер",
    "технологом": "технолог",
    "конструктором": "конструктор",
    "управляющим": "управляющий",
    "ректором": "ректор",
    "секретарем": "секретарь",
    "губернатором": "губернатор",
    "тренером": "тренер",
    "редактором": "редактор",
}


def is_head(word: str) -> bool:
    """Claim that a word names a role in the nominative: директор, инженер-технолог, вице-президент."""
    lower = word.lower()
    return lower in HEADS or ("-" in lower and any(part in HEADS for part in lower.split("-")))


def gender_of_role(role: str) -> Gender | None:
    """Return the gender that a role's first noun shows; most names of posts show none."""
    head = next((word for word in _WORD.findall(role) if is_head(word)), "")
    return "f" if _FEMININE.search(head) and head.lower() not in {"глава"} else None


def role_start(words: str) -> int:
    """Return where the first role in `words` begins, its adjectives included; -1 when there is none."""
    for found in _WORD.finditer(words):
        if is_head(found.group()):
            return _with_adjectives(words, found.start())
    return -1


def _with_adjectives(words: str, start: int) -> int:
    if acting := _ACTING.search(words, 0, start):
        start = acting.start()
    for before in reversed(list(_WORD.finditer(words, 0, start))):
        between = words[before.end() : start]
        if between.strip() or not _ADJECTIVE.fullmatch(before.group()) or before.group().lower() in _NO_PART_OF_ROLE:
            break
        start = before.start()
    return start


def lowered(role: str) -> str:
    """Return a role as it stands inside a sentence: «Главный технолог» → «главный технолог», «CEO» stays."""
    first = _WORD.match(role)
    if first is None or not re.fullmatch(r"[А-ЯЁ][а-яё\-]+", first.group()):
        return role
    return role[0].lower() + role[1:]


def from_instrumental(role: str) -> str:
    """Return «директором по развитию» as «директор по развитию»; empty when the head is none we know."""
    words = role.split(" ")
    for at, word in enumerate(words[:4]):
        if head := _INSTRUMENTAL.get(word.lower()):
            adjectives = [_nominative_adjective(entry) for entry in words[:at]]
            return lowered(" ".join([*adjectives, head, *words[at + 1 :]])) if all(adjectives) else ""
    return ""


def from_genitive(words: str) -> str:
    """Return the last role in the genitive in words before a name, «по словам министра края», as «министр края»."""
    found = [word for word in _WORD.finditer(words) if word.group().lower() in _GENITIVE]
    if not found:
        return ""
    # «заместителя главы города»: a head right after a head belongs to it.
    first = found[-1]
    for before in reversed(found[:-1]):
        if words[before.end() : first.start()].strip():
            break
        first = before
    lead = words[: first.start()].split()
    adjective = re.fullmatch(r"([а-яё]+)(ого|его)", lead[-1]) if lead else None
    head = _GENITIVE[first.group().lower()] + words[first.end() :].rstrip()
    if adjective is None:
        return head
    stem = adjective[1]
    ending = "ый" if adjective[2] == "ого" and not re.search(r"[гкх]$", stem) else "ий"
    return f"{stem}{ending} {head}"


def _nominative_adjective(word: str) -> str:
    if word.lower() == "первым":
        return "первый"
    if found := re.fullmatch(r"(.+[гкхжшчщ])им", word):
        return found[1] + "ий"
    if found := re.fullmatch(r"(.+)ым", word):
        return found[1] + "ый"
    return ""


def role_words(role: str) -> Iterator[str]:
    """Yield a role's words for comparison: lower case, no marks."""
    yield from (word.lower() for word in _WORD.findall(role))
