"""Names of organisations in Russian text, by rule: «ООО «Вектор»», «завод «Вектор»», «министерство промышленности»."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from newsletter.language.phrases import PREPOSITIONS, is_verb
from newsletter.language.roles import is_head

# The legal form or abbreviation belongs to the name; the common noun before it does not.
_FORM = (
    r"(?:ООО|АО|ОАО|ЗАО|ПАО|НАО|ИП|ГК|УК|НИИ|НПО|НПП|НПЦ|КБ|ОКБ|ЦКБ|ПО|ТД|ТК|АНО|НКО|ФГУП|ФГБУ|ГБУ|МБУ|МУП|ГУП|ГАУ|МАУ|МКУ|ГБУЗ|ФК|ХК|БК"
    r"|ОЭЗ|ТОСЭР|ТОР|СК|АПК|АК|ТРК|ТРЦ|ТЦ|ТСЖ|СПК|КФХ|ДК|ЦОД|РЖД|НПФ|СРО|ВУЗ|ФОК|ДЮСШ|ЖК|МФЦ"
    r"|Особ[а-яё]+\s+экономическ[а-яё]+\s+зон[а-яё]*|Групп[а-яё]+\s+компаний|Государственн[а-яё]+\s+корпораци[а-яё]+)"
)
_COMMON = (
    r"(?:[а-яё-]{2,12}(?=завод|комбинат|банк|фабрик|центр|агентств|компани))?(?:компани|корпораци|холдинг|концерн|завод|фабрик|комбинат|предприяти|фирм|банк|фонд|агрохолдинг|агрофирм|студи"
    r"|технопарк|технополис|индустриальн[а-яё]+\s+парк|парк|кластер|стартап|центр|агентств|ассоциаци|союз|федераци|лиг|клуб"
    r"|команд|сборн|школ|лице|гимнази|колледж|институт|университет|академи|больниц|клиник|музе|театр|филармони|библиотек|галере"
    r"|дворц?|дом[а-яё]*\s+культуры|газет|журнал|телеканал|радио|издательств|издани|оператор|поставщик|застройщик|девелопер"
    r"|разработчик|производител|магазин|сет|кооператив|хозяйств|ферм|шахт|рудник|разрез|порт|аэропорт|авиакомпани|верф"
    r"|электростанци|объединени|организаци|общественн[а-яё]+\s+организаци|движени|благотворительн[а-яё]+\s+фонд|ансамбл|оркестр"
    r"|хор|санатори|отел|гостиниц|пансионат|ресторан|кафе|пекарн|типографи|лаборатори|бюро|учреждени|санатори|птицефабрик|усадьб"
    r"|заповедник|ИТ-парк|IT-парк|бизнес-инкубатор|инкубатор|акселератор|оборонн|перевозчик|страховщик|ритейлер|дистрибьютор)[а-яё]{0,4}"
)
_NAME = r"[«“„\"](?P<name>[^«»“”„\"\n]{2,80}(?:«[^«»]{2,60}»)?)[»”\"]"
_WITH_FORM = re.compile(rf"(?<![А-Яа-яЁё])(?P<form>{_FORM})\s+{_NAME}")
_WITH_NOUN = re.compile(rf"(?<![А-Яа-яЁё])(?i:{_COMMON})\s+(?:[А-ЯЁ]{{2,6}}\s+)?{_NAME}")
_MORE = re.compile(rf"(?:,|\s+и)\s+(?P<more>{_NAME})")
# «Директор «Вектора»», «хоккеисты «Барса»»: who works or plays there tells that it is an organisation.
_WITH_PEOPLE = re.compile(rf"(?<![А-Яа-яЁё-])(?P<who>[А-Яа-яё-]+)\s+{_NAME}")
_PLURAL_PEOPLE = re.compile(
    r"(?:хоккеисты|футболисты|баскетболисты|волейболисты|игроки|болельщики|сотрудники|работники|специалисты|резиденты|акционеры"
    r"|спортсмены|артисты|студенты|воспитанники|хоккеистов|футболистов|сотрудников|работников|резидентов|игроков)",
    re.IGNORECASE,
)
# What wears guillemets and is no organisation.
_THING = re.compile(
    r"(?:программ|проект|конкурс|преми|фестивал|выставк|форум|акци|фильм|спектакл|песн|книг|роман|маршрут|номинаци|трасс"
    r"|направлени|специальност|приложени|платформ|сервис|портал|сайт|канал|рубрик|сертификат|звани|знак|орден|медал|кубк|турнир"
    r"|чемпионат|марафон|лотере|вклад|тариф|карт|модел|марк|бренд|сорт|систем|комплекс|линейк|серии|корабл|судн|теплоход|ледокол"
    r"|поезд|станци|останов|улиц|микрорайон|квартал|слоган|девиз|тем[аыуе]|лекци|курс|мастер-класс|экспозици|цикл|повест|пьес|сказк"
    r"|комеди|опер|балет|сборник|альбом|групп[аыеу]\s+ВКонтакте|рассылк|сообществ|чат|страниц)[а-яё]{0,3}\s+$",
    re.IGNORECASE,
)
_HEAD = (
    r"(?:завод|комбинат|фабрик|университет|институт|колледж|техникум|лице|гимнази|академи|школ|больниц|поликлиник|музе|театр"
    r"|филармони|библиотек|банк|технопарк|агентств|федераци|союз|ассоциаци|палат|обсерватори"
    r"|порт|аэропорт|верф|рудник|шахт|консерватори|училищ|заповедник|цирк|зоопарк|дворец|дворц|епархи|пароходств|политех|оркестр|хор|ансамбл|трест"
    r"|корпораци(?=[а-яё]{1,2}\s+развити)|(?<=[оы][гйхм]\s)фонд)[а-яё]{0,4}"
)
_PROPER = (
    r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁа-яё]+)*(?:ский|ская|ское|ского|ской|скому|ским|ском|скую|ные|ный|ная|ное|ного|ной|ному|ным|ном|ную"
    r"|цкий|цкая|цкое|цкого|цкой|цкому|цким|цком|цкую)"
)
_ADJECTIVE = r"[а-яё-]+(?:ый|ий|ой|ая|яя|ое|ее|ого|его|ому|ему|ым|им|ом|ем|ую|юю|ей)"
_OF_PLACE = re.compile(
    rf"(?<![А-Яа-яЁё-]){_PROPER}\s+(?:{_ADJECTIVE}\s+){{0,3}}{_HEAD}(?![а-яё-])"
    r"(?P<field>\s+имени\s+(?:[А-ЯЁ]\.\s?)*[А-ЯЁ][а-яё]+)?"
)
_BODY = (
    r"(?:[Мм]инистерств|[Дд]епартамент|[Уу]правлени|[Кк]омитет|[Аа]гентств|[Фф]едераци|[Сс]лужб|[Ии]нспекци|[Дд]ирекци|[Пп]алат"
    r"|[Фф]онд|[Сс]оюз|[Аа]ссоциаци|[Цц]ентр(?=[а-яё]{0,2}\s+(?:поддержк|развити|занятост|компетенц|защит|помощи)))[а-яё]{0,3}"
)
_FIELD = r"(?:[а-яё-]+(?:ого|его|ой|ей|ых|их)\s+)?[а-яё-]{4,}"
_OF_TERRITORY = frozenset({"области", "края", "района", "округа", "республики"})
_TERRITORY = (
    rf"(?:\s+(?:[А-ЯЁ][а-яё-]+(?:ской|ского|цкой|цкого)\s+(?:{'|'.join(sorted(_OF_TERRITORY))})"
    r"|Республики\s+[А-ЯЁ][а-яё]+))?"
)
_FIELDS = rf"{_FIELD}(?:\s+{_FIELD})?(?:\s+и\s+{_FIELD})?"
_OF_FIELD = re.compile(rf"(?<![А-Яа-яЁё-]){_BODY}\s+{_FIELDS}{_TERRITORY}(?![а-яё-])")
_GENITIVE = re.compile(
    r"(?:[а-яё-]+(?:[аяыийвх]|ей|го|ств|дорог|сил|лиц|цен|сфер|систем|служб|недр|вод|путей|земель|дел|наук|реформ|культур|проблем|школ))"
)
_NO_FIELD = re.compile(
    r"(?:[а-яё]+ть?ся|области|края|района|города|региона|округа|республики|страны|компании|завода|зоны|университета|больницы|банка"
    r"|предприятия|института|театра|музея|месяца|года|своих?|этого|которого|также|после|когда|более|около|чтобы|если|технопарка"
    r"|сообщил[аи]?|который|которая|которое|сегодня|завтра|вчера|теперь|только|через|перед|между|вместе|всего|именно|почти|свои)"
)


def _field_end(found: re.Match[str]) -> int:
    """Return where the name of a body ends: before a verb, or a common word for a territory; 0 without a field."""
    end, proper = 0, False
    for word in re.finditer(r"[А-Яа-яёЁ-]+", found.group()):
        if word.start() == 0:
            continue
        written = word.group()
        if written == "и" or written[0].isupper() or (proper and written in _OF_TERRITORY):
            end, proper = (word.end() if written != "и" else end), written[0].isupper()
            continue
        if (
            _NO_FIELD.fullmatch(written)
            or is_verb(written)
            or not _GENITIVE.fullmatch(written)
            or written in PREPOSITIONS
        ):
            break
        end = word.end()
    return found.start() + end if end else 0


_INSTITUTE = re.compile(r"(?<![А-Яа-яЁё-])(?:Институт|Академи|Фонд|Музе|Театр|Палат)[а-яё]{0,2}(?=\s+[а-яё]{4,})")
_NEXT = re.compile(r"\s+[А-Яа-яё][а-яё]{2,}(?![а-яё-])")
_NUMBERED = re.compile(
    r"(?<![А-Яа-яЁё-])(?:школ|гимнази|лице|детск[а-яё]+\s+сад|больниц|поликлиник|училищ)[а-яё]{0,3}\s+№\s?\d+",
    re.IGNORECASE,
)
_LATIN = r"(?![IVXLC]+(?![A-Za-z]))[A-Z][A-Za-z0-9&.-]+"
_LONE = re.compile(r"(?<![А-Яа-яЁё-])[А-ЯЁ][а-яё]+(?:ск|гор|обл|рос|край)[а-яё]{3,}(?![а-яё-])")
_LATIN_NAME = re.compile(
    rf"(?<![A-Za-z])(?:{_LATIN}\s+(?:of\s+)?)*{_LATIN}\s+(?:Polytechnic|Sports|Logistics|Trade|AB|AG|SA|Ltd|LLC|Inc|GmbH|Group|Systems|Technologies|Academy|Bank"
    rf"|University|Solutions|Labs?)(?:\s+(?:AB|AG|SA|Ltd|LLC|Inc|GmbH))?(?![A-Za-z])|(?<![A-Za-z])Bank\s+of\s+{_LATIN}(?:\s+{_LATIN})?"
)
_POST = re.compile(r"(?:CEO|CTO|CFO|COO|CMO|Head|Director|President|Chairman|Manager|Founder)\s+(?:of\s+)?")
_LATIN_AFTER_NOUN = re.compile(rf"(?<![А-Яа-яЁё])(?i:{_COMMON})\s+(?P<name>{_LATIN}(?:\s+{_LATIN}){{0,3}})(?![A-Za-z])")


@lru_cache(maxsize=1024)  # of the text alone; of an item under edit all paragraphs but one are as they were
def find_institutions(text: str) -> tuple[tuple[int, int], ...]:
    """Return where organisations are named, none inside another."""
    taken: list[tuple[int, int]] = []
    for start, end in _candidates(text):
        if not any(start < other and begin < end for begin, other in taken):
            taken.append((start, end))
    return tuple(sorted(taken))


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    yield from _in_guillemets(text)
    yield from _in_words(text)
    yield from _in_latin(text)


def _in_guillemets(text: str) -> Iterator[tuple[int, int]]:
    for found in _WITH_FORM.finditer(text):
        yield found.start("form"), found.end()
    for found in _WITH_NOUN.finditer(text):
        if _THING.search(text[max(0, found.start() - 60) : found.start()]):  # «конкурс стартапов «Тяга»»
            continue
        form = re.search(r"[А-ЯЁ]{2,6}\s+$", text[found.start() : found.start("name") - 1])
        yield found.start("name") - 1 - (len(form.group()) if form else 0), found.end()
        end = found.end()
        while more := _MORE.match(text, end):  # «компании «Стройсеть» и «Энергомонтаж»»
            yield more.start("more"), more.end()
            end = more.end()
    for found in _WITH_PEOPLE.finditer(text):
        if is_head(found["who"]) or _PLURAL_PEOPLE.fullmatch(found["who"]):
            yield found.start("name") - 1, found.end()


def _in_words(text: str) -> Iterator[tuple[int, int]]:
    for found in _NUMBERED.finditer(text):
        yield found.span()
    for found in _OF_PLACE.finditer(text):
        yield found.start(), found.end() if found["field"] else _with_field(text, found.end())
    for found in _INSTITUTE.finditer(text):
        end = _with_field(text, found.end())
        if end > found.end():
            yield found.start(), end
    for found in _OF_FIELD.finditer(text):
        if end := _field_end(found):
            yield found.start(), end
    for found in _LONE.finditer(text):
        if text[found.start() - 1 : found.start()] not in {"«", "“", "„"} and _ORGANISED.search(found.group()):
            yield found.span()


def _in_latin(text: str) -> Iterator[tuple[int, int]]:
    for found in _LATIN_NAME.finditer(text):
        post = _POST.match(found.group())
        yield found.start() + (post.end() if post else 0), found.end()
    for found in _LATIN_AFTER_NOUN.finditer(text):
        yield found.span("name")


def _with_field(text: str, end: int) -> int:
    """Return where an institution's name ends that goes on in the genitive: «колледж связи», «институт права»."""
    for word in _NEXT.finditer(text, end):
        written = word.group().strip()
        if word.start() != end or _NO_FIELD.fullmatch(written) or is_verb(written) or written in PREPOSITIONS:
            break
        if (
            not _GENITIVE.fullmatch(written.lower())
            or is_head(written)
            or (written[0].isupper() and word.start() == end == 0)
        ):
            break
        if written[0].isupper() and not re.search(r"(?:а|ы|и|я)$", written):
            break
        end = word.end()
        if written[0].isupper():
            break
    return end


