"""Where things are delivered, by part of the world. Contacts, negotiations and plans are no destinations.

How: only clauses that speak of deliveries, purchases or markets count, and in them only places after «в», «на» or
«для», in a list that such a place or a part of the world opens, or in the nominative beside a verb of buying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from newsletter.content.item import Region
from newsletter.content.trust import is_proposal
from newsletter.language.places import Place, find_places, is_nominative
from newsletter.language.sentences import sentences

_RULE = "places"
_DELIVERED = re.compile(
    r"постав(?:к|л|ок|и[лт])|экспорт|отгру[жз]|приобрета|приобр[её][лт]|покуп|купил|закуп|прода[жюеё]|продал|рын[ок]"
    r"|импорт[её]р|заказчик|потребител|вывоз|вывез|реализу|внедр[еяи]|адресат|получател|снабжа|законтракт",
    re.IGNORECASE,
)
# People are sent and carried as well: these verbs deliver only with goods beside them.
_CARRIED = re.compile(
    r"отправ(?:и(?:ла|л|ли|ть|т|м)|ля(?:ют|ет|ли|ем|ть)|лен[аоы]?|к[аиуе]|ок|(?:ит|ила|или|ят|ляет|ляют)(?:ся|сь))(?![а-яё])|достав(?:л|к|ит|ят)"
    r"|(?:продукц|товар|парти|издели|е[её]|их)[а-яё]*[^.;]*\bжд[уё]т(?![а-яё])|(?:парти|груз|вагон|единиц)[а-яё]*[^.;]*\b(?:забрал|получил)[аи]?(?![а-яё])"
    r"|уехал[аи]?(?![а-яё])|уедут|ушло|отплы[лв]|(?:по|у)?вез(?:ут|[её]т|ли|ены)(?![а-яё])|(?:уходит|уходят|уш[её]л|ушл[аи])(?![а-яё])",
    re.IGNORECASE,
)
_GOES = re.compile(r"отправ(?:ит|ил|ила|или|ило|ят|ляет|ляют)(?:ся|сь)(?![а-яё])", re.IGNORECASE)
_GOODS = re.compile(
    r"продукц|товар|парти[яюией]|груз|урожа|зерн|пшениц|ячмен|кукуруз|масл|мяс|молок|сахар|овощ|фрукт|рыб|издели|прибор"
    r"|оборудован|станк|кабел|контейнер|вагон|тонн|детал|сырь|удобрен|металл|сталь|древесин|пиломатериал|нефт|угл[яе]"
    r"|топлив|лекарств|препарат|вакцин|автомобил|грузовик|модул|датчик|агрегат|двигател|программ|комплект|образц|заказ"
    r"|рельс|фанер|целлюлоз|пеллет|кружев|\bработ[аыу]|сухар|хлеб|ткан|одежд|обув|мебел|бумаг|посыл|электроник|микросхем|пластик|цемент|кирпич|стекл|руд[аыу]|машин",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    r"сборн[а-яё]+|делегац|команд[аыуе]\b|спортсмен|школьник|студент|волонт[её]р|турист|\bдет(?:и|ей|ям)\b|участник"
    r"|специалист|сотрудник|кубк|чемпионат|турнир|соревнован|стажиров|командиров|экскурс|фестивал|конференц|олимпиад"
    r"|гастрол|визит|отпуск|пациент|гуманитарн",
    re.IGNORECASE,
)
# Bought in China: by Chinese of us, or by us of Chinese? Without a word of exports or of our own goods, no destination.
_BOUGHT = re.compile(r"покупа|купил|закуп|приобрета|приобр[её][лт]|заказыва|заказал", re.IGNORECASE)
_BOUGHT_ONCE = re.compile(r"купил|закупил|приобр[её][лт]|заказал", re.IGNORECASE)
_ABROAD = re.compile(
    r"экспорт|за\s+рубеж|за\s+границ|вывоз|отгру[жз]|поставк|поставля|внешн[а-яё]+\s+рын", re.IGNORECASE
)
_SUPPLIES = re.compile(
    r"сырь|комплектующ|запчаст|импорт(?!\s*[её]р)|семен|завоз|ввоз|для\s+(?:себя|нужд|завода|производства)",
    re.IGNORECASE,
)
_SOLD = re.compile(
    r"постав|экспорт|отгру[жз]|прода[жюеёнл]|рын[ок]|вывоз|вывез|реализу|внедр|импорт[её]р|потребител|покупател|заказчик",
    re.IGNORECASE,
)
# «Завод закупил станки в Германии»: one buyer, and it is ours.
_WE_BOUGHT = re.compile(
    r"\b(?:(?:за)?(?:купил|приобр[её]л|заказал)(?:а|о)?|(?:за|по)купает|закупаем|приобретает|заказывает|бер[её]т|бер[ую]т|брать)\s[^,;]*$"
    r"|\b(?:(?:за)?куплен|приобрет[её]н|заказан)[аоы]?\s[^,;]*\b(?:во?|на|у)\s+$",
    re.IGNORECASE,
)
_ONLY_TALK = re.compile(
    r"\bне\s+(?:поставля|экспортиру|прода|отгружа|отправля|будет)|прекращ|прекрати|приостан|остановл|запре[тщ]|санкци"
    r"|контакт|переговор|планиру|намерен|рассматрива|обсужда|интерес|партн[её]рств|соглашени|меморандум|выставк|форум"
    r"|делегаци|готовятся|предложени|потенциал|изуча|мечта|хотел[аи]?\b|надее|\b(?:поед|поех|уех|едет|едут|летит|летят|вылет|прилет|посет|посещ|прибы|прие[хз])",
    re.IGNORECASE,
)
_BUYS = re.compile(
    r"покупа[юе]т|приобрета[юе]т|закупа[юе]т|заказыва[юе]т|покупател|импорт[её]р|растут|рынк|лид(?:ер|ир)"
    r"|(?:купил|приобрел|приобрёл|заказал|закупил|получил|забрал|взял)[аи]?(?![а-яё])|заказчик|потребител|получател"
    r"|адресат|жд[её]т|ждут",
    re.IGNORECASE,
)
_TO = re.compile(
    r"\b(?:в|во|на|для|рынок|рынк[аиуе]|рынк(?:ам|ах|ов))\s+(?:[а-яё]+(?:ую|ой|ие|ых|ий|ей)\s+)?"
    r"(?:(?:порт|город|регион|провинци|област|магазин|завод|предприяти|компани|клиник|больниц|школ|рынк)[а-яё]*\s+)?$",
    re.IGNORECASE,
)
_INSTRUMENTAL = re.compile(r"(?:ом|ем|ой|ей|ией|ью|ами)$")
_THERE = re.compile(r"\bтуда\b", re.IGNORECASE)
_WITH = re.compile(r"\bсо?\s+$")
# «Офис в Минске», «покупатель в Каире»: where a city is, not where something goes. Sold or installed there counts.
_SOLD_THERE = re.compile(
    r"прода[юеё]|продан|жд[уё]т|реализ|внедр|установ|куп(?:ил|ят)|покупа[юе]т|закуп|заказ", re.IGNORECASE
)
_CUSTOMERS_FROM = re.compile(r"(?:заказчик|покупател|потребител|клиент)[а-яё]*\s+из\s+$", re.IGNORECASE)
# Who bought, though from elsewhere: «покупателями остались операторы из Москвы», «законтрактовала сеть из Монголии».
_BOUGHT_BY = re.compile(
    r"(?:покупател|заказчик|потребител|законтрактова|(?:за)?купил|приобр[еёи]|заказал)[^.;]*\s[а-яё]+\s+из\s+$",
    re.IGNORECASE,
)
# «Их работы закупили музеи Казани»: in the genitive behind the buyers.
_BUYERS_OF = re.compile(
    r"(?:(?:за)?купили|приобрели|заказали|(?:за|по)купают|приобретают|заказывают)\s+(?:[а-яё]+\s+){0,2}[а-яё]+[ыияй]\s+$",
    re.IGNORECASE,
)
_BOUGHT_FROM_US = re.compile(
    r"\b(?:их|наши|е[её])\s+(?:[а-яё]+\s+){1,2}(?:(?:за)?купили|приобрели|заказали)\s", re.IGNORECASE
)
_SUPPLIED = re.compile(r"снабжа[а-яё]+\s+$", re.IGNORECASE)
_CONTRACT = re.compile(
    r"контракт[а-яё]*[^.;]*(?:подписан|заключ[её]н|выполн)|договор[а-яё]*\s[^.;]*(?:подписан|заключ[её]н)|отгру[жз]|прода[нл]|поставл",
    re.IGNORECASE,
)
_FROM = re.compile(r"\b(?:из|с|со|от)\s+(?:[а-яё]+\s+)?$", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:,|;|\s(?:и|или|а\s+также|также))(?:\s*(?:и|а\s+также|также|в|во|на))?\s*$")
_HEADS = re.compile(r"\s*(?:[–—:]|\()\s*$")
_CLAUSE = re.compile(
    r";\s|,\s+(?=(?:а|но|однако|при этом)\s)|:\s+(?=(?:в\s+первую\s+очередь\s+)?(?:е[её]|их|его)\s+ждут)"
)
_MAX_SENTENCE = 2_000  # characters, some hundred countries; what stands before each is read


def find_regions(texts: Sequence[str]) -> tuple[Region, ...]:
    """Return the destinations that texts name, parts of the world and places in the order of their first mention."""
    places: dict[str, list[str]] = {}
    for text in texts:
        for region, place in _destinations(text):
            known = places.setdefault(region, [])
            if place and place not in known and not any(place in others for others in places.values()):
                known.append(place)
    return tuple(
        Region(name=name, places=tuple(found), proposed=is_proposal(_RULE), rule=_RULE)
        for name, found in places.items()
    )


@lru_cache(maxsize=1024)  # of the text alone; of an item under edit all paragraphs but one are as they were
def _destinations(text: str) -> tuple[tuple[str, str], ...]:
    """Return (part of the world, place); an empty place where a part of the world itself is the destination."""
    return tuple(_in_text(text))


def _in_text(text: str) -> Iterator[tuple[str, str]]:
    for start, end in sentences(text):
        sentence = text[start:end]
        if end - start > _MAX_SENTENCE or not _is_of_deliveries(sentence, text):
            continue
        for clause in _clauses(sentence):
            if not _ONLY_TALK.search(clause):
                yield from _in_clause(clause, buys=bool(_BUYS.search(clause)))


def _is_of_deliveries(sentence: str, text: str) -> bool:
    """Claim that a sentence tells where something is delivered or sold, and not where people went or we bought."""
    if _GOES.search(sentence) and (_PEOPLE.search(sentence) or not _GOODS.search(sentence)):
        return False
    if not _DELIVERED.search(sentence):
        if _CONTRACT.search(sentence) and (_THERE.search(sentence) or _GOODS.search(sentence)):
            return True  # «контракт заключен с Эквадором, туда уедут 56 машин»
        return bool(_CARRIED.search(sentence) and _GOODS.search(sentence)) and not _PEOPLE.search(sentence)
    if _SOLD.search(sentence) or not _BOUGHT.search(sentence) or _BOUGHT_FROM_US.search(sentence):
        return True
    exports = bool(_ABROAD.search(text))
    if _BOUGHT_ONCE.search(sentence):
        return exports and not _SUPPLIES.search(sentence)
    return (exports or bool(_GOODS.search(sentence))) and not _SUPPLIES.search(sentence)


def _clauses(sentence: str) -> Iterator[str]:
    at = 0
    for found in _CLAUSE.finditer(sentence):
        yield sentence[at : found.start()]
        at = found.end()
    yield sentence[at:]


def _in_clause(clause: str, *, buys: bool) -> Iterator[tuple[str, str]]:
    head = ""  # the part of the world that the list at hand stands under
    accepted: Place | None = None
    bought = 0  # «подшипники закупает в Китае, литье – в Липецкой области»: the verb holds for all of the list
    for place in find_places(clause):
        between = clause[accepted.end : place.start] if accepted is not None else ""
        listed = accepted is not None and bool(_LISTED.fullmatch(between))
        headed = accepted is not None and accepted.is_region and bool(_HEADS.fullmatch(between))
        before = clause[: place.start]
        customers = bool(
            (_CUSTOMERS_FROM.search(before) and _CONTRACT.search(clause))
            or _BOUGHT_BY.search(before)
            or _BUYERS_OF.search(before)
            or _SUPPLIED.search(before)
        )
        ours = _WE_BOUGHT.search(before)
        bought = ours.end() if ours else bought if bought and not _SOLD.search(before[bought:]) else 0
        partner = _is_partner(clause, place)
        if (bought and not (ours and _SOLD.search(ours.group()))) or (
            _FROM.search(before) and not customers and not partner
        ):
            accepted, head = None, ""
            continue
        led = (bool(_TO.search(before)) and not _is_only_site(clause, place)) or customers or partner
        subject = buys and is_nominative(clause, place)
        heading = place.is_region and bool(re.match(r"\s*[–—:(]", clause[place.end :]))
        if not (listed or headed or led or subject or heading):
            continue
        if place.is_region:
            head = place.name
            if not heading:
                yield place.name, ""
        else:
            if headed and accepted is not None:
                head = accepted.name
            elif not listed:
                head = ""
            yield (head or place.region), place.name
        accepted = place


def _is_partner(clause: str, place: Place) -> bool:
    """Claim that a place is whom a contract of delivery was made with: «контракт заключен с Эквадором»."""
    written = clause[place.start : place.end]
    contract = _WITH.search(clause[: place.start]) and _CONTRACT.search(clause) and not place.is_city
    return bool(contract and _INSTRUMENTAL.search(written))


def _is_only_site(clause: str, place: Place) -> bool:
    """Claim that a city is where something is: in the locative, and nothing is sold or installed there."""
    written = clause[place.start : place.end]
    in_it = place.is_city and written != place.name and re.search(r"[еи]$", written)
    return bool(in_it and not _SOLD_THERE.search(clause))
