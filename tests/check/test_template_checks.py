"""What a template's writer can get wrong beside MJML: found with the line, and what is right is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.check import CHECKS, Checked, Finding
from newsletter.check.caniemail import features
from newsletter.check.css_unknown_property import known_properties
from newsletter.render.blocks import end_mark, mark
from newsletter.render.compiled import SlotUse, Step
from newsletter.render.slots import Tokens, find_nonce

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]

WORD = find_nonce([])[::-1]  # as the compiler makes it


def mjml(content: str) -> dict[str, str]:
    column = f"<mj-section><mj-column><mj-text>{content}</mj-text></mj-column></mj-section>"
    return {"": f"<mjml><mj-body>{column}</mj-body></mjml>"}


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        '<iframe src="https://a.example"></iframe>',
        '<object data="a"></object>',
        '<form action="https://a.example"></form>',
        '<p onclick="x()">а</p>',
        '<img onError="x()">',
        '<meta http-equiv="Refresh" content="0">',
    ],
)
def test_what_no_mail_program_runs_is_an_error_at_its_line(find: Find, written: str) -> None:
    sources = {"templates/t/letter.mjml": f"<mj-text>\n{written}</mj-text>"}
    (found,) = find("active_content", rendered_mjml=mjml(written), mjml_sources=sources)
    assert (found.severity, found.file, found.line) == ("error", "templates/t/letter.mjml", 2)


def test_active_content_that_only_the_page_has_is_found_too(find: Find) -> None:
    assert find("active_content", sample_html="<h1>а</h1><script></script>")


def test_words_about_scripts_and_plain_attributes_are_no_active_content(find: Find) -> None:
    html = '<p one="1" on="1" class="onclick">&lt;script&gt; onclick=</p><meta http-equiv="X-UA-Compatible">'
    assert not find("active_content", sample_html=html, rendered_mjml=mjml(html))


@pytest.mark.parametrize(("written", "near"), [("colour: red", "color"), ("paddin: 3px", "padding")])
def test_a_misspelt_property_is_told_with_the_nearest_one(find: Find, written: str, near: str) -> None:
    sources = {"templates/t/head.mjml": f"<mj-style>\n.a {{ {written} }}</mj-style>"}
    in_head = find("css_unknown_property", sample_html=f"<style>.a {{ {written} }}</style>", mjml_sources=sources)
    assert [(one.line, one.fix) for one in in_head] == [(2, f"did you mean {near}?")]
    assert find("css_unknown_property", sample_html=f'<p style="{written}">а</p>')


def test_properties_of_one_vendor_and_custom_ones_pass(find: Find) -> None:
    style = (
        "-webkit-text-size-adjust:none;mso-hide:all;-ms-interpolation-mode:bicubic;--a:1;supported-color-schemes:light"
    )
    assert not find("css_unknown_property", sample_html=f'<p style="{style}">а</p>')


def test_every_property_that_can_i_email_knows_is_known() -> None:
    titles = (one.title.removesuffix(" property") for slug, one in features().items() if slug.startswith("css-"))
    named = {title for title in titles if re.fullmatch(r"[a-z]+(-[a-z]+)*", title)}
    assert len(named) > 100
    assert named - known_properties() <= {"inert", "scroll-snap"}  # an attribute, and a family of properties


@pytest.mark.parametrize(("html", "count"), [("<p>а</p>", 1), ("<h1>а</h1><h1>б</h1>", 1), ("<h1>а</h1><h2>б</h2>", 0)])
def test_a_mail_has_one_heading_of_the_first_rank(find: Find, html: str, count: int) -> None:
    assert len(find("headings", sample_html=html)) == count


def test_a_block_without_its_mark_is_told(find: Find) -> None:
    page = "<h1>а</h1><p>Подробности на сайте.</p>"
    sources = {"templates/t/letter.mjml": "\n{% for block in item.blocks %}"}
    (found,) = find("missing_mark", sample_html=page, rendered_mjml=mjml(page), mjml_sources=sources)
    assert (found.severity, found.line) == ("info", 2)
    assert "block.mark" in found.message


def test_marks_that_are_there_are_seen_and_a_missing_end_is_told(find: Find) -> None:
    page = "<h1>а</h1><p>Подробности на сайте.</p>"
    marked = mark(WORD, 0, 0) + page
    assert not find("missing_mark", sample_html=page, rendered_mjml=mjml(marked + end_mark(WORD, 0)))
    (found,) = find("missing_mark", sample_html=page, rendered_mjml=mjml(marked))
    assert "end_mark" in found.message


def test_a_template_that_leaves_a_block_out_needs_no_mark(find: Find) -> None:
    assert not find("missing_mark", rendered_mjml=mjml("<h1>а</h1>"))


def test_a_token_or_mark_in_bare_text_is_not_shown(make_checked: MakeChecked) -> None:
    tokens = Tokens(nonce=find_nonce([]))
    rendered = {"": f"<mjml><mj-body>{mark(WORD, 0, 0)}{tokens.nonce}000x</mj-body></mjml>"}
    (found,) = CHECKS["mjml_nesting"](make_checked(rendered_mjml=rendered))
    assert "«{{ … }}»" in found.message


def with_slot(checked: Checked, slot: SlotUse) -> Checked:
    variant = replace(checked.compiled.variants[""], text=(slot, "\n"))
    return replace(checked, compiled=replace(checked.compiled, variants={"": variant}))


@pytest.mark.parametrize(
    ("field", "steps", "count"),
    [
        ("subscriber.city", (), 1),
        ("subscriber.city", (Step(name="default", args=("город",)),), 0),
        ("subscriber.email", (), 0),
        ("links.view", (), 0),
    ],
)
def test_a_field_without_fallback_is_told_at_its_line(
    make_checked: MakeChecked, field: str, steps: tuple[Step, ...], count: int
) -> None:
    checked = make_checked(mjml_sources={"templates/t/letter.txt": "\n\n{{ subscriber.city }}"})
    slot = SlotUse(field=field, context="plain", steps=steps)
    found = list(CHECKS["slot_without_fallback"](with_slot(checked, slot)))
    assert [(one.severity, one.line) for one in found] == [("warning", 3)] * count


def test_a_word_that_one_language_lacks_is_told_at_that_language(find: Find) -> None:
    words = '{%- set words = {\n "ru": {"a": "а", "b": "б"},\n "en": {"a": "a"},\n} -%}'
    (found,) = find("missing_word", mjml_sources={"templates/t/words.jinja": words})
    assert (found.file, found.line, found.message) == ("templates/t/words.jinja", 3, '"en" lacks b')


@pytest.mark.parametrize(
    "source", ["{% set a = {'x': 1, 'y': {'z': 2}} %}", "{% set a = {b: {}} %}", "{% set a = {'x' %}"]
)
def test_other_dicts_are_no_words(find: Find, source: str) -> None:
    assert not find("missing_word", mjml_sources={"templates/t/words.jinja": source})


def test_class_on_mjml_and_css_class_on_html_are_told_the_other_way_round(find: Find) -> None:
    rendered = mjml('<p css-class="a">а</p>')
    rendered[""] = rendered[""].replace("<mj-text>", '<mj-text class="a">')
    ways = {one.message.split(">")[0]: one.fix for one in find("mjml_unknown_attribute", rendered_mjml=rendered)}
    assert ways == {"<p": "write class", "<mj-text": "did you mean css-class?"}


def test_faults_of_mjml_stand_before_what_follows_from_them() -> None:
    order = list(CHECKS)
    last = max(at for at, name in enumerate(order) if name.startswith("mjml_"))
    assert last < min(order.index(name) for name in ("contrast", "client_support", "css_unknown_property"))
