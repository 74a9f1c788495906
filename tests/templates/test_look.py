"""What the finished HTML and text of both themes hold, whatever the item: structure, words, sizes."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from lxml import html as lxml_html

from newsletter.content.item import Heading, Image, Table
from newsletter.render.compile import compile_issue
from newsletter.render.compiled import fill
from tests.templates.specimens import (
    ALT,
    BARE,
    EXTREMES,
    HERE,
    LETTER,
    SAMPLES,
    SECOND_BRAND,
    TEMPLATES,
    THEMES,
    VALUES,
    Mail,
    checked,
    compiled,
    compiled_sample,
    digest_of,
    extreme_digest,
    letter_of,
    linked,
    sample_digest,
    sample_letter,
    settings,
    words,
)

WHATS = ("sample", "sample digest", *EXTREMES, "digest", "second brand", "second brand, digest")
NAMES = [f"{theme}: {what}" for theme in THEMES for what in WHATS]


@functools.cache
def mail_named(name: str) -> Mail:
    """Compile "theme: what", once: the sample, an extreme, a digest of all, a second brand in English."""
    theme, _, what = name.partition(": ")
    if what.startswith("sample"):
        return sample_digest(theme=theme) if "digest" in what else sample_letter(theme=theme)
    if what == "digest":
        return compiled(extreme_digest(theme=theme), settings())
    if what.startswith("second brand"):
        item = replace(LETTER, lang="en")
        one, several = letter_of(item, theme=theme, lang="en"), digest_of([linked(item), item], theme=theme, lang="en")
        return compiled(several if "digest" in what else one, settings(**SECOND_BRAND))
    return compiled(letter_of(EXTREMES[what], theme=theme), settings())


@pytest.fixture(params=NAMES)
def mail(request: pytest.FixtureRequest) -> Mail:
    return mail_named(request.param)


def tree(mail: Mail) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(mail.html)


def test_the_sample_is_small_enough_for_every_program() -> None:
    assert len(mail_named("press: sample").html.encode()) <= 45_000


def test_gmail_keeps_the_styles(mail: Mail) -> None:
    styles = re.findall(r"<style.*?</style>", mail.html, re.DOTALL)
    assert sum(len(style) for style in styles) < 16_000


def test_there_is_one_title_heading_and_no_level_is_skipped(mail: Mail) -> None:
    levels = [int(node.tag[1]) for node in tree(mail).iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_language_and_direction_stand_on_the_root_and_on_the_first_element(mail: Mail) -> None:
    root = tree(mail)
    first = root.find("body")[0]
    assert root.get("lang") in {"ru", "en"}
    assert (root.get("lang"), root.get("dir")) == (first.get("lang"), first.get("dir"))
    assert root.get("dir") == "ltr"


def test_the_document_has_the_issues_title(mail: Mail) -> None:
    title = tree(mail).findtext("head/title") or ""
    assert title.split() == tree(mail).find(".//h1").text_content().split()


def test_a_screen_reader_is_told_the_title_as_it_is(mail: Mail) -> None:
    # The MJML library writes aria-label with Rust's escapes: a no-break space would be read out as "u a 0".
    assert tree(mail).find("body")[0].get("aria-label") == " ".join(tree(mail).findtext("head/title").split())


def test_every_table_is_either_layout_by_its_role_or_data(mail: Mail) -> None:
    for table in tree(mail).iter("table"):
        framed = any("frame" in (div.get("class") or "") for div in table.iterancestors("div"))
        own_headings = [th for th in table.iter("th") if next(th.iterancestors("table")) is table]
        assert (table.get("role") == "presentation") != (framed or bool(own_headings))
        assert all(th.get("scope") in {"row", "col"} for th in own_headings)


def test_every_picture_has_an_alternative_text_and_a_width(mail: Mail) -> None:
    for img in tree(mail).iter("img"):
        assert img.get("alt")
        assert img.get("width") or img.get("height")


def test_no_id_stands_twice(mail: Mail) -> None:
    ids = [node.get("id") for node in tree(mail).iter() if node.get("id")]
    assert len(ids) == len(set(ids))


def test_a_link_says_where_it_leads(mail: Mail) -> None:
    said = [" ".join(a.text_content().split()).lower().strip(" :") for a in tree(mail).iter("a")]
    assert not set(said) & {"", "здесь", "подробнее", "читать", "читать полностью", "here", "more", "read in full"}


def test_colours_can_be_told_by_programs_that_ask(mail: Mail) -> None:
    assert '<meta name="color-scheme" content="light dark"' in mail.html
    assert "@media (prefers-color-scheme: dark)" in mail.html
    assert "[data-ogsc] .txt" in mail.html


THUNDERBIRD = re.compile(r'<style media="\(prefers-color-scheme: dark\)">(.*?)</style>', re.DOTALL)


def test_thunderbird_which_drops_media_rules_finds_the_dark_palette_in_an_element_of_its_own(mail: Mail) -> None:
    (css,) = THUNDERBIRD.findall(mail.html)
    assert "&gt;" not in css  # would undo its rule
    selectors = [one.strip() for rule in re.findall(r"([^{}]+)\{", css) for one in rule.split(",")]
    assert len(selectors) > 3
    assert all(one.startswith(".moz-text-html ") for one in selectors)


@pytest.mark.parametrize("accent", [settings().brand.accent, "#707070", "#767600", "#1a1aff", "#b0006a", "#000000"])
def test_thunderbird_removes_no_colour_of_the_dark_palette(accent: str) -> None:
    """By its DarkReader.mjs: of a rule by itself goes text of luminance 200 or less, and a ground above it."""
    found = compiled(letter_of(LETTER), settings(NEWSLETTER_BRAND__ACCENT=accent))
    (css,) = THUNDERBIRD.findall(found.html)
    for rule in re.findall(r"\{([^}]*)\}", css):
        said = dict(re.findall(r"([a-z-]+):\s*([^;!]+?)\s*!important", rule))
        text, ground = (luminance(said[name]) if name in said else None for name in ("color", "background"))
        if ground is not None:
            assert ground <= 200, rule
            assert text is None or (max(text, ground) + 0.05) / (min(text, ground) + 0.05) >= 3.5, rule
        elif text is not None:
            assert text > 200, rule


def luminance(colour: str) -> float:
    """Return it as Thunderbird reckons: of 255, and as if nothing were transparent."""
    if colour.startswith("#"):
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    else:
        red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return 0.2125 * red + 0.7154 * green + 0.0721 * blue


def test_a_word_before_the_number_of_a_card_is_small() -> None:
    found = tree(mail_named("press: everything"))
    (number,) = (p for p in found.find_class("number") if "каждому" in p.text_content())
    assert number.text_content() == "каждому\u00a0100-му"
    assert [span.text_content() for span in number.find_class("unit")] == ["каждому"]


def test_a_range_of_words_on_a_card_stays_on_one_line() -> None:
    sold = replace(LETTER.figures[1], measures="экспорт", period="январь–октябрь 2026 года")
    found = tree(compiled(letter_of(replace(LETTER, figures=(sold,))), settings()))
    (kept,) = found.find_class("unbroken")
    assert kept.text_content() == "январь–октябрь"
    assert "white-space:nowrap" in kept.get("style").replace(" ", "")


@pytest.mark.parametrize("theme", THEMES)
def test_the_quote_of_an_item_in_brief_is_set_as_a_quote(theme: str) -> None:
    found = compiled(digest_of([BARE, linked(LETTER)], theme=theme), settings())
    (quote,) = tree(found).iter("blockquote")
    assert "Предприятия научились" in quote.text_content()
    assert re.search(r"\n(?:> |    )«?Предприятия научились", found.text)


def test_an_english_mail_speaks_english() -> None:
    for name in NAMES:
        if "second brand" in name:
            mail = mail_named(name)
            assert "Hello, Анна!" in mail.html
            assert "Unsubscribe" in mail.text
            assert not re.search("Отписаться|Здравствуйте|Читать|Изображение|Телефон", mail.html + mail.text)


def test_text_lines_fit_72_columns_unless_one_word_is_longer(mail: Mail) -> None:
    for line in mail.text.split("\n"):
        # An address or a word cannot be broken; only a sign, a number or a short name may stand before it.
        longest = max((len(word) for word in line.split()), default=0)
        assert len(line) <= 72 or len(line) - longest < 24, line


def test_the_text_part_has_no_blank_ends_and_no_two_empty_lines(mail: Mail) -> None:
    assert not re.search(r"[ \u00a0]\n|\n\n\n", mail.text)


@pytest.mark.parametrize("theme", THEMES)
def test_the_text_part_holds_what_the_letter_says(theme: str) -> None:
    text = mail_named(f"{theme}: everything").text
    for said in (
        "Здравствуйте, Анна!",
        "Константинопольский",
        "Показатель 6: 8641969",
        "1. раз",
        "Линия сборки",
        "Открыть обзор экспорта [",
        "Отписаться от рассылки:\n" + VALUES["links.unsubscribe"],
    ):
        assert said in text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("part", ["html", "text"])
def test_a_digest_tells_an_item_with_a_link_in_brief_and_one_without_whole(theme: str, part: str) -> None:
    brief, whole = linked(LETTER), replace(LETTER, title="Без ссылки")
    shown = getattr(compiled(digest_of([BARE, brief], theme=theme), settings()), part)
    assert "https://zarechye.example/news" in shown
    assert "Показатель 6" not in shown
    shown = getattr(compiled(digest_of([BARE, whole], theme=theme), settings()), part)
    assert "https://zarechye.example/news" not in shown
    for said in ("Показатель 6", "Константинопольский", "Открыть обзор экспорта", "Линия сборки", "Подробнее"):
        assert said in shown


@pytest.mark.parametrize("name", SAMPLES.values())
@pytest.mark.parametrize("theme", THEMES)
def test_no_check_finds_anything_about_the_looks_of_a_sample(theme: str, name: str) -> None:
    result = compiled_sample(name, theme)
    assert {one.id for one in checked(result.issue, result.compilation).findings} <= {"subject_cut"}


def test_an_item_in_another_language_says_so() -> None:
    items = [BARE, replace(linked(BARE), title="Open day", lang="en")]
    for theme in THEMES:
        titles = list(tree(compiled(digest_of(items, theme=theme), settings())).iter("h2"))
        assert [node.get("lang") for node in titles if node.text_content() in {"Коротко", "Open day"}] == [None, "en"]


@pytest.mark.parametrize("theme", THEMES)
def test_a_digest_lists_its_contents_on_top_in_order(theme: str) -> None:
    items = [replace(BARE, title=f"Новость {number}") for number in (1, 2, 3)]
    mail = compiled(digest_of(items, theme=theme), settings())
    for shown in (tree(mail).text_content(), mail.text):
        titles = [item.title for item in items]
        assert re.findall(r"Новость \d", shown)[-6:] == [*titles, *titles]


def test_the_first_item_of_a_digest_is_set_large_with_cards_and_one_picture() -> None:
    mail = compiled(digest_of([linked(LETTER), linked(LETTER), linked(LETTER)]), settings())
    first, *others = (node for node in tree(mail).iter("h2") if "label" not in node.get("class"))
    assert "title" in first.get("class").split()
    assert all("story" in node.get("class").split() for node in others)
    assert len(tree(mail).find_class("cards")) == 1
    assert [img.get("alt") for img in tree(mail).iter("img")] == [ALT]


def test_the_block_map_of_a_digest_names_item_and_line() -> None:
    issue = digest_of([BARE, linked(LETTER), LETTER])
    for theme in THEMES:
        compilation = compile_issue(replace(issue, template=theme), settings=settings(), template_dirs=(TEMPLATES,))
        ranges = compilation.blocks[""]
        assert [one.index for one in ranges if one.item == 2] == list(range(len(LETTER.blocks)))
        in_brief = [one.index for one in ranges if one.item == 1]
        assert len(in_brief) == len(set(in_brief))
        html = fill(compilation.compiled.variants[""].html, VALUES).encode()
        (quote,) = (one for one in ranges if one.item == 2 and one.kind == "quote")
        assert "Константинопольский" in html[quote.start : quote.end + 200].decode(errors="ignore")


def test_an_item_has_one_button_and_further_links_are_text() -> None:
    found = tree(mail_named("press: everything"))
    assert [td.text_content() for td in found.find_class("button")] == ["Открыть обзор экспорта"]
    assert "Ещё одна ссылка" in found.text_content()


def test_calculated_values_are_marked_in_both_parts() -> None:
    mail = mail_named("press: everything")
    assert "≈ рассчитано по приведённым темпам" in mail.html
    assert "≈ рассчитано по приведённым темпам" in mail.text


def test_a_picture_is_never_shown_larger_than_it_is() -> None:
    for theme in THEMES:
        small = next(img for img in tree(mail_named(f"{theme}: everything")).iter("img") if img.get("alt") == "Значок")
        assert small.get("width") == "120"
        assert "max-width:120px" in small.get("style").replace(" ", "")


@pytest.mark.parametrize("theme", THEMES)
def test_a_table_with_rows_of_unequal_length_and_empty_cells_is_shown(theme: str) -> None:
    rows = ((words("Иран"), words("")), (words("Куба"), words("2"), words("лишняя")), ())
    blocks = (Table(header=(words("Страна"),), rows=rows, origin=HERE), Table(header=(), rows=(), origin=HERE))
    mail = compiled(letter_of(replace(BARE, blocks=blocks), theme=theme), settings())
    assert "лишняя" in mail.html
    assert "лишняя" in mail.text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["", "Анна"])
def test_the_greeting_is_a_whole_phrase(theme: str, name: str) -> None:
    found = compile_issue(letter_of(BARE, theme=theme), settings=settings(), template_dirs=(TEMPLATES,))
    variant, values = found.compiled.variants[""], VALUES | {"subscriber.name": name}
    said = "Здравствуйте, Анна!" if name else "Здравствуйте!"
    assert f">{said}<" in fill(variant.html, values)
    assert f"\n{said}\n" in fill(variant.text, values)


def test_themes_are_swapped_by_one_word() -> None:
    for theme in THEMES:
        shown = " ".join(tree(mail_named(f"{theme}: sample")).text_content().split())
        for said in ("412 млн рублей", "Ирина Лаптева", "Открыть обзор экспорта"):
            assert said in shown
    assert len(mail_named("plain: sample").html) < len(mail_named("press: sample").html) / 2


@pytest.mark.parametrize("kind", ["letter", "digest"])
def test_headings_that_skip_levels_in_the_item_do_not_in_the_mail(kind: str) -> None:
    levels = (4, 2, 4, 3)
    item = replace(BARE, blocks=tuple(Heading(level=n, text=words(f"Уровень {n}"), origin=HERE) for n in levels))
    for theme in THEMES:
        issue = letter_of(item, theme=theme) if kind == "letter" else digest_of([item, item], theme=theme)
        shown = [int(h.tag[1]) for h in tree(compiled(issue, settings())).iter("h1", "h2", "h3", "h4", "h5")]
        assert all(after - before <= 1 for before, after in pairwise(shown))


def test_a_picture_without_words_is_still_a_picture() -> None:
    item = replace(BARE, blocks=(Image(src="https://zarechye.example/a.png", alt="", origin=HERE),))
    for theme in THEMES:
        mail = compiled(letter_of(item, theme=theme), settings())
        assert [img.get("alt") for img in tree(mail).iter("img")] == [""]
        assert "Изображение" not in mail.text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("alt", "credit", "said"),
    [
        ("Круг сыра", "Фото: Мария Луговая", "[Изображение: Круг сыра] Фото: Мария Луговая"),
        ("Круг сыра", "", "[Изображение: Круг сыра]"),
        ("", "Фото: Мария Луговая", "[Изображение] Фото: Мария Луговая"),
        ("Фото: Мария Луговая", "Фото: Мария Луговая", "[Изображение] Фото: Мария Луговая"),
    ],
)
def test_the_text_part_names_a_picture_and_its_credit_once(theme: str, alt: str, credit: str, said: str) -> None:
    item = replace(BARE, blocks=(Image(src="https://zarechye.example/a.png", alt=alt, credit=credit, origin=HERE),))
    text = compiled(letter_of(item, theme=theme), settings()).text
    assert said in text
    assert text.count("Фото") == said.count("Фото")


def test_words_of_a_picture_arrive_as_written(mail: Mail) -> None:
    # The MJML library wrote Rust's escapes into attributes: with pictures off they stood in the letter.
    assert "\\u{" not in mail.html
    assert all(img.get("alt") == ALT for img in tree(mail).iter("img") if img.get("src", "").endswith("line.jpg"))


@pytest.mark.parametrize("theme", THEMES)
def test_no_word_stands_above_the_title_of_an_item_without_rubric(theme: str) -> None:
    html = tree(compiled(letter_of(BARE, theme=theme), settings()))
    assert not html.find_class("label")
