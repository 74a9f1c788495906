from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.item import Origin, Paragraph, Quote, Span, plain
from newsletter.content.mentions import find_mentions
from newsletter.content.people import People
from newsletter.content.quotes import join_open_quotes, split_quotes

HERE = Origin(path="a.txt", line=3)
LEAD = "Завод открыл генеральный директор компании «Вектор» Иван Седов, сообщила пресс-секретарь Анна Белова."


def found(paragraph: str, lead: str = LEAD) -> list[Paragraph | Quote]:
    people = People(find_mentions([lead, paragraph]))
    blocks = list(split_quotes(Paragraph(text=(Span(text=paragraph),), origin=HERE), people, 1))
    assert all(isinstance(block, Paragraph | Quote) and block.origin == HERE for block in blocks)
    return [block for block in blocks if isinstance(block, Paragraph | Quote)]


def quote(paragraph: str, lead: str = LEAD) -> Quote:
    (only,) = found(paragraph, lead)
    assert isinstance(only, Quote)
    return only


@pytest.mark.parametrize(
    ("paragraph", "words", "speaker", "role"),
    [
        ("«Мы рады», – сказал мэр Пётр Ильин.", "Мы рады", "Пётр Ильин", "мэр"),
        ("«Мы рады!» — воскликнула она.", "Мы рады!", "Анна Белова", "пресс-секретарь"),
        (
            "«Мы рады», - уточнил генеральный директор.",
            "Мы рады",
            "Иван Седов",
            "генеральный директор компании «Вектор»",
        ),
        ("«Мы рады», – сказал Седов журналистам.", "Мы рады", "Иван Седов", "генеральный директор компании «Вектор»"),
        ("«Мы, – говорит Седов, – рады».", "Мы, рады", "Иван Седов", "генеральный директор компании «Вектор»"),
        ("«Мы рады, – говорит Белова. – И горды».", "Мы рады. И горды", "Анна Белова", "пресс-секретарь"),
        (
            "«Рады ли мы? – спросил Седов. – Да!»",
            "Рады ли мы? Да!",
            "Иван Седов",
            "генеральный директор компании «Вектор»",
        ),
        ("– Мы рады, – сказала Белова.", "Мы рады", "Анна Белова", "пресс-секретарь"),
        ("- Мы рады, - сказала Белова. - И горды.", "Мы рады. И горды.", "Анна Белова", "пресс-секретарь"),
        ('"Мы рады", - отметила Анна Белова.', "Мы рады", "Анна Белова", "пресс-секретарь"),
        ("“Мы рады”, — отметила Анна Белова.", "Мы рады", "Анна Белова", "пресс-секретарь"),
        ("Иван Седов отметил: «Мы рады».", "Мы рады", "Иван Седов", "генеральный директор компании «Вектор»"),
        (
            "«Завод «Вектор» растет», – сказал Седов.",
            "Завод «Вектор» растет",
            "Иван Седов",
            "генеральный директор компании «Вектор»",
        ),
        ("«Мы рады», – сказала Ольга Краснова, директор лицея.", "Мы рады", "Ольга Краснова", "директор лицея"),
        (
            "«Мы рады», – сказал и. о. директора по качеству Пётр Ильин.",
            "Мы рады",
            "Пётр Ильин",
            "и. о. директора по качеству",
        ),
        (
            "«Мы рады», – сказал директор ОЭЗ «Завод «Север» Пётр Ильин.",
            "Мы рады",
            "Пётр Ильин",
            "директор ОЭЗ «Завод «Север»",
        ),
        ("«Мы рады», – с улыбкой говорит флорист Гульшат Юнусова.", "Мы рады", "Гульшат Юнусова", "флорист"),
        ("«Мы рады», – подвёл итог А. С. Белов, заместитель мэра.", "Мы рады", "А. С. Белов", "заместитель мэра"),
        ("– Мы рады, – не стал скрывать мэр Пётр Ильин.", "Мы рады", "Пётр Ильин", "мэр"),
        ("«Мы рады», – так она описала перемену.", "Мы рады", "Анна Белова", "пресс-секретарь"),
        ("Как отметил мэр Пётр Ильин, «город этому рад».", "город этому рад", "Пётр Ильин", "мэр"),
        ("По словам мэра Петра Ильина, «город этому рад».", "город этому рад", "Петр Ильин", "мэр"),
        (
            "Ольга Рябова, жительница дома: «У нас теперь тихо и чисто».",
            "У нас теперь тихо и чисто",
            "Ольга Рябова",
            "жительница дома",
        ),
        (
            "Мэр Пётр Ильин просит об одном: «Приходите к нам все вместе».",
            "Приходите к нам все вместе",
            "Пётр Ильин",
            "мэр",
        ),
        ("«Мы рады», – отметил директор порта И.И. Неверов.", "Мы рады", "И.И. Неверов", "директор порта"),
        ("«Мы рады «Восходу»», – сказала Анна Белова.", "Мы рады «Восходу»", "Анна Белова", "пресс-секретарь"),
        ("«Мы рады «Восходу», – сказала Анна Белова.", "Мы рады «Восходу»", "Анна Белова", "пресс-секретарь"),
        ('"Мы рады "Восходу"", - сказала Анна Белова.', 'Мы рады "Восходу"', "Анна Белова", "пресс-секретарь"),
        ("«Ждём на «Заре»!» – сказала Анна Белова.", "Ждём на «Заре»!", "Анна Белова", "пресс-секретарь"),
        ("«Ждём на «Заре»?!», – сказала Анна Белова.", "Ждём на «Заре»?!", "Анна Белова", "пресс-секретарь"),
        ("«Ждём на „Заре“.», – сказала Анна Белова.", "Ждём на „Заре“", "Анна Белова", "пресс-секретарь"),
        ("– Ждём на «Заре», – сказала Анна Белова.", "Ждём на «Заре»", "Анна Белова", "пресс-секретарь"),
        ("«Мы рады», – сказал 19-летний дебютант Пётр Ильин.", "Мы рады", "Пётр Ильин", "дебютант"),
        (
            "«Мы рады», – сказал председатель жюри, директор лицея Пётр Ильин.",
            "Мы рады",
            "Пётр Ильин",
            "председатель жюри, директор лицея",
        ),
        (
            "«Good luck», – сказал вице-президент Nord AB John Miller.",
            "Good luck",
            "John Miller",
            "вице-президент Nord AB",
        ),
    ],
)
def test_words_get_their_speaker(paragraph: str, words: str, speaker: str, role: str) -> None:
    block = quote(paragraph)
    assert (plain(block.text), block.speaker, block.role) == (words, speaker, role)


