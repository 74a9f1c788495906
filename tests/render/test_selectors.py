"""Plain selectors find what XPath finds, in its order."""

from __future__ import annotations

import cssselect
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.cssselect import CSSSelector

from newsletter.render.selectors import finder, index_of

PAGE = """<html><head><style>.a{}</style></head><body class="a"><table class="a  b"><tr><td class="b
c" data-x=""><div class="c"><a href="#" class="A">x</a><a class="">y</a></div></td><td data-x="1">z<!-- c --></td></tr>
</table><p class="c a">p <b class="a">q</b></p></body></html>"""
NAMES = st.sampled_from(["a", "b", "c", "A", "none"])
PARTS = st.builds(
    lambda tag, classes, attribute: tag + "".join(f".{name}" for name in classes) + attribute,
    st.sampled_from(["", "td", "a", "div", "p"]),
    st.lists(NAMES, max_size=2),
    st.sampled_from(["", "[data-x]", "[href]"]),
).filter(bool)
SELECTORS = st.one_of(
    st.lists(PARTS, min_size=1, max_size=4).map(" ".join),
    st.lists(PARTS, min_size=2, max_size=3).map(" > ".join),
    st.lists(PARTS, min_size=2, max_size=2).map(" + ".join),
)


def never(page: object) -> list[object]:
    raise AssertionError("asked XPath")


@given(SELECTORS)
@settings(max_examples=200, deadline=None)
def test_any_selector_finds_what_both_translations_to_xpath_find(selector: str) -> None:
    page = etree.fromstring(PAGE, etree.HTMLParser())
    as_html = etree.XPath(cssselect.HTMLTranslator().css_to_xpath(selector))
    for xpath in (CSSSelector(selector), as_html):
        assert list(finder(selector, xpath)(index_of(page))) == list(xpath(page))


@pytest.mark.parametrize("selector", [".a", "td.b.c", "[data-x] .c a", ".a > .c", ".none"])
def test_plain_selectors_need_no_xpath(selector: str) -> None:
    finder(selector, never)(index_of(etree.fromstring(PAGE, etree.HTMLParser())))


@pytest.mark.parametrize(
    "selector", ["td", ".a:first-child", ".a + .b", ".a > .b > .c", "TD.a", "*.a", ".a\\:b", "[a=b]"]
)
def test_what_is_not_plain_is_left_to_xpath(selector: str) -> None:
    with pytest.raises(AssertionError, match="asked XPath"):
        finder(selector, never)(index_of(etree.fromstring(PAGE, etree.HTMLParser())))
