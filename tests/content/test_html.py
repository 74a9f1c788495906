from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.content.item import (
    Heading,
    Image,
    Link,
    ListBlock,
    NewsItem,
    Paragraph,
    Quote,
    Span,
    Table,
    Text,
    plain,
)
from newsletter.content.load import load_item
from newsletter.errors import InputError

DATA = Path(__file__).parents[1] / "data" / "formats"
LEAD = "<p>Завод в Зареченске открыт.</p>"


def load(folder: Path, source: str | bytes) -> NewsItem:
    path = folder / "content" / "a.html"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return load_item(path, root=folder)


def body(folder: Path, source: str) -> tuple[object, ...]:
    """Return the blocks behind a title and a lead."""
    return load(folder, f"<h1>Заголовок</h1>{LEAD}{source}").blocks


def texts(rows: tuple[Text, ...]) -> tuple[str, ...]:
    return tuple(plain(cell) for cell in rows)


def test_a_whole_page_gives_the_article_alone() -> None:
    item = load_item(DATA / "page.html", root=DATA)
    assert (item.title, item.title_proposed) == ("Лицей в Зареченске принял первых учеников", False)
    assert (item.date, item.rubric) == (date(2024, 9, 2), "Образование")
    assert (item.source, item.link) == ("Пресс-служба ОЭЗ «Заречье»", "https://zarechye.example/news/45")
    assert plain(item.lead).startswith("В Особой экономической зоне")
    found = " ".join(repr(block) for block in item.blocks)
    for chrome in ("Главная", "Подпишитесь", "Поделиться", "Все права", "window."):
        assert chrome not in found
    assert [quote.speaker for quote in item.quotes] == ["Ольга Краснова"]
    lines = (DATA / "page.html").read_text(encoding="utf-8").split("\n")
    for block in item.blocks:
        if isinstance(block, Paragraph):
            assert plain(block.text)[:20] in lines[block.origin.line - 1]


SAVED = """<html lang="ru"><head><title>Мост открыт — Администрация</title></head><body>
<div class="breadcrumbs"><a href="/">Главная</a> / Мост</div><div class="wrapper with-sidebar"><div class="news-detail">
<h1>Мост открыт</h1><span class="news-date">19 ноября 2026, 14:30</span> <span class="views">Просмотров: 1 245</span>
<div class="share">Поделиться: <a href="#">ВК</a></div><div class="detail-text">
<p>Движение по мосту через реку Липу открыли утром, его длина 640 метров.</p>
<p class="print-text">Стоимость строительства – 3,8 млрд рублей, мост построили раньше срока.</p></div>
<div class="tags"><a href="/t/1">мост</a></div><div id="relatedNews"><h3>Читайте также</h3><ul>
<li>Дубы</li></ul></div>
<div class="comments"><h3>Комментарии (2)</h3><p>Иван: Отлично!</p></div></div></div>
<div class="side"><p>Курс доллара</p></div></body></html>"""
NAMELESS = """<h1>Мост открыт</h1><p>19 ноября 2026, 14:30 Просмотров: 1 245</p><p>Поделиться: ВК ОК</p>
<p>Движение по мосту через реку Липу открыли утром, его длина 640 метров.</p>
<p>Стоимость строительства – 3,8 млрд рублей, мост построили на полгода раньше срока и сдали городу.</p>
<p>Теги: мост, дороги</p><h3>Читайте также:</h3><ul><li><a href="https://zarechye.example/1">Дубы</a></li></ul>
<h3>Комментарии (2)</h3><p>Иван: Отлично!</p>"""


@pytest.mark.parametrize("source", [SAVED, NAMELESS, f"<article>{NAMELESS}</article>"])
def test_what_stands_around_the_text_of_a_saved_page_is_dropped_and_named(tmp_path: Path, source: str) -> None:
    item = load(tmp_path, source)
    assert (item.title, item.date) == ("Мост открыт", date(2026, 11, 19))
    assert plain(item.lead).startswith("Движение по мосту")
    (paragraph,) = item.blocks
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.text).startswith("Стоимость строительства")
    for part in ("Поделиться: ВК", "мост", "Читайте также", "Комментарии (2)"):
        assert any(words.startswith(part) or part in words for words in item.left_out)


