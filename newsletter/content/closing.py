"""The call at the end of a press item to subscribe or follow: not content, the mail has its own.

How: at most the last three paragraphs are scored. An imperative to the reader, a channel («в нашей рассылке») and an
invitation speak for a call; a number, a quote, a date or a notice to the public speak against it. In doubt it stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.content.item import Block, Link, Paragraph, plain
from newsletter.language.sentences import sentences
from newsletter.language.table import words

_MAX_CALL = 400  # characters; longer paragraphs say something
_ENOUGH = 3

# Stems whose imperatives ask to follow, read, write or drop in; «звоните», «регистрируйтесь» are content.
_FOLLOW = "|".join(
    words("""
подпис подпиш вступа вступ заход зайд лов загля след чита прочита присоедин присоединя смотр посмотр слуша послуша
боле оставай остава остан узнава узна буд ищ листа включа подключ обсужда ставь скач скачив жд быва знаком познаком
откры добавля дружи приход приезжа пиш не\\s+пропус не\\s+пропуска обща присыла
""")
)
_IMPERATIVE = re.compile(
    rf"\b(?:{_FOLLOW})[а-яё]*(?:йте|ите|ьте|йтесь|итесь|ьтесь|йся|ись|ишь)(?![а-яё])", re.IGNORECASE
)
_CHANNEL = re.compile(
    r"соцсет|социальн[а-яё]+\s+сет|телеграм|telegram|\bканал(?:е|у|ом|ы|ах|а)?\b(?!\s+(?:поставок|сбыта|связи|продаж|экспорта))"
    r"|вконтакте|\bvk\b|дзен|одноклассник|whatsapp|youtube|rutube|\bmax\b|рассылк|сообществ|\bв\s+(?:наш(?:ей|у)\s+)?групп[еу]\b(?!\s+компаний)"
    r"|паблик|подкаст|\bблог|чат-?бот|страниц[аеуы]?\b(?!\s+истории)|\B@\w+|t\.me/|vk\.com",
    re.IGNORECASE,
)
_PLACE = re.compile(r"новост|\bнас\b|\bнами\b|\bнам\b|известия", re.IGNORECASE)
_OURS = re.compile(
    r"\bнаш(?:а|и|е|у|ей|ем|ём|его|их|им)?\s+(?:[«\w-]+\s+){0,2}?(?:рассылк|телеграм|telegram|канал|соцсет|страниц|сообществ|блог|подкаст|чат)",
    re.IGNORECASE,
)
_INVITES = re.compile(
    r"^(?:а\s+)?(?:жд[её]м\s+вас|хотите|(?:ещ[её]\s+)?больше\s+(?:новост|истор|исследован|материал|фото|видео|подробност|интересн|полезн|рассказ)|все\s+новости|а?\s*чтобы\s+(?:не\s+пропуст|первыми|быть)|до\s+встречи|мы\s+(?:есть\s+)?в\s+(?:соцсет|социальн|telegram|телеграм|вконтакте|vk|max))",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"напомина|сообща|уведомля|предупрежда|просит|просим|заявк|принима[ею]т|заверш|регистраци|регистриру|телефон|срок"
    r"|адрес|отч[её]т|документ|приглаша|запис[аь]|запиши|звоните|обращайтесь|соглашени|решени",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:https?://|www\.|@)\S+|\b[\w.-]+\.(?:me|com|ru|рф|example)\S*", re.IGNORECASE)
_SPOKEN = re.compile(r"[»”\"!?,.]\s*[–—-]\s+[а-яё]+")


def split_closing(blocks: Sequence[Block]) -> tuple[tuple[Block, ...], str]:
    """Return the blocks without the closing call, and its words; at most the last three blocks are looked at."""
    kept = list(blocks)
    calls: list[str] = []
    while kept and len(calls) < 3 and isinstance(kept[-1], Paragraph) and is_call(plain(kept[-1].text)):
        last = kept.pop()
        calls.insert(0, plain(last.text) if isinstance(last, Paragraph) else "")
    if not kept or all(isinstance(block, Link) for block in kept):
        return tuple(blocks), ""  # an item that is nothing but a call is its own content
    return tuple(kept), " ".join(calls)


def is_call(paragraph: str) -> bool:
    """Claim that a paragraph calls to subscribe or follow: all of it, from its first sentence on."""
    if len(paragraph) > _MAX_CALL:
        return False
    first = next((paragraph[start:end] for start, end in sentences(paragraph)), "")
    rest = [paragraph[start:end] for start, end in sentences(paragraph)][1:]
    # «Есть лопата? Загляните в группу», «Программа – на нашей странице. Подписывайтесь!»
    led = bool(rest) and _opens_with_imperative(rest[0]) and (first.endswith("?") or _CHANNEL.search(first))
    asks = _IMPERATIVE.search(first) or _OURS.search(first) or _INVITES.match(first) or led
    return bool(asks) and _score(paragraph) >= _ENOUGH


def _score(paragraph: str) -> int:
    spans = sentences(paragraph)
    opens = any(_opens_with_imperative(paragraph[start:end]) for start, end in spans)
    score = 2 if opens else 1 if _IMPERATIVE.search(paragraph) else 0
    score += 2 if _CHANNEL.search(paragraph) else 0
    score += 1 if _PLACE.search(paragraph) else 0
    score += 1 if _OURS.search(paragraph) else 0
    score += 1 if any(_INVITES.match(paragraph[start:end]) for start, end in spans) else 0
    score -= 3 if re.search(r"\d", _ADDRESS.sub("", paragraph)) else 0
    score -= 3 if _NOTICE.search(paragraph) else 0
    return score - (3 if _SPOKEN.search(paragraph) and "»" in paragraph and "«" in paragraph[:2] else 0)


def _opens_with_imperative(sentence: str) -> bool:
    return bool(re.match(r"(?:(?:а\s+)?также\s+|и\s+)?", sentence) and _IMPERATIVE.match(sentence))
