from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.item import Block, Heading, Image, ListBlock, Origin, Paragraph, plain
from newsletter.content.opening import Opening, read_opening, read_plain
from newsletter.content.spans import text_of
from newsletter.content.text import parse_text
from newsletter.content.typed_list import gather_lists

LEAD = "Завод открыт, гости приехали утром."


def at(line: int) -> Origin:
    return Origin(path="a.html", line=line)


def paragraphs(*words: str) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(text=text_of(each), origin=at(line)) for line, each in enumerate(words, 1))


def heading(words: str, level: int = 1) -> Heading:
    return Heading(level=level, text=text_of(words), origin=at(9))


@pytest.mark.parametrize(
    "words",
    [
        "14 мая 2024",
        "14 мая 2024 года",
        "14 мая 2024 г.",
        "14.05.2024",
        "14.05.2024, 10:30",
        "14 мая 2024 | 10:30",
        "14 МАЯ 2024 ГОДА",
        "14 мая 2024 года в 10:30",
    ],
)
@pytest.mark.parametrize("is_above", [True, False])
def test_a_date_beside_the_title_is_the_item_s_date(words: str, is_above: bool) -> None:
    (dated, lead) = paragraphs(words, LEAD)
    blocks = (dated, heading("Завод открыт"), lead) if is_above else (heading("Завод открыт"), dated, lead)
    opening = read_opening(blocks)
    assert opening.values == {"date": date(2024, 5, 14)}
    assert (plain(opening.draft.title), opening.draft.blocks) == ("Завод открыт", (lead,))


@pytest.mark.parametrize("words", ["45 мая 2024", "14 мая", "14.13.2024", "С 14 мая 2024 года завод открыт"])
def test_what_is_no_date_stays_text(words: str) -> None:
    opening = read_opening((heading("Завод"), *paragraphs(words, LEAD)))
    assert opening.values == {}
    assert len(opening.draft.blocks) == 2


def test_a_rubric_stands_above_the_title_and_bread_crumbs_are_no_content() -> None:
    crumbs, odd, rubric, lead = paragraphs("Главная / Новости", "Звоните нам.", "Экспорт", LEAD)
    opening = read_opening((crumbs, odd, rubric, heading("Завод открыт"), lead))
    assert opening.values == {"rubric": "Экспорт"}
    assert opening.draft.blocks == (lead, odd)


def test_a_heading_far_down_is_no_title() -> None:
    opening = read_opening((*paragraphs(LEAD * 10), heading("Раздел")))
    assert opening.draft.title == ()
    assert [block.level for block in opening.draft.blocks if isinstance(block, Heading)] == [2]


def test_pictures_above_the_lead_come_behind_it() -> None:
    image = Image(src="https://zarechye.example/a.png", alt="", origin=at(1))
    (lead,) = paragraphs(LEAD)
    assert read_opening((heading("Завод"), image, lead)).draft.blocks == (lead, image)


BODY = "Завод открыт, гости приехали утром.\n\nВторой абзац."


@pytest.mark.parametrize(
    "text",
    [
        "ПРЕСС-РЕЛИЗ\n\nЗавод открыт\n\nПресс-служба АО «Завод»\n17 ноября 2026 года\n\n",
        "Пресс-релиз\nПресс-служба АО «Завод»\n17.11.2026\nЗавод открыт\n",
        "Пресс-служба АО «Завод»\n\nПРЕСС-РЕЛИЗ\n\n\u00a017 ноября 2026 г.\n\nЗавод открыт\n\n",
        "Пресс-релиз\nЗавод открыт\nОпубликовано: 17 ноября 2026, 10:30\nИсточник: Пресс-служба АО «Завод»\n",
    ],
)
def test_source_and_date_beside_a_plain_title_are_no_lead_and_press_release_is_no_title(text: str) -> None:
    opening = read_plain(text + BODY, shown="a.txt", first_line=5)
    assert opening.values == {"date": date(2026, 11, 17), "source": "Пресс-служба АО «Завод»", "rubric": "Пресс-релиз"}
    assert plain(opening.draft.title) == "Завод открыт"
    lines = text.split("\n")
    assert opening.draft.title_line == 5 + lines.index("Завод открыт")
    for key, words in (("date", "17"), ("source", "служба"), ("rubric", "РЕЛИЗ")):
        assert words.lower() in lines[opening.lines[key] - 5].lower()
    assert [plain(block.text) for block in opening.draft.blocks if isinstance(block, Paragraph)] == BODY.split("\n\n")


