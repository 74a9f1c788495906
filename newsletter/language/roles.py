"""What people are called by their work: «заместитель мэра», «главный технолог завода», and where such a role begins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.language.first_names import Gender
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
певица пилот космонавт собеседник собеседница вице-президент пресс-секретарь арт-директор чиновник чиновница топ-
реставратор фермер пациент пациентка хранитель хранительница первокурсник первокурсница школьник школьница пенсионер
пенсионерка хирург терапевт кардиолог педагог воспитатель воспитательница физик химик историк археолог музыкант
дирижер дирижёр композитор волонтер волонтёр блогер повар шеф-повар водитель машинист диспетчер агроном ветеринар
эколог биолог психолог социолог политолог экскурсовод гид библиотекарь лесник пчеловод болельщик болельщица гонщик
лыжник лыжница биатлонист биатлонистка футболист хоккеист скалолаз скалолазка гимнастка финансист банкир логист
маркетолог продюсер критик настоятель священник атташе консультант аудитор прораб строитель сварщик монтажник
станочник акционер акционерка антрополог астроном балетмейстер баскетболист волейболист боксер боксёр ботаник ветврач
видеограф генетик геодезист геолог геофизик гимнаст главврач главбух главред гончар горничная гример гримёр дизайнерка
дипломат диктор доктор докторант дояр доярка егерь животновод завлаб завкафедрой замруководителя замначальника
замгендиректора зоотехник звукорежиссер звукорежиссёр изобретатель изобретательница ихтиолог каменщик кассир
киномеханик кладовщик кинолог кондитер крановщик крановщица кузнец лаборант лаборантка лауреат лектор лингвист
литератор логопед магистрант магистрантка мама матрос маркшейдер машинистка медбрат медсестра фельдшер методист
методистка метеоролог механизатор механик наладчик нарколог нефтяник новатор нотариус обозреватель обозревательница
океанолог оленевод орнитолог отец очевидец очевидица папа пекарь переводчик переводчица плотник покупатель
покупательница поставщик постановщик почтальон пожарный полицейский проводник проводница проектировщик пресс-атташе
психотерапевт радиолог режиссер-постановщик режиссёр-постановщик рентгенолог репетитор родитель рыбак садовод
селекционер следователь служащий служащая смотритель смотрительница солист солистка сомелье спасатель спикер старожил
староста стилист столяр стоматолог супервайзер сценарист сыровар тележурналист телеведущий телеведущая ведущий ведущая
теплотехник технолог-кондитер токсиколог тракторист тьютор урбанист уролог учредительница фармацевт фотограф хореограф
хормейстер цветовод чемпион-паралимпиец чабан шахматист шахматистка шеф-кондитер шахтер шахтёр швея шкипер штурман
экскурсант электрик электромонтер электромонтёр энергетик энтузиаст эпидемиолог этнограф юниор ювелир акушер-гинеколог
акушерка анестезиолог бабушка дедушка мать сын дочь внук внучка супруг супруга вдова вдовец соседка сосед клиент
клиентка гость гостья посетитель посетительница пассажир пассажирка абитуриент абитуриентка аспирант аспирантка
лицеист лицеистка воспитанник воспитанница девятиклассник девятиклассница десятиклассник десятиклассница
одиннадцатиклассник одиннадцатиклассница семиклассник семиклассница восьмиклассник восьмиклассница пятиклассник
пятиклассница шестиклассник шестиклассница четвероклассник второклассник третьеклассник второкурсник второкурсница
третьекурсник третьекурсница финалист финалистка призер призёр призерка серебряная дебютант дебютантка стипендиат
стипендиатка резидент инвестор застройщик девелопер издатель галерист реставраторка искусствовед историк-краевед
краевед комиссар командир капитан-наставник лоцман адмирал генерал полковник майор подполковник лейтенант вице-мэр
вице-спикер вице-канцлер канцлер спецпредставитель соавтор составитель собственник собственница совладелец совладелица
заведующий-консультант зампредправления главком исполнительница исполнитель музыковед скрипач скрипачка пианист
пианистка балерина танцовщик танцовщица хоккеистка футболистка пловец пловчиха бегун бегунья гребец фигурист
фигуристка велогонщик альпинист альпинистка турист туристка путешественник путешественница айтишник тестировщик
тестировщица дата-сайентист геймдизайнер веб-дизайнер робототехник биоинженер биохимик биотехнолог химик-технолог
нейрохирург кардиохирург офтальмолог педиатр онколог невролог трансплантолог реаниматолог травматолог медик санитар
санитарка соцработник диспетчер-логист инспектор нападающий защитник вратарь голкипер форвард полузащитник спецкор
аксакал гляциолог вагоновожатая вагоновожатый писательница уборщица учёная мастерица библиограф CEO CTO CFO COO CMO
founder co-founder director president chairman head manager
""")
HEADS: frozenset[str] = frozenset(head.lower() for head in _HEADS)
# These say nothing about whom they mean, except that they were named before.
_FEMININE = re.compile(r"(?:ка|ца|ая)$")
_ADJECTIVE = re.compile(r"[А-Яа-яЁё\-]{3,}(?:ый|ий|ой|ая|яя)")
_NO_PART_OF_ROLE = frozenset({"новый", "новая", "который", "которая", "этот", "сам", "такой"})
_ACTING = re.compile(r"(?:и\.\s?о\.|врио|исполняющ(?:ий|ая) обязанности)\s+$", re.IGNORECASE)
_WORD = re.compile(r"[А-Яа-яЁёA-Za-z]+(?:-[А-Яа-яЁёA-Za-z]+)*")
# Nouns that look like the oblique form of a role: «председателя союза художника» is nobody's post.
_PERSON = re.compile(
    r"[а-яё]{2,}(?:тель|тельница|ник|ница|щик|щица|чик|чица|ист|истка|лог|граф|вед|метр|атор|итор|ктор|ёр|онер|онерка"
    r"|нер|ант|антка|ент|ентка|арь|ач|кин[яи]|евт|иатр|мейстер|водец|вод|дел|кар|сестра|брат|классник|классница)"
)
_NOT_A_PERSON = re.compile(
    r".*(?:показатель|двигатель|выключатель|праздник|источник|памятник|учебник|спутник|рынок|документ|момент|аргумент"
    r"|процент|континент|эксперимент|инструмент|фундамент|сегмент|элемент|компонент|фрагмент|контингент|вариант|гарант"
    r"|сектор|фактор|трактор|монитор|аппарат|центнер|контейнер|характер|телеграф|каталог|диалог|пролог|налог|аналог"
    r"|проект|словарь|календарь|январь|библиотека|больница|гостиница|столица|граница|улица|станица|теплица|таблица"
    r"|страница|пятница|разница|единица|вторник|понедельник|датчик|источник|участок|ящик|вестник|справочник|ельник"
    r"|завод|отвод|вывод|перевод|народ|параметр|километр|метр|грант|билет|отдел|раздел|предел|передел|талант|алфавит"
    r"|хлебозавод|водопровод|трубопровод|газопровод|повод|довод|развод|период|поезд)"
)


