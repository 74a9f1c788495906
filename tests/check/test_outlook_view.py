"""Conditional comments as Outlook on Windows reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check.outlook_view import holds_in_outlook, outlook_view


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("mso", True),
        ("!mso", False),
        ("mso | IE", True),
        ("IE", False),
        ("!IE", True),
        ("gte mso 9", True),
        ("lte mso 11", False),
        ("gt mso 15", True),
        ("lt mso 16", False),
        ("mso 16", True),
        ("mso 12", False),
        ("(gte mso 9)|(IE)", True),
        ("(mso)&(!IE)", True),
        ("!(mso | IE)", False),
        ("true", True),
        ("vml", True),
        ("nonsense", False),
        ("", False),
        ("((mso", False),
    ],
)
def test_a_condition_holds_as_in_the_word_engine(condition: str, holds: bool) -> None:
    assert holds_in_outlook(condition) is holds


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("a<!--[if mso]>b<![endif]-->c", "abc"),
        ("a<!--[if !mso]><!-->b<!--<![endif]-->c", "ac"),
        ("a<!--[if !mso]>-->b<!--<![endif]-->c", "ac"),
        ("a<!--[if lte mso 11]>b<![endif]-->c", "ac"),
        ("a<![if mso]>b<![endif]>c", "abc"),
        ("a<!-- [b] -->c", "ac"),
        ("a<!--[if mso | IE]><table><![endif]-->\n<!--[if mso | IE]></table><![endif]-->", "a<table>\n</table>"),
        ("a<!--[if !mso]><!-->\nb\n<!--<![endif]-->c", "a\n\nc"),
        ("a<!--[if mso]>b", "ab"),
        ("a<![endif]-->b", "ab"),
    ],
)
def test_outlook_sees_what_is_meant_for_it_and_nothing_else(html: str, seen: str) -> None:
    assert outlook_view(html) == seen


PIECES = st.sampled_from(
    ["<!--[if mso]>", "<![endif]-->", "<!--[if !mso]><!-->", "<!--<![endif]-->", "<!--", "-->", "\n", "a", "[if ", "("]
)


@examples(max_examples=200, deadline=None)
@given(html=st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join)))
def test_every_line_stays_on_its_line(html: str) -> None:
    assert outlook_view(html).count("\n") == html.count("\n")
    holds_in_outlook(html)
