"""Slots while a template renders: values that only print, as opaque tokens that are found again in the finished mail.

A template runs once per issue, before anybody's name is known. `subscriber.name` is therefore an object that refuses
everything but being printed, bare or through the four allowed filters: a branch on it would be taken once for all.
The refusals raise TemplateError on purpose: Jinja swallows TypeError, AttributeError and LookupError on look-up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NoReturn

from newsletter.errors import TemplateError
from newsletter.render.compiled import Step, StepName

ALLOWED_FILTERS: tuple[StepName, ...] = ("default", "prefix", "suffix", "phrase")
_BRANCH = (
    'print it, with a fallback such as {{ %s|phrase("Здравствуйте, {}!", "Здравствуйте!") }}; '
    "to branch on a field declare it under `variants:` and use variant.<field>"
)
# Of any issue: messages are cut from text whose nonce is not at hand.
_TOKEN = re.compile(r"zqj[b-z]{4}vx\d{3}x")
_MARK = re.compile(r"<!--xv[b-z]{4}jqz(b\d+\.\d+|e\d+)-->")


def refuse(name: str, what: str) -> NoReturn:
    """Raise the error for a use of slot `name` that cannot be merged per person."""
    raise TemplateError(f"{name} is filled in for each subscriber and cannot be used {what}", fix=_BRANCH % name)


class Slot:
    """One per-person value inside a template. `_name` is its field, `_steps` the filters applied so far."""

    __slots__ = ("_name", "_steps")

    def __init__(self, name: str, steps: tuple[Step, ...] = ()) -> None:
        self._name = name
        self._steps = steps

    def _with_step(self, step: Step) -> Slot:
        return Slot(self._name, (*self._steps, step))

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # Python's own probing (__html__, copy, pickle); the sandbox bars templates from it
            raise AttributeError(name)
        refuse(self._name, f"with .{name}")


def _refusing(what: str) -> object:
    def method(self: Slot | Namespace, *args: object, **kwargs: object) -> NoReturn:
        refuse(self._name, what)

    return method


_REFUSED = (
    ("str repr bytes fspath", "as a string"),
    ("format", "in a format"),
    ("bool", "as a condition"),
    ("hash", "as a key"),
    ("eq ne lt le gt ge contains", "in a comparison"),
    ("iter next reversed", "in a loop"),
    ("len length_hint getitem", "as a sequence"),
    ("add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow", "in a calculation"),
    ("neg pos invert abs round int float complex index", "as a number"),
    ("call", "as a function"),
)


class Namespace:
    """What `subscriber` and `links` are in a template: known fields are slots, anything else is an error.

    Each look-up makes a new Slot: `x in [x]` compares identities first, and would be true without asking.
    """

    __slots__ = ("_known", "_name", "_prefix")

    def __init__(self, prefix: str, known: Collection[str]) -> None:
        self._prefix = prefix
        self._name = f"{prefix}.…"
        self._known = tuple(dict.fromkeys(known))

    def __getattr__(self, name: str) -> Slot:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._known:
            near = get_close_matches(name, self._known, 1)
            hint = f"did you mean {self._prefix}.{near[0]}? " if near else ""
            raise TemplateError(
                f"there is no {self._prefix}.{name}",
                fix=f"{hint}known here: {', '.join(f'{self._prefix}.{known}' for known in sorted(self._known))}",
            )
        return Slot(f"{self._prefix}.{name}")

    def __getitem__(self, name: object) -> Slot:
        return getattr(self, str(name))  # type: ignore[no-any-return]


for _names, _what in _REFUSED:
    for _method in _names.split():
        setattr(Slot, f"__{_method}__", _refusing(_what))
        if _method != "getitem":  # subscriber["name"] is subscriber.name
            setattr(Namespace, f"__{_method}__", _refusing(_what))


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotKind:
    """What a token stands for; `width` is the room it may take in the text part, in characters."""

    name: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Tokens:
    """The tokens printed during one render: one for each field with its filters.

    `nonce` must occur nowhere else in the issue (see `find_nonce`); tokens are ASCII letters and digits only, so
    that no escaping, inlining or re-parsing changes them, and end in a letter so that one is no prefix of another.
    """

    nonce: str
    kinds: list[SlotKind] = field(default_factory=list)
    printed: set[str] = field(default_factory=set)  # tokens handed out since the caller last cleared it

    def token_for(self, slot: Slot) -> str:
        kind = SlotKind(name=slot._name, steps=slot._steps)
        if kind not in self.kinds:
            self.kinds.append(kind)
        token = f"{self.nonce}{self.kinds.index(kind):03d}x"
        self.printed.add(token)
        return token

    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.pattern = re.compile(re.escape(self.nonce) + r"(\d{3})x")

    def kind(self, token: str) -> SlotKind:
        return self.kinds[int(token[len(self.nonce) : -1])]

    def count(self, text: str) -> dict[str, int]:
        """Return how often each token stands in `text`."""
        found: dict[str, int] = {}
        for match in self.pattern.finditer(text):
            found[match[0]] = found.get(match[0], 0) + 1
        return found

    def assert_no_fragment(self, text: str, path: str) -> None:
        """Raise TemplateError when anything like a part of a token is left in `text` that holds no whole token.

        A filter over captured text (`{% filter upper %}`, `{% set x %}…`) cuts or changes tokens; both halves are
        looked for without regard to case.
        """
        lowered = text.lower()
        if any(end in lowered for end in _ends(self.nonce)):
            raise TemplateError(
                "a per-subscriber value was cut or changed after it was printed",
                path=path,
                fix="take the filter or the slicing off the text that holds subscriber.… or links.…",
            )


def without_marks(text: str) -> str:
    """Return rendered MJML as people may see it in a message: no token, no mark of a block (`blocks.py`)."""
    return _TOKEN.sub("{{ … }}", _MARK.sub("", text))


def marks_in(text: str) -> frozenset[str]:
    """Return the marks of blocks and ends in rendered MJML: "b0.2" is block 2 of the first item, "e0" its end."""
    return frozenset(_MARK.findall(text))


def find_nonce(texts: Iterable[str]) -> str:
    """Return a lower-case word that stands in none of `texts`; the same texts give the same word."""
    lowered = [text.lower() for text in texts]
    for number in range(10_000):
        nonce = f"zqj{_letters(number)}vx"
        if not any(end in text for text in lowered for end in _ends(nonce)):
            return nonce
    raise TemplateError("the content holds every marker the compiler could use", fix="remove strings like zqj…")


def _ends(nonce: str) -> tuple[str, str]:
    """What is left of a token that was cut at its end or at its beginning; neither may occur by chance."""
    return nonce[:5], nonce[-5:]


def _letters(number: int) -> str:
    word = ""
    for _ in range(4):
        number, rest = divmod(number, 20)
        word += "bcdfghjklmnpqrstvwxz"[rest]
    return word
