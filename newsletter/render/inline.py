"""MJML's HTML → the HTML that is mailed: CSS inlined by premailer, with the cures for what it does to such mail.

Each setting below answers a measured damage (libraries.md section 2): lost `!important` kills the phone layout, a
lost doctype brings quirks mode, `width` is rewritten, the reset is copied into every cell. Nothing here reaches the
network: cssutils would follow `@import` even with `allow_network=False`, so it gets a fetcher that fetches nothing.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from newsletter.address import ascii_domain
from newsletter.errors import InputError, TemplateError
from newsletter.render.selectors import PageIndex, finder, index_of
from newsletter.render.sheet import style_rules

DOCTYPE = "<!DOCTYPE html>"
_RESET_STYLE = '<style type="text/css">'
_URL = re.compile(r"""(\b(?:href|src|background)\s*=\s*)(["'])(https?://[^"']*)\2""", re.IGNORECASE)
# One that is not ASCII; a mail seldom has one, and to find none is quicker than to look at each.
_FOREIGN_URL = re.compile("""://[^"'\x80-\U0010ffff]*[\x80-\U0010ffff]""")
_REMOTE_CSS = re.compile(
    r"<style\b[^>]*>(?:(?!</style\b).)*?(?P<rule>@import)\b|(?P<link><link\b[^>]*\bstylesheet\b[^>]*>)",
    re.IGNORECASE | re.DOTALL,
)

_Rule = tuple[tuple[int, ...], str, str]  # (important, ids, classes, elements, sheet, number), selector, declarations
_SETTINGS: dict[str, Any] = {
    "strip_important": False,
    "keep_style_tags": True,
    "remove_classes": False,
    "disable_basic_attributes": ["width", "height", "align", "valign", "bgcolor"],
    "disable_validation": True,
    "cssutils_logging_level": logging.CRITICAL,
    "align_floating_images": False,
    "allow_network": False,
    "allow_loading_external_files": False,
    "disable_link_rewrites": True,
    "cache_css_parsing": False,  # `_premailer` keeps what comes of a sheet
}


def inline_css(source: str, *, path: str) -> str:
    """Return the finished HTML document. Raises TemplateError when it would make readers' programs fetch styles."""
    if remote := _REMOTE_CSS.search(source):
        raise TemplateError(
            f"{remote['rule'] or remote['link']} fetches styles from the network",
            path=path,
            fix="put the rules into mj-style; use fonts that readers have",
        )
    return inlined(prepare(source))


def prepare(source: str) -> str:
    """Upper-case doctype, punycode hosts, and MJML's own reset kept out of the inlining."""
    # premailer (through lxml) drops a lower-case doctype, which means quirks mode for the reader.
    body = re.sub(r"^\s*<!doctype html>", "", source, flags=re.IGNORECASE)
    body = body.replace(_RESET_STYLE, _RESET_STYLE[:-1] + ' data-premailer="ignore">', 1)
    if _FOREIGN_URL.search(body):
        body = _URL.sub(lambda m: f"{m[1]}{m[2]}{ascii_host(m[3])}{m[2]}", body)
    return DOCTYPE + body


def inlined(document: str) -> str:
    """Run premailer over a whole document; the doctype is asserted after."""
    Premailer = _premailer()  # noqa: N806 - a class
    html = Premailer(document, **_SETTINGS).transform(pretty_print=False)
    result = str(html)
    if not result.startswith(DOCTYPE):
        raise TemplateError("the inliner lost the doctype", fix="report it: readers would see the mail in quirks mode")
    return result


def ascii_host(url: str) -> str:
    """Return `url` with its host in A-labels: lxml would percent-encode a Cyrillic one, which no reader can open."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.isascii():
        return url
    try:
        encoded = ascii_domain(host)
    except InputError as error:
        raise TemplateError(f"{host} is no host name", fix="mend the link") from error
    return urlunsplit(parts._replace(netloc=parts.netloc.lower().replace(host, encoded)))


@cache
def _premailer() -> Any:
    """Return the Premailer class, cut off from the network and from shortening colours, with caches of its own.

    premailer keeps selectors, styles and sheets in one cache under their text alone, where a style that reads like a
    selector gets the selector. Each has its own here, by the text that decides it.
    """
    import cssutils
    from lxml import etree
    from lxml.cssselect import CSSSelector
    from premailer import merge_style, premailer

    parser = cssutils.CSSParser(
        fetcher=lambda url: ("utf-8", b""), raiseExceptions=False, validate=False, loglevel=logging.CRITICAL
    )
    cssutils.ser.prefs.minimizeColorHash = False
    # premailer calls cssutils.parseString through its module global: the one seam it has.
    premailer.cssutils = SimpleNamespace(
        parseString=lambda css, validate=False: parser.parseString(css, validate=validate),
        parseStyle=cssutils.parseStyle,
        css=cssutils.css,
        log=cssutils.log,
    )
    pairs = lru_cache(maxsize=8192)(inspect.unwrap(merge_style.csstext_to_pairs))
    pairs._lock = merge_style.csstext_to_pairs._lock  # type: ignore[attr-defined]  # the function finds it by its name
    premailer.csstext_to_pairs = merge_style.csstext_to_pairs = pairs

    indexes: list[PageIndex] = []  # of the page at hand; premailer changes no class before it has found everything

    def page_index(page: Any) -> PageIndex:
        known = next((index for index in indexes if index.page is page), None)
        if known is None:
            known = index_of(page)
            indexes[:] = [known]
        return known

    @lru_cache(maxsize=4096)
    def selector_of(selector: str) -> Callable[[Any], Sequence[Any]]:
        xpath = CSSSelector(selector)
        find = finder(selector, xpath)
        return lambda page: find(page_index(page)) if isinstance(page, etree._Element) else xpath(page)

    premailer._create_cssselector = selector_of

    class Inliner(premailer.Premailer):  # type: ignore[misc]
        def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[_Rule], list[Any]]:
            """Return what premailer returns, but for the second, which counts only where style tags are not kept."""
            pieces = style_rules(css_body or "")
            rules = [one for piece in ([css_body] if pieces is None else pieces) for one in _rules_of(piece)]
            return [
                ((*weight[:4], ruleset_index, number), selector, bulk)
                for number, (weight, selector, bulk) in enumerate(rules)
            ], []

        def _style_to_basic_html_attributes(self, element: Any, style_content: str, force: bool = False) -> None:
            """Nothing: each attribute that it writes is among `disable_basic_attributes`."""

    @lru_cache(maxsize=4096)  # a theme's rules; premailer would read and print each anew for each mail
    def _rules_of(css: str) -> tuple[_Rule, ...]:
        return tuple(premailer.Premailer("", **_SETTINGS)._parse_style_rules(css, 0)[0])

    return Inliner
