"""Issue → CompiledIssue: the dear work, done once per issue and variant, and pure.

It reads templates and settings; never the clock, the store, the audience, the network or a random source. The
steps, in order: templates → MJML → HTML → inlined CSS → slots with contexts → shape proven; text and subject beside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from newsletter import __version__
from newsletter.address import parse_mailbox
from newsletter.errors import TemplateError
from newsletter.issue import Issue
from newsletter.language import recogniser
from newsletter.render.blocks import BlockRange, take_marks
from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, Part, SlotUse, Step, variant_key
from newsletter.render.context import MisplacedSlotError, split_html, split_text
from newsletter.render.hostile import assert_shape_holds
from newsletter.render.inline import inline_css
from newsletter.render.mjml import Locate, to_html
from newsletter.render.plaintext import Notes, finish
from newsletter.render.slots import Namespace, Tokens, find_nonce
from newsletter.render.template import LINKS, SUBSCRIBER_BUILT_INS, TemplateSet, split_markers
from newsletter.render.view import issue_view
from newsletter.settings import Settings

LETTER = "letter.mjml"  # every theme has it; {kind}.mjml and {kind}.txt make an issue of that kind
SUBJECT = "subject.txt"  # optional: without it the subject is the issue's


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """A compiled issue, and beside it what checks and the preview look at. Keys as `CompiledIssue.variants`."""

    compiled: CompiledIssue
    mjml: Mapping[str, str]  # after Jinja: what the MJML library was given
    blocks: Mapping[str, tuple[BlockRange, ...]]
    templates: Mapping[str, str]  # name → source, as read


def compile_issue(
    issue: Issue,
    *,
    settings: Settings,
    template_dirs: Sequence[Path],
    inputs: Mapping[str, str] | None = None,
    pictures: Mapping[str, str] | None = None,
) -> Compilation:
    """Compile every variant of `issue`. Raises TemplateError, CompileError or ConfigError.

    `inputs` and `pictures` go into the manifest: the SHA-256 of each file read, and of what is published for each
    picture of this machine, by their shown paths.
    """
    tokens = Tokens(nonce=find_nonce([repr(issue), repr(settings.office), repr(settings.brand)]))
    templates = TemplateSet(template_dirs, tokens)
    if not templates.has(f"{issue.template}/{LETTER}"):
        themes = sorted({found.parent.name for folder in template_dirs for found in folder.glob(f"*/{LETTER}")})
        raise TemplateError(
            f"there is no theme {issue.template!r}: templates/{issue.template}/{LETTER} is missing",
            fix=f"use one of: {', '.join(themes)}" if themes else "see templates/README.md",
        )
    if not templates.has(f"{issue.template}/{issue.kind}.mjml"):
        raise TemplateError(
            f"theme {issue.template!r} has no {issue.kind}: templates/{issue.template}/{issue.kind}.mjml is missing",
            fix="write it (templates/README.md), or name another theme with --template",
        )
    variants: dict[str, CompiledVariant] = {}
    mjml: dict[str, str] = {}
    blocks: dict[str, tuple[BlockRange, ...]] = {}
    subjects: list[Part] = []
    for choice in issue.variant_choices():
        key = variant_key(choice)
        context = _context(issue, settings, choice, tokens)
        html, mjml[key], blocks[key] = _html(issue, context, templates, tokens, settings)
        variants[key] = CompiledVariant(html=html, text=_text(issue, context, templates, tokens, settings))
        subjects.append(_subject(issue, context, templates, tokens, settings))
    if len(set(subjects)) > 1:
        raise TemplateError(
            "the subject differs between variants", path=f"templates/{issue.template}/{SUBJECT}", fix="use one subject"
        )
    compiled = CompiledIssue(
        lang=issue.lang,
        title=issue.title,
        preheader=issue.preheader,
        subject=subjects[0],
        headers=_headers(settings),
        variant_fields=dict(issue.variants),
        variants=variants,
        manifest={
            **templates.manifest(),
            **settings_manifest(settings),
            **_content_manifest(issue, inputs or {}, pictures or {}),
            **versions("pillow" if pictures else ""),
        },
    )
    return Compilation(compiled=compiled, mjml=mjml, blocks=blocks, templates=dict(templates.read))


def _context(issue: Issue, settings: Settings, choice: Mapping[str, str], tokens: Tokens) -> dict[str, object]:
    """Everything a template can name; `template.VARIABLES` lists it."""
    view = issue_view(issue, _mark_word(tokens))
    links = tuple(name for name in LINKS if name != "view" or settings.archive_url)
    return {
        "issue": view,
        "item": view.items[0],
        "office": settings.office,
        "brand": settings.brand,
        "variant": dict(choice),
        "archive": bool(settings.archive_url),
        "subscriber": Namespace("subscriber", (*SUBSCRIBER_BUILT_INS, *settings.subscriber.fields)),
        "links": Namespace("links", links),
        "notes": Notes(),
    }


def _html(
    issue: Issue, context: Mapping[str, object], templates: TemplateSet, tokens: Tokens, settings: Settings
) -> tuple[Part, str, tuple[BlockRange, ...]]:
    name = f"{issue.template}/{issue.kind}.mjml"
    shown = f"templates/{name}"
    tokens.printed.clear()
    source = templates.render(name, context, escaped=True)
    printed = sorted(tokens.printed)
    locate = _locator(templates, name, context)
    raw = to_html(source, folders=templates.folders, locate=locate)
    html = inline_css(raw, path=shown)
    before, after = tokens.count(raw), tokens.count(html)
    for token in printed:
        if not before.get(token) or before[token] != after.get(token):
            found, line = _token_place(token, source, shown, locate)
            raise TemplateError(
                f"{tokens.kind(token).name} is printed where MJML or the inliner drops it",
                path=found,
                line=line,
                fix="print it inside mj-text, mj-button, mj-table or mj-raw, or in a href",
            )
    try:
        pieces = split_html(html, tokens, shown)
    except MisplacedSlotError as error:
        found, line = _token_place(error.token, source, shown, locate)
        raise TemplateError(error.message, path=found, line=line, fix=error.fix) from error
    part, ranges = take_marks(pieces, _mark_word(tokens), [item.blocks for item in issue.items])
    part = _with_defaults(part, settings)
    assert_shape_holds(part, shown)
    return part, source, ranges


def _text(
    issue: Issue, context: Mapping[str, object], templates: TemplateSet, tokens: Tokens, settings: Settings
) -> Part:
    name = f"{issue.template}/{issue.kind}.txt"
    text = finish(templates.render(name, context, escaped=False), tokens)
    return _with_defaults(split_text(text, tokens, f"templates/{name}"), settings)


def _subject(
    issue: Issue, context: Mapping[str, object], templates: TemplateSet, tokens: Tokens, settings: Settings
) -> Part:
    name = f"{issue.template}/{SUBJECT}"
    if not templates.has(name):
        return (issue.subject,)
    words = " ".join(templates.render(name, context, escaped=False).split())
    return _with_defaults(split_text(words, tokens, f"templates/{name}", "header"), settings)


def _mark_word(tokens: Tokens) -> str:
    return tokens.nonce[::-1]  # differs from the slots' word, so that a mark is never taken for a cut token


def _locator(templates: TemplateSet, name: str, context: Mapping[str, object]) -> Locate:
    """Map offsets of the rendered MJML to template lines, by a second render with markers, made only on an error."""
    places: list[tuple[int, str, int]] = []

    def locate(offset: int) -> tuple[str, int]:
        if not places:
            places.extend(split_markers(templates.render(name, context, escaped=True, marked=True))[1])
        found = (f"templates/{name}", 1)
        for start, template, line in places:
            if start > offset:
                break
            found = (f"templates/{template}", line)
        return found

    return locate


def _token_place(token: str, source: str, shown: str, locate: Locate) -> tuple[str, int]:
    """Return template and line of a token; only the template where it stands several times and may be any of them."""
    first = source.find(token)
    if first < 0 or source.find(token, first + 1) >= 0:
        return shown, 0
    return locate(first)


def _with_defaults(part: Part, settings: Settings) -> Part:
    """Put the default of `[subscriber.fields]` before a slot's own filters; an empty one is none."""
    return tuple(piece if isinstance(piece, str) else _defaulted(piece, settings) for piece in part)


