"""MJML's HTML → the HTML that is mailed: CSS inlined by premailer, with the cures for what it does to such mail.

Each setting below answers a measured damage (libraries.md section 2): lost `!important` kills the phone layout, a
lost doctype brings quirks mode, `width` is rewritten, the reset is copied into every cell. Nothing here reaches the
network: cssutils would follow `@import` even with `allow_network=False`, so it gets a fetcher that fetches nothing.
"""

from __future__ import annotations

import logging
import os
import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from newsletter.address import ascii_domain
from newsletter.errors import InputError, TemplateError

DOCTYPE = "<!DOCTYPE html>"
_RESET_STYLE = '<style type="text/css">'
_URL = re.compile(r"""(\b(?:href|src|background)\s*=\s*)(["'])(https?://[^"']*)\2""", re.IGNORECASE)
_REMOTE_CSS = re.compile(
    r"<style\b[^>]*>(?:(?!</style\b).)*?(?P<rule>@import)\b|(?P<link><link\b[^>]*\bstylesheet\b[^>]*>)",
    re.IGNORECASE | re.DOTALL,
)


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
    return DOCTYPE + _URL.sub(lambda m: f"{m[1]}{m[2]}{ascii_host(m[3])}{m[2]}", body)


def inlined(document: str) -> str:
    """Run premailer over a whole document; the doctype is asserted after."""
    Premailer = _premailer()  # noqa: N806 - a class
    html = Premailer(
        document,
        strip_important=False,
        keep_style_tags=True,
        remove_classes=False,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        disable_validation=True,
        cssutils_logging_level=logging.CRITICAL,
        align_floating_images=False,
        allow_network=False,
        allow_loading_external_files=False,
        disable_link_rewrites=True,
        cache_css_parsing=True,  # the same theme again and again, in the preview's warm process
    ).transform(pretty_print=False)
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


def _premailer() -> Any:
    """Return the Premailer class, its CSS parser cut off from the network and from shortening colours."""
    # Read at import: selectors, styles and sheets share one cache, and a theme has more of them than the 128 it holds
    # by itself, so that a warm process would parse every sheet anew (a third of its compile).
    os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "4096")
    import cssutils
    from premailer import premailer

    parser = cssutils.CSSParser(
        fetcher=lambda url: ("utf-8", b""), raiseExceptions=False, validate=False, loglevel=logging.CRITICAL
    )
    cssutils.ser.prefs.minimizeColorHash = False
    if getattr(premailer.cssutils, "newsletter_shim", False):
        return premailer.Premailer
    # premailer calls cssutils.parseString through its module global: the one seam it has.
    premailer.cssutils = SimpleNamespace(
        newsletter_shim=True,
        parseString=lambda css, validate=False: parser.parseString(css, validate=validate),
        parseStyle=cssutils.parseStyle,
        css=cssutils.css,
        log=cssutils.log,
    )
    return premailer.Premailer
