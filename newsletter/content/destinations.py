"""Where things are delivered, by part of the world. Contacts, negotiations and plans are no destinations.

How: only clauses that speak of deliveries, purchases or markets count, and in them only places after «в», «на» or
«для», in a list that such a place or a part of the world opens, or in the nominative beside a verb of buying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from newsletter.content.item import Region
from newsletter.content.trust import is_proposal
from newsletter.language.places import Place, find_places, is_nominative
from newsletter.language.sentences import sentences

_RULE = "places"
_DELIVERED = re.compile(
    r"постав(?:к|л|ок|и[лт])|экспорт|отправ|отгру[жз]|приобрета|приобре[лт]|покуп|купил|закуп|прода[жюеё]|продал|рын[ок]"
    r"|импорт[еёи]р|заказчик|потребител|вывоз|доставл|доставк|реализу",
    re.IGNORECASE,
)
_ONLY_TALK = re.compile(
    r"контакт|переговор|планиру|намерен|рассматрива|обсужда|интерес|партн[её]рств|соглашени|меморандум|выставк|форум"
    r"|делегаци|готовятся|предложени|потенциал",
    re.IGNORECASE,
)
_BUYS = re.compile(
    r"покупа[юе]т|приобрета[юе]т|закупа[юе]т|заказыва[юе]т|покупател|импорт[её]р|растут|рынк|лид(?:ер|ир)",
    re.IGNORECASE,
)
_TO = re.compile(
    r"\b(?:в|во|на|для|рынок|рынк[аиуе]|рынк(?:ам|ах|ов))\s+(?:[а-яё]+(?:ую|ой|ие|ых|ий|ей)\s+)?$", re.IGNORECASE
)
_FROM = re.compile(r"\b(?:из|с|со|от)\s+(?:[а-яё]+\s+)?$", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:,|;|\s(?:и|или|а\s+также|также))(?:\s*(?:и|а\s+также|также|в|во|на))?\s*$")
_HEADS = re.compile(r"\s*(?:[–—:]|\()\s*$")
_CLAUSE = re.compile(r";\s|,\s+(?=(?:а|но|однако|при этом)\s)")


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


def _destinations(text: str) -> Iterator[tuple[str, str]]:
    """Yield (part of the world, place); an empty place where a part of the world itself is the destination."""
    for start, end in sentences(text):
        sentence = text[start:end]
        if not _DELIVERED.search(sentence):
            continue
        for clause in _clauses(sentence):
            if not _ONLY_TALK.search(clause):
                yield from _in_clause(clause, buys=bool(_BUYS.search(clause)))


def _clauses(sentence: str) -> Iterator[str]:
    at = 0
    for found in _CLAUSE.finditer(sentence):
        yield sentence[at : found.start()]
        at = found.end()
    yield sentence[at:]


def _in_clause(clause: str, *, buys: bool) -> Iterator[tuple[str, str]]:
    head = ""  # the part of the world that the list at hand stands under
    accepted: Place | None = None
    for place in find_places(clause):
        between = clause[accepted.end : place.start] if accepted is not None else ""
        listed = accepted is not None and bool(_LISTED.fullmatch(between))
        headed = accepted is not None and accepted.is_region and bool(_HEADS.fullmatch(between))
        before = clause[: place.start]
        if _FROM.search(before):
            accepted, head = None, ""
            continue
        led = bool(_TO.search(before))
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
