"""Whether a stretch of a Russian sentence can stand alone as a label, judged by the look of its words.

There is no dictionary here: endings tell verbs and adjectives in most cases, and tables hold the nouns that look like
them. Whoever is in doubt gets no label: none is better than a clumsy or a wrong one.
"""

from __future__ import annotations

import re

from newsletter.language.table import words

PREPOSITIONS = frozenset(
    words("""
в во на с со из изо у от до за по к ко при среди для под против вместо о об обо без через над после между около перед
про ради сквозь кроме благодаря согласно свыше более менее больше меньше
""")
)
_SMALL = frozenset(
    words("""
и а но или не ни же бы ли что чем как если когда чтобы хотя где куда это эта этот эти он она оно они я мы вы ты мне нам
вам нас вас меня мой наш наша наше наши их его ее её ему ей им него нее неё них ним ней нем нём ними такой такая такие
таких того тот та те тем который которая которые которых там тут здесь так тогда теперь сейчас сегодня вчера завтра уже
еще ещё лишь только чуть затем потом ранее впервые почти пока всего также тоже сразу очень дополнительно ежегодно
ежемесячно ежедневно вместе отдельно остальные остальных остальная остальное первые последние несколько много мало вот
даже именно
""")
)
# Referring words: what they mean stands outside the label.
_REFERRING = frozenset(
    words("их его ее её ему ей им них ним ней нем нём ними него нее неё я мы вы нам вам нас вас мне меня там тут здесь")
)
TRAILING = frozenset(words("пока только лишь уже всего почти примерно еще ещё так и а не по это до на в за"))
# Nouns that end like verbs.
_NOUNS = frozenset(
    words("""
стол канал материал персонал капитал журнал квартал филиал угол посол пол зал вокзал потенциал терминал металл балл
школа сила стрела скала село число дело масло стекло тепло начало правило кресло доля земля неделя
недели модели цели мебели автомобили отели мили детали медали магистрали отрасли рубли корабли соли доли земли туфли
бюджет кредит совет проект билет пакет кабинет комитет университет интернет объект предмет приоритет авторитет аудит
дефицит лимит визит транзит студент институт маршрут
страны страна цены цена смены смена стены члены члена перемены отмена замена экраны краны планы плана органы рестораны
ветераны охрана раны ткани океана обмена обмены сцена сцены
область часть площадь нефть деятельность печать связь сеть треть четверть память нить путь суть честь помощь мать дочь
ночь речь кровать кость новость скорость стоимость численность ребят ребята
""")
)
_NOUN_STEMS = re.compile(
    r"(?:персонал|материал|канал|капитал|журнал|квартал|филиал|потенциал|терминал|вокзал|сигнал|интервал|металл|сериал"
    r"|фестивал|карнавал|предел|отдел|раздел|прибыл|начал[аоу]?$)"
)
_INFINITIVE = re.compile(r"[а-яё]{2,}(?:ать|ять|еть|ить|уть|ыть|оть|зти|йти|ться|тись)$")
_FINITE = re.compile(
    r"[а-яё]{2,}(?:[аиеыяу]л|[аиеыяуё]ла|[аиеыяу]ло|[аиеыяуо]ли|шли|шла|шло|гли|гла|лся|лась|лись|лось"
    r"|ают|яют|еют|уют|нут|дут|ут|ят|ает|яет|еет|ует|дет|нет|жет|ит|ется|ются|ится|ятся)$"
)
_SHORT_PARTICIPLE = re.compile(
    r"[а-яё]{2,}(?:ено|ана|ано|аны|ята|ято|яты|ены|ена|ён|лен|жен|щен|чен|шен|ден|нен|сен|вен|дан|зан|ван)$"
)
_VERB_STEMS = re.compile(r"(?:состав(?:ил|ля|ит|ят)|будет$|будут$|вырос|упал|стал|стоит$|стоил|может$|могут$|был)")
_NO_VERB = re.compile(r"(?:тели|ости|ность|ение|ания|тет|мент|ция|изм)$")
_GERUND = re.compile(r"[а-яё]{3,}(?:ив|ав|ыв|ув|ев|яв|вши|вшись|[ыи]вая|авая|уя|ясь|ась)$")
_NO_GERUND = re.compile(r"(?:состав|устав|коллектив|актив|архив|норматив|кооператив|отзыв|прорыв|сплав|наплыв)")
_PARTICIPLE = re.compile(
    r"[а-яё]+(?:нн|вш|ющ|ущ|ящ|ащ|ем|им)(?:ый|ая|ое|ые|ого|ой|ых|ую|ым|ыми|ий|ее|ие|его|ей|их|ую)$"
)
_OBLIQUE = re.compile(r"(?!режим|нажим)[а-яё]+(?:ому|ему|ыми|ими|ым|им|ую|юю)$")
_ADJECTIVE = re.compile(r"[а-яё]{2,}(?:ый|[кгхшщжч]ий|ая|яя|ое|ее|ые|ие|ого|его|ых|их|ой|шний|едний)$")
_NO_ADJECTIVE = re.compile(r"(?:ние|тие|вие|лие|рие|бой|строй|герой|край|случай|урожай|ание|ение|ление)$")


