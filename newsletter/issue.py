"""What is mailed: one or more items with subject, preheader, date and template.

Options of the command line override front matter, front matter overrides what was found. Nothing here knows
who will get it: the audience belongs to `store/issues.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import product
from typing import Literal
from zoneinfo import ZoneInfo

from newsletter.content.item import Image, NewsItem, Text, plain
from newsletter.errors import InputError, UsageError
from newsletter.settings import Settings

MAX_VARIANTS = 12  # every one is compiled, checked and approved, whatever the audience
MAX_PREHEADER = 130  # characters; inbox lists show 40 to 130
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentOptions:
    """CONTENT of the command line; empty means "as the item says"."""

    title: str = ""
    subject: str = ""
    preheader: str = ""
    lang: str = ""
    date: str = ""  # ISO, "2026-11-23"
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    kind: Literal["letter", "digest"] = "letter"
    key: str  # front matter `key`, else the item's path in the workspace; with a list it names the issue for ever
    items: tuple[NewsItem, ...]
    title: str
    title_proposed: bool
    subject: str
    preheader: str
    preheader_proposed: bool  # True: the lead's first sentence stands in
    intro: Text = ()  # of a digest: a word of the office before the first item
    lang: str
    date: date | None
    template: str  # theme: a folder of templates/
    list_name: str = ""  # where the item names its list
    embargo_until: datetime | None = None  # aware; not to be sent before
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waivers: Mapping[str, str] = field(default_factory=dict)  # {finding id: reason}

    @property
    def dir(self) -> str:
        return "rtl" if self.lang.partition("-")[0] in RIGHT_TO_LEFT else "ltr"

    def variant_choices(self) -> tuple[dict[str, str], ...]:
        """Return every combination of variant values, the default one first."""
        names = list(self.variants)
        return tuple(dict(zip(names, values, strict=True)) for values in product(*self.variants.values()))


def build_issue(items: Sequence[NewsItem], *, options: ContentOptions, settings: Settings, key: str) -> Issue:
    """Make an issue of one item (several become a digest in a later release).

    `key` names it unless front matter does. Raises InputError for wrong front matter, UsageError for wrong options.
    """
    if len(items) != 1:
        raise UsageError("a digest of several items is not built yet", fix="give one item")
    item = items[0]
    _refuse_local_images(item)
    if options.title:
        item = replace(item, title=options.title, title_proposed=False)
    preheader = options.preheader or _word(item, "preheader")
    return Issue(
        key=_word(item, "key") or key,
        items=(item,),
        title=item.title,
        title_proposed=item.title_proposed,
        subject=options.subject or _word(item, "subject") or item.title,
        preheader=preheader or _first_sentence(plain(item.lead)),
        preheader_proposed=not preheader,
        lang=options.lang or item.lang or settings.office.lang,
        date=_date(options.date) if options.date else item.date,
        template=_template(options.template or _word(item, "template") or "press", item),
        list_name=_word(item, "list"),
        embargo_until=_embargo(item, settings.office.timezone),
        variants=_variants(item, settings),
        waivers=_waivers(item),
    )


def _refuse_local_images(item: NewsItem) -> None:
    """A reader's mail program cannot fetch a file of this machine, and no mail carries pictures inside (compile.md)."""
    for block in item.blocks:
        if isinstance(block, Image) and not block.src.startswith("https://"):
            raise InputError(
                f"the picture {block.src} lies on this machine, where no reader can fetch it",
                path=block.origin.path,
                line=block.origin.line,
                fix="put it on your web site and write its https address",
            )


def _word(item: NewsItem, name: str) -> str:
    value = item.front.get(name, "")
    if isinstance(value, list | dict):
        raise _wrong(item, name, f'must be one line of text, such as {name}: "…"')
    return " ".join(str(value).split()) if value is not None else ""


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date {text[:40]} is no date", fix="write year, month, day, as in 2026-11-23") from error


def _embargo(item: NewsItem, timezone: str) -> datetime | None:
    """Return the moment as an aware time in the office's zone; a date alone is its midnight there."""
    text = _word(item, "embargo_until")
    if not text:
        return None
    zone = ZoneInfo(timezone)
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)
        at.astimezone(UTC)  # the years 1 and 9999 have moments that no zone but their own can say
    except (ValueError, OverflowError) as error:
        example = "must be a moment such as 2024-05-14T10:00+03:00"
        raise _wrong(item, "embargo_until", f"{example}, not {text!r}") from error
    return at


def _template(name: str, item: NewsItem) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise _wrong(item, "template", f"names a theme, a folder of templates/; {name[:40]!r} is no such name")
    return name


def _variants(item: NewsItem, settings: Settings) -> dict[str, tuple[str, ...]]:
    raw = item.front.get("variants") or {}
    example = "must look like variants: {language: [ru, en]}"
    if not isinstance(raw, dict):
        raise _wrong(item, "variants", example)
    found: dict[str, tuple[str, ...]] = {}
    combinations = 1
    known = ("email", "name", *settings.subscriber.fields)
    for name, values in raw.items():
        if name not in known:  # a misspelled field would give everybody the first value, in silence
            raise _wrong(
                item, "variants", f"name the subscriber field {name!r}, which [subscriber.fields] does not have"
            )
        if not isinstance(values, list) or not values:
            raise _wrong(item, "variants", example)
        words = tuple(str(value) for value in values)
        if len(set(words)) != len(words) or any(re.search(r"[,=\x00-\x1f]", word) for word in words):
            raise _wrong(item, "variants", "values must differ and hold no comma or equals sign")
        found[str(name)] = words
        combinations *= len(words)
    if combinations > MAX_VARIANTS:
        raise _wrong(item, "variants", f"make {combinations} mails, at most {MAX_VARIANTS} are allowed")
    return found


def _waivers(item: NewsItem) -> dict[str, str]:
    raw = item.front.get("waive") or {}
    if not isinstance(raw, dict):
        raise _wrong(item, "waive", 'must look like waive: {no-date: "an evergreen"}')
    return {str(name): str(reason or "") for name, reason in raw.items()}


def _first_sentence(text: str) -> str:
    """Cut the first sentence of a lead to what an inbox list shows, at a word's end."""
    sentence = re.split(r"(?<=[.!?…])\s+(?=[А-ЯЁA-Z«])", text.strip(), maxsplit=1)[0]
    if len(sentence) <= MAX_PREHEADER:
        return sentence
    return sentence[: MAX_PREHEADER - 1].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"


def _wrong(item: NewsItem, name: str, what: str) -> InputError:
    line = item.front_lines.get(name, 1)
    return InputError(f"'{name}' {what}", path=item.origin.path, line=line, fix="mend the front matter")