def _defaulted(slot: SlotUse, settings: Settings) -> SlotUse:
    declared = settings.subscriber.fields.get(slot.field.removeprefix("subscriber."))
    if not slot.field.startswith("subscriber.") or declared is None or not declared.default:
        return slot
    first = Step(name="default", args=(declared.default,))
    return SlotUse(field=slot.field, context=slot.context, steps=(first, *slot.steps))


def _headers(settings: Settings) -> MailHeaders:
    name, sender = parse_mailbox(settings.sender.from_)
    domain = sender.mailbox.rpartition("@")[2]
    return MailHeaders(
        from_name=name or settings.office.name,
        from_mailbox=sender.mailbox,
        reply_to=_mailbox(settings.sender.reply_to),
        return_path=_mailbox(settings.sender.return_path) or sender.mailbox,
        bounce_domain=settings.sender.bounce_domain,
        list_domain=settings.sender.list_domain or domain,
        feedback_id=settings.sender.feedback_id,
        unsubscribe_mailto=_mailbox(settings.sender.unsubscribe_mailto),
        public_url=settings.public_url.rstrip("/"),
        archive_url=settings.archive_url.rstrip("/"),
        office_name=settings.office.name,
    )


def _mailbox(text: str) -> str:
    return parse_mailbox(text)[1].mailbox if text else ""


def settings_manifest(settings: Settings) -> dict[str, str]:
    """The settings that decide bytes, each by its own name, so that a refusal can say which one changed."""
    used: Iterator[tuple[str, object]] = (
        (f"setting:{section}.{key.removesuffix('_')}", value)
        for section in ("office", "brand", "sender", "typography")
        for key, value in asdict(getattr(settings, section)).items()
    )
    found = {name: str(value) for name, value in used}
    found |= {f"setting:subscriber.fields.{n}": str(f.default) for n, f in settings.subscriber.fields.items()}
    return found | {f"setting:{name}": getattr(settings, name) for name in ("public_url", "archive_url", "assets_url")}


def _content_manifest(issue: Issue, inputs: Mapping[str, str], pictures: Mapping[str, str]) -> dict[str, str]:
    facts = json.dumps(
        {
            "subject": issue.subject,
            "preheader": issue.preheader,
            "title": issue.title,
            "date": str(issue.date),
            "order": [item.origin.path for item in issue.items],
        }
    )
    found = {f"item:{path}": digest for path, digest in inputs.items()}
    found |= {f"picture:{src}": digest for src, digest in pictures.items()}
    return found | {"issue": hashlib.sha256(facts.encode()).hexdigest()}


@lru_cache(maxsize=2)  # of what this process has loaded: a new one comes with the next process
def versions(more: str) -> Mapping[str, str]:
    names = ("jinja2", "mjml-python", "premailer", "cssutils", "lxml", more)
    found = {f"library:{name}": version(name) for name in names if name}
    found |= {f"library:{name}": installed for name, installed in recogniser.versions().items()}
    return found | {"newsletter": __version__}