@pytest.mark.parametrize(
    "source",
    [
        "<h3>Читайте также</h3><p>Книгу об истории края можно взять в библиотеке города.</p>",
        "<p>Поделиться опытом приехали гости из трёх областей.</p>",
        "<p>Комментарии к закону даст юрист.</p>",
        '<div class="views-row"><p>Ряд</p></div><div class="no-sidebar"><p>Текст</p></div>',
        "<p>Сайт набрал 5 000 просмотров.</p>",
    ],
)
def test_text_that_only_resembles_a_page_s_buttons_stays(tmp_path: Path, source: str) -> None:
    item = load(tmp_path, f"<h1>Заголовок</h1>{LEAD}<p>{'Слово за словом. ' * 30}</p>{source}")
    assert item.left_out == ()
    for words in re.findall(r">([^<>]+)<", source):
        assert words in repr(item.blocks)


def test_what_is_dropped_is_named_with_spaces_between_its_lines(tmp_path: Path) -> None:
    assert any(words in ("Комментарии (2) Иван: Отлично!",) for words in load(tmp_path, SAVED).left_out)


def test_an_element_with_the_title_or_most_of_the_text_is_no_part_of_the_page_whatever_its_name(tmp_path: Path) -> None:
    page = (
        '<div class="banner"><h1>Мост</h1></div><div class="comments"><p>Открыт новый мост через реку Липу.</p></div>'
    )
    item = load(tmp_path, page)
    assert (item.title, plain(item.lead), item.left_out) == ("Мост", "Открыт новый мост через реку Липу.", ())


@pytest.mark.parametrize(
    "address", ["./Мост_files/a.png", "Мост_files/a.png", "./%D0%9C%D0%BE%D1%81%D1%82_files/a.png"]
)
def test_a_picture_saved_with_the_page_is_found_in_its_folder_or_the_folder_is_asked_for(
    tmp_path: Path, address: str
) -> None:
    page = f'<link rel="canonical" href="https://zarechye.example/n/1"><h1>Мост</h1>{LEAD}<img src="{address}">'
    with pytest.raises(InputError, match=r"folder 'Мост_files'.*not there; put the whole folder beside the page"):
        load(tmp_path, page)
    (tmp_path / "content" / "Мост_files").mkdir()
    (tmp_path / "content" / "Мост_files" / "a.png").write_bytes(b"x")
    (image,) = load(tmp_path, page).blocks
    assert isinstance(image, Image)
    assert image.src == "content/Мост_files/a.png"


def test_words_as_a_word_processor_writes_them(tmp_path: Path) -> None:
    source = """<html xmlns:o="urn:schemas-microsoft-com:office:office" lang=RU><head>
<!--[if gte mso 9]><xml><w:WordDocument></w:WordDocument></xml><![endif]--><style>p.MsoNormal {margin:0}</style>
</head><body lang=RU><div class=WordSection1>
<p class=MsoTitle><span style='font-size:20pt'>Завод открыт<o:p></o:p></span></p>
<p class=MsoNormal><span lang=EN-US>&nbsp;</span></p>
<p class=MsoNormal>Завод&nbsp;открыт <b style='mso-bidi-font-weight:normal'>в
мае</b>.<o:p></o:p></p>
<p class=MsoListParagraph><![if !supportLists]><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp;
</span></span><![endif]>раз</p>
<p class=MsoListParagraph><span>·<span>&nbsp;&nbsp; </span></span>два</p>
</div></body></html>"""
    item = load(tmp_path, source)
    assert (item.title, plain(item.lead)) == ("Завод открыт", "Завод\u00a0открыт в мае.")
    assert item.lead[1] == Span(text="в мае", bold=True)
    assert [texts(block.items) for block in item.blocks if isinstance(block, ListBlock)] == [("раз", "два")]


def test_two_line_breaks_make_a_paragraph_and_one_stays(tmp_path: Path) -> None:
    item = load(tmp_path, "<h1>А</h1><div>Раз,<br>два.<br><br>\nТри.<br>&nbsp;<br>Четыре.</div>")
    assert plain(item.lead) == "Раз,\nдва."
    assert [(plain(b.text), b.origin.line) for b in item.blocks if isinstance(b, Paragraph)] == [
        ("Три.", 2),
        ("Четыре.", 2),
    ]


def test_styles_links_and_raised_numbers(tmp_path: Path) -> None:
    (block,) = body(
        tmp_path,
        "<p>м<sup>2</sup>, CO<sub>2</sub>, <i>кос</i><em>о</em>, <code>x</code>, <q>цитата</q>, "
        "<a href='mailto:a@zarechye.example'>почта</a>, <a href='/x'>никуда</a>, <s>зря</s>"
        "сноска<sup><a href='#1'>1</a></sup></p>",
    )
    assert isinstance(block, Paragraph)
    assert plain(block.text) == "м², CO₂, косо, x, «цитата», почта, никуда, сноска1"
    assert [span for span in block.text if span.href] == [Span(text="почта", href="mailto:a@zarechye.example")]
    assert Span(text="косо", italic=True) in block.text
    assert Span(text="x", code=True) in block.text


