"""One page to mail to the boss: the mail as it will be read, what is known of it, and how it stands with reviewers.

It needs no server, runs nothing and fetches nothing: the mail stands three times in frames without any right
(`sandbox=""`), own pictures are inside, other people's are empty frames with their words. No reader's address and no
token that means anybody is in it: links that are personal end in "example".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header

from newsletter.check import Report
from newsletter.check.finding import SEVERITIES, Finding
from newsletter.content.item import NewsItem, plain
from newsletter.content.picture import FOLDER, Picture
from newsletter.decision import Decision
from newsletter.render.child import CompileResult
from newsletter.render.compiled import fill
from newsletter.review.standing import Standing
from newsletter.settings import Settings
from newsletter.specimen import Specimen
from newsletter.translation import catalogue, finding_name, sentence, severity_name
from newsletter.web.frame import without_links
from newsletter.web.languages import Language
from newsletter.web.moments import shown_moment
from newsletter.web.pages import HERE, render

MARK = "<!doctype html>\n<!-- newsletter preview --export -->"  # what every such page begins with
PHONE, DESKTOP = 360, 600
HEADERS = ("From", "Reply-To", "To", "Subject", "Date", "List-ID")  # the others are tokens, or for machines
# A frame cannot grow with its mail where nothing runs: pixels per letter of the text part, measured on the samples.
_GROWTH = {PHONE: 1.13, DESKTOP: 0.88}
_ROOM = 80  # pixels more, so that a guess seldom makes a frame scroll
_TALLEST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """All that the page tells of."""

    result: CompileResult
    settings: Settings
    specimen: Specimen
    report: Report
    standing: Standing
    now: datetime  # aware, in the office's zone
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One look at the mail."""

    kind: str  # "desktop", "phone", "dark": the key of its words
    width: int
    height: int  # a guess
    narrow: int  # the same, where the page itself is read on a phone
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    severity: str  # in words
    kind: str
    name: str
    message: str
    fix: str
    where: str
    waived: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Words of somebody, as the loader understood them."""

    speaker: str
    role: str
    text: str
    is_guess: bool


def export_page(what: Exported) -> str:
    """Return the whole page."""
    result, issue = what.result, what.result.issue
    compiled = result.compilation.compiled
    values = _harmless(what.specimen.values)
    until = issue.embargo_until if issue.embargo_until and issue.embargo_until > what.now else None
    page = render(
        "export.html",
        what.language,
        css=(HERE / "static" / "export.css").read_text(encoding="utf-8"),
        issue=issue,
        subject=what.specimen.subject,
        made=_moment(what, what.now),
        embargo=_moment(what, until) if until else "",
        digest=compiled.digest,
        frames=_frames(what, values),
        text=fill(compiled.variants[what.specimen.variant].text, values),
        headers=_headers(what.specimen),
        size=len(what.specimen.message.data),
        groups=_told(what),
        standing=what.standing,
        approvals=[(one.who, _moment(what, one.at), one.note) for one in what.standing.approvals],
        rejection=_decided(what, what.standing.rejection),
        items=[(item, _voices(item)) for item in issue.items],
        notes=[sentence(catalogue(what.language).translate(note)) for note in result.notes],
    )
    return page.replace("<!doctype html>", MARK, 1)


def _moment(what: Exported, at: datetime) -> str:
    return shown_moment(at, what.now.tzinfo, what.language)


def _harmless(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a mail without what means a person: a token, even of a trial, stays in the office."""
    return {
        name: f"{value.rpartition('/')[0]}/example" if name.startswith("links.") else value
        for name, value in values.items()
    }


# The mail in its frames


