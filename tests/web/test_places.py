"""Where a comment stands: at its words, wherever they have moved, and honestly nowhere when they are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.item import Block, ListBlock, NewsItem, Origin, Paragraph, Quote
from newsletter.content.spans import text_of
from newsletter.decision import MAX_QUOTED, Comment
from newsletter.web.places import Place, begin_of, find_place, words_of_block

ORIGIN = Origin(path="content/a.md", line=1)


def item_of(*blocks: Block | str, path: str = "content/a.md") -> NewsItem:
    made = tuple(Paragraph(text=text_of(one), origin=ORIGIN) if isinstance(one, str) else one for one in blocks)
    origin = replace(ORIGIN, path=path)
    return NewsItem(title="Т", title_proposed=False, lead=(), date=None, source="", blocks=made, origin=origin)


def comment_on(words: str, block: int | None) -> Comment:
    return Comment(
        key="k",
        digest="d",
        item="content/a.md",
        block=block,
        quoted=" ".join(words.split())[:MAX_QUOTED],
        who="Вера",
        text="Точно?",
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )


FIRST, SECOND = "Цех занял три тысячи метров, на нём работают люди.", "Экспорт вырос вдвое за год."


def test_a_comment_stays_at_its_block() -> None:
    assert find_place(comment_on(SECOND, 1), [item_of(FIRST, SECOND)]) == Place(state="there", block="0.1")


def test_a_comment_goes_with_its_block() -> None:
    assert find_place(comment_on(SECOND, 1), [item_of(SECOND, FIRST)]) == Place(state="there", block="0.0")


def test_of_two_blocks_that_read_alike_the_old_number_counts() -> None:
    assert find_place(comment_on(SECOND, 2), [item_of(SECOND, FIRST, SECOND)]).block == "0.2"


def test_a_changed_block_is_found_and_said_to_be_changed() -> None:
    changed = FIRST.replace("три", "четыре")
    assert find_place(comment_on(FIRST, 0), [item_of(SECOND, changed)]) == Place(state="changed", block="0.1")


def test_a_block_that_is_gone_leads_nowhere() -> None:
    assert find_place(comment_on(FIRST, 0), [item_of(SECOND)]) == Place(state="gone")
    assert find_place(comment_on(FIRST, 0), [item_of(FIRST, path="content/other.md")]) == Place(state="gone")


def test_a_comment_about_the_whole_has_no_block() -> None:
    assert find_place(comment_on("", None), [item_of(FIRST)]) == Place(state="whole")


def test_a_list_is_quoted_with_all_its_entries() -> None:
    block = ListBlock(ordered=False, items=(text_of("Сыр"), text_of("Масло")), origin=ORIGIN)
    assert words_of_block(block) == "Сыр Масло"
    assert find_place(comment_on("Сыр Масло", 0), [item_of(FIRST, block)]).block == "0.1"


@settings(max_examples=200)
@given(blocks=st.lists(st.text(max_size=250), min_size=1, max_size=6), data=st.data())
def test_a_comment_on_any_block_is_found_there(blocks: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(blocks) - 1))
    item = item_of(*blocks)
    words = words_of_block(item.blocks[index])
    place = find_place(comment_on(words, index), [item])
    assert place == (Place(state="there", block=f"0.{index}") if words else Place(state="whole"))


def test_of_a_quote_only_its_words_are_quoted() -> None:
    quote = Quote(text=text_of("Рост идёт"), speaker="Анна Белова", role="директор", origin=ORIGIN)
    assert words_of_block(quote) == "Рост идёт"


def test_words_are_cut_behind_a_whole_one() -> None:
    assert begin_of("сообщила заместитель губернатора", 28) == "сообщила заместитель…"
    assert begin_of("Рост,  сказала\nона", 17) == "Рост, сказала она"
    assert begin_of("Рост, сказала она", 8) == "Рост…"


@given(words=st.text(st.sampled_from("аб ,\n"), max_size=40), most=st.integers(2, 30))
def test_a_beginning_is_never_longer_than_asked(words: str, most: int) -> None:
    assert len(begin_of(words, most)) <= most


def test_a_comment_on_a_title_or_a_lead_stays_there_though_the_words_change() -> None:
    item = replace(item_of(FIRST), title="Новый цех оптики открыт", lead=text_of(SECOND))
    assert find_place(comment_on(item.title, None), [item]) == Place(state="there", block="0.title")
    assert find_place(comment_on(SECOND, None), [item]) == Place(state="there", block="0.lead")
    changed = replace(item, lead=text_of(SECOND.replace("вдвое", "втрое")))
    assert find_place(comment_on(SECOND, None), [changed]) == Place(state="changed", block="0.lead")
    assert find_place(comment_on(SECOND, None), [replace(item, lead=())]).state == "gone"