def _declined(head: str) -> tuple[str, str]:
    """Return the genitive and the instrumental of a role's noun; empty where it has none."""
    if head.endswith(("ий", "ый")):
        soft = head[-3] in "щшчж"
        return head[:-2] + ("его" if soft else "ого"), head[:-2] + ("им" if soft or head[-3] in "гкх" else "ым")
    if head.endswith("ая"):
        return (head[:-2] + ("ей" if head[-3] in "щшчж" else "ой"),) * 2
    if head.endswith("ец"):
        return head[:-2] + "ца", head[:-2] + "цом"
    if head.endswith("а"):
        return head[:-1] + ("и" if head[-2] in "гкхжшчщ" else "ы"), head[:-1] + ("ей" if head[-2] in "жшчщц" else "ой")
    soft, hard = head.endswith("ь"), re.search(r"[бвгджзклмнпрстфхцчшщ]$", head)
    return (head[:-1] + "я", head[:-1] + "ем") if soft else (head + "а", head + "ом") if hard else ("", "")


def _dative(head: str) -> str:
    if head.endswith("а"):
        return head[:-1] + "е"
    return _declined(head)[0][:-1] + "у" if re.search(r"[бвгджзклмнпрстфхцчшщ]$", head) else ""


_GENITIVE: dict[str, str] = {
    **{_dative(head): head for head in reversed(_HEADS) if _dative(head) not in HEADS},
    **{_declined(head)[0]: head for head in reversed(_HEADS) if _declined(head)[0] not in HEADS},
}
_INSTRUMENTAL: dict[str, str] = {
    _declined(head)[1]: head for head in reversed(_HEADS) if _declined(head)[1] not in HEADS
}
_BY = re.compile(
    r"^\s*(?:[Пп]о\s+(?:словам|мнению|данным|информации|оценке|оценкам|подсч[её]там|прогнозам|прогнозу|признанию|версии|выражению"
    r"|убеждению|выражению|замечанию|свидетельству|воспоминаниям)|[Сс]о\s+слов)\s+"
)


def is_head(word: str) -> bool:
    """Claim that a word names a role in the nominative: директор, инженер-технолог, вице-президент."""
    lower = word.lower()
    return lower in HEADS or ("-" in lower and any(part in HEADS for part in lower.split("-")))


def is_person_noun(word: str) -> bool:
    """Claim that a lower-case word looks like somebody's trade: «робототехник», «флорист». For places beside a name."""
    return bool(_PERSON.fullmatch(word)) and not _NOT_A_PERSON.fullmatch(word)


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
        if re.search(r"\d-?$", words[: before.start()]):  # «19-летний дебютант»: an age is no part of a role
            break
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
    by = _BY.match(words)
    first = _head_of(words, by.end() if by else 0, found) if by else _last_head(words, found)
    head = _GENITIVE[first.group().lower()] + words[first.end() :].rstrip()
    lead = words[by.end() if by else 0 : first.start()].split()
    adjectives: list[str] = []
    while lead and (adjective := re.fullmatch(r"([А-Яа-яё-]+)(ого|его|ой|ей)", lead[-1])):
        adjectives.insert(0, _from_genitive_adjective(adjective[1].lower(), adjective[2]))
        lead.pop()
    return lowered(" ".join([*adjectives, head]))


def _head_of(words: str, start: int, found: list[re.Match[str]]) -> re.Match[str]:
    """Return the head of «по словам …»: the first when only adjectives stand before it, else the last."""
    lead = words[start : found[0].start()].split()
    if all(re.fullmatch(r"[А-Яа-яё-]+(?:ого|его|ой|ей)", word) for word in lead):
        return found[0]
    return _last_head(words, found)


def _last_head(words: str, found: list[re.Match[str]]) -> re.Match[str]:
    """Return the last head, or the first of several that stand together: «заместителя главы города»."""
    first = found[-1]
    for before in reversed(found[:-1]):
        if words[before.end() : first.start()].strip():
            break
        first = before
    return first


def _from_genitive_adjective(stem: str, ending: str) -> str:
    if ending in {"ой", "ей"}:
        return stem + ("ая" if ending == "ой" or stem[-1:] in "щшчж" else "яя")
    return stem + ("ый" if ending == "ого" and not re.search(r"[гкх]$", stem) else "ий")


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