def test_a_link_alone_is_a_button_and_a_relative_one_leads_from_the_page(tmp_path: Path) -> None:
    head = '<link rel="canonical" href="https://zarechye.example/news/1">'
    item = load(tmp_path, f"{head}<h1>А</h1>{LEAD}<p> <a href='2'><b>Весь</b> отчёт</a> </p>")
    (block,) = item.blocks
    assert isinstance(block, Link)
    assert (block.text, block.href) == ("Весь отчёт", "https://zarechye.example/news/2")


@pytest.mark.parametrize(
    "source",
    [
        "<blockquote><p>«Слова.»</p><footer>— <cite>Анна Белова</cite>, директор завода</footer></blockquote>",
        "<blockquote>Слова.<br>— Анна Белова, директор завода</blockquote>",
        "<blockquote><p>Слова.</p><p>– Анна Белова, директор завода</p></blockquote>",
        "<blockquote><p>Слова.</p><p><cite>Анна Белова, директор завода</cite></p></blockquote>",
        "<figure><blockquote><p>Слова.</p></blockquote><figcaption>Анна Белова, директор завода</figcaption></figure>",
    ],
)
def test_a_quote_knows_its_speaker(tmp_path: Path, source: str) -> None:
    (block,) = body(tmp_path, source)
    assert isinstance(block, Quote)
    assert (plain(block.text), block.speaker, block.role) == ("Слова.", "Анна Белова", "директор завода")


def test_a_quote_used_to_indent_is_no_quote(tmp_path: Path) -> None:
    blocks = body(tmp_path, "<blockquote><h2>Раздел</h2><p>Текст.</p></blockquote>")
    assert [type(block) for block in blocks] == [Heading, Paragraph]


def test_lists_inside_lists_and_what_stands_in_them(tmp_path: Path) -> None:
    found, image = body(
        tmp_path,
        "<ol><li><p>раз</p><p>ещё</p><ul><li>внутри</li></ul></li>"
        "<li>два <img src='https://zarechye.example/a.png'></li></ol>",
    )
    assert isinstance(found, ListBlock)
    assert isinstance(image, Image)
    assert (found.ordered, texts(found.items)) == (True, ("раз\nещё", "– внутри", "два"))


def test_a_table_with_merged_and_missing_cells_is_even(tmp_path: Path) -> None:
    caption, table = body(
        tmp_path,
        "<table><caption>Экспорт</caption><tr><th rowspan=2>Год<th colspan=2>Экспорт<th></tr><tr><th>план<th>факт</tr>"
        "<tr><td>2020<td>55</tr></table>",
    )
    assert isinstance(caption, Paragraph)
    assert isinstance(table, Table)
    assert [texts(row) for row in (table.header, *table.rows)] == [
        ("Год", "Экспорт", ""),
        ("", "план", "факт"),
        ("2020", "55", ""),
    ]


def test_a_table_that_arranges_a_page_is_read_cell_after_cell(tmp_path: Path) -> None:
    source = """<table width="100%"><tr><td><table><tr><td><h1>Заголовок</h1></td></tr>
<tr><td><p>Лид завода.</p><p>Абзац.</p></td></tr></table></td></tr></table>"""
    item = load(tmp_path, source)
    assert (item.title, plain(item.lead)) == ("Заголовок", "Лид завода.")
    assert [plain(block.text) for block in item.blocks if isinstance(block, Paragraph)] == ["Абзац."]


def test_a_picture_inside_a_sentence_becomes_a_block_behind_it(tmp_path: Path) -> None:
    before, image = body(tmp_path, "<p>Слева <img src='https://zarechye.example/a.png' alt='Цех'> справа.</p>")
    assert isinstance(before, Paragraph)
    assert isinstance(image, Image)
    assert (plain(before.text), image.alt) == ("Слева справа.", "Цех")


def test_a_picture_at_the_beginning_of_a_paragraph_stands_before_it_and_a_line_below_is_its_credit(
    tmp_path: Path,
) -> None:
    image, words = body(
        tmp_path, "<p>Да.</p>***<br><p><img src=https://zarechye.example/a.png><br>Фото: Мария Луговая</p><p>Текст.</p>"
    )[1:]
    assert isinstance(image, Image)
    assert isinstance(words, Paragraph)
    assert (image.credit, plain(words.text)) == ("Фото: Мария Луговая", "Текст.")


