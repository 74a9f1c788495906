from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.item import (
    Figure,
    FigureGroup,
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
    plain,
)
from newsletter.content.polish import mends_of, polish_header, polish_item, polish_text
from newsletter.settings import Typography

ALL = Typography()
AT = Origin(path="content/a.md", line=3)


def text(*parts: str) -> Text:
    return tuple(Span(text=part) for part in parts)


def news(*blocks: object, **fields: object) -> NewsItem:
    known: dict[str, object] = {
        "title": "Заголовок",
        "title_proposed": False,
        "lead": (),
        "date": None,
        "source": "",
        "blocks": blocks,
        "origin": AT,
    }
    return NewsItem(**known | fields)  # type: ignore[arg-type]


def test_a_quotation_may_open_in_one_span_and_close_in_another() -> None:
    written = (
        Span(text='Завод "'),
        Span(text="Луч", bold=True),
        Span(text='" - это "'),
        Span(text='Заря"', href="https://a.example/"),
    )
    done = polish_text(written, "ru", ALL)
    assert [span.text for span in done] == ["Завод «", "Луч", "»\u00a0— это «", "Заря»"]
    assert [(span.bold, span.href) for span in done] == [(span.bold, span.href) for span in written]


def test_code_and_written_out_addresses_stay() -> None:
    url = "https://a.example/b--c?d=1-2"
    written = (Span(text='a "b" - c', code=True), Span(text=" - "), Span(text=url, href=url))
    assert [span.text for span in polish_text(written, "ru", ALL)] == ['a "b" - c', "\u00a0— ", url]


@pytest.mark.parametrize("field", ["title", "source", "rubric"])
def test_the_words_of_an_item_are_set(field: str) -> None:
    assert getattr(polish_item(news(**{field: 'ОЭЗ "А"'}), ALL), field) == "ОЭЗ «А»"


def test_every_kind_of_block_is_set() -> None:
    raw, done = 'ОЭЗ "А"', "ОЭЗ «А»"
    figure = Figure(text="не менее 5 %", kind="share", value=Decimal("0.05"), unit="%", measures=raw, origin=AT)
    item = polish_item(
        news(
            Paragraph(text=text(raw), origin=AT),
            Heading(level=2, text=text(raw), origin=AT),
            ListBlock(ordered=False, items=(text(raw),), origin=AT),
            Table(header=(text(raw),), rows=((text(raw),),), origin=AT),
            Quote(text=text(raw), speaker="И. И. Ин", role=raw, attribution=raw, origin=AT),
            FigureGroup(figures=(figure,), origin=AT),
            Image(src="https://a.example/x.png", alt=raw, credit=raw, origin=AT),
            Link(text=raw, href="https://a.example/", origin=AT),
            figures=(figure,),
            regions=(Region(name=raw, places=(raw,)),),
            series=Series(
                measures=raw, unit="%", points=(Point(label="2025", value=Decimal(1), text=raw, derived=False),)
            ),
        ),
        ALL,
    )
    paragraph, heading, listed, table, quote, group, image, link = item.blocks
    assert isinstance(paragraph, Paragraph)
    assert isinstance(heading, Heading)
    assert isinstance(listed, ListBlock)
    assert isinstance(table, Table)
    assert isinstance(quote, Quote)
    assert isinstance(group, FigureGroup)
    assert isinstance(image, Image)
    assert isinstance(link, Link)
    assert {
        *map(plain, (paragraph.text, heading.text, listed.items[0], table.header[0], table.rows[0][0], quote.text)),
        *(quote.role, quote.attribution, image.alt, image.credit, link.text, item.regions[0].name),
        *(item.regions[0].places[0], group.figures[0].measures, item.figures[0].measures),
    } == {done}
    assert quote.speaker == "И.\u00a0И.\u00a0Ин"
    assert item.series is not None
    assert (item.series.measures, item.series.points[0].text) == (done, done)
    assert item.figures[0].text == "не менее 5\u00a0%"  # the bound stays as rules know it


