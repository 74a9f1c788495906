from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.content.item import Image, Link, ListBlock, NewsItem, plain
from newsletter.content.load import load_feed, load_item, load_items
from newsletter.errors import InputError

DATA = Path(__file__).parents[1] / "data" / "formats"
MOSCOW = ZoneInfo("Europe/Moscow")


def write(folder: Path, source: str | bytes, name: str = "a.xml") -> Path:
    path = folder / "content" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return path


def load(folder: Path, source: str | bytes, name: str = "a.xml") -> tuple[NewsItem, ...]:
    return load_feed(write(folder, source, name), root=folder, zone=MOSCOW)


def rss(*entries: str, head: str = "<title>Завод</title>") -> str:
    items = "".join(f"\n<item>{entry}</item>" for entry in entries)
    names = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:yandex="http://news.yandex.ru"'
    return f'<?xml version="1.0"?>\n<rss version="2.0" {names}><channel>{head}{items}</channel></rss>'


def test_a_feed_gives_its_entries_in_order_each_with_its_line() -> None:
    first, second = load_feed(DATA / "news.xml", root=DATA, zone=MOSCOW)
    assert (first.title, first.date, first.source) == (
        "В «Заречье» открылся цех датчиков",
        date(2024, 5, 14),
        "Пресс-служба ОЭЗ «Заречье»",
    )
    assert (first.rubric, first.link) == ("Производство", "https://zarechye.example/news/12")
    assert (first.origin.path, first.origin.line, second.origin.line) == ("news.xml", 7, 21)
    assert [(quote.speaker, quote.origin.line) for quote in first.quotes] == [("Павел Астахов", 16)]
    image, _, link = first.blocks
    assert isinstance(image, Image)
    assert isinstance(link, Link)
    assert (image.src, link.href) == ("https://zarechye.example/img/12.jpg", "https://zarechye.example/news/12/photo")
    assert (second.title, second.link, plain(second.lead)) == ('Вакансии месяца "Лето"', "", "Открыто 14 вакансий.")
    assert [block.origin.line for block in second.blocks] == [27]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Mon, 13 May 2024 22:10:00 GMT", date(2024, 5, 14)),  # one in the morning where the office is
        ("Mon, 13 May 2024 22:10:00 +0300", date(2024, 5, 13)),
        ("Mon, 13 May 2024 23:10:00 +0900", date(2024, 5, 13)),
        ("2024-05-13T22:10:00Z", date(2024, 5, 14)),
        ("2024-05-13", date(2024, 5, 13)),
        ("вчера", None),
        ("Mon, 99 May 2024 22:10:00 GMT", None),
    ],
)
def test_the_date_is_the_day_of_the_office(tmp_path: Path, written: str, day: date | None) -> None:
    (item,) = load(tmp_path, rss(f"<title>А</title><pubDate>{written}</pubDate><description>Б.</description>"))
    assert item.date == day


def test_an_atom_feed_with_xhtml(tmp_path: Path) -> None:
    source = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru"><title>Завод</title>
