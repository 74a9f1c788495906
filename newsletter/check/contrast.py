"""Texts too faint to read: on their own ground, in the mail's dark palette, and where a program inverts by force.

Measured as WCAG 2.2 does (1.4.3): 4.5:1, for large text 3:1. One finding for each pair of colours. What programs do by
force is a model (colour.py): what misses the mark there, but not by much, is worth a look and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from newsletter.check.cascade import SeenText, answers_outlook_com, has_dark_palette, seen_texts
from newsletter.check.checked import Checked, place_of_words
from newsletter.check.colour import Colour, darkened, inverted_fully, lightened, ratio
from newsletter.check.finding import Finding

MIN_RATIO = 4.5
MIN_RATIO_LARGE = 3.0
LARGE_PX = 24
LARGE_BOLD_PX = 18.66
HARD_TO_READ = 3.0  # where a model says so, it is a warning

_Turn = Callable[[Colour], Colour]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mode:
    """A way in which mail programs show colours."""

    where: str
    clients: tuple[str, ...] = ()
    dark: bool = False  # honours prefers-color-scheme
    turned: bool = False  # Outlook.com, where the mail has rules of its own for it
    is_model: bool = False
    text: _Turn = lambda colour: colour
    ground: _Turn = lambda colour: colour


_MODES = (
    _Mode(where=""),
    _Mode(
        where=" in the dark palette",
        clients=("apple-mail.macos", "apple-mail.ios", "samsung-email.android", "thunderbird.macos"),
        dark=True,
    ),
    _Mode(
        where=" once Outlook has turned the colours round",
        clients=("outlook.windows", "gmail.ios"),
        is_model=True,
        text=inverted_fully,
        ground=inverted_fully,
    ),
    _Mode(
        where=" in Outlook.com's dark mode",
        clients=("outlook.outlook-com",),
        turned=True,
        is_model=True,
    ),
    _Mode(
        where=" once Android has darkened the grounds",
        clients=("gmail.android", "outlook.android"),
        is_model=True,
        text=lightened,
        ground=darkened,
    ),
)


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        for mode in _MODES:
            if (has_dark_palette(html) or not mode.dark) and (answers_outlook_com(html) or not mode.turned):
                yield from _in_mode(subject, html, mode)


def _in_mode(subject: Checked, html: str, mode: _Mode) -> Iterator[Finding]:
    faint: dict[tuple[str, str], list[SeenText]] = {}
    ratios: dict[tuple[str, str], float] = {}
    for seen in seen_texts(html, dark=mode.dark, turned=mode.turned):
        colour, ground = mode.text(seen.colour), mode.ground(seen.ground)
        pair = (str(colour), str(ground))
        if pair not in ratios:
            ratios[pair] = ratio(colour, ground)
        if ratios[pair] < _needed(seen):
            faint.setdefault(pair, []).append(seen)
    for pair, texts in faint.items():
        yield _finding(subject, pair, ratios[pair], texts, mode)


def _finding(subject: Checked, pair: tuple[str, str], found: float, texts: list[SeenText], mode: _Mode) -> Finding:
    first = texts[0]
    more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
    place = place_of_words(subject, first.text)
    return Finding(
        id="contrast",
        severity="info" if mode.is_model and found >= HARD_TO_READ else "warning",
        # Rounded down: 4.46 must not be shown as the 4.5 that it misses.
        message=f"«{first.text[:40]}»{more}: {pair[0]} on {pair[1]} is {int(found * 10) / 10}:1{mode.where}, "
        f"{max(map(_needed, texts)):g}:1 is readable",
        file=place.file,
        line=place.line,
        block=place.block,
        clients=mode.clients,
        fix="make one of the two darker or lighter in the template or in [brand]",
    )


def _needed(seen: SeenText) -> float:
    is_large = seen.size_px >= LARGE_PX or (seen.bold and seen.size_px >= LARGE_BOLD_PX)
    return MIN_RATIO_LARGE if is_large else MIN_RATIO
