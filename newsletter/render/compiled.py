"""What an issue is once compiled: finished text with slots, for every variant, and the digest that names it.

A compiled issue is frozen with its audience and read again months later, so its written form carries a format
number. Merging it for one person is `message/merge.py`'s work; nothing here knows a subscriber.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from newsletter.errors import StoreError

FORMAT = 1

Context = Literal["text", "attribute", "url", "query", "comment", "plain", "header"]
StepName = Literal["default", "prefix", "suffix", "phrase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One filter of a slot with its literal arguments, applied in order at merge."""

    name: StepName
    args: tuple[str, ...]

    def apply(self, value: str) -> str:
        if self.name == "default":
            return value or self.args[0]
        if self.name == "prefix":
            return self.args[0] + value if value else ""
        if self.name == "suffix":
            return value + self.args[0] if value else ""
        full, empty = self.args
        return full.replace("{}", value) if value else empty


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotUse:
    """A per-person value at one place: which field, in which context, through which filters."""

    field: str  # "subscriber.name", "links.unsubscribe", "issue.recipient_number"
    context: Context
    steps: tuple[Step, ...] = ()

    @property
    def has_fallback(self) -> bool:
        return bool(self.steps) or not self.field.startswith("subscriber.")

    def resolve(self, values: Mapping[str, str]) -> str:
        """Return this person's value, escaped once for the place where it stands.

        Raises KeyError when `values` has no such field: freezing and merging disagree, which is a defect.
        """
        value = values[self.field]
        for step in self.steps:
            value = step.apply(value)
        return escape(value, self.context)


def escape(value: str, context: Context) -> str:
    """Escape a finished value for its context (compile.md, "Slots"); plain text and headers are left as they are.

    An MSO comment ends at `-->`, so there as in an attribute the angle brackets and both quotes must go.
    """
    if context in ("plain", "header"):
        return value
    if context == "query":
        return quote(value, safe="")
    return html.escape(value, quote=True)


Part = tuple[str | SlotUse, ...]


def fill(part: Part, values: Mapping[str, str]) -> str:
    """Return a part as one person reads it: every slot resolved and escaped for its place."""
    return "".join(piece if isinstance(piece, str) else piece.resolve(values) for piece in part)


def slots_of(part: Part) -> Iterator[SlotUse]:
    return (piece for piece in part if isinstance(piece, SlotUse))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledVariant:
    html: Part
    text: Part  # lines end with "\n"; the message layer writes CRLF


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHeaders:
    """What every message of the issue has in common around its subject. Mailboxes carry A-label domains."""

    from_name: str
    from_mailbox: str
    reply_to: str = ""
    return_path: str  # envelope sender without VERP
    bounce_domain: str = ""  # VERP when set
    list_domain: str = ""  # right side of List-ID; the From domain when empty
    feedback_id: str = ""
    unsubscribe_mailto: str
    public_url: str  # without a trailing slash
    archive_url: str = ""  # likewise; base of links.view
    office_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledIssue:
    lang: str
    title: str
    preheader: str
    subject: Part  # slots carry context "header"
    headers: MailHeaders
    variant_fields: Mapping[str, tuple[str, ...]]  # {"language": ("ru", "en")}: the first serves every other value
    variants: Mapping[str, CompiledVariant]  # key as `variant_key` makes it; "" where nothing is declared
    manifest: Mapping[str, str] = field(default_factory=dict)  # what it was made of, for refusals that name a change
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """SHA-256 over a canonical, length-prefixed form of all that decides the bytes (compile.md, "Digest")."""
        sha = hashlib.sha256()
        for text in _canonical(self._decisive()):
            data = text.encode()
            sha.update(len(data).to_bytes(8, "big") + data)
        return sha.hexdigest()

    @property
    def slots(self) -> tuple[SlotUse, ...]:
        """Every slot of every part, subject included."""
        parts = [self.subject]
        for variant in self.variants.values():
            parts += [variant.html, variant.text]
        return tuple(slot for part in parts for slot in slots_of(part))

    @property
    def slot_fields(self) -> tuple[str, ...]:
        """Sorted names of all fields that some part prints."""
        return tuple(sorted({slot.field for slot in self.slots}))

    def variant_key(self, fields: Mapping[str, str]) -> str:
        """Return which variant a person with these subscriber fields gets."""
        return variant_key(
            {
                name: fields[name] if fields.get(name) in values else values[0]
                for name, values in self.variant_fields.items()
            }
        )

    def to_bytes(self) -> bytes:
        return json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> CompiledIssue:
        """Read the written form. Raises StoreError for a format this program does not know."""
        raw = json.loads(data)
        if raw.get("format") != FORMAT:
            raise StoreError(
                f"this issue was frozen in format {raw.get('format')}, this program reads format {FORMAT}",
                fix="use the version of newsletter that froze it, or a newer one",
            )
        return cls(
            lang=raw["lang"],
            title=raw["title"],
            preheader=raw["preheader"],
            subject=_part(raw["subject"]),
            headers=MailHeaders(**raw["headers"]),
            variant_fields={name: tuple(values) for name, values in raw["variant_fields"].items()},
            variants={
                key: CompiledVariant(html=_part(value["html"]), text=_part(value["text"]))
                for key, value in raw["variants"].items()
            },
            manifest=raw["manifest"],
        )

    def _decisive(self) -> dict[str, Any]:
        raw = _plain(self)
        del raw["manifest"]  # says what it was made of, does not decide a byte
        del raw["headers"]["list_domain"]  # of List-ID alone, which commands without a list do not know
        return raw


def variant_key(choice: Mapping[str, str]) -> str:
    """Name a combination of variant values: "language=ru,region=msk", sorted by field; "" for none."""
    return ",".join(f"{name}={value}" for name, value in sorted(choice.items()))


def _plain(compiled: CompiledIssue) -> dict[str, Any]:
    return {
        "format": compiled.format,
        "lang": compiled.lang,
        "title": compiled.title,
        "preheader": compiled.preheader,
        "subject": [_piece(piece) for piece in compiled.subject],
        "headers": asdict(compiled.headers),
        "variant_fields": {name: list(values) for name, values in compiled.variant_fields.items()},
        "variants": {
            key: {"html": [_piece(p) for p in variant.html], "text": [_piece(p) for p in variant.text]}
            for key, variant in compiled.variants.items()
        },
        "manifest": dict(compiled.manifest),
    }


def _piece(piece: str | SlotUse) -> str | dict[str, Any]:
    if isinstance(piece, str):
        return piece
    return {
        "field": piece.field,
        "context": piece.context,
        "steps": [[step.name, list(step.args)] for step in piece.steps],
    }


def _part(raw: list[Any]) -> Part:
    return tuple(
        piece
        if isinstance(piece, str)
        else SlotUse(
            field=piece["field"],
            context=piece["context"],
            steps=tuple(Step(name=name, args=tuple(args)) for name, args in piece["steps"]),
        )
        for piece in raw
    )


def _canonical(value: Any) -> Iterator[str]:
    """Flatten plain values so that no two different structures give the same sequence."""
    if isinstance(value, dict):
        yield f"map:{len(value)}"
        for key in sorted(value):
            yield key
            yield from _canonical(value[key])
    elif isinstance(value, list | tuple):
        yield f"list:{len(value)}"
        for element in value:
            yield from _canonical(element)
    else:
        yield f"{type(value).__name__}:{value}"