<entry><title type="html">Цех &lt;b&gt;открыт&lt;/b&gt;</title><updated>2024-05-14T10:00:00+03:00</updated>
<link rel="alternate" href="https://zarechye.example/1"/><author><name>Мария Луговая</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
<p>Цех открыт.</p><ul><li>раз</li><li>два</li></ul></div></content></entry></feed>"""
    (item,) = load(tmp_path, source, "a.atom")
    assert (item.title, item.date, item.link) == ("Цех открыт", date(2024, 5, 14), "https://zarechye.example/1")
    assert (plain(item.lead), item.front["author"]) == ("Цех открыт.", "Мария Луговая")
    assert [type(block) for block in item.blocks] == [ListBlock]
    assert item.blocks[0].origin.line == 5


def test_the_fullest_text_of_an_entry_is_taken(tmp_path: Path) -> None:
    both = "<title>А</title><description>Кратко.</description>"
    (html,) = load(tmp_path, rss(f"{both}<content:encoded>&lt;p&gt;Полно.&lt;/p&gt;</content:encoded>"))
    (yandex,) = load(tmp_path, rss(f"{both}<yandex:full-text>Полный текст.</yandex:full-text>"))
    assert (plain(html.lead), plain(yandex.lead)) == ("Полно.", "Полный текст.")


def test_a_title_repeated_in_the_text_stands_once(tmp_path: Path) -> None:
    (item,) = load(
        tmp_path, rss("<title>Цех</title><description>&lt;h2&gt;Цех&lt;/h2&gt;&lt;p&gt;Открыт.</description>")
    )
    assert (item.title, plain(item.lead), item.blocks) == ("Цех", "Открыт.", ())


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "koi8-r", "utf-16"])
def test_any_encoding_is_read_whatever_is_declared(tmp_path: Path, encoding: str) -> None:
    source = rss("<title>Завод открыли в мае</title><description>Приехали гости.</description>")
    data = source.replace('version="1.0"?', 'version="1.0" encoding="windows-1251"?').encode(encoding)
    (item,) = load(tmp_path, data, "a.rss")
    assert (item.title, item.source) == ("Завод открыли в мае", "Завод")


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ('<?xml version="1.0"?>\n<!DOCTYPE rss [<!ENTITY a "b">]>\n<rss/>', 2, "DTD"),
        ('\n\n<?xml version="1.0"?>\n<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss/>', 4, "DTD"),
        (rss("<title>А&nbsp;Б</title>"), 3, "undefined entity"),
        (rss("<title>А</title>")[:-9], 3, "no well-formed XML"),
        ("<html><p>Текст</p></html>", 0, "no RSS or Atom feed"),
        (rss(), 0, "no entries"),
        (rss("<title>А</title>", "<title> </title>"), 4, "neither title nor text"),
        (rss(*["<title>А</title>"] * 51), 53, "more than 50"),
        (rss("<a>" * 100 + "</a>" * 100), 3, "nested more than 100 deep"),
        (rss("<title>А</title><description>&lt;img src='http://a.example/a.png'&gt;</description>"), 3, "not https"),
    ],
)
def test_what_is_no_feed_to_send_is_refused_with_its_line(tmp_path: Path, source: str, line: int, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        load(tmp_path, source)
    assert (caught.value.path, caught.value.line) == ("content/a.xml", line)
    assert caught.value.fix


@pytest.mark.parametrize("name", ["other.xml", "http://127.0.0.1:9/feed", "file:///etc/hostname"])
def test_a_file_that_holds_a_name_or_an_address_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.xml").write_text(rss("<title>Чужая</title>"), encoding="utf-8")
    with pytest.raises(InputError, match="no well-formed XML"):
        load(tmp_path, name)


def test_load_items_flattens_feeds_among_other_files(tmp_path: Path) -> None:
    feed = write(tmp_path, rss("<title>Раз</title>", "<title>Два</title>"))
    text = write(tmp_path, "Три\n\nЗавод открыт.", "b.txt")
    items = load_items([text, feed], root=tmp_path)
    assert [(item.title, item.origin.path, item.origin.line) for item in items] == [
        ("Три", "content/b.txt", 1),
        ("Раз", "content/a.xml", 3),
        ("Два", "content/a.xml", 4),
    ]


def test_a_feed_of_one_entry_is_an_item_and_of_two_is_not(tmp_path: Path) -> None:
    one = write(tmp_path, rss("<title>Раз</title>"))
    assert load_item(one, root=tmp_path).title == "Раз"
    assert load_item(one, root=tmp_path, title="Свой").title == "Свой"
    with pytest.raises(InputError, match="2 items"):
        load_item(write(tmp_path, rss("<title>Раз</title>", "<title>Два</title>")), root=tmp_path)


@pytest.mark.parametrize("address", ["http://zarechye.example/1", "https://[", "https://a@b.example/", "/news"])
def test_a_link_that_no_mail_can_carry_is_left_out(tmp_path: Path, address: str) -> None:
    (item,) = load(tmp_path, rss(f"<title>А</title><link>{address}</link><description>Б.</description>"))
    assert item.link == ""


def test_line_ends_and_controls_written_as_references_reach_no_title(tmp_path: Path) -> None:
    title = "<title>Цех&#13;&#10;Bcc: a@b.example&#8232;и&#129; склад</title>"
    (item,) = load(tmp_path, rss(title + "<description>Слово&amp;#13;дня.</description>"))
    assert (item.title, plain(item.lead)) == ("Цех Bcc: a@b.example и склад", "Слово дня.")


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16", "zlib_codec"])
def test_a_long_declaration_is_taken_away_like_any_other(tmp_path: Path, encoding: str) -> None:
    feed = rss("<title>Цех</title>").replace("?>", f"{' ' * 400}encoding='{encoding}'?>", 1)
    assert [item.title for item in load(tmp_path, feed)] == ["Цех"]


def test_what_feedparser_reads_in_quadratic_time_stays_short(tmp_path: Path) -> None:
    name = "a" * 1_500
    with pytest.raises(InputError, match="name here"):
        load(tmp_path, rss(f"<title>Цех</title><author>{name}<x/>{name}</author>"))
    feed = rss("<title>Цех</title>").replace("?>", "?>" + "\n" * 200_000, 1)
    assert [item.origin.line for item in load(tmp_path, feed)] == [200_003]


def test_scripts_in_an_entry_are_gone(tmp_path: Path) -> None:
    html = "&lt;p&gt;Раз &lt;a href='javascript:x'&gt;два&lt;/a&gt;&lt;script&gt;три"
    (item,) = load(tmp_path, rss(f"<title>А</title><description>{html}</description>"))
    assert plain(item.lead) == "Раз два"
    assert not any(span.href for span in item.lead)


PARTS = st.sampled_from(
    [
        "<title>А</title>",
        "<link>https://[</link>",
        "<link>x</link>",
        "<pubDate>0</pubDate>",
        "<description>&lt;table&gt;&lt;td&gt;слово</description>",
        "<description>слово\n\nдело</description>",
        "<content:encoded><![CDATA[<p>раз<br><br>два]]></content:encoded>",
        '<enclosure url="https://a.example/a.png" type="image/png"/>',
        '<enclosure url="https://[" type="image/png"/>',
        "<category>" + "р" * 50 + "</category>",
        "<item/>",
        "<x:y/>",
        "</item>",
        "&amp;#1;",
        "<author>a@b (В)</author>",
        '<guid isPermaLink="true">x</guid>',
    ]
) | st.text(max_size=5)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.lists(PARTS, max_size=5).map("".join), min_size=1, max_size=3), data=st.binary(max_size=60))
def test_any_feed_is_items_or_an_input_error(tmp_path: Path, entries: list[str], data: bytes) -> None:
    for source in (rss(*entries).encode("utf-8", "replace"), data):
        try:
            items = load(tmp_path, source)
        except InputError as error:
            message = str(error)
        else:
            message = ""
            assert all(item.title or item.blocks or plain(item.lead) for item in items)
        assert "\n" not in message