def organisation_around(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the organisation in a span of the models: with its guillemets and legal form, without the common noun."""
    if start and text[start - 1] in '«“„"' and text[end : end + 1] in {"»", "”", '"'}:
        start, end = start - 1, end + 1
    words = text[start:end]
    if named := re.search(rf"(?:(?P<form>{_FORM})\s+)?{_NAME}", words):
        begin = start + named.start()
        if not _THING.search(text[max(0, begin - 60) : begin]):
            yield begin, start + named.end()
        return
    if post := _POST.match(words):
        start, words = start + post.end(), words[post.end() :]
    if re.search(r"[«»]", words) or _inside_marks(text, start) or _CHANNEL.search(words):
        return
    latin = re.fullmatch(rf"(?:(?:of|and|&|{_LATIN})\s*)+", words)
    lone = re.fullmatch(r"[А-ЯЁ][а-яё-]{6,}", words) and _ORGANISED.search(words)
    if (latin and len(words) > 3) or lone:
        yield start, end


_CHANNEL = re.compile(
    r"(?:вконтакте|телеграм|telegram|дзен|youtube|rutube|\bmax\b|одноклассник|whatsapp)", re.IGNORECASE
)
# Names in one word that are put together of what an organisation does: «Приморовскстат», «Горводоканал».
_ORGANISED = re.compile(
    r"(?:стат|надзор|банк|транс|сеть|сети|энерго|нефть|газ|строй|пром|водоканал|комбинат|завод|маш|реестр|казн|фонд)[а-яё]{0,2}$"
)


def _inside_marks(text: str, at: int) -> bool:
    return text[:at].count("«") > text[:at].count("»")
