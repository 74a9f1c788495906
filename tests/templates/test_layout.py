"""How Chromium lays the mails out: at every width, light and dark, with any colour of a brand, without pictures."""

from __future__ import annotations

import functools

import pytest
from playwright.sync_api import Page

from tests.templates.conftest import Opened
from tests.templates.specimens import (
    EXTREMES,
    LETTER,
    SECOND_BRAND,
    THEMES,
    Mail,
    compiled,
    digest_of,
    extreme_digest,
    letter_of,
    linked,
    sample_digest,
    sample_letter,
    settings,
)

pytestmark = pytest.mark.service

# Text that ends outside the window, or that a box without scroll bar hides; a wide table may scroll in its frame.
CUT_OFF = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, holder = node.parentElement;
    if (!node.data.trim() || parseFloat(getComputedStyle(holder).fontSize) < 2 || holder.closest('.frame')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const room = holder.closest('td, div').getBoundingClientRect();
      if (box.left < 0 || box.right > window.innerWidth + 0.5 || box.right > room.right + 1.5)
        found.push([node.data.trim().slice(0, 40), Math.round(box.right)]);
    }
  }
  return found;
}"""

# Contrast of each visible piece of text with what is painted behind it (WCAG 2.2, 1.4.3).
CONTRAST = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let e = node; e; e = e.parentElement) {
      const found = channels(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, style = getComputedStyle(node);
    if (!walker.currentNode.data.trim() || !node.getClientRects().length || parseFloat(style.fontSize) < 2) continue;
    const [a, b] = [light(channels(style.color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([walker.currentNode.data.trim(), ratio.toFixed(2)]);
  }
  return poor;
}"""


@functools.cache
def mails(theme: str) -> dict[str, Mail]:
    """Return the extremes as letters and as one digest, and a second brand's letter and digest."""
    item = linked(LETTER)
    english = settings(**SECOND_BRAND)
    found = {name: compiled(letter_of(item, theme=theme), settings()) for name, item in EXTREMES.items()}
    found["digest"] = compiled(extreme_digest(theme=theme), settings())
    found["second brand"] = compiled(letter_of(item, theme=theme, lang="en"), english)
    found["second brand, digest"] = compiled(digest_of([item, LETTER], theme=theme, lang="en"), english)
    found["sample"] = sample_letter(theme=theme)  # no-break spaces as the typography sets them
    found["sample digest"] = sample_digest(theme=theme)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 360, 600, 1200])
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_stands_out_to_the_side_or_is_cut_off(opened: Opened, theme: str, width: int) -> None:
    for name, mail in mails(theme).items():
        with opened(mail.html, width) as page:
            assert page.evaluate("document.documentElement.scrollWidth") == width, name
            assert page.evaluate(CUT_OFF) == [], name


@pytest.mark.parametrize("theme", THEMES)
def test_a_wide_table_scrolls_in_its_frame_on_a_phone(opened: Opened, theme: str) -> None:
    with opened(compiled(letter_of(LETTER, theme=theme), settings()).html, 320) as page:
        room, width, style = page.evaluate(
            """() => {
              const frame = document.querySelector('.frame');
              return [frame.clientWidth, frame.scrollWidth, getComputedStyle(frame).overflowX];
            }"""
        )
        assert width > room
        assert style == "auto"


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("accent", ["#0b5f6b", "#00008b", "#8b0000"])
@pytest.mark.parametrize("theme", THEMES)
def test_every_text_has_contrast_with_any_accent(opened: Opened, theme: str, accent: str, dark: bool) -> None:
    used = settings(NEWSLETTER_BRAND__ACCENT=accent)
    for issue in (letter_of(LETTER, theme=theme), extreme_digest(theme=theme)):
        with opened(compiled(issue, used).html, 600, dark=dark) as page:
            assert page.evaluate(CONTRAST) == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_dark_is_dark_from_edge_to_edge(opened: Opened, theme: str) -> None:
    used = settings(NEWSLETTER_BRAND__LOGO="https://zarechye.example/logo.png")
    for issue in (letter_of(LETTER, theme=theme), extreme_digest(theme=theme)):
        with opened(compiled(issue, used).html, 1200, dark=True) as page:
            assert light_grounds(page) == []


