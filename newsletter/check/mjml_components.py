"""What MJML knows: its components, their attributes with types, and who may stand in whom.

The data are those of official MJML 5.4.1 (`mjml_components.json`, made by tools/dump_mjml_components.mjs); what
mjml-python does not act on was measured and stands here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

# Names without a component class that official MJML lets pass too, and the include, which it resolves while reading.
NAMES_WITHOUT_COMPONENT = frozenset({"mj-all", "mj-class", "mj-include"})

ATTRIBUTES_OF_ALL = frozenset({"mj-class", "css-class"})

# Official MJML checks nothing of these; the names are those that its parser and mrml read.
_UNCHECKED_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "mjml": frozenset({"lang", "dir", "owa"}),
    "mj-include": frozenset({"path", "type", "css-inline"}),
    "mj-selector": frozenset({"path"}),
    "mj-html-attribute": frozenset({"name"}),
}

# Official MJML takes these, mjml-python 1.4.2 (mrml 6.0.1) gives byte for byte the same HTML without them.
# Measured attribute by attribute; tests/check/test_mjml_components.py measures again, in both directions.
IGNORED_BY_LIBRARY: Mapping[str, frozenset[str]] = {
    "mj-accordion-title": frozenset({"font-weight"}),
    "mj-body": frozenset({"id"}),
    "mj-button": frozenset({"title"}),
    "mj-carousel-image": frozenset({"rel"}),
    "mj-hero": frozenset({"border-radius", "mode"}),
    "mj-image": frozenset({"sizes", "border-bottom", "border-left", "border-right", "border-top"}),
    "mj-section": frozenset({"gutter", "text-padding"}),
    "mj-social": frozenset({"border", "table-layout"}),
    "mj-social-element": frozenset({"icon-position", "border", "srcset", "sizes"}),
    "mj-spacer": frozenset({"border", "border-bottom", "border-left", "border-right", "border-top"}),
    "mj-table": frozenset({"font-weight", "role"}),
    "mj-text": frozenset({"background-color"}),
    "mj-wrapper": frozenset({"gutter", "text-padding", "gap"}),
}

_COLOUR = (
    r"rgba\(\d{1,3},\s?\d{1,3},\s?\d{1,3},\s?\d(?:\.\d{1,3})?\)"
    r"|rgb\(\d{1,3},\s?\d{1,3},\s?\d{1,3}\)"
    r"|^#(?:[0-9a-fA-F]{3}){1,2}\Z"
)

_MAX_TYPED_VALUE = 200  # characters; longer than any colour, size or word, and short enough for any pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    name: str
    is_ending: bool  # what stands in it is HTML, not MJML
    children: frozenset[str]  # "*": anything
    attributes: Mapping[str, str]  # name → type, "unit(px,%){1,4}"

    def allows(self, child: str) -> bool:
        return "*" in self.children or child in self.children


@cache
def components() -> Mapping[str, Component]:
    """Return every component by name."""
    return {
        name: Component(
            name=name,
            is_ending=facts["ending"],
            children=frozenset(facts["children"]),
            attributes=facts["attributes"],
        )
        for name, facts in _data()["components"].items()
    }


def element_names() -> frozenset[str]:
    return frozenset(components()) | NAMES_WITHOUT_COMPONENT


def parents_of(name: str) -> tuple[str, ...]:
    """Return the components in which `name` may stand, sorted."""
    return tuple(sorted(parent.name for parent in components().values() if name in parent.children))


@cache
def attribute_types(element: str) -> Mapping[str, tuple[str, ...]]:
    """Return the attributes an element takes, each with the types its value may have; () means any value.

    `mj-all` and `mj-class` hand their attributes to every component, so they take what any of them takes.
    """
    if element in ("mj-all", "mj-class"):
        types: dict[str, tuple[str, ...]] = {}
        for component in components().values():
            for name, kind in component.attributes.items():
                types[name] = (*types.get(name, ()), kind)
        return types | dict.fromkeys(ATTRIBUTES_OF_ALL | ({"name"} if element == "mj-class" else set()), ())
    known = components()[element].attributes if element in components() else {}
    free = ATTRIBUTES_OF_ALL | _UNCHECKED_ATTRIBUTES.get(element, frozenset())
    return {name: (kind,) for name, kind in known.items()} | dict.fromkeys(free, ())


def is_valid(value: str, kind: str) -> bool:
    """Say whether a value has the type, by the rules of official mjml-core 5.4.1 (lib/types)."""
    if len(value) > _MAX_TYPED_VALUE:
        return kind == "string"
    return bool(_pattern(kind).search(value))


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    arguments = re.search(r"\(([^)]*)\)", kind)
    options = arguments[1].split(",") if arguments else []
    if kind.startswith("enum"):
        return re.compile(f"^(?:{'|'.join(map(re.escape, options))})\\Z")
    if kind.startswith("unit"):
        return _unit_pattern(kind, options)
    if kind == "color":
        return re.compile(rf"{_COLOUR}|^(?:{_data()['colours'].replace(' ', '|')})\Z")
    return re.compile({"boolean": r"^(?i:true|false)\Z", "integer": r"\d"}.get(kind, ""))


def _unit_pattern(kind: str, options: list[str]) -> re.Pattern[str]:
    sign = "-" if kind.startswith("unitWithNegative") else ""
    units = "|".join(re.escape(unit) for unit in options if unit != "auto")
    auto = "|auto" if "auto" in options else ""
    counted = re.search(r"\{(.*)\}", kind)
    count = counted[1] if counted else "1"
    return re.compile(rf"^(?:(?:[{sign}\d,.]+(?:{units})|0{auto}) ?){{{count}}}\Z", re.ASCII)


class _Facts(TypedDict):
    ending: bool
    children: list[str]
    attributes: dict[str, str]


class _Data(TypedDict):
    colours: str  # names with a space between
    components: dict[str, _Facts]


@cache
def _data() -> _Data:
    data: _Data = json.loads(Path(__file__).with_name("mjml_components.json").read_text(encoding="utf-8"))
    return data