def test_a_role_with_a_sentence_s_capital_is_nobody_s_surname() -> None:
    block = quote("Министр добавил: «Причал нужен».", lead="Порт открыл министр транспорта Олег Ветров.")
    assert (block.speaker, block.role, block.rule) == ("Олег Ветров", "министр транспорта", "quote-role")


def test_words_around_a_quote_stay_paragraphs_in_their_order() -> None:
    blocks = found("Сначала проза. «Мы рады, – сказала Белова. – И горды». Потом проза.")
    assert [plain(block.text) for block in blocks] == ["Сначала проза.", "Мы рады. И горды", "Потом проза."]


def test_two_attributions_make_two_quotes() -> None:
    blocks = found("«Мы рады», – сказал Седов. «Я тоже», – добавила Белова.")
    assert [(plain(block.text), block.speaker) for block in blocks if isinstance(block, Quote)] == [
        ("Мы рады", "Иван Седов"),
        ("Я тоже", "Анна Белова"),
    ]


def test_two_speakers_in_a_row_are_told_apart() -> None:
    blocks = found("«Мы рады», – сказал Седов. – «Я тоже», – добавила Белова.")
    assert [block.speaker for block in blocks if isinstance(block, Quote)] == ["Иван Седов", "Анна Белова"]


def test_an_attribution_that_tells_more_keeps_the_paragraph_whole() -> None:
    paragraph = "«Мы рады», – сказал Седов, отметив, что экспорт вырос на 40%."
    (block,) = found(paragraph)
    assert isinstance(block, Paragraph)
    assert plain(block.text) == paragraph


