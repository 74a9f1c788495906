"""The MJML linter: what the library swallows is found, what is right is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.check import CHECKS, Checked, Finding
from newsletter.check.mjml_components import Component, attribute_types, components, parents_of
from newsletter.check.mjml_tree import read_mjml
from newsletter.content.item import Origin

MakeChecked = Callable[..., Checked]

LINTER = tuple(name for name in CHECKS if name.startswith("mjml_"))

HEAD = (
    '<mj-head><mj-title>t</mj-title><mj-attributes><mj-class name="big" font-size="20px" />'
    "</mj-attributes></mj-head>"
)  # fmt: skip


def body(content: str) -> str:
    return f"<mjml>{HEAD}<mj-body>{content}</mj-body></mjml>"


def column(content: str) -> str:
    return body(f"<mj-section><mj-column>{content}</mj-column></mj-section>")


def defaults(content: str) -> str:
    head = f"<mj-head><mj-title>t</mj-title><mj-attributes>{content}</mj-attributes></mj-head>"
    return f"<mjml>{head}<mj-body></mj-body></mjml>"


def lint(checked: Checked) -> list[Finding]:
    return [finding for name in LINTER for finding in CHECKS[name](checked)]


# (what, MJML, our ids, the tag that official MJML names; "" where it says nothing)
#
# The last column was obtained once by running npm mjml 5.4.1 (Node 20.20) over these very texts:
#   mjml2html(text, {validationLevel: 'strict'}).catch(error => error.errors)
# and taking `tagName` of each error. Where it says nothing and we do, mjml-python 1.4.2 was seen to lose or
# misread something: two bodies (the first is dropped), an attribute given twice (official takes the first, mrml
# the last), bare text and upper-case names (left outside every table cell), a role that is not printed.
BAD = [
    ("unknown element in a column", column("<mj-txt>a</mj-txt>"), ["mjml_unknown_element"], "mj-txt"),
    ("unknown element in the body", body("<mj-foo>a</mj-foo>"), ["mjml_unknown_element"], "mj-foo"),
    ("HTML in a column", column("<div>a</div>"), ["mjml_unknown_element"], "div"),
    ("HTML in the body", body("<center>a</center>"), ["mjml_unknown_element"], "center"),
    ("upper case", column("<MJ-TEXT>a</MJ-TEXT>"), ["mjml_unknown_element"], ""),
    ("text in a section", body("<mj-section><mj-text>a</mj-text></mj-section>"), ["mjml_nesting"], "mj-text"),
    ("text in the body", body("<mj-text>a</mj-text>"), ["mjml_nesting"], "mj-text"),
    ("column in the body", body("<mj-column><mj-text>a</mj-text></mj-column>"), ["mjml_nesting"], "mj-column"),
    ("section in a column", column("<mj-section><mj-column></mj-column></mj-section>"), ["mjml_nesting"], "mj-section"),
    ("column in a column", column("<mj-column></mj-column>"), ["mjml_nesting"], "mj-column"),
    (
        "text in a group",
        body("<mj-section><mj-group><mj-text>a</mj-text></mj-group></mj-section>"),
        ["mjml_nesting"],
        "mj-text",
    ),
    ("column in a wrapper", body("<mj-wrapper><mj-column></mj-column></mj-wrapper>"), ["mjml_nesting"], "mj-column"),
    (
        "wrapper in a wrapper",
        body("<mj-wrapper><mj-wrapper></mj-wrapper></mj-wrapper>"),
        ["mjml_nesting"],
        "mj-wrapper",
    ),
    ("column in a hero", body("<mj-hero><mj-column></mj-column></mj-hero>"), ["mjml_nesting"], "mj-column"),
    ("unknown attribute", column('<mj-text colour="#ffffff">a</mj-text>'), ["mjml_unknown_attribute"], "mj-text"),
    (
        "attribute of another element",
        body('<mj-section font-size="12px"><mj-column></mj-column></mj-section>'),
        ["mjml_unknown_attribute"],
        "mj-section",
    ),
    ("class in HTML spelling", column('<mj-text class="x">a</mj-text>'), ["mjml_unknown_attribute"], "mj-text"),
    ("word for a size", column('<mj-text font-size="abc">a</mj-text>'), ["mjml_bad_value"], "mj-text"),
    ("size without a unit", column('<mj-text font-size="12">a</mj-text>'), ["mjml_bad_value"], "mj-text"),
    ("size in another unit", column('<mj-text padding="1em">a</mj-text>'), ["mjml_bad_value"], "mj-text"),
    ("five sizes", column('<mj-text padding="1px 2px 3px 4px 5px">a</mj-text>'), ["mjml_bad_value"], "mj-text"),
    ("unknown colour", column('<mj-text color="blau">a</mj-text>'), ["mjml_bad_value"], "mj-text"),
    ("hex colour too short", column('<mj-text color="#12">a</mj-text>'), ["mjml_bad_value"], "mj-text"),
    ("unknown choice", column('<mj-button align="centre">a</mj-button>'), ["mjml_bad_value"], "mj-button"),
    ("no number", column('<mj-table cellpadding="few"><tr></tr></mj-table>'), ["mjml_bad_value"], "mj-table"),
    ("unknown defaults", defaults('<mj-txt color="red" />'), ["mjml_unknown_element"], "mj-txt"),
    ("unknown attribute in defaults", defaults('<mj-text colour="red" />'), ["mjml_unknown_attribute"], "mj-text"),
    ("head in the body", body("<mj-head></mj-head>"), ["mjml_nesting", "mjml_nesting"], "mj-head"),
    ("style in the body", body("<mj-style>a{}</mj-style>"), ["mjml_nesting"], "mj-style"),
    ("two bodies", f"<mjml>{HEAD}<mj-body></mj-body><mj-body></mj-body></mjml>", ["mjml_nesting"], ""),
    ("bare text in a column", column("words"), ["mjml_nesting"], ""),
    ("MJML inside text", column("<mj-text><mj-button>a</mj-button></mj-text>"), ["mjml_nesting"], ""),
    ("unknown class", column('<mj-text mj-class="bigg">a</mj-text>'), ["mjml_unknown_class"], ""),
    ("attribute twice", column('<mj-text color="red" color="blue">a</mj-text>'), ["mjml_unknown_attribute"], ""),
    ("wrong close tag", body("<mj-section><mj-column></mj-section></mj-column>"), ["mjml_close_tag"] * 2, ""),
    ("ignored role", column('<mj-table role="presentation"><tr></tr></mj-table>'), ["mjml_ignored_attribute"], ""),
]


@pytest.mark.parametrize(("mjml", "ids", "official"), [pytest.param(*case[1:], id=case[0]) for case in BAD])
def test_the_linter_finds_what_official_mjml_finds_and_what_the_library_swallows(
    make_checked: MakeChecked, mjml: str, ids: list[str], official: str
) -> None:
    findings = lint(make_checked(rendered_mjml={"": mjml}))
    assert [finding.id for finding in findings] == ids
    if official:
        assert any(f"<{official}>" in finding.message for finding in findings)


def test_what_loses_content_is_an_error_and_what_loses_looks_a_warning(make_checked: MakeChecked) -> None:
    severities = {
        finding.id: finding.severity
        for case in BAD
        for finding in lint(make_checked(rendered_mjml={"": case[1]}))
    }  # fmt: skip
    assert {name for name, severity in severities.items() if severity == "error"} == {
        "mjml_unknown_element",
        "mjml_nesting",
    }
    assert set(severities) == set(LINTER)


def test_a_near_name_is_proposed(make_checked: MakeChecked) -> None:
    (finding,) = lint(make_checked(rendered_mjml={"": column("<mj-txt>a</mj-txt>")}))
    assert "<mj-text>" in finding.fix
    (finding,) = lint(make_checked(rendered_mjml={"": column('<mj-text font-sise="12px">a</mj-text>')}))
    assert "font-size" in finding.fix
    (finding,) = lint(make_checked(rendered_mjml={"": column('<mj-text mj-class="bigg">a</mj-text>')}))
    assert "big?" in finding.fix


def test_a_misplaced_element_is_told_where_it_belongs(make_checked: MakeChecked) -> None:
    (finding,) = lint(make_checked(rendered_mjml={"": body("<mj-text>a</mj-text>")}))
    assert finding.fix == "put it in <mj-column> or <mj-hero>"


# what is right


def good_value(kind: str) -> str:
    """A value of the type, by its name: "unit(px,%){1,4}" is "1px"."""
    options = re.search(r"\(([^)]*)\)", kind)
    first = options[1].split(",")[0] if options else ""
    if kind.startswith("enum"):
        return first
    if kind.startswith("unit"):
        return f"1{first}"
    return {"color": "#0a5c63", "boolean": "true", "integer": "4"}.get(kind, "x")


def element(component: Component) -> str:
    """The element with every attribute that acts, in its plainest form."""
    acting = {
        name: kinds[0] if kinds else "string"
        for name, kinds in attribute_types(component.name).items()
        if name != "mj-class"
    }
    written = "".join(f' {name}="{good_value(kind)}"' for name, kind in acting.items())
    return f"<{component.name}{written}></{component.name}>"


def wrapped(name: str, content: str) -> str:
    """`content`, an element called `name`, in as many right parents as it takes to reach the root."""
    while name != "mjml":
        parent = next(parent for parent in (*parents_of(name), "mjml") if parent != "mj-attributes")
        content = f"<{parent}>{content}</{parent}>"
        name = parent
    return content


@pytest.mark.parametrize("name", sorted(components()))
def test_every_component_with_all_its_attributes_passes(make_checked: MakeChecked, name: str) -> None:
    mjml = wrapped(name, element(components()[name]))
    findings = [one for one in lint(make_checked(rendered_mjml={"": mjml})) if one.id != "mjml_ignored_attribute"]
    assert findings == []


@pytest.mark.parametrize(
    "content",
    [
        '<mj-text mj-class="big">a</mj-text>',
        '<mj-text padding="0">a</mj-text>',
        '<mj-text padding="0 10px 1.5% 0">a</mj-text>',
        '<mj-text letter-spacing="-0.5px" line-height="1.4">a</mj-text>',
        '<mj-text color="rgba(0, 0, 0, 0.5)">a</mj-text>',
        '<mj-text color="transparent">a</mj-text>',
        '<mj-image src="https://a.example/b.png" alt="" width="10px" height="auto" />',
        "<mj-text>a <b>b</b><br>c <img src='x'> 10 > 5 <!-- <mj-foo> --></mj-text>",
        "<mj-raw><!--[if mso]><div><mj-old></mj-old></div><![endif]--><div></div></mj-raw>",
        "<!-- <mj-foo> --><mj-divider />",
        "<mj-table><tr><td>a</td></tr></mj-table>",
        '<mj-text css-class="x">a\n> b</mj-text >',
    ],
)
def test_right_mjml_in_a_column_passes(make_checked: MakeChecked, content: str) -> None:
    assert lint(make_checked(rendered_mjml={"": column(content)})) == []


def test_right_head_passes(make_checked: MakeChecked) -> None:
    mjml = (
        '<mjml lang="ru" dir="ltr"><mj-head><mj-title>a</mj-title><mj-preview>b</mj-preview>'
        '<mj-attributes><mj-all font-family="Arial" padding="0" /><mj-text color="#000" />'
        '<mj-class name="big" font-size="20px" /></mj-attributes><mj-breakpoint width="480px" />'
        '<mj-style inline="inline">a > b { color: red }</mj-style><mj-raw><meta name="x" content="y"></mj-raw>'
        '</mj-head><mj-body width="600px"><mj-include path="./a.mjml" /></mj-body></mjml>'
    )
    assert lint(make_checked(rendered_mjml={"": mjml})) == []


def test_classes_of_an_included_file_are_not_guessed(make_checked: MakeChecked) -> None:
    include = '<mj-include path="./head.mjml" />'
    mjml = f'<mjml><mj-head>{include}</mj-head><mj-body><mj-section mj-class="x"></mj-section></mj-body></mjml>'
    assert lint(make_checked(rendered_mjml={"": mjml})) == []


# places

SOURCES = {
    "templates/press/letter.mjml": '<mjml>\n<mj-body>\n{% include "./parts.mjml" %}\n</mj-body>\n</mjml>\n',
    "templates/press/parts.mjml": (
        "{# <mj-txt> was here #}\n"
        "<mj-section>\n  <mj-column>\n"
        '    <mj-text colour="{{ brand.accent }}">{{ item.title }}</mj-text>\n'
        "    <mj-text>{{ item.lead }}</mj-text>\n"
        "    <mj-txt>x</mj-txt>\n  </mj-column>\n</mj-section>\n"
    ),
}
RENDERED = column('\n<mj-text colour="#0a5c63">a</mj-text>\n<mj-text>b</mj-text>\n<mj-txt>x</mj-txt>')


def test_a_fault_is_found_again_in_the_template_that_has_it(make_checked: MakeChecked) -> None:
    findings = lint(make_checked(rendered_mjml={"": RENDERED}, mjml_sources=SOURCES))
    assert [(one.id, one.file, one.line) for one in findings] == [
        ("mjml_unknown_element", "templates/press/parts.mjml", 6),
        ("mjml_unknown_attribute", "templates/press/parts.mjml", 4),
    ]


def test_a_fault_that_could_stand_in_two_lines_gets_its_file_only(make_checked: MakeChecked) -> None:
    sources = {"templates/a.mjml": "<mj-txt>{{ a }}</mj-txt>\n<mj-txt>{{ b }}</mj-txt>"}
    (finding,) = lint(make_checked(rendered_mjml={"": column("<mj-txt>x</mj-txt>")}, mjml_sources=sources))
    assert (finding.file, finding.line) == ("templates/a.mjml", 0)


def test_a_fault_that_could_stand_in_two_files_gets_no_place(make_checked: MakeChecked) -> None:
    sources = {"templates/a.mjml": "<mj-txt>{{ a }}</mj-txt>", "templates/b.mjml": "<mj-txt>{{ b }}</mj-txt>"}
    (finding,) = lint(make_checked(rendered_mjml={"": column("<mj-txt>x</mj-txt>")}, mjml_sources=sources))
    assert (finding.file, finding.line) == ("", 0)


def test_a_longer_name_is_not_taken_for_the_element(make_checked: MakeChecked) -> None:
    sources = {"templates/a.mjml": "<mj-txt-long>\n<mj-txt>"}
    (finding,) = lint(make_checked(rendered_mjml={"": column("<mj-txt>x</mj-txt>")}, mjml_sources=sources))
    assert (finding.file, finding.line) == ("templates/a.mjml", 2)


def test_a_line_map_beats_every_search(make_checked: MakeChecked) -> None:
    lines = [Origin(path="templates/press/x.mjml", line=number * 10) for number in range(1, 5)]
    checked = make_checked(rendered_mjml={"": RENDERED}, mjml_sources=SOURCES, mjml_lines={"": lines})
    assert [(one.file, one.line) for one in lint(checked)] == [
        ("templates/press/x.mjml", 40),
        ("templates/press/x.mjml", 20),
    ]


# any text

NAMES = st.sampled_from(["mjml", "mj-head", "mj-body", "mj-section", "mj-text", "mj-raw", "mj-class", "mj-txt", "p"])
PIECES = st.one_of(
    st.builds("<{}>".format, NAMES),
    st.builds("</{}>".format, NAMES),
    st.builds("<{} {}={}/>".format, NAMES, st.sampled_from(["color", "padding", "mj-class", "ы"]), st.text(max_size=6)),
    st.builds(
        '<{} padding="{}" color="{}">'.format, NAMES, st.text(max_size=6), st.text("0123456789, .px", max_size=9)
    ),
    st.sampled_from(["<!--", "-->", "<![CDATA[", "]]>", "<", ">", '"', "'", "&#x110000;", "\x00", "\ud800", "{{ x }}"]),
    st.text(max_size=8),
)
MARKUP = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=200, deadline=None)
@given(text=MARKUP, source=MARKUP)
def test_the_linter_never_raises_on_any_text(text: str, source: str) -> None:
    checked = _anything(text, source)
    for finding in lint(checked):
        assert finding.line <= source.count("\n") + 1


@settings(max_examples=100, deadline=None)
@given(text=MARKUP)
def test_every_node_lies_where_its_tag_says(text: str) -> None:
    for node in read_mjml(text).nodes:
        assert text[node.tag.start : node.tag.end] == node.tag.text
        assert node.tag.line == text.count("\n", 0, node.tag.start) + 1


def test_a_tag_cut_short_a_thousand_times_does_not_stall(make_checked: MakeChecked) -> None:
    for piece in ('<mj-text a="', "<mj-text ", "<!", "<!--", "{#", "</mj-text", '<a "', "<mj-text padding='0 0 0 0"):
        assert lint(make_checked(rendered_mjml={"": "<mjml>" + piece * 1_000})) is not None


def _anything(text: str, source: str) -> Checked:
    from newsletter.render.compiled import CompiledIssue, MailHeaders

    headers = MailHeaders(
        from_name="", from_mailbox="", return_path="", unsubscribe_mailto="", public_url=""
    )  # fmt: skip
    compiled = CompiledIssue(
        lang="ru", title="", preheader="", subject=(), headers=headers, variant_fields={}, variants={}
    )  # fmt: skip
    return Checked(
        subject="", preheader="", title="", title_proposed=False, date=None, items=(), compiled=compiled,
        sample_html="", sample_text="", rendered_mjml={"": text}, mjml_sources={"a.mjml": source},
    )  # fmt: skip


def test_the_notice_of_the_data_names_its_licence(repo_root: Path) -> None:
    folder = repo_root / "newsletter" / "check"
    assert "Copyright (c) 2016 Mailjet SAS" in (folder / "mjml_components.NOTICE").read_text(encoding="utf-8")
    assert (folder / "mjml_components.json").stat().st_size <= 25_000
