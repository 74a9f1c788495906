"""What is mailed: one or more items with subject, preheader, date and template.

Options of the command line override `issue.toml`, that overrides a letter's front matter, and that what was found.
Of an item in a digest only what concerns the item counts, and its embargo. Nothing here knows who will get it: the
audience belongs to `store/issues.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import product
from typing import Literal
from zoneinfo import ZoneInfo

from newsletter.content.item import Image, NewsItem, Origin, Text, plain
from newsletter.content.polish import Mend, mends_of, polish_header, polish_item, polish_text, polish_words, word_mends
from newsletter.errors import InputError, UsageError
from newsletter.issue_file import Written, first_with, front_of
from newsletter.language.digest import digest_preheader, digest_title
from newsletter.settings import Settings, Typography

MAX_VARIANTS = 12  # every one is compiled, checked and approved, whatever the audience
MAX_PREHEADER = 130  # characters; inbox lists show 40 to 130
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentOptions:
    """CONTENT of the command line; empty means "as the item or issue.toml says"."""

    title: str = ""
    subject: str = ""
    preheader: str = ""
    lang: str = ""
    date: str = ""  # ISO, "2026-11-23"
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    kind: Literal["letter", "digest"] = "letter"
    key: str  # `key` as written, else the path in the workspace; with a list it names the issue for ever
    items: tuple[NewsItem, ...]
    title: str
    title_proposed: bool
    subject: str
    preheader: str
    preheader_proposed: bool  # True: the lead's first sentence, or a digest's titles, stand in
    intro: Text = ()  # of a digest: a word of the office before the first item
    lang: str
    date: date | None
    template: str  # theme: a folder of templates/
    authors: tuple[str, ...] = ()  # as issue.toml and every item write them
    list_name: str = ""  # where the item or issue.toml names its list
    embargo_until: datetime | None = None  # aware; not to be sent before
    embargo_origin: Origin | None = None  # where that is written
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waivers: Mapping[str, str] = field(default_factory=dict)  # {finding id: reason}, of the issue as a whole
    origins: Mapping[str, Origin] = field(default_factory=dict)  # where each word about the issue as a whole stands
    mends: tuple[Mend, ...] = ()  # what typography changed, or would change, to the eye

    @property
    def dir(self) -> str:
        return "rtl" if self.lang.partition("-")[0] in RIGHT_TO_LEFT else "ltr"

    def variant_choices(self) -> tuple[dict[str, str], ...]:
        """Return every combination of variant values, the default one first."""
        names = list(self.variants)
        return tuple(dict(zip(names, values, strict=True)) for values in product(*self.variants.values()))


def build_issue(
    items: Sequence[NewsItem],
    *,
    options: ContentOptions,
    settings: Settings,
    key: str,
    written: Written | None = None,
) -> Issue:
    """Make an issue: a letter of one item, a digest of several, or of one with an introduction.

    `written` is the folder's `issue.toml`; `key` names the issue unless that or a letter's front matter does. Raises
    InputError for what is written wrongly, UsageError for wrong options.
    """
    if not items:
        raise UsageError("there is nothing to mail", fix="name a news item")
    for item in items:
        _refuse_local_images(item)
    intro = written.intro if written else ()
    is_digest = len(items) > 1 or bool(intro)
    said = _said(items, written, is_digest=is_digest)
    lang = options.lang or said.word("lang") or _common_lang(items) or settings.office.lang
    title = options.title or said.word("title")
    if title and not is_digest:
        items = [replace(items[0], title=title, title_proposed=False)]
    shown = title or (_digest_title(items, settings, lang) if is_digest else items[0].title)
    subject = options.subject or said.word("subject") or shown
    preheader = options.preheader or said.word("preheader")
    embargo_until, embargo_origin = _embargo(said, items, settings.office.timezone)
    issue = Issue(
        kind="digest" if is_digest else "letter",
        key=said.word("key") or key,
        items=tuple(items),
        title=shown,
        title_proposed=not title if is_digest else items[0].title_proposed,
        subject=subject,
        preheader=preheader or (_titles(items, subject, lang) if is_digest else _first_sentence(plain(items[0].lead))),
        preheader_proposed=not preheader,
        intro=intro,
        lang=lang,
        date=_date(options.date) if options.date else said.day() or _latest(items),
        template=_template(options.template or said.word("template") or "press", said),
        authors=_authors(said, items),
        list_name=said.word("list"),
        embargo_until=embargo_until,
        embargo_origin=embargo_origin,
        variants=_variants(said, settings),
        waivers=_waivers(said),
        origins={name: one.origin(name) for one in reversed(said.written) for name in one.values},
    )
    return _polished(issue, settings.typography)


def _said(items: Sequence[NewsItem], written: Written | None, *, is_digest: bool) -> Said:
    """Of a digest only `issue.toml` speaks: an item's front matter is about a letter of that item alone."""
    own = (written,) if written else ()
    return Said(own if is_digest else (*own, front_of(items[0])))


