"""Programs that read less: Outlook on Windows with its conditional comments, and those that drop every <style>."""

from __future__ import annotations

import functools
import re
from html.parser import HTMLParser

import pytest

from newsletter.check.client_support import lacking
from tests.templates.conftest import Opened
from tests.templates.specimens import LETTER, SECOND_BRAND, THEMES, compiled, extreme_digest, letter_of, settings
from tests.templates.test_layout import CONTRAST

KINDS = {"letter": lambda theme: letter_of(LETTER, theme=theme), "digest": lambda theme: extreme_digest(theme=theme)}
WIDTH = 600


@functools.cache
def html_of(theme: str, kind: str) -> str:
    return compiled(KINDS[kind](theme), settings(**SECOND_BRAND)).html


@pytest.fixture(params=[(theme, kind) for theme in THEMES for kind in KINDS], ids=" ".join)
def html(request: pytest.FixtureRequest) -> str:
    return html_of(*request.param)


def as_word_reads(html: str) -> str:
    """Return what Outlook on Windows takes: its own comments open, what is hidden from it gone."""
    html = re.sub(r"<!--\[if !mso.*?<!\[endif\]-->", "", html, flags=re.DOTALL)
    return re.sub(r"<!--\[if [^\]]*mso[^\]]*\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL)


def without_styles(html: str) -> str:
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


class Nesting(HTMLParser):
    """Every table, row and cell is closed by its own tag, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"table", "tr", "td", "th"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"table", "tr", "td", "th"} and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)


def test_conditional_comments_are_whole(html: str) -> None:
    assert html.count("<!--[if ") == html.count("<![endif]-->") > 3
    assert "<![endif]" not in as_word_reads(html)


def test_ghost_tables_hold_the_letter_at_its_width(html: str) -> None:
    ghosts = [found for found in re.findall(r"<!--\[if mso \| IE\]>(.*?)<!\[endif\]-->", html) if "<table" in found]
    assert ghosts
    widths = re.findall(r'<table[^>]* width="(\d+)"', "".join(ghosts))
    assert set(widths) == {str(WIDTH)}


def test_tables_nest_rightly_for_outlook_and_for_everybody_else(html: str) -> None:
    for read in (html, as_word_reads(html)):
        nesting = Nesting(read)
        assert not nesting.wrong
        assert not nesting.open


def test_no_layout_hangs_on_what_outlook_does_not_know(html: str) -> None:
    html = as_word_reads(html)
    inline = " ".join(re.findall(r'style="([^"]*)"', html))
    assert not re.findall(r"(?:^|[;\s])(?:display:\s*(?:flex|grid)|position:|float:|calc\(|var\()", inline)


def test_no_reader_misses_a_word_for_what_outlook_or_another_program_lacks(html: str) -> None:
    assert [(lack.use.slug, lack.use.tag, lack.clients) for lack in lacking(html)] == []


def test_space_stands_in_cells_because_word_ignores_it_elsewhere(html: str) -> None:
    padded = re.findall(r'<(p|li|ul|ol|blockquote|h\d|img)\b[^>]*style="[^"]*padding(?:-\w+)?:\s*[1-9]', html)
    assert not padded


@pytest.mark.service
@pytest.mark.parametrize("width", [320, 600])
def test_without_any_style_element_the_mail_is_legible(opened: Opened, html: str, width: int) -> None:
    html = without_styles(html)
    assert "<style" not in html
    with opened(html, width) as page:
        assert page.evaluate(CONTRAST) == []
        sizes = page.evaluate("[...document.querySelectorAll('p, li, td')].map(e => getComputedStyle(e).fontSize)")
        assert {"16px"} <= set(sizes)
        if width >= WIDTH:
            assert page.evaluate("document.documentElement.scrollWidth") == width
