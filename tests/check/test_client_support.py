"""What mail programs lack: detection against the npm checker as oracle, and what is a finding of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check import Finding
from newsletter.check.caniemail import OUTLOOK, client_names, features
from newsletter.check.client_support import lacking
from newsletter.check.harmless import HARMLESS, OUTLOOK_LIMITS
from newsletter.check.html_features import uses_of

Find = Callable[..., list[Finding]]
DATA = Path(__file__).parents[1] / "data" / "client_support"

# Where the npm checker differs, and why ours is right: a prefix of a name counts there (border-inline-start as border),
# selectors count that the inliner has resolved, and picture formats are a check of their own here.
ONLY_NPM = {
    "Adjacent sibling combinator", "Attribute selector", "Chaining selectors", "Child combinator",
    "General sibling combinator", "Universal selector *", "AVIF image format", "webP image format", "background",
    "border", "border-inline & border-block",
}  # fmt: skip
# It stops at the first function or element of a kind, and knows neither the doctype nor <svg>.
ONLY_OURS = {
    "CSS Variables (Custom Properties)", "CSS calc() function", "Embedded <svg> image", "HTML5 doctype",
    "HTML5 semantics", "linear-gradient()", "rgba()",
}  # fmt: skip


def titles(html: str, client: str, support: str) -> set[str]:
    slugs = {use.slug for use in uses_of(html) if not use.gates}
    return {features()[slug].title for slug in slugs if features()[slug].support(client) == support}


@pytest.mark.parametrize("client", ["outlook.windows", "outlook.outlook-com", "gmail.desktop-webmail"])
def test_the_features_found_are_those_that_the_npm_checker_finds(client: str) -> None:
    html = (DATA / "features.html").read_text(encoding="utf-8")
    answers = json.loads((DATA / "features.npm.json").read_text(encoding="utf-8"))["answers"][client]
    for support in "na":
        theirs = {title.strip() for title in answers[support]}
        assert theirs - titles(html, client, support) <= ONLY_NPM
        assert titles(html, client, support) - theirs <= ONLY_OURS


def page(style: str = "", tag: str = "p", head: str = "", rest: str = "") -> str:
    return f'<html><head>{head}</head><body><{tag} style="{style}" {rest}>т</{tag}></body></html>'


def lacked(html: str) -> dict[str, list[str]]:
    return {lack.use.slug: lack.clients for lack in lacking(html)}


def test_a_feature_that_programs_lack_is_a_warning_with_their_names(find: Find) -> None:
    (finding,) = find("client_support", sample_html=page("position:absolute"))
    assert finding.severity == "warning"
    assert {OUTLOOK, "gmail.ios"} <= set(finding.clients)
    assert "position («position: absolute») is not supported by Outlook on Windows" in finding.message
    assert "(line 1 of the HTML)" in finding.message


def test_the_template_s_line_is_named_where_the_feature_is_written(find: Find) -> None:
    sources = {"templates/press/a.mjml": "<mj-text>\n\n<p style='position : absolute'>"}
    (finding,) = find("client_support", sample_html=page("position:absolute"), mjml_sources=sources)
    assert (finding.file, finding.line) == ("templates/press/a.mjml", 3)


def test_what_only_seldom_programs_lack_is_an_info(find: Find) -> None:
    dark = "<style>@media (prefers-color-scheme: dark) { p { position: fixed } }</style>"
    (finding,) = find("client_support", sample_html=page(head=dark))
    assert (finding.severity, finding.clients) == ("info", ("outlook.ios",))


@pytest.mark.parametrize(
    ("html", "slug"),
    [
        (page("padding:8px"), "css-padding"),
        (page("padding:8px", tag="a"), "css-padding"),
        (page("margin:-4px"), "css-margin"),
        (page("margin:0 8px", tag="span"), "css-margin"),
        (page("border:10px solid red", tag="td"), "css-border"),
        (page("border:1px solid red"), "css-border"),
        (page("background:url(x.png)"), "css-background"),
        (page("width:300px", tag="div"), "css-width"),
        (page("width:300px", tag="img"), "css-width"),
        (page("display:none", tag="img"), "css-display-none"),
        (page("font-size:2rem"), "css-font-size"),
        (page("letter-spacing:.1em"), "css-letter-spacing"),
        (page("color:red !important"), "css-important"),
        (page("color:rgb(0 0 0 / 1)"), "css-rgb"),
        (page("text-align:start"), "css-text-align"),
        (page("text-decoration:underline dotted"), "css-text-decoration"),
        (page("text-transform:lowercase"), "css-text-transform"),
        (page(tag="img", rest='width="50%"'), "html-width"),
        (page(tag="ol", rest="reversed"), "html-lists"),
    ],
)
def test_of_what_outlook_does_by_halves_the_wrong_half_is_found(html: str, slug: str) -> None:
    assert OUTLOOK in lacked(html).get(slug, [])


@pytest.mark.parametrize(
    "html",
    [
        page("padding:8px;border:1px solid red;background:#fff", tag="td"),
        page("padding:0"),
        page("padding:8px;mso-padding-alt:0", tag="a"),
        page("margin:0 auto", tag="div"),
        page("width:100%", tag="div"),
        page("width:300px", tag="img", rest='width="300"'),
        page("font-size:16px;letter-spacing:-.5px;text-transform:uppercase;text-align:left"),
        page("color:rgb(1, 2, 3);text-decoration:underline"),
        page(head="<style>@media (min-width:1px) { p { color: red !important } }</style>"),
    ],
)
def test_the_right_half_is_no_finding(html: str) -> None:
    assert [slug for slug, clients in lacked(html).items() if OUTLOOK in clients] == []


def test_a_rule_counts_only_for_programs_that_know_its_media() -> None:
    html = page(head="<style>@media (prefers-color-scheme: dark) { p { position: fixed } }</style>")
    assert "gmail.desktop-webmail" in lacked(page("position:fixed"))["css-position"]
    clients = lacked(html)["css-position"]
    assert clients
    assert not [one for one in clients if features()["css-at-media-prefers-color-scheme"].support(one) == "n"]


def test_what_only_outlook_reads_is_asked_of_outlook_alone() -> None:
    inner = '<div style="position:absolute">т</div>'
    assert lacked(f"<body><!--[if mso]>{inner}<![endif]--></body>") == {"css-position": [OUTLOOK]}
    assert OUTLOOK not in lacked(f"<body><!--[if !mso]><!-->{inner}<!--<![endif]--></body>")["css-position"]


def test_rules_that_reach_one_program_on_purpose_are_passed_over() -> None:
    assert lacked(page(head="<style>[data-ogsc] .a, .moz-text-html .b { position: fixed }</style>")) == {}


def test_what_fails_without_harm_is_no_finding() -> None:
    assert lacked(page("border-radius:4px;box-shadow:none;overflow:hidden;white-space:nowrap", tag="td")) == {}


def test_the_list_of_what_fails_without_harm_is_the_one_in_the_docs(repo_root: Path) -> None:
    text = (repo_root / "docs" / "checks.md").read_text(encoding="utf-8")
    section = text.partition("### `client_support`")[2].partition("\n### ")[0]
    rows = dict(re.findall(r"^\| `(.+?)` \| (.+?) \|$", section, re.MULTILINE))
    assert rows == {features()[slug].title: reason for slug, reason in HARMLESS.items()}


def test_every_slug_in_a_table_is_one_of_the_data() -> None:
    assert set(HARMLESS) | set(OUTLOOK_LIMITS) <= set(features())
    assert not set(HARMLESS) & set(OUTLOOK_LIMITS)
    assert all(features()[slug].support(OUTLOOK) == "a" for slug in OUTLOOK_LIMITS)


def test_the_data_know_the_programs_that_offices_meet() -> None:
    assert {"outlook.windows", "gmail.ios", "mail-ru.desktop-webmail", "apple-mail.ios"} <= set(client_names())
    assert len(features()) > 300
    for feature in features().values():
        assert all(client in client_names() for client in feature.answers)
        assert "\n" not in feature.note(OUTLOOK)


CSS = st.sampled_from(
    ["p{", "}", "@media (", ") {", "width:", "calc(", "!important;", "a:hover", "--x:1", "/*", "url("]
)
HTML = st.sampled_from(['<p style="', '">', "<style>", "</style>", "<!--[if mso]>", "<img ", "width=9%", "<svg>"])


@examples(max_examples=200, deadline=None)
@given(html=st.one_of(st.text(max_size=60), st.lists(st.one_of(CSS, HTML), max_size=12).map("".join)))
def test_no_page_is_too_broken_to_ask_about(html: str) -> None:
    for use in uses_of(html):
        assert use.slug in features()
        assert use.line >= 1
    lacking(html)
