"""Somebody's words inside a paragraph: «…», – сказала директор. Each becomes a Quote, the words around stay paragraphs.

How: a dash and a verb of speech mark an attribution; from there back to the mark that opened the words, and on to
the end of the sentence; if the words go on after it, they are one quote. A paragraph without such a mark is no quote,
however many quotation marks it has: names and slogans wear them too. Quotation marks of real texts do not balance, so
depth is counted only where nothing better is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from newsletter.content.item import Block, Origin, Paragraph, Quote, Text, plain
from newsletter.content.people import People, Speaker
from newsletter.content.spans import cut, join, text_of
from newsletter.content.trust import is_proposal
from newsletter.language.calendar import MONTHS_GENITIVE
from newsletter.language.names import find_last_name
from newsletter.language.phrases import is_verb
from newsletter.language.roles import role_start
from newsletter.language.sentences import sentences
from newsletter.language.speech import INTRODUCES, VERB

_OPENING = '«“„"'
_CLOSING = '»”“"'
_VERB = rf"(?P<verb>{VERB.pattern})"
_ATTRIBUTION = re.compile(
    rf"(?P<mark>[.,!?…{_CLOSING}]{{1,6}})\s*[–—-]\s+(?=(?:\w+\s+)?{_VERB})",  # one word may come before: «– как сказал»
    re.IGNORECASE,
)
_MARKED = re.compile(rf"(?P<mark>[.,!?…{_CLOSING}]{{1,6}})\s*[–—-]\s+(?=[А-Яа-яЁёA-Z])")
_LATE_VERB = re.compile(rf"(?:[А-Яа-яё-]+\s+){{1,4}}{_VERB}", re.IGNORECASE)
_OPENS = re.compile(rf"(?:^\s*|(?<=[.!?…:]\s)|(?<=[–—]\s))[{_OPENING}](?=\S)")
_INTRODUCED = re.compile(rf":\s+(?=[{_OPENING}])")
_INTRO_FROM = re.compile(r"[.!?…:]\s")
_PRONOUN = re.compile(rf"{_VERB}\s+(?:он|она|они)\b", re.IGNORECASE)
_MAX_QUOTE_PARAGRAPHS = 5
_MAX_BEFORE_VERB = 4
_INSIDE = re.compile(r"\b(?:он|она)\b|[А-ЯЁ][а-яё]+ [А-ЯЁ][а-яё]+(?:$|,)")
_MAX_SIGNATURE = 160  # characters of «– Иван Седов, директор завода»
_INFINITIVE = re.compile(r"(?:ть|ться|ти|чь)$")
_PROSE = re.compile(r"\b(?:это|что|который|которая|если|когда|чтобы|есть)\b")
_MAX_ASIDE = 60  # characters beside name and role that may go unseen: «на встрече с журналистами»
_DATES = re.compile(r"\b\d{1,2}\s+(?:" + "|".join(MONTHS_GENITIVE) + r")\b|\b(?:19|20)\d\d\b|\d+-лет[а-яё]+|№\s?\d+")
_MIN_WORDS = 5  # of a quote that no verb of speech marks: shorter ones are names and slogans
_MIN_FRAGMENT = 3
_BY = re.compile(r"[Пп]о\s|[Сс]о\s")
_AS_TOLD = re.compile(
    rf"(?:^|(?<=[.!?…]\s))(?P<intro>(?:[Кк]ак\s+(?:\w+\s+)?{VERB.pattern}|[Пп]о\s+(?:словам|мнению|признанию|выражению|убеждению)"
    rf"|[Сс]о\s+слов|[Пп]о\s+(?:его|е[её])\s+(?:словам|мнению|признанию|убеждению))[^.!?…:;]{{0,200}}?),\s+[{_OPENING}](?=\S)"
)
_ADVERB = re.compile(r"(?:[а-яё]+(?:о|ски)|как|так|тоже|сразу|затем)\s+", re.IGNORECASE)
_WHOLE_QUOTE = re.compile(rf"\s*[{_OPENING}](?=\S)")
_ABBREVIATED = re.compile(
    r"(?:(?:^|[\s(«.])[А-ЯЁA-Z]|(?:^|[\s(«])(?:г|им|ул|д|стр|тыс|руб|млн|млрд|т|е|и|о|см|др|пр))\.$"
)
_STOP = re.compile(r"(?P<stop>[.!?…])(?=\s|$)|,(?=\s+[–—]\s)")
_DIALOGUE = re.compile(rf"\s*[–—-]\s+(?![{_OPENING}])")
_CONTINUES = re.compile(rf"\s*[–—-]\s+(?P<opening>[{_OPENING}]?)")


class Piece(NamedTuple):
    """A stretch of a paragraph: prose, or the words of a quote in one or more parts with who said them."""

    parts: tuple[tuple[int, int], ...]
    attribution: str  # empty: prose
    said_by: str = ""  # the attribution without its verb
    joint: str = " "  # what stands between the parts of a split quote
    whole: tuple[int, int] = (0, 0)  # of a quote: from its opening mark to where its attribution ends
    before: bool = False  # the sentence before it tells who spoke, and stays prose


def split_quotes(paragraph: Paragraph, people: People, index: int, *, after: str = "") -> Iterator[Block]:
    """Yield the blocks that a paragraph becomes: itself when nobody speaks in it.

    `index` counts the paragraphs for `people`; `after` is the prose right before it, which may tell who speaks.
    """
    words = plain(paragraph.text)
    for piece in find_pieces(words, after=after, people=people):
        if not piece.attribution:
            if text := cut(paragraph.text, *piece.parts[0]):
                yield Paragraph(text=text, origin=paragraph.origin)
            continue
        speaker = people.speaker(piece.said_by, paragraph=index, at=piece.parts[0][1])
        if piece.before:
            speaker = replace(speaker, rule="quote-before")
        if not piece.before and _tells_more(piece.said_by, speaker):
            yield Paragraph(text=cut(paragraph.text, *piece.whole), origin=paragraph.origin)
        else:
            yield _quote(paragraph, piece, speaker)


def inner_quotes(words: str, people: People, origin: Origin, *, index: int = 0) -> Iterator[Quote]:
    """Yield the quotes of a paragraph that stays whole: the lead, or an attribution that tells more than who spoke."""
    paragraph = Paragraph(text=text_of(words), origin=origin)
    for piece in find_pieces(words, people=people):
        if piece.attribution:
            yield _quote(paragraph, piece, people.speaker(piece.said_by, paragraph=index, at=piece.parts[0][1]))


def _tells_more(said_by: str, speaker: Speaker) -> bool:
    """Claim that an attribution says something a reader must not lose: «…, отметив, что экспорт вырос на 40%»."""
    aside = said_by.replace(speaker.name, "").replace(speaker.role, "")
    return len(aside) > _MAX_ASIDE or bool(re.search(r"\d", _DATES.sub("", aside)))


def _quote(paragraph: Paragraph, piece: Piece, speaker: Speaker) -> Quote:
    return Quote(
        text=_words_of(paragraph.text, piece),
        speaker=speaker.name,
        role=speaker.role,
        origin=paragraph.origin,
        proposed=is_proposal(speaker.rule),
        attribution=piece.attribution,
        rule=speaker.rule,
    )


def _words_of(text: Text, piece: Piece) -> Text:
    joined: list[Text] = []
    for start, end in piece.parts:
        part = cut(text, start, end)
        ended = plain(part)[-1:] in "!?…"
        joined += [text_of(" " if ended else piece.joint), part] if joined else [part]
    return join(*joined)


def _next_attribution(words: str, at: int, people: People | None) -> re.Match[str] | None:
    """Return the next mark and dash that an attribution follows: by its verb, or by somebody who is named there."""
    for found in _MARKED.finditer(words, at):
        if _ATTRIBUTION.match(words, found.start()) or _names_speaker(words, found, people):
            return found
    return None


def _names_speaker(words: str, found: re.Match[str], people: People | None) -> bool:
    """Claim that what follows a mark and a dash attributes words, though no known verb of speech stands first in it."""
    end, _ = _attribution_end(words, found.end())
    told = words[found.end() : end]
    if _LATE_VERB.match(told):  # «– с улыбкой говорит мастер»
        return True
    if people is None:
        return False
    for at, word in enumerate(told.split(" ")[:_MAX_BEFORE_VERB]):
        if is_verb(word) and not _INFINITIVE.search(word):  # «– подвел итог директор Седов», «– не стал спорить мастер»
            rest = " ".join(told.split(" ")[at + 1 :])
            before = " ".join(told.split(" ")[:at])
            if (
                people.is_spoken_by(rest)
                or re.search(r"(?:^|\s)(?:он|она)$", before)
                or _INSIDE.search(rest.strip(" .,"))
            ):
                return True
            last = rest.strip(" .").split(",")[0].split(" ")
            return (
                at == 0 and len(last) == 1 and bool(re.fullmatch(r"[а-яё]{4,}", last[0])) and found["mark"][-1] != "…"
            )
        if word.endswith(","):
            break
    closed = any(char in _CLOSING for char in found["mark"])
    return closed and len(told) < _MAX_SIGNATURE and people.named(told) is not None and not _PROSE.search(told)


def find_pieces(words: str, *, after: str = "", people: People | None = None) -> list[Piece]:
    """Return the stretches of a paragraph in order; but for marks and joints every word is in one of them."""
    pieces: list[Piece] = []
    at = search = 0
    while found := _next_attribution(words, search, people):
        start = _opening(words, at, found.start("mark"))
        if start is None:
            search = found.end()
            continue
        piece, end = _spoken(words, start, found)
        if words[at : start.prose_end].strip():
            pieces.append(Piece(((at, start.prose_end),), ""))
        pieces.append(piece)
        at = search = end
    if not pieces and (introduced := _introduced(words) or _told_before(words, after)):
        return introduced
    if words[at:].strip(" .,;") or not pieces:
        pieces.append(Piece(((at, len(words)),), ""))
    return pieces


class _Start(NamedTuple):
    prose_end: int  # where the words before the quote end
    at: int  # the first word of the quote, after the mark
    dash: bool  # opened by a dash, as in a dialogue: no closing mark will come


def _opening(words: str, low: int, high: int) -> _Start | None:
    """Return where the words before an attribution began; None where nothing opened them."""
    if dash := _DIALOGUE.match(words, low, high):
        return _Start(low, dash.end(), True)
    for opens in _OPENS.finditer(words, low, high):
        if not _closes_early(words, opens.end(), high):
            return _Start(opens.start(), opens.end(), False)
    return None


def _closes_early(words: str, at: int, high: int) -> bool:
    """Claim that the words opened before `at` are over long before `high`: «А», «Б» и «В» – сообщили нам.

    Where more marks close than open, nothing can be told.
    """
    inside = words[at:high]
    if inside.count("»") > inside.count("«") + 1:
        return False
    return _close(words, at) < high


def _spoken(words: str, start: _Start, found: re.Match[str]) -> tuple[Piece, int]:
    """Return the quote around an attribution, and where it ends in the paragraph."""
    parts = [(start.at, _without_mark(words, start.at, found.start("mark"), found.end("mark")))]
    end, stop = _attribution_end(words, found.end())
    attribution = words[found.end() : end].strip(" ,")
    said_by = _said_by(attribution)
    joint = ", " if stop == "," else ". "
    after = end + len(stop)
    going_on = _CONTINUES.match(words, after)
    closed = start.dash or any(char in _CLOSING for char in found["mark"])
    if going_on and (going_on["opening"] or start.dash or not closed):
        part_end = _dialogue_end(words, going_on.end()) if start.dash else _close(words, going_on.end())
        again = _ATTRIBUTION.match(words, part_end)
        if again and closed and not start.dash and not _PRONOUN.match(words, again.end()):
            return Piece(tuple(parts), attribution, said_by, joint, (start.prose_end, after)), after
        parts.append((going_on.end(), part_end))
        after = _skip_marks(words, part_end)
        # «…», – заявил директор. – «…», – добавил он: one speaker twice, told twice.
        if again:
            end, stop = _attribution_end(words, again.end())
            attribution += " … " + words[again.end() : end].strip(" ,")
            after = end + len(stop)
    return Piece(tuple(parts), attribution, said_by, joint, (start.prose_end, after)), after


def _dialogue_end(words: str, at: int) -> int:
    """Return where a reply that goes on after its attribution ends: before the next one, else with the paragraph."""
    again = _ATTRIBUTION.search(words, at)
    return again.start("mark") if again else len(words)


def _without_mark(words: str, start: int, at: int, end: int) -> int:
    """Return where words end when the comma or full stop and the closing mark after them are left out.

    Marks of a quotation inside them are theirs, and so is what they cry or ask: «Ждём на «Заре»!», – сказала она.
    """
    inside = _open_marks(words[start:at])
    for place in range(at, end):
        char = words[place]
        if char in ".," or (char in _CLOSING and not inside):
            return max(start, place)
        inside -= char in _CLOSING
    return max(start, end)


def _open_marks(words: str) -> int:
    """Return how many quotations are open at the end of some words; a straight mark opens behind a space."""
    depth = 0
    for place, char in enumerate(words):
        if char in _OPENING and (char in "«„" or place == 0 or words[place - 1] in " \u00a0(«"):
            depth += 1
        elif char in _CLOSING:
            depth = max(0, depth - 1)
    return depth


def _attribution_end(words: str, at: int) -> tuple[int, str]:
    """Return where an attribution ends, and the mark it ends with."""
    for found in _STOP.finditer(words, at):
        if found["stop"] == "." and _ABBREVIATED.search(words[max(at, found.start() - 6) : found.end()]):
            continue
        return found.start(), found.group()
    return len(words), ""


def _close(words: str, at: int) -> int:
    """Return where the words opened before `at` close: at the mark that balances, else at the last one or the end."""
    depth = 1
    for index in range(at, len(words)):
        depth += (words[index] in "«„") - (words[index] in "»")
        if depth == 0:
            return index
    last = max(words.rfind(mark, at) for mark in _CLOSING)
    return last if last >= at else len(words)


def _skip_marks(words: str, at: int) -> int:
    found = re.compile(rf"[{_CLOSING}.,!?…\s]*").match(words, at)
    return found.end() if found else at


def _introduced(words: str) -> list[Piece]:
    """Return the pieces of «Директор отметил: «…»»; none where no verb of speech stands before the colon."""
    colon = _INTRODUCED.search(words)
    if colon is None:
        return _as_told(words)
    before = max((found.end() for found in _INTRO_FROM.finditer(words, 0, colon.start())), default=0)
    intro = words[before : colon.start()].strip()
    start = colon.end() + 1
    end = _close(words, start)
    verb, said_by = INTRODUCES.search(intro), INTRODUCES.sub("", intro, count=1).strip(" ,")
    if verb is None and (name := find_last_name(intro)) and any(map(is_verb, intro[name.end :].split()[:3])):
        said_by = intro[: name.end]
    if verb is None:
        if not _names_somebody(intro) or len(words[start:end].split()) < _MIN_WORDS:
            return []
    elif verb.start() and "," in intro[verb.end() :]:  # «Иван Седов говорит, что экспорт растет: «…»»
        before, said_by = colon.start() + 1, intro[: verb.start()].strip(" ,")
        intro = intro[: verb.end()]
    pieces = [Piece(((0, before),), "")] if words[:before].strip() else []
    pieces.append(Piece(((start, end),), intro, said_by, whole=(before, _skip_marks(words, end))))
    rest = _skip_marks(words, end)
    if words[rest:].strip():
        pieces.append(Piece(((rest, len(words)),), ""))
    return pieces


def _as_told(words: str) -> list[Piece]:
    """Return the pieces of «Как сказал X, «…».» and «По словам X, «…».»; none where more stands before the quote."""
    for told in _AS_TOLD.finditer(words):
        start = told.end()
        end = _close(words, start)
        if words[end:].strip(f"{_CLOSING}.!?… ") and not re.match(rf"[{_CLOSING}][.!?…]\s", words[end:]):
            continue  # the sentence goes on: a fragment
        if len(words[start:end].split()) < _MIN_FRAGMENT:
            continue
        intro = words[told.start("intro") : told.end("intro")]
        said_by = re.sub(r"^[Кк]ак\s+", "", intro)
        said_by = said_by if _BY.match(said_by) else VERB.sub("", said_by, count=1).strip(" ,")
        before = told.start("intro")
        pieces = [Piece(((0, before),), "")] if words[:before].strip() else []
        pieces.append(Piece(((start, end),), intro, said_by, whole=(before, _skip_marks(words, end))))
        rest = _skip_marks(words, end)
        return pieces + ([Piece(((rest, len(words)),), "")] if words[rest:].strip() else [])
    return []


def _names_somebody(intro: str) -> bool:
    """Claim that words before a colon are somebody: «режиссер Анна Белова», «Анна Белова, режиссер премьеры»."""
    name = find_last_name(intro)
    if name is None:
        return False
    after = intro[name.end :]
    told = any(is_verb(word) for word in after.split()[:3])  # «директор Анна Белова просит об одном»
    return not after or after.startswith(",") or not intro[: name.start] or told


def _told_before(words: str, after: str) -> list[Piece]:
    """Return the pieces of «Иван Седов вспоминает тот день. «Мы …»»; none where no name and verb stand before it.

    The words before may end the paragraph before (`after`), when this one is the quote and nothing else.
    """
    opens = _WHOLE_QUOTE.match(words) or next(_OPENS.finditer(words), None)
    if opens is None:
        return []
    end = _close(words, opens.end())
    prose = words[: opens.start()]
    if words[end:].strip(f"{_CLOSING}. ") or len(words[opens.end() : end].split()) < _MIN_WORDS:
        return []
    if not re.search(rf"[.!?…][{_CLOSING}]*$", words.rstrip()):  # a name of something, set apart
        return []
    told = prose if prose.strip() else after
    spans = sentences(told)
    last = told[slice(*spans[-1])] if spans else ""
    verb = INTRODUCES.search(last)
    if verb is None or find_last_name(last) is None or (not prose.strip() and "»" in last):
        return []
    said_by = last[: verb.start()].strip(" ,")
    if find_last_name(said_by) is None:  # «Вспоминает хранитель усадьбы Анна Белова.»
        said_by = last[verb.end() :].strip(" ,.:")
    if find_last_name(said_by) is None:
        return []
    pieces = [Piece(((0, opens.start()),), "")] if prose.strip() else []
    return [
        *pieces,
        Piece(((opens.end(), end),), verb.group(), said_by, whole=(opens.start(), len(words)), before=True),
    ]


def _said_by(attribution: str) -> str:
    """Return an attribution without its verb and an adverb before it: «коротко объяснил чемпион» is «чемпион»."""
    verb = VERB.search(attribution)
    start = verb.start() if verb else 0
    lead = attribution[:start]
    if verb is None:
        first = next((word for word in attribution.split(" ")[:_MAX_BEFORE_VERB] if is_verb(word)), "")
        if first and not any(char.isupper() for char in attribution.partition(first)[0]):
            attribution = attribution.partition(first)[2] if attribution.partition(first)[2].strip() else attribution
    if pronoun := re.search(r"\b(?:он|она)\s*$|^\s*(?:он|она)\b", f"{lead} ") or re.match(
        r"\s*(?:он|она)\b", attribution
    ):
        return pronoun.group().strip()  # «– так она описала перемену»
    aside = _ADVERB.fullmatch(lead) or not re.search(r"[А-ЯЁA-Z]", lead)  # «– с улыбкой говорит мастер»
    return (("" if aside and role_start(lead) < 0 else lead) + VERB.sub("", attribution[start:], count=1)).strip(" ,")


def join_open_quotes(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with the paragraphs of a quote that runs over several of them as one, line breaks between."""
    joined: list[Block] = []
    at = 0
    while at < len(blocks):
        size = _open_quote_size(blocks, at)
        run = [block for block in blocks[at : at + size] if isinstance(block, Paragraph)]
        if len(run) > 1:
            lines = [part for block in run for part in (text_of("\n"), block.text)][1:]
            joined.append(Paragraph(text=join(*lines), origin=run[0].origin))
        else:
            joined.append(blocks[at])
        at += size
    return joined


def _open_quote_size(blocks: Sequence[Block], at: int) -> int:
    """Return how many paragraphs one quote runs over: opened in the first, closed and attributed in the last."""
    for size, block in enumerate(blocks[at : at + _MAX_QUOTE_PARAGRAPHS], 1):
        if not isinstance(block, Paragraph):
            return 1
        words = plain(block.text)
        open_marks = words.count("«") - words.count("»")
        if size == 1:
            if not words.startswith("«") or open_marks != 1 or _ATTRIBUTION.search(words):
                return 1
        elif open_marks == -1 and (found := _ATTRIBUTION.search(words)) and "»" in found["mark"]:
            return size
        elif open_marks:
            return 1
    return 1
