"""The keys that front matter may have, and the reading of what each holds. `docs/items.md` explains them.

Values are read as the editor wrote them: `no` is the word "no", `007` keeps its zeros; YAML's guesses stay out.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from newsletter.content.spans import squeeze
from newsletter.language.calendar import MONTHS_ENGLISH, MONTHS_GENITIVE

Value = str | list["Value"] | dict[str, "Value"]

_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})")
_DOTTED_DAY = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})")
_NAMED_DAY = re.compile(
    rf"(?P<day>[0-9]{{1,2}})\s+(?P<month>{'|'.join(MONTHS_GENITIVE)})\s+(?P<year>[0-9]{{4}})(?:\s*г(?:\.|ода)?)?",
    re.IGNORECASE,
)
_WRITTEN_MOMENT = re.compile(
    r"(?P<at>[0-9]{1,2}[.\s].*?[0-9]{4}(?:\s*г(?:\.|ода)?)?|[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:,?\s+(?:в\s+)?(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2}))?"
)
# Controls, line and paragraph separators, lone surrogates, and what turns the order of letters around.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class WrongValueError(ValueError):
    """A value is not what its key must hold; the message ends the sentence "'date' …"."""


def _line(value: Value) -> str:
    if not isinstance(value, str):
        raise WrongValueError("must be text, not a list or a mapping")
    if _CONTROL.search(value.strip()):
        raise WrongValueError("must be one line of text without control characters")
    return squeeze(value)


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise WrongValueError("must be text, not a list or a mapping")
    if _CONTROL.search(value.replace("\n", " ")):
        raise WrongValueError("must not hold control characters")
    return squeeze(value)


def _filled(value: Value) -> str:
    words = _line(value)
    if not words:
        raise WrongValueError("must not be empty")
    return words


def _lang(value: Value) -> str:
    words = _line(value)
    if not _LANG.fullmatch(words):
        raise WrongValueError(f"must be a language code such as ru, not {words!r}")
    return words


def read_date(words: str) -> date:
    """Return a date written as 2024-05-14, 14.05.2024 or 14 мая 2024 г. Raises WrongValueError."""
    for form in (_ISO_DAY, _DOTTED_DAY, _NAMED_DAY):
        if found := form.fullmatch(words):
            return _day(found)
    raise WrongValueError(f"must be a date such as 2024-05-14, 14.05.2024 or 14 мая 2024, not {words!r}")


def _day(found: re.Match[str]) -> date:
    """Return the day of a match with year, month and day. Raises WrongValueError for one that no calendar has."""
    month = found["month"].lower()
    number = MONTHS_GENITIVE.index(month) + 1 if month in MONTHS_GENITIVE else int(month)
    year, day = int(found["year"]), int(found["day"])
    if not 1 <= number <= 12:
        raise WrongValueError(f"has the month {number}; there are 12")
    if not 1 <= year <= 9999:
        raise WrongValueError("has the year 0")
    days = monthrange(year, number)[1]
    if not 1 <= day <= days:
        name = MONTHS_ENGLISH[number - 1] + (f" {year}" if number == 2 else "")
        raise WrongValueError(f"has the day {day}; {name} has {days} days")
    return date(year, number, day)


def _date(value: Value) -> date:
    return read_date(_line(value))


def _moment(value: Value) -> str:
    """Return a moment in ISO form; a day may be written as for `date`, with a time behind it."""
    words = _line(value)
    written = _WRITTEN_MOMENT.fullmatch(words)
    try:
        if written is not None:
            hour, minute = int(written["hour"] or 0), int(written["minute"] or 0)
            return datetime.combine(read_date(written["at"]), time(hour, minute)).isoformat()
        datetime.fromisoformat(words)
    except WrongValueError:
        raise
    except ValueError as exc:
        what = "must be a moment such as 24.11.2026 10:00 or 2024-05-14T10:00+03:00"
        raise WrongValueError(f"{what}, not {words!r}") from exc
    return words


def _address(value: Value) -> str:
    words = _line(value)
    if not words.startswith("https://"):
        raise WrongValueError(f"must be a whole https address, not {words!r}")
    return words


def _closing(value: Value) -> str:
    words = _text(value)
    return "" if words.lower() in {"no", "false", "none", "нет"} else words


def _mapping(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise WrongValueError("must be a mapping of names to values")
    return value


def _words(value: Value) -> list[str]:
    return [_filled(entry) for entry in (value if isinstance(value, list) else [value])]


def _reasons(value: Value) -> dict[str, str]:
    return {_filled(name): _filled(entry) for name, entry in _mapping(value).items()}


def _word_lists(value: Value) -> dict[str, list[str]]:
    return {_filled(name): _words(entry) for name, entry in _mapping(value).items()}


def _record(value: Value, *, needs: tuple[str, ...], may: tuple[str, ...]) -> dict[str, str]:
    fields = {name: _line(entry) for name, entry in _mapping(value).items()}
    if unknown := sorted(set(fields) - {*needs, *may}):
        raise WrongValueError(f"has the unknown field {unknown[0]!r}; there are {', '.join(needs + may)}")
    if missing := [name for name in needs if not fields.get(name)]:
        raise WrongValueError(f"lacks {missing[0]!r}")
    return fields


def _quotes(value: Value) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise WrongValueError("must be a list of quotes, each with begins, speaker and role")
    return [_record(entry, needs=("begins",), may=("speaker", "role")) for entry in value]


FIGURE_FIELDS = ("measures", "comparison", "period")


def _figures(value: Value) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise WrongValueError("must be a list of figures")
    return [
        split_figure(_filled(entry)) if isinstance(entry, str) else _record(entry, needs=("text",), may=FIGURE_FIELDS)
        for entry in value
    ]


def split_figure(line: str) -> dict[str, str]:
    """Return the fields of "text | measures | comparison | period". Raises WrongValueError."""
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) > 1 + len(FIGURE_FIELDS) or not cells[0]:
        raise WrongValueError("must read as: 248 млн рублей | what it measures | comparison | period")
    return dict(zip(("text", *FIGURE_FIELDS), cells, strict=False))


def _button(value: Value) -> dict[str, str]:
    return _record(value, needs=("text", "href"), may=())


KEYS: Mapping[str, Callable[[Value], object]] = {
    "title": _line,
    "lead": _text,
    "date": _date,
    "source": _line,
    "rubric": _line,
    "link": _address,
    "author": _line,
    "lang": _lang,
    "key": _filled,
    "subject": _line,
    "preheader": _line,
    "template": _filled,
    "list": _filled,
    "variants": _word_lists,
    "waive": _reasons,
    "embargo_until": _moment,
    "closing": _closing,
    "quotes": _quotes,
    "figures": _figures,
    "places": _word_lists,
    "button": _button,
}
# A key without a value, as in "title:", says nothing; but for these it says that there is none.
EMPTY: Mapping[str, object] = {"closing": "", "quotes": [], "figures": [], "places": {}, "lead": ""}
