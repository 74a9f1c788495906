"""The data of MJML's components, and what the installed library does with each attribute, measured again."""

from __future__ import annotations

import re

import mjml
import pytest

from newsletter.check.mjml_components import (
    IGNORED_BY_LIBRARY,
    attribute_types,
    components,
    element_names,
    is_valid,
    parents_of,
)

# Attributes that act only in company: with `hamburger`, with a mode of their own, with a known network's name.
COMPANY = {
    "mj-navbar": ' hamburger="hamburger"',
    "mj-hero": ' background-url="https://a.example/b.png" background-height="200px" background-width="300px"',
    "mj-section": ' background-url="https://a.example/b.png"',
    "mj-wrapper": ' background-url="https://a.example/b.png"',
    "mj-column": ' padding="3px"',
}
WORDS = {"color": "#1a2b3c", "string": "zq-mark", "boolean": "true", "integer": "7"}
SPECIAL = {
    ("mj-hero", "mode"): "fluid-height",
    ("mj-navbar", "hamburger"): "hamburger",
    ("mj-social-element", "name"): "facebook",
}

TEXT = "<mj-text>t</mj-text>"
COLUMN = f"<mj-column>{TEXT}</mj-column>"
SOCIAL = '<mj-social-element href="https://a.example" src="s">t</mj-social-element>'
ACCORDION = "<mj-accordion-title>a</mj-accordion-title><mj-accordion-text>b</mj-accordion-text>"
SLIDES = '<mj-carousel-image src="a" /><mj-carousel-image src="b" />'

# For each component that draws something: its content, and the document around it.
IN_BODY = "<mjml><mj-body>{}</mj-body></mjml>"
IN_COLUMN = IN_BODY.format("<mj-section><mj-column>{}</mj-column></mj-section>")
DRAWN = {
    "mj-body": (f"<mj-section>{COLUMN}</mj-section>", "<mjml>{}</mjml>"),
    "mj-section": (COLUMN, IN_BODY),
    "mj-wrapper": (f"<mj-section>{COLUMN}</mj-section>" * 2, IN_BODY),
    "mj-column": (TEXT, IN_BODY.format("<mj-section>{}</mj-section>")),
    "mj-group": (COLUMN * 2, IN_BODY.format("<mj-section>{}</mj-section>")),
    "mj-hero": (TEXT, IN_BODY),
    "mj-text": ("t", IN_COLUMN),
    "mj-button": ("t", IN_COLUMN),
    "mj-table": ("<tr><td>t</td></tr>", IN_COLUMN),
    "mj-image": ("", IN_COLUMN),
    "mj-divider": ("", IN_COLUMN),
    "mj-spacer": ("", IN_COLUMN),
    "mj-social": (SOCIAL, IN_COLUMN),
    "mj-social-element": ("t", IN_COLUMN.format("<mj-social>{}</mj-social>")),
    "mj-navbar": ('<mj-navbar-link href="/a">t</mj-navbar-link>', IN_COLUMN),
    "mj-navbar-link": ("t", IN_COLUMN.format("<mj-navbar>{}</mj-navbar>")),
    "mj-accordion": (f"<mj-accordion-element>{ACCORDION}</mj-accordion-element>", IN_COLUMN),
    "mj-accordion-element": (ACCORDION, IN_COLUMN.format("<mj-accordion>{}</mj-accordion>")),
    "mj-carousel": (SLIDES, IN_COLUMN),
    "mj-carousel-image": ("", IN_COLUMN.format("<mj-carousel>{}</mj-carousel>")),
    "mj-accordion-title": (
        "t",
        IN_COLUMN.format("<mj-accordion><mj-accordion-element>{}</mj-accordion-element></mj-accordion>"),
    ),
    "mj-accordion-text": (
        "t",
        IN_COLUMN.format("<mj-accordion><mj-accordion-element>{}</mj-accordion-element></mj-accordion>"),
    ),
}
NEEDED = {"mj-image": ' src="x" href="https://y"', "mj-social-element": ' href="https://a" src="s"',
          "mj-carousel-image": ' src="a"', "mj-button": ' href="https://y"'}  # fmt: skip