def _polished(issue: Issue, rules: Typography) -> Issue:
    """Return the issue with every word as set: last of all, since rules that look for facts read what was written."""
    lang = issue.lang if issue.kind == "letter" else ""  # --lang says what a letter is written in
    mends = [mend for item in issue.items for mend in mends_of(item, rules, lang=lang)]
    if issue.kind == "letter":
        lines, path = issue.items[0].front_lines, issue.items[0].origin.path
        for key, words in (("subject", issue.subject), ("preheader", issue.preheader)):
            if key in lines:
                mends += word_mends(words, issue.lang, rules, Origin(path=path, line=lines[key]))
    return replace(
        issue,
        items=tuple(polish_item(item, rules, lang=lang) for item in issue.items),
        title=polish_words(issue.title, issue.lang, rules),
        subject=polish_header(issue.subject, issue.lang, rules),
        preheader=polish_words(issue.preheader, issue.lang, rules),
        intro=polish_text(issue.intro, issue.lang, rules),
        mends=tuple(mends),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What was written about the issue, the first that speaks winning: `issue.toml`, then a letter's front matter."""

    written: tuple[Written, ...]

    def value(self, name: str) -> object:
        found = first_with(self.written, name)
        return found.values[name] if found else ""

    def word(self, name: str) -> str:
        value = self.value(name)
        if isinstance(value, list | dict):
            raise self.wrong(name, f'must be one line of text, such as {name}: "…"')
        return " ".join(str(value).split())

    def day(self) -> date | None:
        value = self.value("date")
        return value if isinstance(value, date) else None

    def wrong(self, name: str, what: str) -> InputError:
        found = first_with(self.written, name) or next(iter(self.written), None)
        return found.wrong(name, what) if found else InputError(f"'{name}' {what}", fix="correct it")


def _refuse_local_images(item: NewsItem) -> None:
    """A reader's mail program cannot fetch a file of this machine, and no mail carries pictures inside (compile.md)."""
    for block in item.blocks:
        if isinstance(block, Image) and not block.src.startswith("https://"):
            raise InputError(
                f"the picture {block.src} lies on this machine, where no reader can fetch it",
                path=block.origin.path,
                line=block.origin.line,
                fix="set assets_url in newsletter.toml to have it published, or write the https address of a picture",
            )


def _common_lang(items: Sequence[NewsItem]) -> str:
    """Return the language of all items; a digest of several languages speaks the office's."""
    languages = {item.lang for item in items}
    return languages.pop() if len(languages) == 1 else ""


def _latest(items: Sequence[NewsItem]) -> date | None:
    return max((item.date for item in items if item.date), default=None)


def _digest_title(items: Sequence[NewsItem], settings: Settings, lang: str) -> str:
    days = [item.date for item in items if item.date]
    return digest_title(settings.brand.name or settings.office.name, days, items[0].title, lang)


def _titles(items: Sequence[NewsItem], subject: str, lang: str) -> str:
    """Propose a preheader that adds to the subject: the titles that it does not name."""
    titles = [item.title for item in items if item.title not in subject] or [item.title for item in items]
    return _cut(digest_preheader(titles, is_rest=len(titles) < len(items), lang=lang))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date {text[:40]} is no date", fix="write year, month, day, as in 2026-11-23") from error


def _embargo(said: Said, items: Sequence[NewsItem], timezone: str) -> tuple[datetime | None, Origin | None]:
    """Return the latest embargo and where it is written: an issue may go when each of its parts may."""
    written = (*said.written, *map(front_of, items))
    found = [(at, one.origin("embargo_until")) for one in written if (at := _moment(one, timezone)) is not None]
    return max(found, key=lambda entry: entry[0], default=(None, None))


def _authors(said: Said, items: Sequence[NewsItem]) -> tuple[str, ...]:
    """Return who wrote any part of the issue; one line may name several people."""
    written = (*said.written, *map(front_of, items))
    return tuple(dict.fromkeys(name for one in written if (name := Said((one,)).word("author"))))


def _moment(written: Written, timezone: str) -> datetime | None:
    """Return the moment as an aware time in the office's zone; a date alone is its midnight there."""
    text = Said((written,)).word("embargo_until")
    if not text:
        return None
    zone = ZoneInfo(timezone)
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)
        at.astimezone(UTC)  # the years 1 and 9999 have moments that no zone but their own can say
    except (ValueError, OverflowError) as error:
        example = "must be a moment such as 2024-05-14T10:00+03:00"
        raise written.wrong("embargo_until", f"{example}, not {text!r}") from error
    return at


