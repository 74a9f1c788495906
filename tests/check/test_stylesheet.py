"""The CSS of a finished mail: which rules there are, under which conditions, on which lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check.selectors import matchers
from newsletter.check.stylesheet import read_declarations, read_sheets

PAGE = """<html><head>
<!--[if mso]><style>.outlook { color: red }</style><![endif]-->
<style type="text/css">
.a > b { Color: RED !important; --x: 1 }
@media (prefers-color-scheme: dark) {
  .a { color: white }
}
@font-face { font-family: X; src: url(x) }
</style>
<style media='screen and (min-width:480px)'>.b { width: 100% }</style>
</head><body><style>.c {}</style></body></html>"""


def test_rules_carry_their_conditions_and_lines() -> None:
    first, second, third = read_sheets(PAGE)
    assert [(rule.selectors, rule.media, rule.line) for rule in first.rules] == [
        (".a > b", (), 4),
        (".a", ("(prefers-color-scheme: dark)",), 6),
        ("@font-face", ("@font-face",), 8),
    ]
    assert [(rule.name, rule.line) for rule in first.at_rules] == [("media", 5), ("font-face", 8)]
    assert second.rules[0].media == ("screen and (min-width:480px)",)
    assert [sheet.in_head for sheet in (first, second, third)] == [True, True, False]


def test_declarations_carry_name_value_weight_and_line() -> None:
    (rule, *_) = read_sheets(PAGE)[0].rules
    said = [(one.name, one.value, one.important, one.line) for one in rule.declarations]
    assert said == [("color", "RED", True, 4), ("--x", "1", False, 4)]


def test_a_style_attribute_is_read_past_its_faults() -> None:
    assert [(one.name, one.value) for one in read_declarations("color:red;;x y;margin:0 auto")] == [
        ("color", "red"),
        ("margin", "0 auto"),
    ]


def test_nested_rules_are_known_as_such() -> None:
    (sheet,) = read_sheets("<style>a { color: red; & b { color: blue } }</style>")
    assert [(rule.selectors, rule.nested) for rule in sheet.rules] == [("a", False), ("& b", True)]


def test_a_list_with_one_broken_selector_matches_nothing_as_in_a_browser() -> None:
    assert matchers("a, b:::c") == ()
    assert [weight for _, weight in matchers("a, .b #c")] == [(0, 0, 1), (1, 1, 0)]
    assert matchers("a::before") == ()


def test_css_may_nest_as_deep_as_it_likes() -> None:
    deep = "(" * 3_000
    assert len(read_sheets(f"<style>a {{ color: {deep} }}</style>")) == 1
    assert len(read_sheets("<style>" + "@media print { " * 200 + "</style>")) == 1
    read_declarations(f"color:{deep}")


@examples(max_examples=200, deadline=None)
@given(
    css=st.one_of(
        st.text(max_size=60),
        st.text("{}()[];:@#.,!&'\"\\/*-media <>styl", max_size=80),
        st.lists(st.sampled_from(["<style>", "</style>", "@media x {", "}", "a{b:c}", "<!--", "-->", "<body>"])).map(
            "".join
        ),
    )
)
def test_no_css_is_too_broken_to_read(css: str) -> None:
    for html in (css, f"<style>{css}</style>"):
        for sheet in read_sheets(html):
            for rule in sheet.rules:
                assert 1 <= rule.line <= html.count("\n") + html.count("\f") + html.count("\r") + 1
                matchers(rule.selectors)
    read_declarations(css)