def _frames(what: Exported, values: Mapping[str, str]) -> tuple[Frame, ...]:
    part = what.result.compilation.compiled.variants[what.specimen.variant].html
    html = without_loads(_with_own_pictures(fill(part, values), what))
    letters = len(what.specimen.text)
    pictures = what.result.pictures

    def height(width: int) -> int:
        seen = sum(one.height * min(1.0, width / max(one.width, 1)) for one in pictures)
        return min(int(letters * _GROWTH[width] + seen) + _ROOM, _TALLEST)

    def frame(kind: str, width: int, *, is_dark: bool) -> Frame:
        document = in_scheme(html, is_dark=is_dark)
        return Frame(kind=kind, width=width, height=height(width), narrow=height(PHONE), document=document)

    return (
        frame("desktop", DESKTOP, is_dark=False),
        frame("phone", PHONE, is_dark=False),
        frame("dark", DESKTOP, is_dark=True),
    )


def _with_own_pictures(html: str, what: Exported) -> str:
    base = f"{what.settings.assets_url.rstrip('/')}/{FOLDER}"
    for one in what.result.pictures:
        html = html.replace(f"{base}/{one.name}", _data_url(one))
    return html


def _data_url(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode('ascii')}"


_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"\s(?:src|srcset)\s*=\s*(?!([\"']?)data:image/(?:png|jpeg);)(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.I)
_EMPTY_PICTURES = (
    "<style>img:not([src]){display:inline-block!important;min-width:60px;min-height:24px;padding:8px;"
    "border:1px dashed #888;font:13px/18px sans-serif;color:#666}</style>"
)


def without_loads(html: str) -> str:
    """Return a mail whose pictures of other hosts are empty frames, which show their words."""
    stripped = _IMG.sub(lambda found: _SOURCE.sub("", found[0]), without_links(html))
    return _into_head(stripped, _EMPTY_PICTURES)


_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)


def in_scheme(html: str, *, is_dark: bool) -> str:
    """Return the mail as a program shows it that honours one scheme, whatever the reader's own browser is set to."""
    wanted = "dark" if is_dark else "light"
    flat = _SCHEME.sub(lambda found: "(min-width:0px)" if found[1].lower() == wanted else "(max-width:0px)", html)
    return _into_head(flat, f"<style>:root{{color-scheme:{wanted}!important}}</style>")


def _into_head(html: str, what: str) -> str:
    return re.sub(r"</head\s*>", lambda found: what + found[0], html, count=1, flags=re.IGNORECASE)


# What is told beside it


def _headers(specimen: Specimen) -> list[tuple[str, str]]:
    # Not policy.default: in addresses it leaves a blank between two encoded words (RFC 2047 section 6.2).
    message = message_from_bytes(specimen.message.data, policy=policy.compat32)
    found = ((name, message[name]) for name in HEADERS)
    return [(name, str(make_header(decode_header(value)))) for name, value in found if value]


def _told(what: Exported) -> list[tuple[str, Sequence[Told]]]:
    groups: list[tuple[str, Sequence[Told]]] = []
    for severity in SEVERITIES:
        found = [_one(what, one) for one in what.report.findings if one.severity == severity]
        if found:
            groups.append((severity, found))
    return groups


def _one(what: Exported, finding: Finding) -> Told:
    say = catalogue(what.language).translate
    where = f"{finding.file}:{finding.line}" if finding.file and finding.line else finding.file
    return Told(
        severity=severity_name(finding.severity, what.language),
        kind=finding.severity,
        name=finding_name(finding.id, what.language),
        message=sentence(say(finding.message)),
        fix=sentence(say(finding.fix)),
        where=where,
        waived=finding.waived,
    )


def _decided(what: Exported, decision: Decision | None) -> tuple[str, str, str] | None:
    return (decision.who, _moment(what, decision.at), decision.note) if decision else None


def _voices(item: NewsItem) -> list[Voice]:
    return list(_each_voice(item))


def _each_voice(item: NewsItem) -> Iterator[Voice]:
    for quote in (*item.quotes, *item.spoken):
        text = plain(quote.text)
        shown = text if len(text) <= 120 else f"{text[:119].rstrip()}…"
        yield Voice(speaker=quote.speaker, role=quote.role, text=shown, is_guess=quote.proposed)
