"""What a reader sees of a finished mail's links and pictures, against html5lib as oracle."""

from __future__ import annotations

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.check.links import split
from newsletter.check.page import is_visible, read_page

NAMESPACE = "{http://www.w3.org/1999/xhtml}"

TEXTS = st.text("абв «» & ё12\n", min_size=1, max_size=8)
HREFS = st.sampled_from(
    ["https://a.example/?x=1&amp;y=2", "http://b.example", "mailto:x@a.example", "#", "https://a/&#39;"]
)
TREES = st.recursive(
    st.one_of(
        TEXTS.map(lambda text: text.replace("&", "&amp;")),
        st.builds('<a href="{}" title="a > b">{}</a>'.format, HREFS, st.just("ссылка")),
        st.builds("<img src='{}' alt>".format, HREFS),
        st.builds('<IMG SRC="{}">'.format, HREFS),
        st.sampled_from(
            ["<br>", "<br/>", "<hr />", "<!-- <a href='x'>y</a> -->", "<!--[if mso]><img src=x><![endif]-->"]
        ),
        st.just("<!--[if !mso]><!--><i>i</i><!--<![endif]-->"),
    ),
    lambda inner: st.builds("<div class='{}'>{}</div>".format, st.just("a"), st.lists(inner, max_size=4).map("".join)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(content=TREES)
def test_links_and_pictures_are_those_that_html5lib_finds(content: str) -> None:
    html = (
        f"<!DOCTYPE html><html><head><style>a > b {{ }} /* <a href='z'> */</style></head><body>{content}</body></html>"
    )
    page = read_page(html)
    tree = html5lib.parse(html)
    anchors = [node.get("href") for node in tree.iter(f"{NAMESPACE}a") if node.get("href")]
    pictures = [(node.get("src"), node.get("alt") is not None) for node in tree.iter(f"{NAMESPACE}img")]
    assert [anchor.href for anchor in page.anchors] == anchors
    assert [(picture.src, picture.has_alt) for picture in page.pictures] == pictures


@settings(max_examples=150, deadline=None)
@given(html=st.one_of(st.text(max_size=60), st.text("<>a=\"'/!-[] hrefimgstyle:;\n", max_size=80)))
def test_no_text_is_too_broken_to_read(html: str) -> None:
    page = read_page(html)
    for anchor in page.anchors:
        split(anchor.href)
        assert 1 <= anchor.line <= html.count("\n") + 1


def test_of_two_equal_attributes_the_first_counts_as_in_a_browser() -> None:
    (anchor,) = read_page('<a href="https://a.example" href="https://b.example">x</a>').anchors
    assert anchor.href == "https://a.example"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("а", True),
        ("—", True),
        (" \u00a0\n", False),
        ("\u200b\u200c\u2060\ufeff", False),
        ("", False),
        ("\u00ad", False),
    ],
)
def test_spaces_and_zero_width_characters_are_not_seen(text: str, visible: bool) -> None:
    assert is_visible(text) is visible
