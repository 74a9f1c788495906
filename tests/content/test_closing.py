from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.closing import split_closing
from newsletter.content.item import Block, Origin, Paragraph, Span

HERE = Origin(path="a.txt", line=1)


def paragraph(words: str) -> Block:
    return Paragraph(text=(Span(text=words),), origin=HERE)


@pytest.mark.parametrize(
    "call",
    [
        "Подписывайтесь на наш телеграм-канал.",
        "Подпишитесь на рассылку, чтобы не пропустить новости.",
        "Следите за новостями на сайте.",
        "Читайте нас ВКонтакте.",
        "Больше новостей – в Telegram.",
        "Оставайтесь с нами!",
        "Наш канал: https://t.me/zarechye",
        "А чтобы ничего не пропустить, вступайте в наше сообщество.",
        "О технике простыми словами – на нашей странице «Цех»: заходите и спрашивайте.",
        "Расписание смотрите в приложении, а новости ловите в канале @zarechye.",
        "Мы в соцсетях: @zarechye",
        "Ждём вас! И загляните в нашу рассылку.",
        "Хотите знать больше? Наша рассылка приходит по пятницам.",
        "Болейте за наших: трансляция уже в сообществе клуба.",
        "Приходите за билетами в кассу или пишите нам: страница театра во ВКонтакте работает без антрактов.",
        "Приезжайте к нам в гости и пишите нам в чат.",
        "Есть лопата и свободный час? Загляните в группу «Сад»: там расскажут, куда приходить.",
        "Программа и карта – на странице музея «ВКонтакте». Подписывайтесь, чтобы не проспать!",
    ],
)
def test_a_call_at_the_end_is_taken_out(call: str) -> None:
    blocks = (paragraph("Завод открыт."), paragraph(call))
    assert split_closing(blocks) == (blocks[:1], call)


def test_two_calls_are_one_closing() -> None:
    blocks = (paragraph("Завод открыт."), paragraph("Читайте нас в MAX."), paragraph("Следите за новостями."))
    assert split_closing(blocks) == (blocks[:1], "Читайте нас в MAX. Следите за новостями.")


@pytest.mark.parametrize(
    "words",
    [
        "Следите за давлением в системе каждый день.",
        "Подписано соглашение о строительстве канала.",
        "Завод открыт, подписывайтесь на новости.",
        "Читайте инструкцию до конца.",
        "Приходите за справками в кабинет номер пять.",
        "Министерство напоминает: отчёты принимаются на сайте до 1 ноября.",
        "Приходите на день открытых дверей, регистрация на нашей странице.",
        "Наша группа компаний открыла канал поставок.",
        "Лекция пройдёт в музее. Подписывайтесь на наш канал.",
        "Больше половины новостей канала – о людях.",
        "Читайте в нашей рассылке о 15 вакансиях.",
        "«Смотрите наш канал», – посоветовал директор.",
        "Смотрите, как растёт завод.",
        "Узнайте, есть ли долги, на сайте ведомства.",
        "Вступайте в ряды волонтёров: наша группа выезжает по субботам.",
    ],
)
def test_what_only_sounds_like_a_call_stays(words: str) -> None:
    blocks = (paragraph("Завод открыт."), paragraph(words))
    assert split_closing(blocks) == (blocks, "")


def test_a_call_in_the_middle_stays_and_so_does_an_item_that_is_nothing_else() -> None:
    blocks = (paragraph("Читайте нас в MAX."), paragraph("Завод открыт."))
    assert split_closing(blocks) == (blocks, "")
    assert split_closing(blocks[:1]) == (blocks[:1], "")


CALLS = st.lists(
    st.sampled_from(
        [
            "Подписывайтесь",
            "Следите",
            "Приходите",
            "Хотите",
            "на",
            "канал",
            "за",
            "1",
            "мая",
            "билетами",
            "https://a.ru",
            "?",
            ".",
            "!",
            "Завод",
            "вырос",
        ]
    )
).map(" ".join)


@given(texts=st.lists(CALLS.filter(str.strip), min_size=1, max_size=6))
def test_no_word_is_lost_between_what_stays_and_the_call(texts: list[str]) -> None:
    blocks = [paragraph(text) for text in texts]
    kept, call = split_closing(blocks)
    assert kept == tuple(blocks[: len(kept)])
    assert " ".join(texts[len(kept) :]) == call
    assert kept
