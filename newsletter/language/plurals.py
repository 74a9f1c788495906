"""The form of a word after a number: 1 новость, 2 новости, 5 новостей, 1,5 новости; 1 item, 2 items.

The categories are those of CLDR: one, few, many for Russian; one and other for English; for whole numbers and
fractions as they are written ("1.0" is a fraction).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

Category = Literal["one", "few", "many", "other"]


def category(number: Decimal | int, lang: str = "ru") -> Category:
    """Return the CLDR category of a number in a language; other languages than Russian count as English."""
    amount = abs(Decimal(number))
    whole = amount == amount.to_integral_value() and int(amount.as_tuple().exponent) >= 0
    if lang.partition("-")[0] != "ru":
        return "one" if whole and amount == 1 else "other"
    if not whole:
        return "other"
    tens, ones = int(amount % 100), int(amount % 10)
    if ones == 1 and tens != 11:
        return "one"
    return "few" if 2 <= ones <= 4 and not 12 <= tens <= 14 else "many"


def plural(number: Decimal | int | float, *forms: str) -> str:
    """Return the form for a number: of three Russian ones (one, few, many), or of two English (one, other).

    A fraction takes the second: 1,5 новости, 1.5 items. Raises ValueError for another count of forms.
    """
    counted = number if isinstance(number, Decimal | int) else Decimal(str(number))
    match forms:
        case (one, few, many):
            return {"one": one, "few": few, "other": few, "many": many}[category(counted)]
        case (one, other):
            return one if category(counted, "en") == "one" else other
    raise ValueError("plural takes three forms (новость, новости, новостей) or two (item, items)")
