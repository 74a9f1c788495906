"""The people and organisations a text names, each once, in the fullest form that stands in it, in its case.

Rules find names by first names and initials, organisations by legal forms, by the common noun before guillemets and
by the nouns that bodies and institutions are made of. Spans of the models (language/recogniser.py) add the others;
what is printed is always what the text has, never a normal form.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from newsletter.content.facts import Passage
from newsletter.content.item import Named
from newsletter.content.mentions import latin_people, trimmed_person
from newsletter.language.institutions import find_institutions, organisation_around
from newsletter.language.names import find_written_names
from newsletter.language.recogniser import Entity

_PART = re.compile(r"[А-ЯЁA-Z][а-яёa-z’'-]*[а-яёa-z]|[А-ЯЁA-Z](?=\.)", re.UNICODE)


_MAX_SPANS = 500  # each is compared with all others; a press item has some thirty
_Same = Callable[[str, str], bool]


class _Span(NamedTuple):
    passage: int
    start: int
    end: int
    rule: str


def find_people(texts: Sequence[Passage], entities: Sequence[Sequence[Entity]]) -> tuple[Named, ...]:
    """Return everybody named by at least two parts of a name."""
    spans: list[_Span] = []
    for number, passage in enumerate(texts):
        written = [
            *find_written_names(passage.words),
            *((name.start, name.end) for name in latin_people(passage.words)),
        ]
        own = [_Span(number, start, end, "people") for start, end in written]
        found = [trimmed_person(passage.words, one.start, one.end) for one in entities[number] if one.kind == "person"]
        seen = [_Span(number, *span, "people-model") for span in found if _is_name(passage.words[slice(*span)])]
        spans += _merged(own, [span for span in seen if not _begins_before(span, own)])
    return _each_once(texts, spans, _same_person)


def _begins_before(span: _Span, own: Sequence[_Span]) -> bool:
    """Claim that the models put words before a name of the rules: «гор Эльдар Саидов»."""
    return any(span.start < other.start < span.end for other in own)


def _is_name(words: str) -> bool:
    return len(_PART.findall(words)) >= 2 and not re.search(r"[«»\d,;:()]", words)


def find_organisations(
    texts: Sequence[Passage], entities: Sequence[Sequence[Entity]], people: Sequence[Named] = ()
) -> tuple[Named, ...]:
    """Return every organisation with a name of its own. `people`: what the models take for one may be somebody."""
    spans: list[_Span] = []
    for number, passage in enumerate(texts):
        own = [_Span(number, start, end, "organisations") for start, end in find_institutions(passage.words)]
        seen = [
            _Span(number, start, end, "organisations-model")
            for one in entities[number]
            if one.kind == "organisation"
            for start, end in _without_people(passage.words, one, people)
        ]
        spans += _merged(own, seen)
    return _each_once(texts, [*spans, *_again(texts, spans)], _same_organisation)


def _without_people(words: str, one: Entity, people: Sequence[Named]) -> Iterator[tuple[int, int]]:
    """Yield the organisation in a span, without the person whom the models put at its end: «Arb Group John Smith»."""
    start, end = one.start, one.end
    for person in people:
        at = words.find(person.text, start, end + len(person.text))
        if at >= 0:
            end = min(end, at)
    while end > start and words[end - 1].isspace():
        end -= 1
    if end > start:
        yield from organisation_around(words, start, end)


def _again(texts: Sequence[Passage], spans: Sequence[_Span]) -> list[_Span]:
    """Return where the names in guillemets stand without anything beside them that tells what they are."""
    known = {_inner(_words(texts, span)) for span in spans} - {""}
    return [
        _Span(number, found.start(), found.end(), "organisations")
        for number, passage in enumerate(texts)
        for found in re.finditer(r"«([^«»]{2,60})»", passage.words)
        if not any(span.passage == number and span.start <= found.start() < span.end for span in spans)
        and any(_same_organisation(found.group(), f"«{name}»") for name in known)
    ]


def _is_last_of(short: str, long: str) -> bool:
    """Claim that one word is the last of a name of two: «Барс» of «Каменный барс»."""
    parts = long.split()
    return (
        len(short.split()) == 1 and len(parts) == 2 and len(short) > 3 and _same_word(short.lower(), parts[1].lower())
    )


def _merged(own: Sequence[_Span], seen: Sequence[_Span]) -> list[_Span]:
    """Return the spans of rules and models; where two overlap, the longer one."""
    kept: list[_Span] = []
    for span in sorted([*own, *seen], key=lambda one: (-(one.end - one.start), one.rule)):
        at = bisect_left(kept, span.start, key=lambda one: one.end - 1)  # no two that are kept overlap
        if at == len(kept) or span.end <= kept[at].start:
            kept.insert(at, span)
    return kept


def _each_once(texts: Sequence[Passage], spans: Sequence[_Span], same: _Same) -> tuple[Named, ...]:
    """Return each name once, in its fullest form, in the order in which these forms stand in the text."""
    groups: list[list[_Span]] = []
    by_words: dict[str, list[_Span]] = {}
    for span in sorted(spans)[:_MAX_SPANS]:
        words = _words(texts, span)
        if words in by_words:
            continue
        group = next((group for group in groups if any(same(words, _words(texts, other)) for other in group)), None)
        if group is None:
            groups.append(group := [])
        group.append(span)
        by_words[words] = group
    fullest = sorted(
        max(group, key=lambda one: (_fullness(_words(texts, one)), (-one.passage, -one.start))) for group in groups
    )
    return tuple(Named(text=_words(texts, span), origin=texts[span.passage].origin, rule=span.rule) for span in fullest)


def _words(texts: Sequence[Passage], span: _Span) -> str:
    return texts[span.passage].words[span.start : span.end]


def _fullness(words: str) -> tuple[int, int]:
    parts = re.findall(r"[\w-]+", words)
    return len(parts), sum(len(part) > 1 for part in parts)


def _stems(words: str) -> Iterator[str]:
    yield from (part.lower().replace("ё", "е") for part in re.findall(r"[\w-]+", words))


def _same_person(one: str, other: str) -> bool:
    """Claim that two names are one person's: the shorter one's parts stand in the longer one, whatever the case."""
    short, long = sorted((list(_stems(one)), list(_stems(other))), key=len)
    matched = all(any(_same_word(part, whole) for whole in long) for part in short)
    # «А. С. Белов» and «Анне Седовой»: initials alone tell nothing.
    return matched and any(
        _same_word(part, whole) for part in short for whole in long if min(len(part), len(whole)) > 1
    )


def _same_word(one: str, other: str) -> bool:
    if min(len(one), len(other)) == 1:
        return one[0] == other[0]
    size = max(3, min(len(one), len(other)) - 3)
    return one[:size] == other[:size]


def _same_organisation(one: str, other: str) -> bool:
    """Claim that two names are one organisation's: what stands in guillemets is the same, else the words are."""
    inside, outside = _inner(one), _inner(other)
    if inside and outside:
        if _is_last_of(inside, outside) or _is_last_of(outside, inside):
            return True
        return _same_person(inside, outside) and len(inside.split()) == len(outside.split())
    first, second = list(_stems(one)), list(_stems(other))
    short, long = sorted((first, second), key=len)
    if inside or outside or not short or not _same_word(short[0], long[0]):
        return False
    return all(any(_same_word(part, whole) for whole in long) for part in short)


def _inner(words: str) -> str:
    found = re.search(r"[«“„\"](.+?)[»”\"]", words)
    return found[1] if found else ""