def test_a_picture_above_the_lead_moves_behind_it_with_its_caption(tmp_path: Path) -> None:
    image = "<img src=https://zarechye.example/a.png><figcaption>Фото: Мария Луговая</figcaption>"
    item = load(tmp_path, f"<h1>А</h1><figure>{image}</figure>{LEAD}")
    (shown,) = item.blocks
    assert isinstance(shown, Image)
    assert (shown.credit, shown.alt) == ("Фото: Мария Луговая", "Фото: Мария Луговая")
    assert plain(item.lead) == "Завод в Зареченске открыт."


def test_a_picture_beside_the_page_is_found_and_a_counter_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "content" / "a_files").mkdir(parents=True)
    (tmp_path / "content" / "a_files" / "p.png").write_bytes(b"x")
    blocks = body(tmp_path, "<img src='a_files/p.png'><img src='http://count.example/1.gif' width=1 height=1>")
    assert [block.src for block in blocks if isinstance(block, Image)] == ["content/a_files/p.png"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>\n<img src='data:image/png;base64,AAAA'>", "no address that a mail can carry"),
        ("<p>\n<img src='http://zarechye.example/a.png'>", "not https"),
        ("<p>\n<img src='none.png'>", "no image file"),
        ("<p>\n" + "<div>" * 101 + "x", "nested more than 100 deep"),
        ("<p>\n" + "<div>" * 501, "nested more than 100 deep"),
        ("<p>\n" + "<ul><li>" * 9 + "x", "lists are nested more than 8 deep"),
        ("<p>\n<table><tr><td>a<td colspan=40>b<tr><td>c</table>", "more than 40 columns"),
    ],
)
def test_what_would_be_lost_or_has_no_end_is_refused_with_its_line(tmp_path: Path, source: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        load(tmp_path, source)
    assert (caught.value.path, caught.value.line) == ("content/a.html", 2)


def test_what_the_head_says_counts_where_it_adds_something(tmp_path: Path) -> None:
    head = """<html lang="ru-RU"><title>Завод открыт — ОЭЗ «Заречье»</title><meta name="author" content="Мария Луговая">
<meta name=description content="Как это было."><meta name=date content=14.05.2024><meta name=date content=15.05.2024>"""
    item = load(tmp_path, f"{head}<p>Завод открыт, пришли гости из девяти стран.</p><p>Ещё.</p>")
    assert (item.title, item.lang, item.date) == ("Завод открыт", "ru-RU", date(2024, 5, 14))
    assert (item.front["author"], item.front["preheader"]) == ("Мария Луговая", "Как это было.")
    assert item.front_lines["author"] == 1
    again = load(tmp_path, f"<meta name=description content='Завод в Зареченске…'><h1>А</h1>{LEAD}")
    assert "preheader" not in again.front


def test_a_russian_page_that_says_it_is_english_is_russian(tmp_path: Path) -> None:
    assert load(tmp_path, f'<html lang="en-US"><h1>Заголовок</h1>{LEAD}').lang == "ru"
    assert load(tmp_path, '<html lang="en"><h1>Growth</h1><p>Exports grew by 5%.</p>').lang == "en"


def test_front_matter_above_the_html_beats_the_head(tmp_path: Path) -> None:
    item = load(
        tmp_path, f"---\nsource: Редакция\n---\n<meta property=og:site_name content=Сайт><h1>А</h1>\n{LEAD}<p>x</p>"
    )
    assert (item.source, item.blocks[0].origin.line) == ("Редакция", 5)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "koi8-r", "utf-16"])
def test_the_encoding_is_found_whatever_the_page_claims(tmp_path: Path, encoding: str) -> None:
    source = "<meta charset='windows-1251'><h1>Завод открыли в мае</h1><p>Гости приехали утром.</p>"
    assert load(tmp_path, source.encode(encoding)).title == "Завод открыли в мае"


def test_control_characters_written_as_entities_are_gone(tmp_path: Path) -> None:
    item = load(tmp_path, "<h1>А</h1><p>Раз&#1;&#11;&#127;&#xFFFF;&#8203;два&#13;три&#x2028;четыре</p>")
    assert plain(item.lead) == "Раздва три четыре"


def test_a_drawn_emoji_is_a_sign_in_the_text(tmp_path: Path) -> None:
    item = load(tmp_path, "<h1>А</h1><p>Ура <img class=emoji src=http://cdn.example/1.png alt='🎉'>!</p>")
    assert plain(item.lead) == "Ура 🎉!"


def test_the_name_of_the_site_is_not_the_title(tmp_path: Path) -> None:
    source = f"<title>Завод открыт</title><h1>Пресс-служба</h1><h2>Завод открыт</h2>{LEAD}"
    item = load(tmp_path, source)
    assert (item.title, item.rubric, plain(item.lead)) == ("Завод открыт", "", "Завод в Зареченске открыт.")


