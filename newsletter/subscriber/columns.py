"""What the columns of a list mean: header names in Russian and English, and `--map`.

Every column is kept: a known one under its own name, any other as a custom field named after its header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.errors import InputError

EMAIL, CONSENT_SOURCE, CONSENT_AT = "email", "consent_source", "consent_at"
NAME, FULL_NAME = "name", "full_name"  # whom the greeting names · kept; a first name is told from it where certain
# Written by an export of everybody, so that importing it does not subscribe those who had left.
STATUS = "newsletter_status"
MAX_COLUMNS = 100

# Headers as `plain_header` leaves them. A name further left wins: «Почта» beside «Адрес» makes the latter a street.
_KNOWN: dict[str, tuple[tuple[str, ...], ...]] = {
    EMAIL: (
        ("email", "email address", "адрес электронной почты", "электронная почта", "эл почта", "адрес эл почты"),
        ("имейл", "емейл", "мейл", "мэйл", "mail", "почта", "электронный адрес"),
        ("адрес", "address"),
    ),
    NAME: (("имя", "name", "first name"), ("имя и фамилия", "имя фамилия")),
    FULL_NAME: (
        ("фио", "full name"),
        ("фамилия имя отчество", "фамилия и имя", "фамилия имя"),
        ("имя отчество фамилия",),
    ),
    "surname": (("фамилия", "surname", "last name"),),
    "patronymic": (("отчество", "patronymic"),),
    "city": (("город", "city"), ("населенный пункт",)),
    "company": (("организация", "company"), ("компания", "organisation", "organization"), ("сми", "редакция")),
    "position": (("должность", "position", "job title"),),
    "phone": (("телефон", "phone"),),
    "language": (("язык", "language"), ("lang",)),
    CONSENT_SOURCE: (("источник согласия", "consent source"), ("согласие", "consent", "основание")),
    STATUS: (),
    CONSENT_AT: (("дата согласия", "consent at"), ("время согласия", "consent date", "date of consent")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each thing stands in a record; -1 for a column that the list does not have."""

    email: int
    consent_source: int
    consent_at: int
    status: int
    fields: tuple[tuple[int, str], ...]  # column and field name
    headers: tuple[str, ...]


def parse_columns(cells: Sequence[str], mapping: Mapping[str, str], *, path: str, line: int) -> Columns:
    """Say what each column is; `mapping` (name → header, from `--map`) goes before what is known.

    Raises InputError when no column holds addresses or the header does not say which does.
    """
    headers = tuple(cell.strip(" \t\u00a0\ufeff\"'") for cell in cells)
    _refuse_odd(headers, path=path, line=line)
    plain = [plain_header(header) for header in headers]
    names: dict[int, str] = {}
    for name, header in mapping.items():
        places = [i for i, text in enumerate(plain) if text == plain_header(header)]
        if not places:
            fix = f"the columns are {_listed(headers)}"
            raise InputError(f'--map {name}={header}: there is no column "{header}"', path=path, line=line, fix=fix)
        names[places[0]] = identifier(name)
    for name, ranks in _KNOWN.items():
        places = [] if name in names.values() else _find(name, ranks, plain, names)
        if len(places) > 1 and name == EMAIL:
            choices = " or ".join(f'"{headers[place]}"' for place in places)
            fix = f"say which with --map email={headers[places[0]]}"
            raise InputError(f"the address may stand in {choices}", path=path, line=line, fix=fix)
        if places:
            names[places[0]] = name
    by_name = {name: place for place, name in names.items()}
    if EMAIL not in by_name:
        _refuse_without_email(headers, path=path, line=line)
    special = (EMAIL, CONSENT_SOURCE, CONSENT_AT, STATUS)
    used = {*special, *names.values()}
    fields = []
    for place, header in enumerate(headers):
        name = names.get(place) or _free(identifier(header) or f"column_{place + 1}", used)
        used.add(name)
        if name not in special:
            fields.append((place, name))
    return Columns(
        email=by_name[EMAIL],
        consent_source=by_name.get(CONSENT_SOURCE, -1),
        consent_at=by_name.get(CONSENT_AT, -1),
        status=by_name.get(STATUS, -1),
        fields=tuple(fields),
        headers=headers,
    )


def plain_header(header: str) -> str:
    """Return a header as it is compared: small, ё as е, «E-mail», «Эл. почта» and «e_mail» without their signs."""
    text = re.sub(r"[\W_]+", " ", header.casefold().replace("ё", "е").replace("e-mail", "email")).strip()
    return {"e mail": "email", "ф и о": "фио", "е mail": "email"}.get(text, text)


def identifier(header: str) -> str:
    """Return the field name that a header makes: small letters, digits and `_`, as a template can write it."""
    text = re.sub(r"[\W_]+", "_", header.casefold()).strip("_")[:60]
    return f"f_{text}" if text[:1].isdigit() else text


def known_names() -> tuple[str, ...]:
    """Return the names that `--map` may give a column, beside the office's own fields."""
    return tuple(name for name in _KNOWN if name != STATUS)


def _find(name: str, ranks: tuple[tuple[str, ...], ...], plain: Sequence[str], taken: Mapping[int, str]) -> list[int]:
    """Return the columns whose header is the best name found for `name`: several when the list names it twice."""
    own = plain_header(name)  # an export's own header
    for rank in ((own,), *ranks):
        places = [i for i, text in enumerate(plain) if text in rank and i not in taken]
        if places:
            return places
    return []


def _refuse_odd(headers: Sequence[str], *, path: str, line: int) -> None:
    if len(headers) > MAX_COLUMNS:
        raise InputError(f"the list has {len(headers)} columns; {MAX_COLUMNS} is the limit", path=path, line=line)
    if any(re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", h) for h in headers):
        fix = "the first line must name the columns: email;name"
        raise InputError("a column's name holds a control character", path=path, line=line, fix=fix)


def _refuse_without_email(headers: Sequence[str], *, path: str, line: int) -> None:
    if any("@" in header for header in headers):
        fix = "put a line with the columns' names above it: email;name"
        raise InputError("the first line is a subscriber, not the columns' names", path=path, line=line, fix=fix)
    fix = "name that column email in the first line, or say which it is with --map email=COLUMN"
    raise InputError(f"no column holds e-mail addresses; found {_listed(headers)}", path=path, line=line, fix=fix)


def _listed(headers: Sequence[str]) -> str:
    shown = ", ".join(f'"{header[:40]}"' for header in headers[:12])
    return f"{shown} and {len(headers) - 12} more" if len(headers) > 12 else shown


def _free(name: str, used: set[str]) -> str:
    """Return the name, or the name with the first free number: two columns may share a header."""
    number, free = 2, name
    while free in used:
        free, number = f"{name}_{number}", number + 1
    return free
