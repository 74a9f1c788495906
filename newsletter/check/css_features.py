"""Which features of CSS a declaration, an at-rule or a selector uses, by the names that Can I email gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from newsletter.check.caniemail import features
from newsletter.check.stylesheet import AtRule, Declaration

# Features of several properties; those of one are known by their title.
_SHARED: Mapping[str, tuple[str, ...]] = {
    "css-block-inline-size": ("block-size",),
    "css-border-inline-block": ("border-inline", "border-block"),
    "css-border-inline-block-individual": (
        "border-block-end", "border-block-start", "border-inline-end", "border-inline-start",
    ),
    "css-border-inline-block-longhand": (
        "border-block-color", "border-block-style", "border-block-width", "border-inline-color",
        "border-inline-style", "border-inline-width",
    ),
    "css-border-radius": (
        "border-top-left-radius", "border-top-right-radius", "border-bottom-left-radius", "border-bottom-right-radius",
    ),
    "css-border-radius-logical": (
        "border-end-end-radius", "border-end-start-radius", "border-start-end-radius", "border-start-start-radius",
    ),
    "css-color-scheme": ("color-scheme",),
    "css-column-layout-properties": (
        "column-fill", "column-rule", "column-rule-color", "column-rule-style", "column-rule-width", "column-span",
        "column-width", "columns",
    ),
    "css-gap": ("gap", "column-gap", "row-gap"),
    "css-grid-template": (
        "grid-template", "grid-template-areas", "grid-template-columns", "grid-template-rows",
    ),
    "css-left-right-top-bottom": ("left", "right", "top", "bottom"),
    "css-margin-block-start-end": ("margin-block-end", "margin-block-start"),
    "css-margin-inline-block": ("margin-block", "margin-inline"),
    "css-margin-inline-start-end": ("margin-inline-end", "margin-inline-start"),
    "css-padding-block-start-end": ("padding-block-end", "padding-block-start"),
    "css-padding-inline-block": ("padding-block", "padding-inline"),
    "css-padding-inline-start-end": ("padding-inline-end", "padding-inline-start"),
}  # fmt: skip
_NO_PROPERTY = frozenset({"css-inert-attribute"})
_FUNCTIONS = {
    "calc": "css-unit-calc", "clamp": "css-function-clamp", "max": "css-function-max", "min": "css-function-min",
    "light-dark": "css-function-light-dark", "rgb": "css-rgb", "rgba": "css-rgba", "lch": "css-modern-color",
    "oklch": "css-modern-color", "lab": "css-modern-color", "oklab": "css-modern-color", "var": "css-variables",
    "linear-gradient": "css-linear-gradient", "radial-gradient": "css-radial-gradient",
    "conic-gradient": "css-conic-gradient",
}  # fmt: skip
_VALUES = {
    ("display", "none"): "css-display-none", ("display", "flex"): "css-display-flex",
    ("display", "inline-flex"): "css-display-flex", ("display", "grid"): "css-display-grid",
    ("display", "inline-grid"): "css-display-grid", ("flex-direction", "column"): "css-flex-direction",
    ("flex-wrap", "wrap"): "css-flex-wrap",
}  # fmt: skip
_UNIT = re.compile(r"(?<![\w#.-])[+-]?\d*\.?\d+(ch|cm|em|ex|in|mm|pc|pt|px|rem|vh|vmax|vmin|vw|%)(?![\w-])")
_UNSPOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|url\([^)]*\)")  # what stands in quotes or an address is no CSS

_SYSTEM_FONT = re.compile(r"\b(?:system-ui|ui-(?:serif|sans-serif|rounded|monospace))\b")

_AT_RULES = {
    "font-face": "css-at-font-face", "import": "css-at-import", "keyframes": "css-at-keyframes",
    "-webkit-keyframes": "css-at-keyframes", "media": "css-at-media", "supports": "css-at-supports",
}  # fmt: skip
_MEDIA = {
    "prefers-color-scheme": "css-at-media-prefers-color-scheme",
    "prefers-reduced-motion": "css-at-media-prefers-reduced-motion",
    "device-pixel-ratio": "css-at-media-device-pixel-ratio",
    "orientation": "css-at-media-orientation",
    "hover": "css-at-media-hover",
}
_PSEUDO_ELEMENTS = frozenset({"after", "before", "first-letter", "first-line", "marker", "placeholder"})
_SELECTORS = {
    "css-selector-attribute": r"\[",
    "css-selector-child": r">",
    "css-selector-adjacent-sibling": r"\+",
    "css-selector-general-sibling": r"~(?!=)",
    "css-selector-universal": r"(?:^|[\s>+~,(])\*",
    "css-selector-class": r"\.[\w-]",
    "css-selector-id": r"#[\w-]",
    "css-selector-chaining": r"[\w-]\.[\w-]",
    "css-selector-descendant": r"[\w\])*]\s+[\w.#\[:*]",
}


@lru_cache(maxsize=4096)
def of_declaration(declaration: Declaration) -> tuple[str, ...]:
    """Return the slugs that a declaration uses, each once."""
    return tuple(dict.fromkeys(slug for slug in _of_declaration(declaration) if slug in features()))


def of_at_rule(rule: AtRule) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_of_at_rule(rule.name, rule.prelude)))


def of_condition(condition: str) -> tuple[str, ...]:
    """Return what a program must know to read a rule under this condition of `Rule.media`."""
    if condition.startswith("@supports"):
        return ("css-at-supports",)
    return () if condition.startswith(("@", "&")) else tuple(_of_at_rule("media", condition))


@lru_cache(maxsize=1024)
def of_selectors(selectors: str, *, inlined: bool) -> tuple[str, ...]:
    """Return what a selector list uses; of rules that were written into the elements only what cannot be."""
    return tuple(_of_selectors(selectors, inlined=inlined))


def _of_selectors(selectors: str, *, inlined: bool) -> Iterator[str]:
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", selectors)
    for colons, name in re.findall(r"(::?)([a-z-]+)", bare):
        kind = "element" if colons == "::" or name in _PSEUDO_ELEMENTS else "class"
        slug = f"css-pseudo-{kind}-{name}"
        if slug in features():
            yield slug
    if not inlined:
        flat = re.sub(r"\[[^\]]*\]", "[]", bare)
        yield from (slug for slug, pattern in _SELECTORS.items() if re.search(pattern, flat))


def _of_declaration(declaration: Declaration) -> Iterator[str]:
    name, value = declaration.name, _UNSPOKEN.sub(" ", declaration.value.lower())
    if name.startswith("--"):
        yield "css-variables"
        return
    yield from _of_property(name)
    yield from (slug for (key, word), slug in _VALUES.items() if key == name and word in value.split())
    yield from (_FUNCTIONS[word] for word in re.findall(r"([a-z-]+)\(", value) if word in _FUNCTIONS)
    yield from (f"css-unit-{'percent' if unit == '%' else unit}" for unit in _UNIT.findall(value))
    if declaration.important:
        yield "css-important"
    if re.search(r"(?<![\w-])initial(?![\w-])", value):
        yield "css-unit-initial"
    if re.search(r"\b(?:fit|min|max)-content\b", value):
        yield "css-intrinsic-size"
    if name in ("font", "font-family") and _SYSTEM_FONT.search(value):
        yield "css-sytem-ui"  # so the data write it


def _of_property(name: str) -> tuple[str, ...]:
    """Return the features of a property, or of the longest shorthand it is a part of: border-top-color is border."""
    known = _properties()
    parts = name.split("-")
    for length in range(len(parts), 0, -1):
        found = known.get("-".join(parts[:length]))
        if found:
            return found
    return ()


@cache
def _properties() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for slug, feature in features().items():
        title = feature.title.removesuffix(" property").removesuffix(" shorthand")
        names = _SHARED.get(slug, ())
        if slug.startswith("css-") and slug not in _NO_PROPERTY and re.fullmatch(r"[a-z-]+", title):
            names = (*names, title)
        for name in names:
            found[name] = (*found.get(name, ()), slug)
    return found


def _of_at_rule(name: str, prelude: str) -> Iterator[str]:
    if name in _AT_RULES:
        yield _AT_RULES[name]
    if name == "media":
        yield from (slug for word, slug in _MEDIA.items() if word in prelude.lower())