def values(element: str, attribute: str, kind: str) -> list[str]:
    if (element, attribute) in SPECIAL:
        return [SPECIAL[element, attribute]]
    options = re.search(r"\(([^)]*)\)", kind)
    if kind.startswith("enum") and options:
        return [option for option in options[1].split(",") if option]
    if options:
        return [f"37{options[1].split(',')[0]}"]
    return [WORDS[kind]]


def html(element: str, attributes: str) -> str:
    content, document = DRAWN[element]
    return str(mjml.mjml2html(document.format(f"<{element}{attributes}>{content}</{element}>"), fonts={}))


def changes_nothing(element: str, attribute: str, kind: str) -> bool:
    around = NEEDED.get(element, "") + COMPANY.get(element, "")
    around = re.sub(rf' {re.escape(attribute)}="[^"]*"', "", around)
    plain = html(element, around)
    return all(html(element, f'{around} {attribute}="{value}"') == plain for value in values(element, attribute, kind))


@pytest.mark.parametrize("element", sorted(DRAWN))
def test_the_list_of_ignored_attributes_is_what_the_library_ignores(element: str) -> None:
    ignored = {name for name, kind in components()[element].attributes.items() if changes_nothing(element, name, kind)}
    assert ignored == IGNORED_BY_LIBRARY.get(element, frozenset())


def test_every_ignored_attribute_is_measured_and_official() -> None:
    for element, names in IGNORED_BY_LIBRARY.items():
        assert element in DRAWN
        assert names <= set(components()[element].attributes)


def test_the_data_are_whole() -> None:
    assert len(components()) == 31 + 3  # those with a class; mjml, mj-selector, mj-html-attribute without
    assert components()["mj-text"].is_ending
    assert not components()["mj-column"].is_ending
    for component in components().values():
        assert component.children <= element_names() | {"*"}
        for kind in component.attributes.values():
            assert re.fullmatch(r"string|color|integer|boolean|enum\(.+\)|unit(WithNegative)?\([^)]*\)(\{1,4\})?", kind)


def test_parents_are_the_other_side_of_children() -> None:
    assert parents_of("mj-column") == ("mj-group", "mj-section")


def test_defaults_for_all_take_what_any_component_takes() -> None:
    types = attribute_types("mj-all")
    assert {"font-family", "padding", "thumbnails"} <= set(types)
    assert "name" in attribute_types("mj-class")


# Compared once with mjml-core 5.4.1: initializeType(kind), then new Type(value).isValid().
@pytest.mark.parametrize(
    ("kind", "value", "valid"),
    [
        ("unit(px)", "12px", True),
        ("unit(px)", "12", False),
        ("unit(px)", "0", True),
        ("unit(px)", "-1px", False),
        ("unit(px)", "1.5px", True),
        ("unit(px)", "12px 12px", False),
        ("unit(px)", "12px\n", False),
        ("unit(px)", "١px", False),
        ("unit(px,%){1,4}", "1px 2% 0 4px", True),
        ("unit(px,%){1,4}", "1px  2px", False),
        ("unit(px,%,)", "1.4", True),
        ("unit(px,auto)", "auto", True),
        ("unit(px,auto)", "autopx", False),
        ("unitWithNegative(px,em)", "-0.5em", True),
        ("color", "#ABC", True),
        ("color", "#abcd", False),
        ("color", "rebeccapurple", True),
        ("color", "Red", False),
        ("color", "rgb(1, 2, 3)", True),
        ("color", "rgb(1 2 3)", False),
        ("color", "", False),
        ("enum(left,right)", "left", True),
        ("enum(left,right)", "Left", False),
        ("enum(full-width,false,)", "", True),
        ("integer", "4", True),
        ("integer", "four", False),
        ("boolean", "true", True),
        ("boolean", "yes", False),
        ("string", "", True),
        ("string", "x" * 5_000, True),
        ("unit(px,%){1,4}", "0" * 5_000, False),
    ],
)
def test_a_value_is_valid_as_official_mjml_has_it(kind: str, value: str, valid: bool) -> None:
    assert is_valid(value, kind) is valid
