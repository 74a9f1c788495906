"""Where a slot may stand, and how its value is escaped there."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import TemplateError
from newsletter.render.compiled import SlotUse
from newsletter.render.context import split_html
from newsletter.render.hostile import HOSTILE, assert_shape_holds, merged, shape
from newsletter.render.html_scan import zones
from newsletter.render.slots import Slot, Tokens

Compile = Callable[..., Any]
NONCE = "zqjbbbbvx"


def slot_in(source: str, name: str = "subscriber.name") -> SlotUse:
    tokens = Tokens(nonce=NONCE)
    token = tokens.token_for(Slot(name))
    part = split_html(source.replace("@", token), tokens, "t")
    return next(piece for piece in part if isinstance(piece, SlotUse))


@pytest.mark.parametrize(
    ("source", "name", "context"),
    [
        ("<p>@</p>", "subscriber.name", "text"),
        ("<title>@</title>", "subscriber.name", "text"),
        ('<img alt="a @ b">', "subscriber.name", "attribute"),
        ("<img alt='@'>", "subscriber.name", "attribute"),
        ('<a title="@" href="#">x</a>', "subscriber.name", "attribute"),
        ('<a href="@">x</a>', "links.unsubscribe", "url"),
        ('<a href="https://a.example/?n=@&amp;b=1">x</a>', "subscriber.name", "query"),
        ("<!--[if mso]><p>@</p><![endif]-->", "subscriber.name", "comment"),
        ("<!--[if !mso]><!--><p>@</p><!--<![endif]-->", "subscriber.name", "text"),
    ],
)
def test_context_is_found_in_the_finished_html(source: str, name: str, context: str) -> None:
    assert slot_in(source, name).context == context


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("<style>.a{color:@}</style>", "subscriber.name"),
        ("<script>var a = '@'</script>", "subscriber.name"),
        ('<p style="color:@">x</p>', "subscriber.name"),
        ('<p class="@">x</p>', "subscriber.name"),
        ('<p id="@">x</p>', "subscriber.name"),
        ('<td width="@">x</td>', "subscriber.name"),
        ('<td height="@">x</td>', "subscriber.name"),
        ('<td bgcolor="@">x</td>', "subscriber.name"),
        ('<font color="@">x</font>', "subscriber.name"),
        ('<p onclick="@">x</p>', "subscriber.name"),
        ('<img srcset="@">', "subscriber.name"),
        ("<p title=@>x</p>", "subscriber.name"),
        ("<p @>x</p>", "subscriber.name"),
        ('<p @="1">x</p>', "subscriber.name"),
        ("<@>x</p>", "subscriber.name"),
        ("<p>x</@>", "subscriber.name"),
        ("<!-- @ -->", "subscriber.name"),
        ('<a href="@">x</a>', "subscriber.name"),
        ('<a href="https://@.example/">x</a>', "subscriber.name"),
        ('<a href="https://a.example/@/b">x</a>', "subscriber.name"),
        ('<a href="https://a.example/#@">x</a>', "subscriber.name"),
        ('<a href="https://a.example/?a=1#n=@">x</a>', "subscriber.name"),
        ('<a href="https://a.example/?@=1">x</a>', "subscriber.name"),
        ('<a href="https://a.example/?to=@">x</a>', "links.unsubscribe"),
        ('<a href="@/more">x</a>', "links.unsubscribe"),
        ('<a href=" @">x</a>', "links.unsubscribe"),
        ('<img src="@">', "subscriber.name"),
        ("<!DOCTYPE @>", "subscriber.name"),
    ],
)
def test_slot_in_a_refused_place_is_an_error_with_a_way_out(source: str, name: str) -> None:
    if source == "<@>x</p>":
        # A token as a whole tag name: `<` before a letter opens a tag in every reader.
        source = "<@ a='1'>x</p>"
    with pytest.raises(TemplateError) as caught:
        slot_in(source, name)
    assert name in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    "body",
    [
        '<mj-text css-class="{{ subscriber.name }}">x</mj-text>',
        '<mj-text color="{{ subscriber.name }}">x</mj-text>',
        '<mj-text font-size="{{ subscriber.name }}">x</mj-text>',
        '<mj-text><p style="color:{{ subscriber.name }}">x</p></mj-text>',
        "<mj-text><!-- {{ subscriber.name }} -->x</mj-text>",
        "<mj-raw><script>{{ subscriber.name }}</script></mj-raw>",
        '<mj-button href="{{ subscriber.name }}">x</mj-button>',
        '<mj-image src="https://a.example/{{ subscriber.name }}.png" />',
    ],
)
def test_refused_place_is_found_through_mjml_and_inlining(compiled: Compile, body: str) -> None:
    with pytest.raises(TemplateError):
        compiled(body)


def test_slot_that_mjml_drops_is_an_error(compiled: Compile) -> None:
    with pytest.raises(TemplateError, match="drops it"):
        compiled('<mj-text nonsense="{{ subscriber.name }}">x</mj-text>')


def test_slot_in_the_title_is_doubled_by_mjml_and_kept(compiled: Compile) -> None:
    body = (
        '<mjml lang="ru" dir="ltr"><mj-head><mj-title>{{ subscriber.name }}</mj-title></mj-head><mj-body><mj-section>'
        "<mj-column><mj-text>{{ links.unsubscribe }}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    part = compiled(body).compiled.variants[""].html
    assert {p.context for p in part if isinstance(p, SlotUse) and p.field == "subscriber.name"} == {"text", "attribute"}


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_value_leaves_the_tree_as_it_is(value: str) -> None:
    tokens = Tokens(nonce=NONCE)
    name, link = tokens.token_for(Slot("subscriber.name")), tokens.token_for(Slot("links.unsubscribe"))
    source = (
        f'<!DOCTYPE html><html><head><title>{name}</title></head><body><p title="{name}">{name}</p>'
        f'<a href="{link}">x</a><a href="https://a.example/?n={name}">y</a>'
        f"<!--[if mso]><b>{name}</b><![endif]--></body></html>"
    )
    part = split_html(source, tokens, "t")
    assert shape(merged(part, value)) == shape(merged(part, "x"))
    # The readers' parser, not only ours, must see the same elements.
    assert _elements(merged(part, value)) == _elements(merged(part, "x"))


def test_shape_check_catches_a_slot_that_is_not_escaped() -> None:
    part = ("<p>", SlotUse(field="subscriber.name", context="plain"), "</p>")
    with pytest.raises(TemplateError, match="structure"):
        assert_shape_holds(part, "t")


def _elements(document: str) -> list[object]:
    tree = html5lib.parse(document, namespaceHTMLElements=False)
    return [(e.tag, sorted(e.attrib)) for e in tree.iter() if isinstance(e.tag, str)]


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_value_comes_back_from_text_and_attribute(value: str) -> None:
    text = SlotUse(field="subscriber.name", context="text").resolve({"subscriber.name": value})
    tree = html5lib.parseFragment(f'<p title="{text}">{text}</p>', namespaceHTMLElements=False)
    assert tree[0].attrib["title"] == value
    assert "".join(tree[0].itertext()) == value


@given(st.text(alphabet="<>/=\"'!-[] abst", max_size=60))
@settings(max_examples=300, deadline=None)
def test_scanner_covers_any_text_in_order_and_never_raises(source: str) -> None:
    at = 0
    for zone in zones(source):
        assert zone.start >= at
        assert zone.end <= len(source)
        at = zone.end


MARKS = ["<", ">", "</", "/>", "=", '"', "'", " ", "\n", "a", "b=", "style", "xml", "word", "<p", "!--"]
MARKS += ['<a b="word">', '<a b="c">', "</a>"]  # such tags are rare by chance, and the ones that are passed over


@given(st.lists(st.sampled_from(MARKS), max_size=40))
@settings(max_examples=200, deadline=None)
def test_scanner_that_looks_for_a_word_yields_every_zone_with_it(parts: list[str]) -> None:
    source = "".join(parts)
    wanted = [zone for zone in zones(source) if "word" in source[zone.start : zone.end]]
    assert [zone for zone in zones(source, "word") if "word" in source[zone.start : zone.end]] == wanted


def test_scanner_that_looks_for_a_word_finds_it_in_the_tag_behind_a_text_that_holds_it_too() -> None:
    source = '<p>word <a href="word">x</a></p>'
    assert ["word" in source[zone.start : zone.end] for zone in zones(source, "word")].count(True) == 2


def test_scanner_and_html5lib_agree_on_text_and_attributes() -> None:
    source = '<p title="a &lt; b" class=x>t1<br>t2 <b>t3</b></p><style>.a>b{}</style><!-- c --><p>t4</p>'
    texts = [source[z.start : z.end] for z in zones(source) if z.kind == "text"]
    tree = html5lib.parseFragment(source, namespaceHTMLElements=False)
    assert html.unescape("".join(texts)) == "".join(
        "".join(e.itertext()) for e in tree if isinstance(e.tag, str) and e.tag != "style"
    )
