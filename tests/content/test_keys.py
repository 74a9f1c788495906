from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsletter.content.keys import KEYS, WrongValueError, split_figure

DOCS = Path(__file__).parents[2] / "docs" / "items.md"


def test_the_docs_explain_every_key_of_front_matter_and_no_other() -> None:
    table = DOCS.read_text(encoding="utf-8").split("## Front matter")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(KEYS)


def test_a_figure_s_line_has_up_to_four_cells() -> None:
    assert split_figure("248 млн рублей | экспорт") == {"text": "248 млн рублей", "measures": "экспорт"}
    with pytest.raises(WrongValueError):
        split_figure("| экспорт")
    with pytest.raises(WrongValueError):
        split_figure("а | б | в | г | д")
