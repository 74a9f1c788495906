"""A sheet read rule by rule says what it says when it is read whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from premailer import premailer

from newsletter.render.inline import _SETTINGS, _premailer
from newsletter.render.sheet import style_rules

SELECTORS = st.sampled_from(
    [".a", "td.b, .c", ".a:hover", "*", "#x > .y", ".a .b", "a[href]", "§", ".a,,.b", "h1", "", "1x", "a)", "["]
)
DECLARATIONS = st.sampled_from(
    [
        "color: red", "COLOR:#abc !important", "font: 600 15px/20px 'Segoe UI', Arial", "padding: 0 1px", "x", ":", "",
        "background: url(https://a.example/x.png)", "/* a; } */", "margin: 0 auto!important", "mso-hide: all", "color",
        "x: url(", "width: calc(1px + (2%))", "b: ]",
    ]
)  # fmt: skip
RULES = st.builds(
    lambda selector, body: f"{selector} {{ {'; '.join(body)} }}", SELECTORS, st.lists(DECLARATIONS, max_size=4)
)
AT_RULES = st.builds(
    lambda name, rules: f"@{name} {{ {' '.join(rules)} }}",
    st.sampled_from(["media print", "media (max-width: 480px)", "supports (display: grid)", "media §"]),
    st.lists(RULES, max_size=2),
)
ODD = st.sampled_from(
    [
        "/* .a { */",
        "@font-face { font-family: X }",
        "@import 'x';",
        "}",
        "{",
        "'",
        "\\",
        "<!--",
        "@page { margin: 0 }",
        ";",
    ]
)


def whole(css: str) -> list[tuple[tuple[int, ...], str, str]]:
    return list(premailer.Premailer("", **_SETTINGS)._parse_style_rules(css, 3)[0])


@given(st.lists(st.one_of(RULES, RULES, AT_RULES, ODD), max_size=6), st.sampled_from([" ", "\n", ""]))
@settings(max_examples=200, deadline=None)
def test_any_sheet_gives_the_rules_of_the_sheet_read_whole(pieces: list[str], between: str) -> None:
    css = between.join(pieces)
    expected = whole(css)
    assert _premailer()("", **_SETTINGS)._parse_style_rules(css, 3)[0] == expected


def test_a_plain_sheet_is_cut_into_its_rules() -> None:
    css = "/* x */ .a { color: red }\n@media print { .b { color: blue } }\n.c, .d { font: 1px/2px 'A B' }"
    assert style_rules(css) == [".a { color: red }", ".c, .d { font: 1px/2px 'A B' }"]


@pytest.mark.parametrize(
    "css",
    [
        "@import 'x';",
        "@namespace x url(y); .a{}",
        ".a { .b { color: red } }",
        ".a {",
        ".a }",
        ".a\\:b { }",
        "<!-- .a{} -->",
    ],
)
def test_a_sheet_that_is_not_plain_is_left_whole(css: str) -> None:
    assert style_rules(css) is None
