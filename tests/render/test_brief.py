"""What a digest says of an item whose full text lies elsewhere."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.item import Figure, FigureGroup, ListBlock, NewsItem, Origin, Paragraph, Quote, Span, plain
from newsletter.render.brief import MAX_LINES, brief


def at(line: int) -> Origin:
    return Origin(path="content/a.md", line=line)


def figure(text: str, number: str, unit: str, measures: str, line: int = 5, **changes: object) -> Figure:
    values = {"text": text, "number": number, "unit": unit, "measures": measures, "origin": at(line), **changes}
    return Figure(kind=values.pop("kind", "amount"), value=Decimal(1), **values)  # type: ignore[arg-type]


def quote(words: str, **changes: object) -> Quote:
    values = {"speaker": "Вера Кленова", "role": "директор ОЭЗ «Заречье»", **changes}
    return Quote(text=(Span(text=words),), origin=at(9), **values)  # type: ignore[arg-type]


def paragraph(words: str, line: int = 5) -> Paragraph:
    return Paragraph(text=(Span(text=words),), origin=at(line))


ITEM = NewsItem(
    title="Т",
    title_proposed=False,
    lead=(Span(text="Экспорт составил 412\u00a0млн рублей."),),
    date=None,
    source="",
    link="https://zarechye.example/news",
    blocks=(paragraph("Вывезли 92 % товаров, аванс – 30 %."),),
    figures=(
        figure("412 млн рублей", "412", "млн рублей", "экспорт", line=1),
        figure("92 %", "92 %", "%", "товаров", kind="share"),
        figure("30 %", "30 %", "%", "аванс", kind="share"),
    ),
    origin=at(1),
)


def said(item: NewsItem) -> list[str]:
    return [" ".join(part for part in (one.figure, one.joint, plain(one.text)) if part) for one in brief(item)]


def test_an_item_without_a_link_has_no_lines_because_it_is_shown_whole() -> None:
    assert brief(replace(ITEM, link="")) == ()


def test_a_figure_that_the_lead_gives_is_not_repeated() -> None:
    assert said(ITEM) == ["92 % товаров", "30 % — аванс"]


def test_a_share_said_as_each_goes_on_as_a_sentence_without_a_dash() -> None:
    every = figure("каждый третий", "1 из 3", "", "рубль достался цехам", kind="share")
    item = replace(ITEM, figures=(every,), blocks=(paragraph("Каждый третий рубль достался цехам."),))
    assert said(item) == ["каждый\u00a03-й рубль достался цехам"]


def test_per_cent_in_words_go_on_as_a_sentence_too() -> None:
    share = figure("Шестьдесят процентов", "60 %", "%", "обращений – не экстренные", kind="share")
    item = replace(ITEM, figures=(share,), blocks=(paragraph("Шестьдесят процентов обращений – не экстренные."),))
    assert said(item) == ["60 % обращений – не экстренные"]


@pytest.mark.parametrize(
    ("number", "unit", "measures"),
    [
        ("140", "статей", "автор"),
        ("8", "цистерн", "работают"),
        ("26", "стран", "география"),
        ("800", "", "вакансий"),
        ("1 000 000", "рублей", "область выделила"),
        ("30", "первый", "отчитывается как"),
        ("40", "тысяч кубометров", "воды узел проходит за сутки через этот"),
        ("340", "тыс. тонн", "угля доставлено туда"),
        ("5", "цехов", "построили в"),
    ],
)
def test_what_cannot_be_read_without_its_sentence_makes_no_line(number: str, unit: str, measures: str) -> None:
    assert brief(replace(ITEM, figures=(figure(f"{number} {unit}", number, unit, measures),))) == ()


@pytest.mark.parametrize(
    ("number", "unit", "measures"),
    [
        ("46", "млн рублей", "расходы"),
        ("22 %", "%", "НДС"),
        ("480", "рабочих мест", "создано на предприятиях зоны"),
        ("3 150", "полувагонов", "собрал завод за полгода"),
    ],
)
def test_what_says_enough_makes_a_line(number: str, unit: str, measures: str) -> None:
    (line,) = brief(replace(ITEM, figures=(figure(f"{number} {unit}", number, unit, measures),)))
    assert plain(line.text) == measures


@pytest.mark.parametrize(("text", "measures"), [("каждом втором", "кране сидит женщина"), ("каждый третий", "рубль")])
def test_each_without_its_preposition_or_what_of_it_makes_no_line(text: str, measures: str) -> None:
    assert brief(replace(ITEM, figures=(figure(text, "1 из 3", "", measures, kind="share"),))) == ()


def test_a_line_knows_the_block_it_came_from() -> None:
    assert [line.block for line in brief(ITEM)] == [0, 0]
    assert brief(replace(ITEM, blocks=()))[0].block == -1


def test_guessed_figures_and_those_that_say_nothing_are_left_out() -> None:
    first, second, third = ITEM.figures
    item = replace(ITEM, figures=(first, replace(second, proposed=True), replace(third, measures="")))
    assert brief(item) == ()


def test_what_the_editor_put_together_goes_before_what_was_found() -> None:
    group = FigureGroup(figures=(figure("7 цехов", "7", "цехов", "открыто"),), origin=at(3))
    assert said(replace(ITEM, blocks=(*ITEM.blocks, group))) == ["7 цехов — открыто"]


def test_a_ratio_becomes_the_comparison_of_its_figure() -> None:
    ratio = figure("в 2,7 раза", "×2,7", "", "импорт", kind="ratio", comparison="больше, чем год назад")
    item = replace(ITEM, figures=(figure("86 млн рублей", "86", "млн рублей", "импорт"), ratio))
    assert said(item) == ["86 млн рублей — импорт; в 2,7 раза больше, чем год назад"]


def test_there_are_three_lines_at_most() -> None:
    figures = tuple(figure(f"{n} тонн", str(n), "тонн", f"мера {n}") for n in range(9))
    assert len(brief(replace(ITEM, figures=figures))) == MAX_LINES
    voiced = brief(replace(ITEM, figures=figures, blocks=(*ITEM.blocks, quote("Мы рады."))))
    assert [line.kind for line in voiced] == ["figure", "figure", "quote"]


def test_a_share_in_words_or_a_long_measure_makes_no_line() -> None:
    third = figure("треть", "1/3", "", "этих денег принёс центр", kind="share")
    long = figure("7 цехов", "7", "цехов", "открыто " * 12)
    assert brief(replace(ITEM, figures=(third, long))) == ()


def test_a_list_that_follows_the_lead_is_told_whole_or_not_at_all() -> None:
    entries = tuple((Span(text=f"пункт {n};"),) for n in range(3))
    item = replace(ITEM, figures=(), blocks=(ListBlock(ordered=False, items=entries, origin=at(3)),))
    assert said(item) == ["пункт 0", "пункт 1", "пункт 2"]
    longer = ListBlock(ordered=False, items=(*entries, (Span(text="ещё"),)), origin=at(3))
    assert said(replace(item, blocks=(longer,))) == []


def test_a_list_further_below_is_not_told_because_its_introduction_is_missing() -> None:
    later = ListBlock(ordered=False, items=((Span(text="пункт"),),), origin=at(7))
    assert said(replace(ITEM, figures=(), blocks=(paragraph("Нужно:"), later))) == []


@pytest.mark.parametrize("changes", [{"proposed": True}, {"speaker": ""}])
def test_a_quote_whose_speaker_is_not_certain_is_not_told(changes: dict[str, object]) -> None:
    assert brief(replace(ITEM, figures=(), blocks=(quote("Мы рады.", **changes),))) == ()


def test_a_quote_ends_where_a_sentence_ends() -> None:
    words = "Первую партию отправили в октябре. " + "Дальше речь идёт о том, что было потом, и это надолго. " * 5
    (line,) = brief(replace(ITEM, figures=(), blocks=(quote(words),)))
    assert plain(line.text).startswith("Первую партию отправили в октябре. Дальше")
    assert plain(line.text).endswith("и это надолго.")
    assert line.by == "Вера Кленова, директор ОЭЗ «Заречье»"
    assert brief(replace(ITEM, figures=(), blocks=(quote("Слово " * 80),))) == ()


@given(st.text("абв ГД.!?тыс ул", max_size=400))
def test_a_quote_is_never_cut_inside_a_sentence_nor_too_long(words: str) -> None:
    for line in brief(replace(ITEM, figures=(), blocks=(quote(words),))):
        shown = plain(line.text)
        assert 0 < len(shown) <= 180
        rest = " ".join(words.split())[len(" ".join(shown.split())) :]
        assert " ".join(words.split()).startswith(" ".join(shown.split()))
        assert not rest or shown[-1] in ".!?"


def test_a_short_word_with_a_full_stop_ends_no_sentence() -> None:
    words = "На ул. Заводской построят цех за 5 тыс. Рублей не хватит, " + "скажут нам потом, " * 9
    assert brief(replace(ITEM, figures=(), blocks=(quote(words),))) == ()
