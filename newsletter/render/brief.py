"""What a digest says of an item whose full text lies on the web: at most three short lines under the lead.

Figures that the lead does not already give come first, or else the entries of a list that follows the lead at once;
the last line is a quote whose speaker is certain, where there is one. Nothing is cut inside a sentence, and nothing
is shown that is only a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from newsletter.content.item import Block, Figure, FigureGroup, ListBlock, NewsItem, Paragraph, Quote, Span, Text, plain
from newsletter.language.phrases import TRAILING, is_verb
from newsletter.render.cards import cards_of, is_every, lacks_preposition

MAX_LINES = 3
_MAX_ENTRY = 140  # characters: two lines of the letter
_MAX_QUOTE = 180
_MAX_MEASURE = 90
_FEW = 2  # words of a measure among which a verb leaves nothing to read: "область даёт"
_MONEY_OR_SHARE = re.compile(r"%|руб|долл|евро|юан|тенге|₽|\$|€", re.IGNORECASE)
_POINTING = re.compile(r"эт(?:от|а|о|и|ого|ой|их|ому|им|ом|у)|т(?:от|а|е|ого|ой|ех|ому)|туда|там|здесь|как")
# A full stop behind four small letters ends a sentence; behind fewer it may belong to "тыс." or "ул."
_SENTENCE_END = re.compile(r"(?<=[а-яёa-z]{4}[.!?…])\s+(?=[А-ЯЁA-Z«„“\"])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One short line. `block` is the index of the block that it came from, -1 where that is not known."""

    kind: str  # "figure", "entry" or "quote"
    figure: str = ""  # "более 412 млн рублей"
    joint: str = ""  # between figure and text: "—", or empty where the text goes on from the figure: "92 % товаров"
    text: Text  # what the figure counts; the entry; the words quoted, without marks
    by: str = ""  # of a quote: speaker and role
    block: int


def brief(item: NewsItem) -> tuple[Line, ...]:
    """Return the lines of an item with a link; of one without, none: nobody could read the rest elsewhere."""
    if not item.link:
        return ()
    quotes = list(_quotes(item.blocks))[:1]
    lines = list(_figures(item))[: MAX_LINES - len(quotes)]  # a voice says more than a third figure
    if not lines and item.blocks and isinstance(item.blocks[0], ListBlock):
        lines = list(_entries(item.blocks[0]))
    return tuple([*lines, *quotes][:MAX_LINES])


def _figures(item: NewsItem) -> Iterator[Line]:
    for at, block in enumerate(item.blocks):
        if isinstance(block, FigureGroup):
            yield from (_figure_line(block.figures, index, at, "") for index in _shown(block.figures))
            return
    lead = _even(plain(item.lead))
    sure = [figure for figure in item.figures if _reads_well(figure)]
    for index in _shown(sure):
        if _even(sure[index].text) not in lead:
            at = _block_at(item.blocks, sure[index])
            yield _figure_line(sure, index, at, _even(_words(item.blocks[at])) if at >= 0 else "")


def _reads_well(figure: Figure) -> bool:
    """A share in words ("треть", shown as 1/3) makes no line: what it measures stands in the case of its sentence."""
    if (
        figure.proposed
        or "/" in figure.number
        or lacks_preposition(figure)
        or not 0 < len(figure.measures) <= _MAX_MEASURE
    ):
        return False
    return _stands_alone(figure)


def _stands_alone(figure: Figure) -> bool:
    """Claim that what a figure measures can be read without its sentence; rather no line than «8 цистерн — работают».

    Of one word only a noun beside money or a share says enough: «30 % — аванс», not «140 статей — автор».
    """
    if figure.kind == "ratio":  # no line of its own
        return True
    said = [word.strip("«».,:;") for word in figure.measures.lower().split()]
    if any(map(_POINTING.fullmatch, said)) or said[-1] in TRAILING:
        return False
    if is_every(figure):
        return len(said) > 1  # «каждый 3-й» needs its noun and what of it
    if len(said) == 1 and not _MONEY_OR_SHARE.search(f"{figure.number} {figure.unit}"):
        return False
    return len(said) > _FEW or not any(map(is_verb, said))


def _shown(figures: Sequence[Figure]) -> list[int]:
    """Return the indexes of the figures that become cards: each but the ratios."""
    return [index for index, figure in enumerate(figures) if figure.kind != "ratio"]


def _figure_line(figures: Sequence[Figure], index: int, block: int, around: str) -> Line:
    """Return the line of a figure; no dash where it goes on as in `around`, the text it stands in: "60 % экспорта"."""
    figure = figures[index]
    next_word = figure.measures.split(" ")[0]
    # Per cent in words go on as well: «Шестьдесят процентов обращений» is shown as "60 % обращений".
    as_written = _even(figure.number) in _even(figure.text) or "%" in figure.number
    goes_on = is_every(figure) or (as_written and _even(f"{figure.text} {next_word}") in around)
    card = list(cards_of(figures))[_shown(figures).index(index)]
    said = "; ".join(part for part in (card.label, card.comparison) if part)
    return Line(
        kind="figure",
        figure=" ".join(part for part in (card.bound, card.number, card.unit) if part),
        joint="" if not said or goes_on else "—",
        text=(Span(text=said),) if said else (),
        block=block,
    )


def _words(block: Block) -> str:
    return plain(block.text) if isinstance(block, Paragraph | Quote) else ""


def _block_at(blocks: Sequence[Block], figure: Figure) -> int:
    found = -1
    for index, block in enumerate(blocks):
        if block.origin.path == figure.origin.path and block.origin.line <= figure.origin.line:
            found = index
    return found


def _entries(block: ListBlock) -> Iterator[Line]:
    """Yield the list's entries where all of them fit: two out of five would read as all there are."""
    if len(block.items) > MAX_LINES or any(len(plain(entry)) > _MAX_ENTRY for entry in block.items):
        return
    for entry in block.items:
        yield Line(kind="entry", text=_trimmed(entry), block=0)


def _quotes(blocks: Sequence[Block]) -> Iterator[Line]:
    for index, block in enumerate(blocks):
        if not isinstance(block, Quote) or block.proposed or not block.speaker:
            continue
        words = _whole_sentences(plain(block.text))
        if words:
            by = ", ".join(part for part in (block.speaker, block.role) if part)
            yield Line(kind="quote", text=(Span(text=words),), by=by, block=index)


def _whole_sentences(words: str) -> str:
    """Return as many first sentences as fit into one line of a digest; empty when not even the first does."""
    kept = ""
    for sentence in _SENTENCE_END.split(words.strip()):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > _MAX_QUOTE:
            break
        kept = longer
    return kept


def _trimmed(text: Text) -> Text:
    if not text:
        return text
    return (*text[:-1], replace(text[-1], text=text[-1].text.rstrip(" \u00a0.,;")))


def _even(words: str) -> str:
    return " ".join(words.replace("\u00a0", " ").replace("\u202f", " ").lower().split())
