"""Which features of HTML and CSS a page uses, one by one with element, value and line, as Can I email counts them.

Read tag by tag and not as a tree: what Outlook alone sees (`outlook_view.py`) opens tables that others close.
Picture formats have checks of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from newsletter.check import css_features
from newsletter.check.caniemail import features
from newsletter.check.markup import Token, read_tokens
from newsletter.check.stylesheet import Declaration, Sheet, read_declarations, read_sheets

# Selectors that reach one program on purpose: the others are not meant to read them.
_FOR_ONE_PROGRAM = re.compile(
    r"\[data-ogs[bc]\]|\.moz-text-html|#outlook|\.ExternalClass|#MessageViewBody|\[owa\]|x-apple-data-detectors|\bu\s*\+"
)
_SEMANTIC = """article aside details figcaption figure footer header main mark nav section summary time"""
_ELEMENTS: Mapping[str, str] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "dl"), "html-lists"),
    **dict.fromkeys(_SEMANTIC.split(), "html-semantics"),
    "map": "html-image-maps",
    "svg": "html-svg",
    "address": "html-address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a feature."""

    slug: str
    line: int
    tag: str = ""  # lower case; "" in a style element
    name: str = ""  # of the property or attribute
    value: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)  # of the element
    gates: tuple[str, ...] = ()  # features that a program must know to come this far: css-at-media


def uses_of(html: str) -> Iterator[Use]:
    """Yield the features that a page uses, in no promised order. Never raises."""
    for sheet in read_sheets(html):
        yield from _of_sheet(sheet)
    if re.match(r"\s*<!doctype html>", html, re.IGNORECASE):
        yield Use(slug="html-doctype", line=1)
    yield from _of_tags(html)


def _of_sheet(sheet: Sheet) -> Iterator[Use]:
    if "/*" in sheet.css:
        yield Use(slug="css-comments", line=sheet.line)
    for at_rule in sheet.at_rules:
        gates = _gates(at_rule.media)
        for slug in css_features.of_at_rule(at_rule):
            yield Use(slug=slug, line=at_rule.line, name=f"@{at_rule.name}", value=at_rule.prelude, gates=gates)
    for rule in sheet.rules:
        if _FOR_ONE_PROGRAM.search(rule.selectors):
            continue
        gates = _gates(rule.media)
        if rule.nested:
            yield Use(slug="css-nesting", line=rule.line, name=rule.selectors, gates=gates)
        for slug in css_features.of_selectors(rule.selectors, inlined=not rule.media):
            yield Use(slug=slug, line=rule.line, name=rule.selectors, gates=gates)
        for declaration in rule.declarations:
            yield from _of_declaration(declaration, declaration.line, gates=gates)


def _gates(media: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(slug for condition in media for slug in css_features.of_condition(condition)))


def _of_declaration(
    declaration: Declaration,
    line: int,
    *,
    tag: str = "",
    attributes: Mapping[str, str] | None = None,
    gates: tuple[str, ...] = (),
) -> Iterator[Use]:
    for slug in css_features.of_declaration(declaration):
        yield Use(
            slug=slug, line=line, tag=tag, name=declaration.name, value=declaration.value, attributes=attributes or {},
            gates=gates,
        )  # fmt: skip


def _of_tags(html: str) -> Iterator[Use]:
    raw_until = 0  # where the style or script ends in which nothing is a tag
    for token in read_tokens(html):
        if token.kind != "open" or token.start < raw_until:
            continue
        yield from _of_tag(token)
        if token.name.lower() in ("style", "script", "title"):
            end = re.compile(rf"</{token.name}", re.IGNORECASE).search(html, token.end)
            raw_until = end.start() if end else len(html)


def _of_tag(token: Token) -> Iterator[Use]:
    tag = token.name.lower()
    attributes = {one.name.lower(): one.value for one in reversed(token.attributes)}
    for slug in _slugs_of_tag(tag, attributes):
        yield Use(slug=slug, line=token.line, tag=tag, attributes=attributes)
    for name, value in attributes.items():
        if slug := _attributes().get(name, ""):
            yield Use(slug=slug, line=token.line, tag=tag, name=name, value=value, attributes=attributes)
    for declaration in read_declarations(attributes.get("style", "")):
        yield from _of_declaration(declaration, token.line, tag=tag, attributes=attributes)


def _slugs_of_tag(tag: str, attributes: Mapping[str, str]) -> Iterator[str]:
    kind = attributes.get("type", "").lower()
    slugs = [_ELEMENTS.get(tag, f"html-{tag}")]
    if tag in ("input", "button"):
        slugs = [f"html-{tag}-{kind or 'text'}"]
    if tag == "meta" and attributes.get("name", "").lower() == "color-scheme":
        slugs.append("html-meta-color-scheme")
    href = attributes.get("href", "").strip().lower()
    if tag == "a" and href.startswith("#"):
        slugs.append("html-anchor-links")
    if tag == "a" and href.startswith("mailto:"):
        slugs.append("html-mailto-links")
    yield from (slug for slug in slugs if slug in features() and slug not in _attributes().values())


@cache
def _attributes() -> Mapping[str, str]:
    """Return the attributes that are features of their own, with their slugs."""
    named = {
        feature.title.removesuffix(" attribute"): slug
        for slug, feature in features().items()
        if re.fullmatch(r"[a-z-]+ attribute", feature.title)
    }
    return named | {"srcset": "html-srcset", "sizes": "html-srcset", "inert": "css-inert-attribute"}