def is_verb(word: str) -> bool:
    """Claim that a word is a verb's finite form, infinitive or short participle."""
    lower = word.lower().strip("«».,")
    if lower in _NOUNS or _NO_VERB.search(lower) or _NOUN_STEMS.match(lower):
        return False
    return bool(
        _FINITE.fullmatch(lower)
        or _SHORT_PARTICIPLE.fullmatch(lower)
        or _INFINITIVE.fullmatch(lower)
        or _VERB_STEMS.match(lower)
    )


def is_short_participle(word: str) -> bool:
    """Claim that a word is a short participle: «создано», «опрошены»."""
    return is_verb(word) and bool(_SHORT_PARTICIPLE.fullmatch(word.lower())) and not _FINITE.fullmatch(word.lower())


def noun_phrase(phrase: str) -> str:
    """Return the words of a phrase before its first verb, without what would dangle then."""
    kept: list[str] = []
    for word in phrase.split(" "):
        if is_verb(word) and not word.startswith("«"):
            break
        kept.append(word)
    return without_dangling(" ".join(kept))


def without_dangling(phrase: str) -> str:
    """Return a phrase without prepositions, conjunctions and particles at its end."""
    parts = phrase.strip(" ,–—").split(" ")
    while parts and (parts[-1].lower() in TRAILING or parts[-1].lower() in PREPOSITIONS):
        parts.pop()
    return " ".join(parts).strip(" ,–—")


def is_label(phrase: str, *, verb_first: bool = False) -> bool:
    """Claim that a phrase can stand under a number. `verb_first`: the number has its noun, «240 мест / создано …»."""
    parts = phrase.lower().split(" ")
    first, bare = parts[0].strip("«»"), [part.strip("«»,.:;") for part in parts]
    if not first or re.search(r"\d|…", phrase) or phrase.count("«") != phrase.count("»"):
        return False
    if first in PREPOSITIONS or first in _SMALL or _REFERRING & set(bare) or bare[-1] in TRAILING | PREPOSITIONS:
        return False
    if _OBLIQUE.fullmatch(first) or (_GERUND.fullmatch(first) and not _NO_GERUND.match(first)):
        return False
    if is_verb(first):
        return verb_first and not _INFINITIVE.fullmatch(first) and not any(map(is_verb, parts[2:]))
    if _PARTICIPLE.fullmatch(first) and len(parts) < 2:
        return False
    adjective = _ADJECTIVE.fullmatch(first) and not _NO_ADJECTIVE.search(first)
    # An adjective needs its noun: «молодые», «первые проходят».
    return not (adjective and (len(parts) == 1 or is_verb(parts[1]) or bare[1] in PREPOSITIONS))
