"""Somebody's words inside a sentence: «раскупают их «быстрее, чем пирожки», по словам Нины Седовой».

They are told apart as quotes, but the sentence around them stays whole: it would make no sense without them. Names
and slogans wear the same marks, so only words that begin small count, in a sentence that says who uttered them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.content.item import Origin, Quote
from newsletter.content.people import People, Speaker
from newsletter.content.spans import text_of
from newsletter.content.trust import is_proposal
from newsletter.language.roles import lowered
from newsletter.language.sentences import sentences
from newsletter.language.speech import VERB

_MIN_WORDS = 3
_QUOTED = re.compile(r"[«“„](?P<words>[а-яё][^«»“”„]*)[»”]")
_ASIDE = re.compile(rf"\([«“„](?P<words>[^«»“”„]+)[»”]\s*,?\s*[–—-]\s+(?P<told>{VERB.pattern}[^)]*)\)")
_BY = re.compile(r"\b(?:[Пп]о\s+(?:словам|мнению|признанию|выражению|убеждению|оценке)|[Сс]о\s+слов)\s+[^,]+")
_BY_PRONOUN = re.compile(r"\b[Пп]о\s+(?:его|е[её])\s+(?:словам|мнению|признанию|выражению|убеждению|оценке)")
_NAMES = re.compile(
    r"\b(?:назвал[аи]?|называет|называют|охарактеризовал[аи]?|сравнил[аи]?|описал[аи]?|выразил(?:ся|ась)|окрестил[аи]?"
    r"|прозвал[аи]?|считает|уверен[аы]?|убежд[её]н[аы]?|уверяет|признался|призналась|хочет|мечтает|готов[аы]?"
    r"|надеется|не\s+скрывает|гордится|жалеет|радуется|любит)\b"
)


def find_fragments(words: str, people: People, index: int, origin: Origin) -> Iterator[Quote]:
    """Yield what somebody says inside the sentences of a paragraph. `index` counts the paragraphs for `people`."""
    for aside in _ASIDE.finditer(words):
        speaker = people.speaker(VERB.sub("", aside["told"], count=1), paragraph=index, at=aside.start())
        before = re.split(r"[.!?…]\s", words[: aside.start()])[-1]
        # «Мэр напомнил о сроках («…», – пошутил он)»
        if speaker.rule == "quote-pronoun" and (verb := VERB.search(before)):
            subject = people.speaker(lowered(before[: verb.start()].strip()), paragraph=index, at=aside.start())
            speaker = subject if subject.name else speaker
        yield _fragment(aside["words"], speaker, origin)
    for start, end in sentences(words):
        sentence = words[start:end]
        for found in _QUOTED.finditer(sentence):
            if len(found["words"].split()) < _MIN_WORDS:
                continue
            around = f"{sentence[: found.start()]} {sentence[found.end() :]}"
            said_by = _speaker(around, people, index, start)
            if said_by is not None and said_by.name:
                yield _fragment(found["words"], said_by, origin)


def _fragment(words: str, speaker: Speaker, origin: Origin) -> Quote:
    return Quote(
        text=text_of(words),
        speaker=speaker.name,
        role=speaker.role,
        origin=origin,
        proposed=is_proposal("quote-fragment"),
        rule="quote-fragment",
    )


def _speaker(around: str, people: People, index: int, at: int) -> Speaker | None:
    if told := _BY_PRONOUN.search(around) or _BY.search(around):
        return people.speaker(told.group(), paragraph=index, at=at)
    verb = VERB.search(around) or _NAMES.search(around)
    if verb is None:
        return None
    for side in (around[verb.end() :], around[: verb.start()]):
        said_by = re.split(r"[,;:–—]\s", side.strip(" ,"))[0 if side is not around[: verb.start()] else -1]
        found = people.speaker(said_by, paragraph=index, at=at)
        if found.name and found.rule != "quote-unknown":
            return found
    return None