HREFS = st.sampled_from(
    [
        "javascript:alert(1)",
        " jAvA\tscript:alert(1)",
        "java&#x73;cript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/x",
        "https://zarechye.example/a?b=1&c=%3Cscript%3E",
        "file:///etc/passwd",
        "javas<b cript:alert(1)",
        "\x01javascript:alert(1)",
        "https://a@evil.example/",
    ]
)
SHAPES = st.sampled_from(
    [
        "<a href='{0}'>слово</a>",
        "<a href={0}>слово",
        "<img src='{0}' onerror=alert(1)>",
        "<img src=x data-src='{0}'>",
        "<svg><a xlink:href='{0}'><text>слово</text></a></svg>",
        "<math><mtext><a href='{0}'>x</a></mtext></math>",
        "<base href='{0}'><a href='q'>слово</a>",
        "<link rel=canonical href='{0}'><a href='q'>слово</a>",
        "<iframe src='{0}'></iframe><form action='{0}'><button formaction='{0}'>x</button></form>",
        "<noscript><p title='</noscript><img src={0} onerror=alert(1)>'></noscript>",
        "<script>location='{0}'</script><style>@import '{0}'</style>",
        "<!--><a href='{0}'>слово</a>-->",
        "<p title='<a href={0}>'>слово</p>",
        "<template><a href='{0}'>слово</a></template>",
        "<h2><a href='{0}'>слово</a></h2><ul><li><a href='{0}'>слово</a></ul>",
        "<table><tr><td><a href='{0}'>слово</a><td>x<tr><td>1<td>2</table>",
        "<b>", "</b>", "<table>", "<", "&lt;script&gt;", "<![CDATA[", "<title>", "<p",
    ]
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(SHAPES, HREFS), min_size=1, max_size=5))
def test_no_script_survives_into_any_address(tmp_path: Path, parts: list[tuple[str, str]]) -> None:
    try:
        item = load(tmp_path, "<h1>Заголовок</h1>" + "".join(shape.replace("{0}", href) for shape, href in parts))
    except InputError:
        return
    for name, address in re.findall(r"\b(href|src)='([^']*)'", repr(item.lead) + repr(item.blocks)):
        assert re.fullmatch(r"|https://[^\s<>\"]+|http://[^\s<>\"]+" if name == "href" else r"https://.+", address)


TAGS = (
    "<p>|</p>|<div>|</div>|<b>|</b>|<ul><li>|</ul>|<table><tr><td>|</table>|<td>|<tr>|<blockquote>|</blockquote>|<cite>|"
    "<footer>|<figure>|<figcaption>|<br>|<br><br>|<h1>|<h2>|</h2>|<pre>|<dl><dt>|<dd>|<sup>2</sup>|&nbsp;|&#1;|<q>|"
    "<a href=https://zarechye.example/>|</a>|<main>|<article>|<header>|<aside>|слово|дело|<!--|-->|<img>|&"
)
PIECES = st.sampled_from(TAGS.split("|")) | st.text(max_size=8)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=40))
def test_any_html_is_an_item_or_an_input_error(tmp_path: Path, pieces: list[str]) -> None:
    source = " ".join(pieces)
    try:
        item = load(tmp_path, source.encode("utf-8", "replace"))
    except InputError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message
    for block in () if message else item.blocks:
        assert 1 <= block.origin.line <= source.count("\n") + source.count("\r") + 1


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.from_regex(r"[а-я]{3,7}[0-9]{1,3}", fullmatch=True), min_size=1, max_size=8, unique=True),
    shape=st.sampled_from(
        [
            "<p>{}</p>",
            "<div>{}</div>",
            "<ul><li>{}</li></ul>",
            "<blockquote>{}</blockquote>",
            "<table><tr><td>{}</table>",
            "<h3>{}</h3>",
            "{}<br>",
            "<b>{}</b>",
            "<td>{}</td><td>x</td>",
            "<figure>{}</figure>",
            "<dl><dt>{}<dd>{}</dl>",
            "<section><header><h2>{}</h2></header></section>",
            "<form>{}</form>",
            "<font>{}</font>",
            "<x-y>{}</x-y>",
        ]
    ),
)
def test_no_word_of_the_body_is_lost(tmp_path: Path, words: list[str], shape: str) -> None:
    item = load(tmp_path, f"<h1>Заголовок</h1>{LEAD}" + "\n".join(shape.replace("{}", word) for word in words))
    found = repr(item.lead) + repr(item.blocks)
    for word in words:
        assert word in found