def card(words: str, number: str, unit: str = "%", lang: str = "ru", rules: Typography = ALL) -> Figure:
    figure = Figure(text=words, kind="share", value=Decimal("0.17"), unit=unit, number=number, origin=AT)
    item = news(Paragraph(text=text("Рост 5% и 6%, было 7 %"), origin=AT), figures=(figure,))
    return polish_item(item, rules, lang=lang).figures[0]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("на 17,3%", "+17,3%"), ("на 17,3 %", "+17,3\u00a0%"), ("на 17,3 процента", "+17,3%")],
)
def test_a_card_writes_per_cent_as_its_item_does(words: str, wanted: str) -> None:
    assert card(words, "+17,3 %").number == wanted


def test_a_setting_and_english_beat_what_was_written() -> None:
    assert card("на 17%", "+17 %", rules=Typography(percent="space")).number == "+17\u00a0%"
    assert card("by 17 %", "+17 %", lang="en").number == "+17%"


@pytest.mark.parametrize(
    ("unit", "wanted"), [("млрд. рублей", "млрд рублей"), ("млн.руб.", "млн руб."), ("%", "%"), ("", "")]
)
def test_a_unit_alone_is_set_as_behind_its_number(unit: str, wanted: str) -> None:
    assert card("1,4 " + unit, "1,4", unit).unit.replace("\u00a0", " ") == wanted


@pytest.mark.parametrize(
    ("number", "wanted"), [("12500", "12°500"), ("10000–15000", "10°000–15°000"), ("×2,7", "×2,7"), ("2500", "2500")]
)
def test_the_number_of_a_card_is_grouped_as_in_the_text(number: str, wanted: str) -> None:
    assert card(f"{number} тонн", number, "тонн").number.replace("\u00a0", "°") == wanted


@pytest.mark.parametrize(
    ("head", "cell", "wanted"),
    [
        ("Выпуск, тонн", "12500", "12\u00a0500"),
        ("Млн рублей", "1234567,8", "1\u00a0234\u00a0567,8"),
        ("Человек", "12 500", "12\u00a0500"),
        ("ИНН", "7712345678", "7712345678"),
        ("Код, шт.", "12500", "12500"),
        ("Годовой выпуск, шт.", "12500", "12\u00a0500"),
        ("", "12500", "12500"),
        ("Тонн", "1250", "1250"),
        ("Тонн", "-", "—"),
        ("Тонн", "--", "—"),
        ("Тонн", "-5", "-5"),
    ],
)
def test_a_cell_is_read_with_its_header(head: str, cell: str, wanted: str) -> None:
    table = Table(header=(text("Завод"), text(head)), rows=((text("Луч"), text(cell)),), origin=AT)
    (done,) = polish_item(news(table), ALL).blocks
    assert isinstance(done, Table)
    assert plain(done.rows[0][1]) == wanted
    assert polish_item(news(done), ALL).blocks == (done,)


def test_a_subject_has_ordinary_spaces() -> None:
    assert polish_header('"А"\u00a0- рост на 5 %', "ru", ALL) == "«А» — рост на 5 %"


def test_mends_name_rule_block_count_and_place() -> None:
    item = news(Paragraph(text=text("а"), origin=AT), Paragraph(text=text('"А" и "Б" - всё'), origin=AT), title='"З"')
    found = [(m.rule, m.count, m.block, m.excerpt) for m in mends_of(item, ALL)]
    assert found == [
        ("quotes", 2, None, '"З"'),
        ("quotes", 4, 1, '"А" и "Б" - всё'),
        ("dashes", 1, 1, '"А" и "Б" - всё'),
    ]


def test_a_no_break_space_alone_is_nothing_to_mend() -> None:
    assert list(mends_of(news(Paragraph(text=text("в 5 км от № 7"), origin=AT)), ALL)) == []


SPANS = st.lists(
    st.builds(
        Span, text=st.text(alphabet='аб "-«».1 ', min_size=1, max_size=8), bold=st.booleans(), code=st.booleans()
    ),
    max_size=6,
).map(tuple)


@given(SPANS)
@settings(max_examples=200, deadline=None)
def test_styles_keep_their_letters(written: Text) -> None:
    def styled(words: Text) -> list[tuple[str, bool, bool]]:
        return [(char, span.bold, span.code) for span in words for char in span.text if char.isalnum()]

    done = polish_text(written, "ru", ALL)
    assert styled(done) == styled(written)
    assert polish_text(done, "ru", ALL) == done
    assert "".join(s.text for s in done if s.code) == "".join(s.text for s in written if s.code)
