"""Colours: read from CSS, laid over each other, compared by WCAG 2, and turned as dark modes turn them by force.

No mail program publishes how it inverts. Two open programs of the same makers do, and stand in:
`inverted_fully` is roosterjs, the editor of Outlook on the web (MIT): lightness in CIE Lab turned round, so that
white becomes #333333 and black white. `darkened` and `lightened` are Android's forced dark mode, in which Gmail,
Samsung Email and others show mails: a background is only ever darkened, a text only ever lightened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tinycss2 import color4

_DARKEST = 21.247  # Lab lightness of #333333, the ground that roosterjs turns white into
_WHITE_POINT = (0.95047, 1.0, 1.08883)  # D65


@dataclass(frozen=True, slots=True)
class Colour:
    """sRGB, each part from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def __str__(self) -> str:
        return "#" + "".join(f"{round(part * 255):02x}" for part in (self.red, self.green, self.blue))

    def over(self, ground: Colour) -> Colour:
        """Return what is seen of this colour on an opaque ground."""
        a = self.alpha
        mixed = (
            mine * a + below * (1 - a)
            for mine, below in zip(
                (self.red, self.green, self.blue), (ground.red, ground.green, ground.blue), strict=True
            )
        )
        return Colour(*mixed)

    def faded(self, opacity: float) -> Colour:
        return Colour(self.red, self.green, self.blue, self.alpha * opacity)


WHITE = Colour(1, 1, 1)
BLACK = Colour(0, 0, 0)


@lru_cache(maxsize=512)
def read_colour(value: str) -> Colour | None:
    """Return a CSS colour, or None for what is none, or depends on the element (`currentcolor`)."""
    try:
        parsed = color4.parse_color(value)
        if parsed is None or isinstance(parsed, str):
            return None
        converted = parsed.to("srgb")
    except (ValueError, ArithmeticError, NotImplementedError, RecursionError):
        return None
    parts = [min(1.0, max(0.0, float(part or 0))) for part in (*converted.coordinates, converted.alpha)]
    return Colour(*parts)


def ratio(one: Colour, other: Colour) -> float:
    """Return the contrast of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def inverted_fully(colour: Colour) -> Colour:
    """Turn the lightness round, as roosterjs `getDarkColor` does with texts and backgrounds alike."""
    lightness, a, b = _lab(colour)
    return _from_lab((100 - lightness) * (100 - _DARKEST) / 100 + _DARKEST, a, b).faded(colour.alpha)


def darkened(colour: Colour) -> Colour:
    """Darken a background unless that would lighten it (Android `CanvasTransform.cpp`, `makeDark`)."""
    lightness, a, b = _lab(colour)
    turned = min(110 - lightness, 100)
    return _from_lab(turned, a, b) if turned < lightness else colour


def lightened(colour: Colour) -> Colour:
    """Lighten a text unless that would darken it (Android `CanvasTransform.cpp`, `makeLight`)."""
    lightness, a, b = _lab(colour)
    turned = min(110 - lightness, 100)
    return _from_lab(turned, a, b) if turned > lightness else colour


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _gamma(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return float(part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055)


def _luminance(colour: Colour) -> float:
    return 0.2126 * _linear(colour.red) + 0.7152 * _linear(colour.green) + 0.0722 * _linear(colour.blue)


def _lab(colour: Colour) -> tuple[float, float, float]:
    """Return CIE Lab (IEC 61966-2-1 primaries, D65)."""
    r, g, b = _linear(colour.red), _linear(colour.green), _linear(colour.blue)
    x = 0.4124 * r + 0.3576 * g + 0.1805 * b
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = 0.0193 * r + 0.1192 * g + 0.9505 * b
    fx, fy, fz = (
        part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
        for part in (value / white for value, white in zip((x, y, z), _WHITE_POINT, strict=True))
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _from_lab(lightness: float, a: float, b: float) -> Colour:
    fy = (lightness + 16) / 116
    x, y, z = (
        white * (part**3 if part**3 > 0.008856 else (part - 16 / 116) / 7.787)
        for part, white in zip((fy + a / 500, fy, fy - b / 200), _WHITE_POINT, strict=True)
    )
    return Colour(
        _gamma(3.2406 * x - 1.5372 * y - 0.4986 * z),
        _gamma(-0.9689 * x + 1.8758 * y + 0.0415 * z),
        _gamma(0.0557 * x - 0.2040 * y + 1.0570 * z),
    )
