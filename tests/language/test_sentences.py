from __future__ import annotations

import pytest

from newsletter.language.sentences import sentences


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ("Цех открыт. Гости приехали.", ["Цех открыт.", "Гости приехали."]),
        ("«Пора!» Он ушёл… Все ждали?!  – Да.", ["«Пора!»", "Он ушёл…", "Все ждали?!", "– Да."]),
        ("С 2024 г. Завод им. И. И. Седова вырос. \n«Итог»", ["С 2024 г. Завод им. И. И. Седова вырос.", "«Итог»"]),
        ("Порт открыл И.И. Неверов. Мост ждёт", ["Порт открыл И.И. Неверов.", "Мост ждёт"]),
        ("Рост 1.5 раза. Конец", ["Рост 1.5 раза.", "Конец"]),
        ("  ", []),
    ],
)
def test_a_text_falls_into_sentences(words: str, split: list[str]) -> None:
    assert [words[start:end] for start, end in sentences(words)] == split


@pytest.mark.parametrize("sign", [".", "!", "…", ".»", ". ", ". «"])
def test_a_line_of_marks_takes_no_minutes(sign: str) -> None:
    assert sentences(sign * 100_000)  # quadratic, it would run into the test's clock
