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
