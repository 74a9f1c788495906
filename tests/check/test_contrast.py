"""Contrast: which colours a text is seen in, and which pairs are too faint, as written and in the dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check import Checked, Finding
from newsletter.check.cascade import seen_texts
from newsletter.check.media_query import media_applies
from newsletter.content.item import Origin, Paragraph, Span

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]


def colours_of(html: str, *, dark: bool = False) -> list[tuple[str, str, str]]:
    return [(one.text, str(one.colour), str(one.ground)) for one in seen_texts(html, dark=dark)]


@pytest.mark.parametrize(
    ("html", "colour", "ground"),
    [
        ("<p>т</p>", "#000000", "#ffffff"),
        ('<div style="background:#eef5f6"><p style="color:#123456">т</p></div>', "#123456", "#eef5f6"),
        ('<table bgcolor="#000000"><tr><td><font color="red">т</font></td></tr></table>', "#ff0000", "#000000"),
        ('<td bgcolor="#000000" style="background-color:#fff">т</td>', "#000000", "#ffffff"),
        ('<div style="background:#fff url(x.png) no-repeat">т</div>', "#000000", "#ffffff"),
        ('<div style="background:#111;background:#eee">т</div>', "#000000", "#eeeeee"),
        ('<div style="color:rgba(0,0,0,.5)">т</div>', "#808080", "#ffffff"),
        ('<div style="color:#000;opacity:.5">т</div>', "#808080", "#ffffff"),
        ('<a href="https://a.example">т</a>', "#0000ee", "#ffffff"),
        ('<a href="https://a.example" style="color:inherit">т</a>', "#000000", "#ffffff"),
        ("<style>p { color: red } .x { color: blue }</style><p class=x>т</p>", "#0000ff", "#ffffff"),
        ("<style>.x { color: blue } p { color: red }</style><p class=x>т</p>", "#0000ff", "#ffffff"),
        ('<style>p { color: red }</style><p style="color:green">т</p>', "#008000", "#ffffff"),
        ('<style>p { color: red !important }</style><p style="color:green">т</p>', "#ff0000", "#ffffff"),
        ("<style>@media print { p { color: red } }</style><p>т</p>", "#000000", "#ffffff"),
        ("<!--[if mso]><p>нет</p><![endif]--><!--[if !mso]><!--><p>т</p><!--<![endif]-->", "#000000", "#ffffff"),
        ('<img src="x" alt="т" style="color:#123456">', "#123456", "#ffffff"),
    ],
)
def test_a_text_is_seen_in_the_colours_that_css_gives_it(html: str, colour: str, ground: str) -> None:
    assert colours_of(f"<body>{html}</body>") == [("т", colour, ground)]


def test_a_style_element_holds_for_the_media_that_its_attribute_names() -> None:
    html = '<style media="(prefers-color-scheme: dark)">p { color: #abcdef }</style><p style="background:#111">т</p>'
    assert [colours_of(html, dark=dark)[0][1] for dark in (False, True)] == ["#000000", "#abcdef"]


@pytest.mark.parametrize(
    "html",
    [
        '<p style="display:none">т</p>',
        '<div style="visibility:hidden"><p>т</p></div>',
        '<div style="max-height:0;overflow:hidden">т</div>',
        '<p style="font-size:0">т</p>',
        '<p style="opacity:0">т</p>',
        "<p hidden>т</p>",
        "<p>&nbsp;&zwnj;</p>",
        '<div style="background:url(x.png)"><p>т</p></div>',
        "<title>т</title>",
    ],
)
def test_what_nobody_sees_or_nobody_can_judge_is_left_out(html: str) -> None:
    assert colours_of(html) == []


def test_sizes_and_weights_are_those_of_the_cascade() -> None:
    html = '<h1>а</h1><p style="font-size:150%"><b>б</b></p><p style="font:700 18pt/20pt Arial">в</p>'
    seen = [(one.size_px, one.bold) for one in seen_texts(html)]
    assert seen == [(32, True), (24, True), (24, True)]


def test_a_dark_scheme_takes_the_mail_s_own_rules_and_a_dark_canvas() -> None:
    html = """<meta content="light dark" name="color-scheme"><style>
    @media (prefers-color-scheme: dark) { .card { background: #22292b !important } .card p { color: #fff !important } }
    </style><p>а</p><div class="card" style="background:#fff"><p style="color:#000">б</p></div>"""
    assert colours_of(html) == [("а", "#000000", "#ffffff"), ("б", "#000000", "#ffffff")]
    assert colours_of(html, dark=True) == [("а", "#ffffff", "#1e1e1e"), ("б", "#ffffff", "#22292b")]


@pytest.mark.parametrize(
    ("condition", "light", "dark"),
    [
        ("screen", True, True),
        ("only screen and (min-width:480px)", True, True),
        ("only screen and (max-width: 479px)", False, False),
        ("(prefers-color-scheme: dark)", False, True),
        ("(prefers-color-scheme: light)", True, False),
        ("print, screen and (prefers-color-scheme:dark)", False, True),
        ("not print", True, True),
        ("(hover: hover)", False, False),
        ("@supports (display: grid)", False, False),
    ],
)
def test_a_media_condition_holds_on_a_desktop(condition: str, light: bool, dark: bool) -> None:
    assert media_applies(condition, dark=False) is light
    assert media_applies(condition, dark=True) is dark


def text(style: str, words: str = "Отписаться") -> str:
    return f'<body style="background:#fff"><p style="{style}">{words}</p></body>'


def test_faint_text_is_a_warning_with_its_colours_and_ratio(find: Find) -> None:
    (finding,) = [one for one in find("contrast", sample_html=text("color:#999")) if not one.clients]
    assert finding.severity == "warning"
    assert "«Отписаться»: #999999 on #ffffff is 2.8:1, 4.5:1 is readable" in finding.message


@pytest.mark.parametrize(
    ("style", "is_faint"),
    [
        ("color:#767676", False),
        ("color:#777777", True),
        ("color:#777777;font-size:24px", False),
        ("color:#777777;font-size:19px", True),
        ("color:#777777;font-size:19px;font-weight:bold", False),
        ("color:#777777;font-size:19px;font-weight:600", True),
        ("color:#969696;font-size:24px", True),
    ],
)
def test_large_text_may_be_fainter(find: Find, style: str, is_faint: bool) -> None:
    assert any(not one.clients for one in find("contrast", sample_html=text(style))) is is_faint


def test_texts_of_one_pair_of_colours_are_one_finding(find: Find) -> None:
    findings = find("contrast", sample_html=text("color:#999") + text("color:#999", "Ещё") + text("color:#888"))
    assert [one.message.partition(":")[0] for one in findings if not one.clients] == [
        "«Отписаться» and 1 more",
        "«Отписаться»",
    ]


def test_a_dark_palette_that_forgets_a_text_is_found(find: Find) -> None:
    html = "<style>@media (prefers-color-scheme: dark) { body { background: #111 !important } }</style>"
    findings = find("contrast", sample_html=html + text("color:#222"))
    assert [one.message for one in findings if "apple-mail.ios" in one.clients and one.severity == "warning"]
    assert not [one for one in find("contrast", sample_html=text("color:#222")) if "dark palette" in one.message]


def test_what_a_program_makes_unreadable_by_force_is_a_warning_and_a_narrow_miss_an_info(find: Find) -> None:
    hard = find("contrast", sample_html=text("color:#a0a0a0;background:#eee"))
    assert "warning" in [one.severity for one in hard if "outlook.windows" in one.clients]
    (narrow,) = find("contrast", sample_html='<p style="background:#eef5f6;color:#5c686b">т</p>')
    assert (narrow.severity, narrow.clients) == ("info", ("outlook.windows", "gmail.ios"))


OUTLOOK_COM = (
    "<style>[data-ogsc] p { color: #181c1e !important } [data-ogsb].x { background: #65c6d4 !important }</style>"
)


def test_outlook_com_turns_colours_but_for_the_mail_s_own_answers() -> None:
    html = f"{OUTLOOK_COM}<p>а</p><div class='x' style='background:#000'>б</div>"
    seen = [(one.text, str(one.colour), str(one.ground)) for one in seen_texts(html, turned=True)]
    assert seen == [("а", "#181c1e", "#333333"), ("б", "#ffffff", "#65c6d4")]


def test_an_answer_that_outlook_com_makes_unreadable_is_found(find: Find) -> None:
    findings = find("contrast", sample_html=OUTLOOK_COM + "<p>Стенд</p>")
    assert [(one.severity, one.clients) for one in findings] == [("warning", ("outlook.outlook-com",))]
    assert find("contrast", sample_html="<p>Стенд</p>") == []


def test_black_on_white_is_readable_in_every_mode(find: Find) -> None:
    assert find("contrast", sample_html=text("color:#000")) == []


def test_a_faint_text_of_an_item_is_found_at_its_block(find: Find, make_checked: MakeChecked) -> None:
    block = Paragraph(text=(Span(text="О стенде"),), origin=Origin(path="content/b.md", line=12))
    good = make_checked().items[0]
    html = text("color:#999", "О стенде")
    finding = find("contrast", sample_html=html, items=(good, replace(good, blocks=(block,))))[0]
    assert (finding.file, finding.line, finding.block) == ("content/b.md", 12, 0)


TAGS = st.sampled_from(
    [
        '<p style="color:',
        "<div style='background:",
        "<style>p{color:",
        "<table bgcolor=",
        "</p>",
        "}",
        "<td>",
        '">',
        "'",
    ]
)


@examples(max_examples=200, deadline=None)
@given(
    html=st.one_of(st.text(max_size=60), st.lists(st.one_of(TAGS, st.text("a#f0;:{}\x00", max_size=5))).map("".join))
)
def test_no_page_is_too_broken_to_look_at(html: str) -> None:
    for dark, turned in ((False, False), (True, False), (False, True)):
        for one in seen_texts(html, dark=dark, turned=turned):
            assert one.text
            assert one.colour.alpha == 1


def test_a_page_may_nest_as_deep_as_it_likes() -> None:
    assert seen_texts("<div>" * 5_000 + "т") is not None