def test_an_introduction_that_tells_more_stays_a_paragraph_before_its_quote() -> None:
    prose, words = found("Сооснователь студии Пётр Ильин говорит, что экспорт растет: «Покупают всё».")
    assert plain(prose.text) == "Сооснователь студии Пётр Ильин говорит, что экспорт растет:"
    assert isinstance(words, Quote)
    assert (words.speaker, words.role) == ("Пётр Ильин", "сооснователь студии")


def test_a_person_introduced_in_the_genitive_is_known() -> None:
    block = quote(
        "«Мы рады», – отметил он.", lead="По словам первого заместителя министра края Ивана Седова, цех открыт."
    )
    assert (block.speaker, block.role) == ("Иван Седов", "первый заместитель министра края")


def test_a_quote_over_several_paragraphs_is_one() -> None:
    texts = ["«Мы рады.", "Очень рады «Вектору».", "И горды», – сказал Седов.", "Проза."]
    blocks = [
        Paragraph(text=(Span(text=text),), origin=Origin(path="a.txt", line=at)) for at, text in enumerate(texts, 1)
    ]
    first, last = join_open_quotes(blocks)
    assert isinstance(first, Paragraph)
    assert isinstance(last, Paragraph)
    assert (plain(first.text).count("\n"), first.origin.line, plain(last.text)) == (2, 1, "Проза.")
    (block,) = split_quotes(first, People(find_mentions([LEAD])), 1)
    assert isinstance(block, Quote)
    assert plain(block.text) == "Мы рады.\nОчень рады «Вектору».\nИ горды"


@pytest.mark.parametrize("texts", [["«Мы рады.", "Проза."], ["Проза.", "И горды», – сказал он."]])
def test_a_mark_left_open_joins_nothing(texts: list[str]) -> None:
    blocks = [Paragraph(text=(Span(text=text),), origin=HERE) for text in texts]
    assert len(join_open_quotes(blocks)) == 2


def test_the_attribution_is_kept_as_written() -> None:
    assert quote("«Мы рады», – сказал Седов журналистам.").attribution == "сказал Седов журналистам"


def test_styles_inside_a_quote_survive() -> None:
    text = (Span(text="«Мы очень "), Span(text="рады", bold=True), Span(text="», – сказал Седов."))
    (block,) = split_quotes(Paragraph(text=text, origin=HERE), People(find_mentions([LEAD])), 1)
    assert isinstance(block, Quote)
    assert block.text == (Span(text="Мы очень "), Span(text="рады", bold=True))


@pytest.mark.parametrize(
    "paragraph",
    [
        "Компания «Вектор» открыла цех.",
        "Компания «Вектор» – признал эксперт – лучшая.",
        "«Вектор», «Север» и «Юг» – сообщили в отделе.",
        "Слово «рады», – сказал он.",
        "По словам директора, «мы рады».",
        "– Кто вы?",
        "В фильме «Как рождается свет» сказал своё слово режиссёр.",
    ],
)
def test_names_slogans_and_questions_are_no_quotes(paragraph: str) -> None:
    (block,) = found(paragraph)
    assert isinstance(block, Paragraph)
    assert plain(block.text) == paragraph


def test_an_unknown_speaker_is_a_proposal() -> None:
    block = quote("«Мы рады», – сказал эксперт.", lead="Завод открыт.")
    assert (block.speaker, block.role, block.proposed) == ("", "эксперт", True)


def test_a_role_that_fits_two_people_is_a_proposal() -> None:
    lead = "Выступили директор завода Иван Седов и директор лицея Пётр Ильин."
    assert quote("«Мы рады», – сказал директор.", lead=lead).proposed


def test_a_role_is_looked_up_before_the_quote_first() -> None:
    words = ["Цех открыл директор завода Иван Седов.", "«Да», – сказал директор.", "Пришёл директор лицея Пётр Ильин."]
    people = People(find_mentions(words))
    (block,) = split_quotes(Paragraph(text=(Span(text=words[1]),), origin=HERE), people, 1)
    assert isinstance(block, Quote)
    assert block.speaker == "Иван Седов"