@pytest.mark.parametrize("words", ["НОВОСТЬ", "Для СМИ", "Информация для СМИ"])
def test_who_a_text_is_for_is_no_title(words: str) -> None:
    opening = read_plain(f"{words}\n\nЗавод открыт\n\n{BODY}", shown="a.txt", first_line=1)
    assert plain(opening.draft.title) == "Завод открыт"
    assert opening.values == ({"rubric": "Новость"} if words == "НОВОСТЬ" else {})


@pytest.mark.parametrize(
    "text",
    [
        "Пресс-служба завода сообщила о пуске\n\n" + BODY,
        "Пресс-релиз о пуске завода\n\n" + BODY,
        "17 ноября 2026 года завод открыли\n\n" + BODY,
        "Завод открыт\n17 ноября 2026",
        "Пресс-релиз",
    ],
)
def test_a_line_that_says_more_or_stands_alone_stays_text(text: str) -> None:
    opening = read_plain(text, shown="a.txt", first_line=1)
    assert opening == Opening(draft=parse_text(text, shown="a.txt", first_line=1))


def test_the_source_beside_an_imported_title_is_the_item_s() -> None:
    source, dated, lead = paragraphs("Пресс-служба АО «Завод»", "17 ноября 2026 года", LEAD)
    opening = read_opening((heading("ПРЕСС-РЕЛИЗ"), heading("Завод открыт"), source, dated, lead))
    assert opening.values == {"date": date(2026, 11, 17), "source": "Пресс-служба АО «Завод»", "rubric": "Пресс-релиз"}
    assert (plain(opening.draft.title), opening.draft.blocks) == ("Завод открыт", (lead,))


@given(st.lists(st.sampled_from(["ПРЕСС-РЕЛИЗ", "17.11.2026", "Пресс-служба АО", "", "Слово", LEAD]), max_size=7))
def test_an_opening_loses_no_line_of_text(lines: list[str]) -> None:
    opening = read_plain("\n".join(lines), shown="a.txt", first_line=1)
    found = repr(opening.draft)
    assert all(line in found for line in lines if line in ("Слово", LEAD))


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("• раз", "• два"), [ListBlock]),
        (("·\u00a0\u00a0раз", "·\u00a0\u00a0два"), [ListBlock]),
        (("– раз;", "– два;", "– три."), [ListBlock]),
        (("– Кто вы?", "– Директор."), [Paragraph, Paragraph]),
        (("1. раз", "2. два"), [ListBlock]),
        (("5. раз", "2. два"), [Paragraph, Paragraph]),
        (("• один",), [Paragraph]),
        (("– раз;", "слово", "• два"), [Paragraph, Paragraph, Paragraph]),
    ],
)
def test_typed_lists_are_lists(words: tuple[str, ...], kinds: list[type]) -> None:
    assert [type(block) for block in gather_lists(paragraphs(*words))] == kinds


@given(st.lists(st.sampled_from(["• ", "– ", "1. ", "2. ", "", "o\u00a0"]).flatmap(lambda m: st.just(m + "слово;"))))
def test_gathering_loses_no_item(words: list[str]) -> None:
    def count(block: Block) -> int:
        return len(block.items) if isinstance(block, ListBlock) else 1

    assert sum(map(count, gather_lists(paragraphs(*words)))) == len(words)
