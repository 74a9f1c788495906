"""Which figures become cards, what a card says, how wide a bar is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from newsletter.content.item import Figure, FigureGroup, Origin, Point, Series, Span, Table
from newsletter.issue import ContentOptions, build_issue
from newsletter.render.cards import MAX_CARDS
from newsletter.render.view import IssueView, issue_view
from newsletter.settings import Settings

Item = Callable[..., Any]
AT = Origin(path="content/a.md", line=3)


def figure(text: str = "248 млн рублей", **changes: object) -> Figure:
    values: dict[str, object] = {
        "text": text,
        "kind": "amount",
        "value": Decimal(248),
        "number": "248",
        "unit": "млн рублей",
        "measures": "экспорт",
        "origin": AT,
    }
    return Figure(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def view(news_item: Item) -> Callable[..., IssueView]:
    def make(**changes: object) -> IssueView:
        issue = build_issue([news_item(**changes)], options=ContentOptions(), settings=Settings(), key="k")
        return issue_view(issue, "mark")

    return make


@pytest.mark.parametrize(
    ("text", "bound", "words"),
    [
        ("более 68 %", "more", "более"),
        ("свыше 164 млн рублей", "more", "свыше"),
        ("не менее чем к четверти", "more", "не менее чем"),
        ("чуть больше половины", "more", "чуть больше"),
        ("почти 300", "about", "почти"),
        ("Более четверти", "more", "более"),
        ("248 млн рублей", "", ""),
    ],
)
def test_card_keeps_the_bound_in_the_items_own_words(view: Any, text: str, bound: str, words: str) -> None:
    (card,) = view(figures=(figure(text, bound=bound),)).items[0].cards
    assert card.bound == words


@pytest.mark.parametrize(
    ("text", "number", "shown"),
    [
        ("каждый третий", "1 из 3", "каждый 3-й"),
        ("Каждая третья", "1 из 3", "каждая 3-я"),
        ("каждое десятое", "1 из 10", "каждое 10-е"),
        ("каждую шестую", "1 из 6", "каждую 6-ю"),
        ("каждому сотому", "1\u00a0из\u00a0100", "каждому 100-му"),
        ("почти каждый второй", "1 из 2", "каждый 2-й"),
        ("двое из пяти", "2 из 5", "2 из 5"),
        ("один из шести", "1 из 6", "1 из 6"),
        ("каждый третий", "", "каждый третий"),
    ],
)
def test_a_share_said_as_each_keeps_its_words_so_that_the_label_goes_on(
    view: Any, text: str, number: str, shown: str
) -> None:
    each = figure(text, kind="share", number=number, unit="", measures="рубль достался цехам")
    (card,) = view(figures=(each,)).items[0].cards
    assert card.number.replace("\u00a0", " ") == shown
    assert card.label == "рубль достался цехам"


def test_a_share_said_as_each_whose_preposition_is_missing_is_no_card_of_its_own_accord(view: Any) -> None:
    each = figure("каждом втором", kind="share", number="1 из 2", unit="", measures="кране сидит женщина")
    assert view(figures=(each,)).items[0].cards == ()
    (block,) = view(figures=(each,), blocks=(FigureGroup(figures=(each,), origin=AT),)).items[0].blocks
    assert [card.number for card in block.cards] == ["каждом\u00a02-м"]


def test_ratio_of_the_same_measure_becomes_the_comparison(view: Any) -> None:
    ratio = figure("в 2,7 раза", kind="ratio", value=Decimal("2.7"), number="×2,7", comparison="больше, чем год назад")
    (card,) = view(figures=(figure(), ratio)).items[0].cards
    assert (card.comparison, card.arrow) == ("в 2,7\u00a0раза больше, чем год назад", "▲")


def test_ratio_of_another_measure_is_no_comparison(view: Any) -> None:
    ratio = figure("в 2,7 раза", kind="ratio", value=Decimal("2.7"), measures="импорт")
    (card,) = view(figures=(figure(), ratio)).items[0].cards
    assert (card.comparison, card.arrow) == ("", "")


def test_proposed_figure_and_one_that_does_not_say_what_it_measures_are_no_cards(view: Any) -> None:
    figures = (figure(proposed=True), figure(measures="", period="2025 год"), figure(measures="импорт"))
    assert [card.label for card in view(figures=figures).items[0].cards] == ["импорт"]


def test_cards_are_four_at_most_and_none_beside_a_group_of_the_editors(view: Any) -> None:
    figures = tuple(figure(measures=f"мера {n}") for n in range(9))
    assert len(view(figures=figures).items[0].cards) == MAX_CARDS
    group = FigureGroup(figures=figures[:3], origin=AT)
    item = view(figures=figures, blocks=(group,)).items[0]
    assert item.cards == ()
    assert len(item.blocks[0].cards) == 3


def test_unit_that_stands_in_the_number_is_not_repeated(view: Any) -> None:
    (card,) = view(figures=(figure("68 %", number="68 %", unit="%"),)).items[0].cards
    assert (card.number, card.unit) == ("68\u00a0%", "")


def test_bars_are_shares_of_the_largest_and_say_what_they_cover(view: Any) -> None:
    points = tuple(
        Point(label=str(year), value=Decimal(value), text=str(value), derived=value < 248)
        for year, value in ((2019, 1), (2020, 92), (2021, 248))
    )
    series = Series(measures="экспорт", unit="млн рублей", points=points)
    bars = view(series=series, figures=(figure(period="январь–март 2021 года"),)).items[0].series
    assert [point.percent for point in bars.points] == [2, 37, 100]
    assert (bars.period, bars.has_derived) == ("январь–март", True)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("198", "236", "251"), True),
        (("-", "+19%", "—"), True),
        (("≈ 217 млн", "", "−3,5\u00a0%"), True),
        (("более 60 %", "40 %"), False),
        (("5 предприятий, которые открылись в этом году", "3"), False),
        (("2", "Куба"), False),
        (("-", ""), False),
        ((), False),
    ],
)
def test_a_column_of_numbers_is_known_by_all_its_cells(
    view: Callable[..., IssueView], cells: tuple[str, ...], expected: bool
) -> None:
    rows = tuple(((Span(text="2024"),), (Span(text=cell),)) for cell in cells)
    table = Table(header=((Span(text="Год"),), (Span(text="Всего"),)), rows=rows, origin=AT)
    (block,) = view(blocks=(table,)).items[0].blocks
    assert block.numeric == (False, expected)