@pytest.mark.parametrize(
    ("paragraph", "speaker", "role"),
    [
        (
            "Хранитель музея Анна Лесная вспоминает тот день. «Двери были открыты, а людей всё не было».",
            "Анна Лесная",
            "хранитель музея",
        ),
        (
            "Сама пациентка, Галина Орлова, вспоминает операцию. «Я больше всего боялась за своего внука».",
            "Галина Орлова",
            "пациентка",
        ),
    ],
)
def test_the_sentence_before_a_quote_tells_who_spoke_and_stays(paragraph: str, speaker: str, role: str) -> None:
    prose, words = found(paragraph)
    assert isinstance(prose, Paragraph)
    assert plain(prose.text) == paragraph[: paragraph.index(" «")]
    assert isinstance(words, Quote)
    assert (words.speaker, words.role, words.rule, words.proposed) == (speaker, role, "quote-before", True)


def test_the_paragraph_before_a_quote_tells_who_spoke() -> None:
    people = People(find_mentions([LEAD]))
    alone = Paragraph(text=(Span(text="«Мы работали в три смены и не уставали»."),), origin=HERE)
    (block,) = split_quotes(alone, people, 1, after="Мастер цеха Иван Седов вспоминает.")
    assert isinstance(block, Quote)
    assert block.speaker == "Иван Седов"
    (block,) = split_quotes(alone, people, 1, after="Цех открыли осенью.")
    assert isinstance(block, Paragraph)


@pytest.mark.parametrize(
    ("paragraph", "speaker", "role"),
    [
        (
            "Её поддерживает фермер из района Пётр Ильин: «Без дороги я бы никуда не доехал».",
            "Пётр Ильин",
            "фермер из района",
        ),
        ("Повар Жером Дюпон: «Главное в супе – терпение и хороший лук».", "Жером Дюпон", "повар"),
        ("«Мы рады», – коротко ответил директор.", "Иван Седов", "генеральный директор компании «Вектор»"),
    ],
)
def test_new_ways_to_introduce_a_speaker(paragraph: str, speaker: str, role: str) -> None:
    block = quote(paragraph)
    assert (block.speaker, block.role) == (speaker, role)


def test_a_trade_means_the_one_person_named_in_its_paragraph() -> None:
    prose, words = found("Доцент кафедры Пётр Ильин призывает не спешить. «Цены растут», – поясняет экономист.")
    assert isinstance(prose, Paragraph)
    assert isinstance(words, Quote)
    assert (words.speaker, words.role, words.rule) == ("Пётр Ильин", "доцент кафедры", "quote-nearest")


def test_a_foreign_name_after_a_role_is_a_person_and_a_place_is_none() -> None:
    mentions = find_mentions(["Французский реставратор Этьен Морель и глава Верхней Пышмы, мэр Нижнего Новгорода."])
    assert [(mention.name, mention.role) for mention in mentions] == [("Этьен Морель", "французский реставратор")]


@pytest.mark.parametrize(
    "paragraph",
    [
        "Спектакль поставил Лев Ильин. «Три сестры и один большой вишнёвый сад»",
        "Выставку открыл критик Пётр Ильин. «Большая белая комната без окон и дверей».",
        "Директор Пётр Ильин рассказал о книге. «Белый пароход».",
    ],
)
def test_names_of_things_after_a_sentence_are_no_quotes(paragraph: str) -> None:
    (block,) = found(paragraph)
    assert isinstance(block, Paragraph)


PARTS = st.sampled_from(
    [
        "«",
        "»",
        "“",
        "”",
        '"',
        "– ",
        " – ",
        ", – сказал ",
        ". ",
        ", ",
        "! ",
        ": ",
        "он",
        "Анна Белова",
        "директор",
        "слово",
        "заявила ",
        " ",
    ]
)


@given(st.lists(PARTS, max_size=25))
def test_no_word_is_lost(parts: list[str]) -> None:
    paragraph = "".join(parts)
    if not paragraph.strip():
        return
    out = " ".join(
        " ".join((plain(block.text), block.attribution if isinstance(block, Quote) else ""))
        for block in found(paragraph)
    )
    # An attribution may repeat words of the prose before it.
    assert not Counter(re.findall(r"\w+", paragraph)) - Counter(re.findall(r"\w+", out))
