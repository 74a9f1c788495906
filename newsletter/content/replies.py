"""Somebody's words that fill a paragraph of their own: an answer in an interview, a quote signed in the next paragraph.

How: an item is an interview when at least two of its paragraphs or headings are questions; what stands behind a
question up to the next one is the answer of the person whom the text names first. «Анна Белова: …» names its speaker
itself. A paragraph that is nothing but a quote is told by a signature or «Так …» behind it, or goes on after a quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from newsletter.content.item import Block, Heading, Paragraph, Quote, Text, plain
from newsletter.content.people import NOBODY, People, Speaker
from newsletter.content.spans import cut
from newsletter.content.trust import is_proposal
from newsletter.language.roles import is_head, lowered, role_start
from newsletter.language.sentences import sentences
from newsletter.language.speech import INTRODUCES, VERB

_DASH = re.compile(r"\s*[–—-]\s+")
_QUESTION = re.compile(r"\?[»”\"]?\s*$")
_MARKED = re.compile(r"[.,!?…»”\"]\s*[–—-]\s+")
_PART = r"(?:[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?|[А-ЯЁ]\.)"
_NAMED = re.compile(
    rf"(?P<who>{_PART}(?:[ \u00a0]?{_PART}){{0,2}})"
    r"\s*:\s+(?:[–—-]\s+)?(?=[А-ЯЁA-Z«0-9])"
)
_ASKS = re.compile(r"(?:корреспондент|журналист|вопрос|редакция|ведущ(?:ий|ая)|интервьюер)\b", re.IGNORECASE)
_ANSWER = re.compile(r"ответ\s*:\s+", re.IGNORECASE)
_WHOLE = re.compile(r"\s*[«“„\"](?P<words>.+)[»”\"][.,]?\s*$", re.DOTALL)
_TELLS = re.compile(
    r"(?:Так|Такими\s+словами|Этими\s+словами|Эти\s+слова|Об\s+этом|С\s+такими\s+словами|Такое\s+мнение|Это)\s"
)
_MAX_SIGNATURE = 160
_MIN_WORDS = 5
_MIN_QUESTIONS = 2
_MAX_QUESTION = 200


def is_question(block: Block) -> bool:
    """Claim that a block is a question to somebody and nothing else."""
    if not isinstance(block, Paragraph | Heading):
        return False
    words = plain(block.text)
    if not _QUESTION.search(words):
        return False
    bold = all(span.bold or not span.text.strip() for span in block.text)
    asked = isinstance(block, Heading) or bold or _DASH.match(words) or _ASKS.match(words)
    short = len(sentences(words)) <= 3 and not words.lstrip().startswith("«")
    return short and (bool(asked) or len(sentences(words)) == 1)


def is_interview(blocks: Sequence[Block]) -> bool:
    """Claim that the blocks are questions and answers."""
    return sum(map(is_question, blocks)) >= _MIN_QUESTIONS


def whom_with(people: People, words: Sequence[str]) -> Speaker:
    """Return whom an interview is with: the person of the lead; the lead may give the role by itself."""
    speaker = people.first()
    if speaker.role or not words:
        return speaker
    for verb in VERB.finditer(words[0]):  # «О ремонте и кадрах главный врач рассказала нам»
        clause = re.split(r"[.!?,;:]\s", words[0][: verb.start()])[-1]
        at = role_start(clause)
        if at >= 0 and not re.search(r"[А-ЯЁ]", clause[at:]):
            return replace(speaker, role=lowered(clause[at:].strip()))
    return speaker


def reply(blocks: Sequence[Block], index: int, people: People, *, interview: Speaker | None) -> Quote | None:
    """Return the paragraph at a place as the answer of somebody; None where it is none."""
    block = blocks[index]
    if not isinstance(block, Paragraph) or is_question(block):
        return None
    words = plain(block.text)
    if (named := _NAMED.match(words)) and not _ASKS.match(words):
        speaker = _known(people, named["who"], index)
        return _quoted(block, named.end(), speaker) if speaker.name and _is_speech(words[named.end() :]) else None
    if _MARKED.search(words) and VERB.search(words):
        return None
    before = blocks[index - 1] if index else None
    told = _words(before) if before is not None else ""
    dash = _DASH.match(words)
    if dash and told.rstrip().endswith(":") and (speaker := _introduced(people, told, index)).name:
        return _quoted(block, dash.end(), speaker)
    start = dash or _ANSWER.match(words)
    answers = interview is not None and bool(words.strip()) and _answers(blocks, index)
    if interview is None or not answers or (start is None and _marks_answers(blocks)):
        return None
    return _quoted(block, start.end() if start else 0, interview)


def _answers(blocks: Sequence[Block], index: int) -> bool:
    """Claim that a paragraph stands behind a question, further paragraphs of its answer at most between them.

    Of several replies with a dash every second one is a question, though it may end with a full stop, as long as a
    reply follows it: «– Пациенты жалуются. – Жалуются справедливо».
    """
    at = index - 1
    while at >= 0 and isinstance(blocks[at], Paragraph) and not is_question(blocks[at]):
        at -= 1
    if at < 0 or not is_question(blocks[at]):
        return False
    replies = [n for n in range(at + 1, index + 1) if _DASH.match(_words(blocks[n]))]
    if not replies or replies[-1] != index or len(replies) % 2:
        return True
    follows = next((n for n in range(index + 1, len(blocks)) if isinstance(blocks[n], Paragraph)), -1)
    asks = follows > 0 and _DASH.match(_words(blocks[follows])) and not is_question(blocks[follows])
    return not asks or len(_words(blocks[index])) > _MAX_QUESTION


def _words(block: Block) -> str:
    return plain(block.text) if isinstance(block, Paragraph) else ""


def _marks_answers(blocks: Sequence[Block]) -> bool:
    """Claim that the answers of an interview begin with a dash or «Ответ:»; then what does not is prose."""
    for question, block in pairwise(blocks):
        if is_question(question) and isinstance(block, Paragraph):
            words = plain(block.text)
            if _DASH.match(words) or _ANSWER.match(words):
                return True
    return False


def _is_speech(words: str) -> bool:
    return len(words.split()) >= 2


def _known(people: People, who: str, index: int) -> Speaker:
    """Return the person before a colon: somebody of the text, or a first name and a surname."""
    found = people.speaker(who, paragraph=index + 1, at=0)
    return replace(found, rule="quote-reply") if found.rule in {"quote-name", "quote-surname"} else NOBODY


def _introduced(people: People, told: str, index: int) -> Speaker:
    spans = sentences(told)
    last = told[slice(*spans[-1])].rstrip(" :") if spans else ""
    verb = INTRODUCES.search(last)
    if verb is None or people.named(last) is None:
        return NOBODY
    found = people.speaker(INTRODUCES.sub("", last, count=1), paragraph=index, at=0)
    return replace(found, rule="quote-before") if found.name else NOBODY


def signed(blocks: Sequence[Block], index: int, people: People, last: Block | None) -> tuple[Quote | None, bool]:
    """Return a paragraph that is a quote and nothing else, and whether the next one is its signature and no prose.

    `last` is the block before it as understood: words of somebody go on after a quote of theirs.
    """
    block = blocks[index]
    whole = _WHOLE.match(plain(block.text)) if isinstance(block, Paragraph) else None
    if whole is None or not isinstance(block, Paragraph) or not _is_one(whole["words"]):
        return None, False
    after = blocks[index + 1] if index + 1 < len(blocks) else None
    told = plain(after.text) if isinstance(after, Paragraph) else ""
    spans = sentences(told)
    first = told[slice(*spans[0])] if spans else ""
    speaker = NOBODY
    if is_signature(told, people):
        speaker = people.speaker(_DASH.sub("", told).rstrip("."), paragraph=index + 1, at=0)
    elif _TELLS.match(first) and "«" not in first[:12]:
        verb = VERB.search(first)
        speaker = people.speaker(first[verb.end() if verb else 0 :].rstrip("."), paragraph=index + 2, at=0)
    if speaker.name:
        quote = _quoted(block, whole.start("words"), replace(speaker, rule="quote-after"), whole.end("words"))
        return quote, is_signature(told, people)
    if isinstance(last, Quote) and last.speaker and last.rule:
        onward = Speaker(name=last.speaker, role=last.role, rule="quote-continued")
        return _quoted(block, whole.start("words"), onward, whole.end("words")), False
    return None, False


def is_signature(words: str, people: People) -> bool:
    """Claim that a paragraph is the name under a quote: «– Иван Седов, директор завода»."""
    dash = _DASH.match(words)
    rest = words[dash.end() :] if dash else words
    name = people.named(rest)
    if not rest.strip() or len(rest) > _MAX_SIGNATURE or name is None or VERB.search(rest) or _QUESTION.search(rest):
        return False
    beside = rest[: name.start] + rest[name.end :]
    headed = any(is_head(word) for word in re.findall(r"[А-Яа-яЁё-]+", beside))
    alone = name.start == 0 and len(sentences(rest)) == 1
    return alone and (bool(dash) or headed) if name.start == 0 else bool(dash) and headed


def _is_one(words: str) -> bool:
    """Claim that words between the first and the last mark are one quote: nothing closes before the end."""
    depth = 0
    for char in words:
        depth += (char in "«„") - (char == "»")
        if depth < 0:
            return False
    return len(words.split()) >= _MIN_WORDS


def _quoted(block: Paragraph, start: int, speaker: Speaker, end: int | None = None) -> Quote:
    text: Text = cut(block.text, start, len(plain(block.text)) if end is None else end)
    return Quote(
        text=text,
        speaker=speaker.name,
        role=speaker.role,
        origin=block.origin,
        proposed=is_proposal(speaker.rule),
        rule=speaker.rule,
    )
