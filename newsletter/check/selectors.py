"""Which elements a CSS selector means, and how much it weighs: by cssselect, ready to be asked, kept for the theme."""

from __future__ import annotations

from functools import lru_cache

import cssselect
from lxml import etree

from newsletter.render.selectors import Find, finder

Specificity = tuple[int, int, int]


@lru_cache(maxsize=1024)
def matchers(selectors: str) -> tuple[tuple[Find, Specificity], ...]:
    """Return a matcher and a weight for each selector of a list; none where one of them is not understood.

    So do browsers: a list with one broken selector is dropped whole. Pseudo-elements hold no text of the mail.
    """
    escaped = "\\" in selectors  # canonical() writes `.a\.b`, one class with a dot, as two
    translator = cssselect.HTMLTranslator()
    try:
        parsed = cssselect.parse(selectors)
        return tuple(
            (
                finder("" if escaped else one.canonical(), etree.XPath(translator.selector_to_xpath(one))),
                one.specificity(),
            )
            for one in parsed
            if one.pseudo_element is None
        )
    except (cssselect.SelectorError, etree.XPathError, ValueError, RecursionError):
        return ()
