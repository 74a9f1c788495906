"""The letter as readers' programs meet it: its bytes, its text part, and how Chromium lays it out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html as lxml_html
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.config import load_settings
from newsletter.content import load_item
from newsletter.content.item import (
    Figure,
    Heading,
    Image,
    Link,
    ListBlock,
    NewsItem,
    Origin,
    Paragraph,
    Point,
    Quote,
    Region,
    Series,
    Span,
    Table,
    Text,
)
from newsletter.issue import ContentOptions, Issue, build_issue
from newsletter.render import compile_issue
from newsletter.render.compiled import fill
from newsletter.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
HERE = Origin(path="content/x.md", line=1)
VALUES = {
    "subscriber.name": "Анна",
    "links.unsubscribe": "https://news.example/u/" + "A" * 34,
    "links.view": "https://news.example/v/" + "A" * 34,
}
ENVIRON = {
    "NEWSLETTER_SENDER__FROM": "Пресс-служба <news@zarechye.example>",
    "NEWSLETTER_PUBLIC_URL": "https://news.zarechye.example",
    "NEWSLETTER_ARCHIVE_URL": "https://news.zarechye.example",
}


def words(text: str) -> Text:
    return (Span(text=text),)


def figure(number: str, unit: str, measures: str) -> Figure:
    return Figure(
        text=f"{number} {unit}",
        kind="amount",
        value=Decimal(1),
        number=number,
        unit=unit,
        measures=measures,
        origin=HERE,
    )


# Everything a letter can hold, and each thing too long: what breaks a layout.
EXTREME = NewsItem(
    title="Водородонефтегазоперерабатывающеепредприятие Зареченска",
    title_proposed=False,
    lead=words("Сверхдлинноесловокотороенигденепереноситсяиидётдалекозакрайэкрана и ещё несколько слов."),
    date=date(2026, 11, 23),
    source="пресс-служба",
    blocks=(
        Paragraph(
            text=(Span(text="Жирно", bold=True), Span(text=" и ссылка", href="https://zarechye.example/" + "a" * 90)),
            origin=HERE,
        ),
        Quote(
            text=words("Предприятия научились получать сертификаты других стран. " * 16),
            speaker="Константин Константинопольский-Преображенский",
            role="первый заместитель руководителя департамента внешнеэкономической деятельности",
            origin=HERE,
        ),
        Heading(level=2, text=words("Что покупают"), origin=HERE),
        Heading(level=3, text=words("Подробнее"), origin=HERE),
        Table(
            header=tuple(words(f"Показатель {n}") for n in range(7)),
            rows=tuple(tuple(words(f"{(n + 1) * 1_234_567}") for n in range(7)) for _ in range(3)),
            origin=HERE,
        ),
        ListBlock(ordered=True, items=(words("раз"), words("два")), origin=HERE),
        Image(src="https://zarechye.example/line.jpg", alt="Линия сборки", credit="пресс-служба", origin=HERE),
        Link(text="Открыть обзор экспорта", href="https://zarechye.example/export", origin=HERE),
        Link(text="Ещё одна ссылка", href="https://zarechye.example/more", origin=HERE),
    ),
    figures=(
        figure("1 234 567,8", "млрд рублей", "очень длинное описание того, что измеряет показатель за девять месяцев"),
        figure("412", "млн рублей", "экспорт"),
        figure("1 из 6", "", "резидентов"),
    ),
    regions=(Region(name="Европа", places=tuple(f"Страна {n}" for n in range(14))),),
    series=Series(
        measures="экспорт",
        unit="млн рублей",
        points=(
            Point(label="2025", value=Decimal(217), text="≈ 217 млн рублей", derived=True),
            Point(label="2026", value=Decimal(412), text="412 млн рублей", derived=False),
        ),
    ),
    origin=HERE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    html: str
    text: str


def settings(**more: str) -> Settings:
    return load_settings(ROOT, ENVIRON | more)


def compiled(issue: Issue, used: Settings) -> Mail:
    variant = compile_issue(issue, settings=used, template_dirs=(ROOT / "templates",)).compiled.variants[""]
    return Mail(html=fill(variant.html, VALUES), text=fill(variant.text, VALUES))


def issue_of(item: NewsItem, *, lang: str = "ru") -> Issue:
    return Issue(
        key="k",
        items=(item,),
        title=item.title,
        title_proposed=False,
        subject=item.title,
        preheader="Строка после темы",
        preheader_proposed=False,
        lang=lang,
        date=item.date,
        template="press",
    )


@pytest.fixture(scope="module")
def sample() -> Mail:
    used = settings()
    item = load_item(ROOT / "content" / "2026-11-zarechye-export.md", root=ROOT)
    return compiled(build_issue([item], options=ContentOptions(), settings=used, key="k"), used)


@pytest.fixture(scope="module")
def extreme() -> Mail:
    return compiled(issue_of(EXTREME), settings(NEWSLETTER_BRAND__LOGO="https://zarechye.example/logo.png"))


@pytest.fixture(scope="module", params=["sample", "extreme"])
def mail(request: pytest.FixtureRequest) -> Mail:
    found: Mail = request.getfixturevalue(request.param)
    return found


def tree(mail: Mail) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(mail.html)


def test_the_sample_is_small_enough_for_every_program(sample: Mail) -> None:
    assert len(sample.html.encode()) <= 45_000
    styles = re.findall(r"<style.*?</style>", sample.html, re.DOTALL)
    assert sum(len(style) for style in styles) < 16_000


def test_there_is_one_title_heading_and_no_level_is_skipped(mail: Mail) -> None:
    levels = [int(node.tag[1]) for node in tree(mail).iter("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_language_and_direction_stand_on_the_root_and_on_the_first_element(mail: Mail) -> None:
    root = tree(mail)
    first = root.find("body")[0]
    assert (root.get("lang"), root.get("dir")) == ("ru", "ltr")
    assert (first.get("lang"), first.get("dir")) == ("ru", "ltr")


def test_every_table_is_either_layout_by_its_role_or_data_by_its_headings(mail: Mail) -> None:
    for table in tree(mail).iter("table"):
        own_headings = [th for th in table.iter("th") if next(th.iterancestors("table")) is table]
        assert (table.get("role") == "presentation") != bool(own_headings)
        assert all(th.get("scope") in {"row", "col"} for th in own_headings)


def test_every_picture_has_an_alternative_text(extreme: Mail) -> None:
    pictures = list(tree(extreme).iter("img"))
    assert {img.get("alt") for img in pictures} == {"ОЭЗ «Заречье»", "Линия сборки"}


def test_an_item_has_one_button_and_further_links_are_text(extreme: Mail) -> None:
    buttons = [td.text_content() for td in tree(extreme).find_class("button")]
    assert buttons == ["Открыть обзор экспорта"]
    assert "Ещё одна ссылка" in tree(extreme).text_content()


def test_colours_can_be_told_by_programs_that_ask(sample: Mail) -> None:
    assert '<meta name="color-scheme" content="light dark"' in sample.html
    assert "@media (prefers-color-scheme: dark)" in sample.html
    assert "[data-ogsc] .ink" in sample.html


def test_calculated_values_are_marked_in_both_parts(extreme: Mail) -> None:
    assert "≈ рассчитано по приведённым темпам" in extreme.html
    assert "≈ рассчитано по приведённым темпам" in extreme.text


def test_text_lines_fit_72_columns_unless_one_word_is_longer(mail: Mail) -> None:
    too_long = [line for line in mail.text.split("\n") if len(line) > 72 and " " in line.strip()]
    # An address cannot be broken; only "[1] " may stand before it.
    assert not [line for line in too_long if not re.fullmatch(r"\[\d+\] \S+|  \S+ +\S+", line)]


def test_the_text_part_holds_what_the_letter_says(extreme: Mail) -> None:
    for said in (
        "Здравствуйте, Анна!",
        "Константинопольский",
        "Показатель 6: 8641969",
        "1. раз",
        "[Фото: Линия сборки",
        "Европа: Страна 0",
        "→ Открыть обзор экспорта [",
        "Отписаться от рассылки:\n" + VALUES["links.unsubscribe"],
    ):
        assert said in extreme.text


def test_without_a_name_the_greeting_is_a_whole_phrase() -> None:
    item = NewsItem(title="Т", title_proposed=False, lead=words("Л."), date=None, source="", blocks=(), origin=HERE)
    compiled_issue = compile_issue(issue_of(item), settings=settings(), template_dirs=(ROOT / "templates",)).compiled
    variant = compiled_issue.variants[""]
    assert ">Здравствуйте!<" in fill(variant.html, VALUES | {"subscriber.name": ""})
    assert "\nЗдравствуйте!\n" in fill(variant.text, VALUES | {"subscriber.name": ""})


def test_an_english_issue_speaks_english() -> None:
    item = NewsItem(
        title="T", title_proposed=False, lead=words("L."), date=None, source="", blocks=(), lang="en", origin=HERE
    )
    mail = compiled(issue_of(item, lang="en"), settings())
    assert "Hello, Анна!" in mail.html
    assert "Unsubscribe" in mail.text
    assert not re.search("Отписаться|Здравствуйте", mail.html + mail.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip("chromium is not installed: the mail cannot be looked at")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


def opened(browser: Browser, mail: Mail, width: int, *, dark: bool = False) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail.html, wait_until="domcontentloaded")
    return page


@pytest.mark.service
@pytest.mark.parametrize("width", [320, 360, 600, 1200])
def test_nothing_stands_out_of_the_letter_to_the_side(browser: Browser, mail: Mail, width: int) -> None:
    page = opened(browser, mail, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


@pytest.mark.service
def test_cards_stand_two_by_two_and_stack_on_phones(browser: Browser, sample: Mail) -> None:
    tops = "[...document.querySelectorAll('.card')].map(card => card.getBoundingClientRect().top)"
    wide, narrow = opened(browser, sample, 600), opened(browser, sample, 360)
    wide_tops, narrow_tops = wide.evaluate(tops), narrow.evaluate(tops)
    assert wide_tops[0] == wide_tops[1] < wide_tops[2]
    assert narrow_tops == sorted(set(narrow_tops))
    wide.close()
    narrow.close()


@pytest.mark.service
def test_bars_are_as_long_as_their_values(browser: Browser, extreme: Mail) -> None:
    page = opened(browser, extreme, 600)
    lengths = page.evaluate("[...document.querySelectorAll('.bar')].map(bar => bar.getBoundingClientRect().width)")
    assert lengths[0] / lengths[1] == pytest.approx(217 / 412, abs=0.01)
    page.close()


@pytest.mark.service
def test_the_button_is_large_enough_for_a_thumb(browser: Browser, sample: Mail) -> None:
    page = opened(browser, sample, 360)
    assert page.evaluate("document.querySelector('.button a').getBoundingClientRect().height") >= 44
    page.close()


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


@pytest.mark.service
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("accent", ["#0b5f6b", "#00008b", "#8b0000"])
def test_every_text_has_contrast_with_any_accent(browser: Browser, accent: str, dark: bool) -> None:
    page = opened(browser, compiled(issue_of(EXTREME), settings(NEWSLETTER_BRAND__ACCENT=accent)), 600, dark=dark)
    assert page.evaluate(CONTRAST) == []
    page.close()


@pytest.mark.service
def test_dark_is_dark_from_edge_to_edge(browser: Browser, extreme: Mail) -> None:
    page = opened(browser, extreme, 1200, dark=True)
    light = page.evaluate(
        """() => [...document.querySelectorAll('body, div, table, td')].filter(e => {
          const [r, g, b, a = 1] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
          return a > 0 && (r + g + b) / 3 > 128 && !e.closest('.button') && !e.matches('.bar');
        }).map(e => e.className)"""
    )
    assert light == []
    page.close()