def light_grounds(page: Page) -> object:
    """Return the classes of light surfaces; a button, the longest bar and a logo's own ground may be light."""
    return page.evaluate(
        """() => [...document.querySelectorAll('body, div, table, td, img')].filter(e => {
          const [r, g, b, a = 1] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
          return a > 0 && (r + g + b) / 3 > 128 && !e.closest('.button') && !e.matches('.bar, .logo');
        }).map(e => e.className)"""
    )


def test_what_is_read_at_length_is_never_smaller_than_16_pixels(opened: Opened) -> None:
    texts = {"press": ".paragraph, .lead, .story-lead, .line, .entry, .words, .said", "plain": ".txt p, .txt li"}
    for theme, selector in texts.items():
        with opened(compiled(extreme_digest(theme=theme), settings()).html, 320) as page:
            size = "e => parseFloat(getComputedStyle(e).fontSize)"
            sizes = page.evaluate(f"selector => [...document.querySelectorAll(selector)].map({size})", selector)
            assert sizes
            assert min(sizes) >= 16


def test_the_button_is_large_enough_for_a_thumb(opened: Opened) -> None:
    with opened(compiled(letter_of(LETTER), settings()).html, 360) as page:
        assert page.evaluate("document.querySelector('.button a').getBoundingClientRect().height") >= 44


def test_cards_stand_two_by_two_and_stack_on_phones(opened: Opened) -> None:
    html = compiled(letter_of(EXTREMES["eight figures"]), settings()).html
    tops = "[...document.querySelectorAll('.card')].map(card => card.getBoundingClientRect().top)"
    with opened(html, 600) as page:
        wide = page.evaluate(tops)
    with opened(html, 360) as page:
        narrow = page.evaluate(tops)
    assert wide[0] == wide[1] < wide[2]
    assert narrow == sorted(set(narrow))
    assert len(narrow) == 8


def test_bars_are_as_long_as_their_values(opened: Opened) -> None:
    with opened(compiled(letter_of(LETTER), settings()).html, 600) as page:
        lengths = page.evaluate("[...document.querySelectorAll('.bar')].map(bar => bar.getBoundingClientRect().width)")
    assert lengths[0] / lengths[1] == pytest.approx(217 / 412, abs=0.01)


def test_numbers_that_stand_under_each_other_end_at_one_edge(opened: Opened) -> None:
    edges = "[...document.querySelectorAll('.value')].map(e => Math.round(e.getBoundingClientRect().right))"
    with opened(compiled(letter_of(LETTER), settings()).html, 600) as page:
        assert len(set(page.evaluate(edges))) == 1


@pytest.mark.parametrize("width", [320, 600])
@pytest.mark.parametrize("theme", THEMES)
def test_cells_that_stand_side_by_side_have_a_gap_between_their_words(opened: Opened, theme: str, width: int) -> None:
    gaps = """() => [...document.querySelectorAll('.frame tr')].flatMap(row => {
      const boxes = [...row.cells].map(cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect();
      });
      return boxes.slice(1).map((box, n) => box.left - boxes[n].right);
    })"""
    with opened(compiled(letter_of(LETTER, theme=theme), settings()).html, width) as page:
        assert min(page.evaluate(gaps)) >= 12


@pytest.mark.parametrize("width", [320, 600])
def test_labels_too_long_for_the_line_of_their_bars_stand_over_them(opened: Opened, width: int) -> None:
    tops = "s => [...document.querySelectorAll(s)].map(e => e.getBoundingClientRect().top)"
    with opened(compiled(letter_of(EXTREMES["long bars"]), settings()).html, width) as page:
        labels, bars = page.evaluate(tops, ".over-bar"), page.evaluate(tops, ".bar")
    assert len(labels) == len(bars) == 2
    assert labels[0] < bars[0] < labels[1] < bars[1]