def _template(name: str, said: Said) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise said.wrong("template", f"names a theme, a folder of templates/; {name[:40]!r} is no such name")
    return name


def _variants(said: Said, settings: Settings) -> dict[str, tuple[str, ...]]:
    raw = said.value("variants") or {}
    example = "must look like variants: {language: [ru, en]}"
    if not isinstance(raw, dict):
        raise said.wrong("variants", example)
    found: dict[str, tuple[str, ...]] = {}
    combinations = 1
    known = ("email", "name", *settings.subscriber.fields)
    for name, values in raw.items():
        if name not in known:  # a misspelled field would give everybody the first value, in silence
            raise said.wrong("variants", f"name the subscriber field {name!r}, which [subscriber.fields] does not have")
        if not isinstance(values, list) or not values:
            raise said.wrong("variants", example)
        words = tuple(str(value) for value in values)
        if len(set(words)) != len(words) or any(re.search(r"[,=\x00-\x1f]", word) for word in words):
            raise said.wrong("variants", "values must differ and hold no comma or equals sign")
        found[str(name)] = words
        combinations *= len(words)
    if combinations > MAX_VARIANTS:
        raise said.wrong("variants", f"make {combinations} mails, at most {MAX_VARIANTS} are allowed")
    return found


def _waivers(said: Said) -> dict[str, str]:
    """Return all waivers; where two give a reason for one finding, the issue's own counts."""
    found: dict[str, str] = {}
    for written in reversed(said.written):
        raw = written.values.get("waive") or {}
        if not isinstance(raw, dict):
            raise written.wrong("waive", 'must look like waive: {no_date: "an evergreen"}')
        found |= {str(name): str(reason or "") for name, reason in raw.items()}
    return found


def _first_sentence(text: str) -> str:
    """Cut the first sentence of a lead to what an inbox list shows, at a word's end."""
    return _cut(re.split(r"(?<=[.!?…])\s+(?=[А-ЯЁA-Z«])", text.strip(), maxsplit=1)[0])


def _cut(line: str) -> str:
    if len(line) <= MAX_PREHEADER:
        return line
    return line[: MAX_PREHEADER - 1].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"
