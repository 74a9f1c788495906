"""The call at the end of a press item to subscribe or follow: not content, the mail has its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.content.item import Block, Link, Paragraph, plain

_CALL = re.compile(
    r"(?:(?:а\s+)?(?:также\s+)?(?:подписывайтесь|подписывайся|подпишитесь|подпишись)\b|следите\b|читайте\b|присоединяйтесь\b|присоединитесь\b"
    r"|оставайтесь\b|вступайте\b|заходите\b|больше\s+новостей\b|все\s+новости\b|ещ[её]\s+больше\b|узнавайте\b"
    r"|будьте\s+(?:с\s+нами|в\s+курсе)|наш(?:и|а)?\s+(?:телеграм|telegram|канал|соцсет|страниц|групп))",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"соцсет|социальн|телеграм|telegram|канал|вконтакте|\bvk\b|дзен|одноклассник|whatsapp|youtube|rutube|\bmax\b|рассылк|подпис"
    r"|\bнас\b|\bнами\b|\bнам\b|новост|сайт|сообществ|групп|блог|подкаст",
    re.IGNORECASE,
)
_MAX_CALL = 400  # characters; longer paragraphs say something


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


def is_call(words: str) -> bool:
    """Claim that a paragraph calls to subscribe or follow."""
    return len(words) <= _MAX_CALL and bool(_CALL.match(words)) and bool(_WHERE.search(words))
