"""CSS that cannot be read as meant, and what a theme would fetch, is one error at the line that wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import TemplateError
from newsletter.render.mjml_style import check_css, check_styles


def here(offset: int) -> tuple[str, int]:
    return "t", offset


def fault(css: str) -> tuple[str, str]:
    """Return the message, and what stands at the place that it names."""
    source = f"<mj-head><mj-style>{css}</mj-style></mj-head>"
    with pytest.raises(TemplateError) as caught:
        check_styles(source, here)
    return caught.value.message, source[caught.value.line :]


@pytest.mark.parametrize(
    ("css", "at"),
    [
        (".a { color: red;\n.b { x: y }\n.c { x: y }", ".a {"),
        (".b { x: y }\n.a { color: red", ".a {"),
        ("@media print { .b { x: y }\n.a { color: red }", "@media print"),
        ("@media print { .a { color: red\n .b { x: y } }\n.c { x: y }", ".a {"),
        ("/* { */ .a { color: red", ".a {"),
        (".b { content: '}' }\n.a { content: '}'", ".a {"),
    ],
)
def test_the_rule_that_lacks_its_closing_brace_is_named(css: str, at: str) -> None:
    message, found = fault(css)
    assert "is never closed" in message
    assert found.startswith(at)


def test_a_brace_that_closes_nothing_is_named() -> None:
    message, found = fault(".a { x: y } } .b { x: y }")
    assert "closes nothing" in message
    assert found.startswith("} .b")


def test_a_comment_that_runs_to_the_end_is_named() -> None:
    message, found = fault(".a { x: y } /* dark\n.b { x: y }")
    assert "comment" in message
    assert found.startswith("/* dark")


@pytest.mark.parametrize(
    "source",
    [
        '<mj-style>@import url("https://a.example/f");</mj-style>',
        '<mj-font name="Lora" href="https://a.example/f" />',
        '<mj-raw><link rel="stylesheet" href="https://a.example/f"></mj-raw>',
    ],
)
def test_what_would_be_fetched_is_named_whole_and_with_its_place(source: str) -> None:
    with pytest.raises(TemplateError) as caught:
        check_styles(f"<mj-head>\n{source}</mj-head>", here)
    assert "from the network" in caught.value.message
    assert caught.value.message.count('"') % 2 == 0
    assert caught.value.line >= len("<mj-head>\n")


@pytest.mark.parametrize(
    "source",
    [
        "<mj-style>.a { x: y } @media print { .b { x: y } } /* @import { */ .c::after { content: '{' }</mj-style>",
        "<mj-text>{ и } и @import</mj-text>",
        "<!-- <mj-style>.a {</mj-style> -->",
        '<mj-style src="a" />{',
    ],
)
def test_css_that_is_whole_and_braces_elsewhere_pass(source: str) -> None:
    check_styles(source, here)


@given(
    st.recursive(st.just("x: y;"), lambda inner: st.lists(inner, max_size=3).map(lambda r: ".a {" + "".join(r) + "}"))
)
def test_braces_in_pairs_pass_and_one_taken_away_does_not(css: str) -> None:
    check_css(css, here)
    if "}" in css:
        with pytest.raises(TemplateError):
            check_css(css.replace("}", "", 1), here)
