"""However long a text is, rules read as much of it as a press item has."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.content import figures, item
from newsletter.content.load import load_item


def read(tmp_path: Path, text: str) -> item.NewsItem:
    path = tmp_path / "item.txt"
    path.write_text(text, encoding="utf-8")
    return load_item(path, root=tmp_path)


@pytest.mark.parametrize("paragraphs", [15, 25])
def test_rules_read_sixty_thousand_characters_and_what_stands_behind_is_kept_as_written(
    tmp_path: Path, paragraphs: int
) -> None:
    filler = "\n\n".join(["слово " * 500] * paragraphs)
    found = read(tmp_path, f"Новость дня.\n\n{filler}\n\nЗавод выпустил 52 станка, рассказал директор Иван Седов.\n")
    within = paragraphs * 3000 < 60_000
    assert [figure.number for figure in found.figures] == (["52"] if within else [])
    assert [person.text for person in found.people] == (["Иван Седов"] if within else [])
    last = found.blocks[-1]
    assert isinstance(last, item.Paragraph)
    assert item.plain(last.text).startswith("Завод выпустил 52 станка")


def test_what_stands_around_figures_is_read_for_four_hundred_of_them(tmp_path: Path) -> None:
    text = "\n\n".join(f"Завод выпустил {number} станков." for number in range(1000, 1390))
    assert len(read(tmp_path, text).figures) == 390
    text = " ".join(f"Завод выпустил {number} станков." for number in range(100, 235))
    text = "\n\n".join([text, text.replace("станков", "насосов"), text.replace("станков", "дизелей"), text])
    assert len(figures.find_figures(text)) == 540
    assert len(read(tmp_path, text).figures) == 400


def test_who_speaks_is_found_among_thousands_of_names(tmp_path: Path) -> None:
    names = " ".join(f"Иван {chr(1040 + at % 30)}{'абвг'[at % 4]}{'ров' if at % 2 else 'лов'}." for at in range(400))
    found = read(tmp_path, f"Новость.\n\n{names}\n\n«Мы рады этому дню», – сказал директор завода Пётр Седов.\n")
    assert [(quote.speaker, quote.role) for quote in found.quotes] == [("Пётр Седов", "директор завода")]
