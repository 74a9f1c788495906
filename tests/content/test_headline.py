from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.headline import MAX_TITLE, propose_title
from newsletter.language.table import words

WORDS = words("Завод «Берег» в , – и сообщил 2021 года . 5 млн рублей")


@pytest.mark.parametrize(
    ("lead", "title"),
    [
        ("Завод в Зареченске открыт. Подробности ниже.", "Завод в Зареченске открыт"),
        (
            "За 2023 год завод вдвое нарастил выпуск модулей, сообщил директор Иван Седов.",
            "Завод вдвое нарастил выпуск модулей",
        ),
        ("В субботу, 21 сентября, технопарк «Берег» приглашает школьников.", "Технопарк «Берег» приглашает школьников"),
        (
            "Резиденты зоны поставили продукции на общую сумму 5 млн рублей, это в 2 раза больше прошлогоднего.",
            "Резиденты зоны поставили продукции на общую сумму 5 млн рублей",
        ),
        ("", ""),
    ],
)
def test_a_title_is_the_first_statement_without_its_tail(lead: str, title: str) -> None:
    assert propose_title(lead) == title


def test_a_long_lead_is_cut_at_a_boundary() -> None:
    lead = (
        "Компания «Оптосфера» построит на площадке Особой экономической зоны «Заречье» завод волоконно-оптических "
        "кабелей и центр обучения инженеров."
    )
    title = propose_title(lead)
    assert len(title) <= MAX_TITLE
    assert title == "Компания «Оптосфера» построит на площадке ОЭЗ «Заречье» завод волоконно-оптических кабелей"


@given(st.text(max_size=300) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_lead_gives_a_short_title_without_a_full_stop(lead: str) -> None:
    title = propose_title(lead)
    assert len(title) <= MAX_TITLE
    assert not title.endswith((".", ",", ":"))
    assert "\n" not in title
