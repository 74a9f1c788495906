"""The real press item as set; it lies outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.content.item import NewsItem, Paragraph, Quote, plain
from newsletter.content.load import load_item
from newsletter.content.mending import mend_body
from newsletter.content.polish import mends_of, polish_item
from newsletter.content.text import parse_text
from newsletter.language.quotation import unpaired
from newsletter.settings import Typography

pytestmark = pytest.mark.real_item
ALL = Typography()


@pytest.fixture(scope="module")
def item(real_item_path: Path) -> NewsItem:
    return load_item(real_item_path, root=real_item_path.parent)


def texts(item: NewsItem) -> list[str]:
    blocks = [plain(block.text) for block in item.blocks if isinstance(block, Paragraph | Quote)]
    return [item.title, plain(item.lead), *blocks, *(quote.attribution for quote in item.quotes)]


def test_every_letter_and_digit_is_kept(item: NewsItem) -> None:
    for written, done in zip(texts(item), texts(polish_item(item, ALL)), strict=True):
        assert [c for c in done if c.isalnum()] == [c for c in written if c.isalnum()]


def test_its_marks_stay_and_the_missing_one_is_not_invented(item: NewsItem) -> None:
    done = polish_item(item, ALL)
    assert [text.count("«") for text in texts(done)] == [text.count("«") for text in texts(item)]
    assert not any('"' in text or "„" in text for text in texts(done))
    # The name of the last quote's office has two opening marks and one closing one.
    assert [len(unpaired(quote.attribution)) for quote in done.quotes][-1] == 1


def test_numbers_stay_with_their_units_and_dashes_with_the_word_before(item: NewsItem) -> None:
    done = " ".join(texts(polish_item(item, ALL)))
    assert "248\u00a0млн\u00a0рублей" in done
    assert "в\u00a02,7\u00a0раза" in done
    assert " –" not in done
    assert "\u00a0— " in done


def test_a_range_of_months_is_all_there_is_to_mend_in_the_file(item: NewsItem, real_item_path: Path) -> None:
    assert [(mend.rule, mend.count) for mend in mends_of(item, ALL)] == [("ranges", 1)]
    body = real_item_path.read_text(encoding="utf-8-sig")
    mended = mend_body(
        body,
        markdown=False,
        parse=lambda text: parse_text(text, shown="a.txt", first_line=1),
        lang="ru",
        settings=ALL,
    )
    changed = [(old, new) for old, new in zip(body, mended, strict=True) if old != new]
    assert changed == [("-", "–")]
