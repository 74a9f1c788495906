from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.facts import Passage, merge_figures, passages, tell_figures
from newsletter.content.figures import find_figures
from newsletter.content.item import Figure, Origin, Paragraph, Span
from newsletter.language.table import words

WORDS = words("1 000 5 , % млн рублей раза в на до более – : № кажд ый второй ть")

HERE = Origin(path="a.txt", line=1)


def figures(*texts: str, year: int = 0) -> tuple[Figure, ...]:
    return merge_figures(tell_figures([Passage(text, HERE) for text in texts], year=year))


@pytest.mark.parametrize(
    ("sentence", "text", "kind", "value", "number", "unit", "bound"),
    [
        ("Сумма 248 млн рублей.", "248 млн рублей", "amount", "248000000", "248", "млн рублей", ""),
        ("Это 1,35 млрд руб. за год.", "1,35 млрд руб.", "amount", "1350000000", "1,35", "млрд руб.", ""),
        ("Вложат $35 млн.", "$35 млн", "amount", "35000000", "35", "млн $", ""),
        (
            "Свыше 164 тысяч долларов США.",
            "Свыше 164 тысяч долларов США",
            "amount",
            "164000",
            "164",
            "тысяч долларов США",
            "more",
        ),
        ("Цена 127 300 ₽.", "127 300 ₽", "amount", "127300", "127 300", "₽", ""),
        ("Цена превысила 5 000 евро.", "5 000 евро", "amount", "5000", "5 000", "евро", "more"),
        (
            "Площадь около 12 тыс. кв. метров.",
            "около 12 тыс. кв. метров",
            "amount",
            "12000",
            "12",
            "тыс. кв. метров",
            "about",
        ),
        ("Мощность 80 МВА.", "80 МВА", "amount", "80", "80", "МВА", ""),
        ("Рост на 23,5% больше.", "на 23,5%", "share", "0.235", "+23,5 %", "%", ""),
        ("Не менее 40 процентов.", "Не менее 40 процентов", "share", "0.40", "40 %", "%", "more"),
        ("Доля упала с 18% до 7%.", "7%", "share", "0.07", "7 %", "%", ""),
        ("Выросло в 2,7 раза.", "в 2,7 раза", "ratio", "2.7", "×2,7", "раза", ""),
        ("Более чем в 3 раза.", "Более чем в 3 раза", "ratio", "3", "×3", "раза", "more"),
        ("Стало в полтора раза больше.", "в полтора раза", "ratio", "1.5", "×1,5", "раза", ""),
        ("Выпуск вырос вдвое.", "вдвое", "ratio", "2", "×2", "", ""),
        ("Это каждый восьмой резидент.", "каждый восьмой", "share", "0.125", "1 из 8", "", ""),
        ("На каждом пятом заводе.", "каждом пятом", "share", "0.2", "1 из 5", "", ""),
        ("Более четверти поставок.", "Более четверти", "share", "0.25", "1/4", "", "more"),
        ("Сократить на треть.", "на треть", "share", "0.3333", "−1/3", "", ""),
        ("Две трети компаний.", "Две трети", "share", "0.6667", "2/3", "", ""),
        ("Это десятая часть рынка.", "десятая часть", "share", "0.1", "1/10", "", ""),
        ("Создано 240 рабочих мест.", "240 рабочих мест", "count", "240", "240", "рабочих мест", ""),
        ("Обучили 35 рабочих за год.", "35 рабочих", "count", "35", "35", "рабочих", ""),
        ("До 5 млн модулей в год.", "До 5 млн модулей", "count", "5000000", "5 млн", "модулей", "less"),
        ("Пришли тридцать пять инженеров.", "тридцать пять инженеров", "count", "35", "35", "инженеров", ""),
        ("Выделят 76 млн на линию.", "76 млн", "amount", "76000000", "76", "млн", ""),
    ],
)
def test_a_figure_is_read(sentence: str, text: str, kind: str, value: str, number: str, unit: str, bound: str) -> None:
    figure = figures(sentence)[-1]
    assert (figure.text, figure.kind, figure.number, figure.unit, figure.bound) == (text, kind, number, unit, bound)
    assert figure.value == Decimal(value)


@pytest.mark.parametrize(
    ("sentence", "texts"),
    [
        ("Отчисления выросли на 22% – до 540 млн рублей.", ["на 22%", "540 млн рублей"]),
        ("Отгрузки увеличились в три раза, до 120 тыс. тонн.", ["в три раза", "120 тыс. тонн"]),
        ("Ещё 12 миллионов выделил город.", ["12 миллионов"]),
        ("Создано 54 рабочих места.", ["54 рабочих места"]),
    ],
)
def test_what_stands_beside_a_number_is_no_part_of_it(sentence: str, texts: list[str]) -> None:
    found = figures(sentence)
    assert [figure.text for figure in found] == texts
    assert not any(figure.bound for figure in found)


def test_a_range_has_no_single_value() -> None:
    (figure,) = figures("Рост составит 10–15%.")
    assert (figure.text, figure.number, figure.value) == ("10–15%", "10–15 %", None)


@pytest.mark.parametrize(
    "sentence",
    [
        "Встреча 14 мая 2024 года в 18:00.",
        "Матч закончился со счётом 3:1.",
        "Работали 20 месяцев и 11 лет.",
        "Адрес: ул. Индустриальная, д. 7, кв. 12.",
        "Телефон +7 (800) 555-01-20.",
        "Приказ № 173 подписан.",
        "Она на 3 месте, ей 40 лет.",
        "Первое полугодие и вторая половина года.",
        "Прошло четверть века, каждый второй день дождь.",
        "Охват – несколько десятков стран.",
        "Три линии и четыре цеха.",
        "Эстафета 4×100 метров.",
        "Модель Т-34 и стандарт ISO 9001.",
        "В 2021 резиденты выросли.",
        "Раз в 5 лет и 10 раз подряд.",
    ],
)
def test_dates_times_ages_scores_and_addresses_are_no_figures(sentence: str) -> None:
    assert figures(sentence) == ()


def test_a_repeated_figure_counts_once_and_gathers_what_is_said_of_it() -> None:
    found = figures(
        "За первые три месяца 2021 года завод вывез продукции на 248 млн рублей, это в 2,7 раза больше, чем год назад.",
        "Объем экспорта составил 248 млн рублей.",
    )
    assert [figure.text for figure in found] == ["248 млн рублей", "в 2,7 раза"]
    assert found[0].measures == "объем экспорта"
    assert found[0].period == "январь–март 2021 года"
    assert (found[1].comparison, found[1].base_period) == ("больше, чем год назад", "2020")


@pytest.mark.parametrize(
    ("sentence", "measures"),
    [
        ("Объем инвестиций в проект составил 5 млн рублей.", "объем инвестиций в проект"),
        ("Площадь цеха – 12 га.", "площадь цеха"),
        ("Предприятия кластера обеспечили 68% экспорта.", "экспорта обеспечили предприятия кластера"),
        ("По сравнению с 2019 годом поставки выросли в 3 раза.", "поставки"),
        ("На сумму 5 млн рублей.", ""),
        ("В структуре вывоза 45% занимает зерно, 8,5% – мясо и молоко.", "мясо и молоко"),
        ("Экспортером стал каждый шестой резидент.", "резидент стал экспортером"),
    ],
)
def test_what_a_figure_measures_is_said_in_the_item_s_words(sentence: str, measures: str) -> None:
    assert figures(sentence)[-1].measures == measures


def test_a_period_holds_for_its_clause_only() -> None:
    first, second = figures("Вложат 5 млн рублей, цех на 40 станков заработает в IV квартале 2026 года.")
    assert (first.period, second.period) == ("", "четвертый квартал 2026 года")


def test_this_year_is_resolved_only_where_it_is_known() -> None:
    text = "В текущем году вложили 5 млн рублей."
    assert figures(text)[0].period == ""
    assert figures(text, year=2024)[0].period == "2024 год"


@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_figures_of_any_text_stand_where_they_say_and_never_overlap(text: str) -> None:
    found = find_figures(text)
    assert all(0 <= figure.start < figure.end <= len(text) for figure in found)
    assert all(first.end <= second.start for first, second in pairwise(found))
    figures(text)


@pytest.mark.parametrize(
    ("sentence", "text", "value", "number", "unit", "bound"),
    [
        ("Выдали 2 млрд 300 млн рублей.", "2 млрд 300 млн рублей", "2300000000", "2,3", "млрд рублей", ""),
        ("Проезд стоит 45 рублей 50 копеек.", "45 рублей 50 копеек", "45.5", "45,50", "рублей", ""),
        ("Это около двух тысяч человек.", "около двух тысяч человек", "2000", "2 тыс.", "человек", "about"),
        ("Брак не превышает 3%.", "3%", "0.03", "3 %", "%", "less"),
        ("Брак превышает 3%.", "3%", "0.03", "3 %", "%", "more"),
        ("Чуть больше половины плана.", "Чуть больше половины", "0.5", "1/2", "", "more"),
        ("Довольны двое из пяти.", "двое из пяти", "0.4", "2 из 5", "", ""),
        ("Уборка завершена на 94 процентах площадей.", "94 процентах", "0.94", "94 %", "%", ""),
        ("Собрали 30 ц/га.", "30 ц/га", "30", "30", "ц/га", ""),
        ("Пришла Двадцать одна машина.", "Двадцать одна машина", "21", "21", "машина", ""),
    ],
)
def test_compounds_words_and_negated_bounds_are_read_whole(
    sentence: str, text: str, value: str, number: str, unit: str, bound: str
) -> None:
    (figure,) = figures(sentence)
    assert (figure.text, figure.number, figure.unit, figure.bound) == (text, number, unit, bound)
    assert figure.value == Decimal(value)


@pytest.mark.parametrize(
    ("sentence", "text", "number", "unit"),
    [
        ("Грант – от 3 до 5 млн рублей.", "от 3 до 5 млн рублей", "3–5", "млн рублей"),
        ("Ждут от 40 до 60 человек.", "от 40 до 60 человек", "40–60", "человек"),
        ("Запас хода – 90–110 км.", "90–110 км", "90–110", "км"),
        ("Приехали от 800 тыс. до 1,2 млн гостей.", "от 800 тыс. до 1,2 млн гостей", "800 тыс. – 1,2 млн", "гостей"),
    ],
)
def test_a_range_is_one_figure_without_a_value(sentence: str, text: str, number: str, unit: str) -> None:
    (figure,) = figures(sentence)
    assert (figure.text, figure.number, figure.unit, figure.value) == (text, number, unit, None)


@pytest.mark.parametrize(
    ("sentence", "text", "earlier", "measures"),
    [
        ("Доля упала с 18% до 7%.", "7%", "с 18%", "доля"),
        ("Смертность снизилась с 11,6 до 8,6%.", "8,6%", "с 11,6", "смертность"),
        ("Сбор картофеля вырос с 310 до 355 тыс. тонн.", "355 тыс. тонн", "с 310", "сбор картофеля"),
        ("Доля девушек выросла с трети до половины.", "половины", "с трети", "доля девушек"),
        ("Ставка снижена с 18 до 16,5%.", "16,5%", "с 18", "ставка"),
    ],
)
def test_the_old_value_of_a_change_is_the_comparison_of_the_new_one(
    sentence: str, text: str, earlier: str, measures: str
) -> None:
    (figure,) = figures(sentence)
    assert (figure.text, figure.comparison, figure.measures) == (text, earlier, measures)


def test_what_something_is_held_against_is_its_comparison() -> None:
    first, second = figures("Средняя урожайность составила 34,7 ц/га против 29,1 ц/га годом ранее.")
    assert (first.measures, first.comparison) == ("средняя урожайность", "против 29,1 ц/га годом ранее")
    assert second.measures == ""


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("Фонд увеличен на 38 млн рублей.", "+38"),
        ("Экспорт упал на 15%.", "−15 %"),
        ("Это на 1,2 млрд больше, чем в 2023 году.", "+1,2"),
        ("Программ продали на 38 млн рублей.", "38"),
        ("План перевыполнен на 12%.", "12 %"),
    ],
)
def test_a_change_is_shown_with_its_sign(sentence: str, number: str) -> None:
    assert figures(sentence)[0].number == number


def test_a_change_of_unknown_direction_has_no_label() -> None:
    assert figures("План перевыполнен на 12%.")[0].measures == ""


def test_more_is_no_unit() -> None:
    (figure,) = figures("Это на 1,2 млрд больше, чем в 2023 году.")
    assert (figure.unit, figure.rule, figure.proposed, figure.base_period) == ("млрд", "figure-scaled", True, "2023")


@pytest.mark.parametrize(
    "sentence",
    [
        "Получив грант в 3 млн рублей, фермер купил трактор.",
        "Отправив за рубеж продукции на сумму 164 млн рублей, завод вырос.",
        "В парке 118 компаний.",
        "У меня 300 гектаров.",
        "Взнос – от 500 рублей.",
        "Это до 31 тыс. поездок в сутки.",
        "В сутки – 31 тыс. поездок.",
        "Лишь каждый двадцатый копит на автомобиль.",
        "Это 46%, на них приходится 46% выручки.",
        "Опрошены руководители 39 предприятий.",
    ],
)
def test_words_that_cannot_stand_alone_are_no_label(sentence: str) -> None:
    assert [figure.measures for figure in figures(sentence)] in ([""], ["", ""])


@pytest.mark.parametrize(
    ("sentence", "measures"),
    [
        ("На предприятии создано 240 рабочих мест.", "создано на предприятии"),
        ("За сезон федерация провела 52 турнира.", "провела федерация за сезон"),
        ("А теперь две трети ребят приносят согласие.", "ребят приносят согласие"),
        ("Каждый пятый мастер – женщина.", "мастер – женщина"),
        ("С 1 октября доходность вклада составит 16,5%.", "доходность вклада"),
        ("Оборудование стоимостью 5 млн рублей закупили по проекту.", "оборудование"),
        ("Численность персонала увеличилась на 300 человек.", "численность персонала"),
    ],
)
def test_a_label_reads_on_from_its_number(sentence: str, measures: str) -> None:
    assert figures(sentence)[-1].measures == measures


@pytest.mark.parametrize(
    ("lead", "period"),
    [
        ("Экспорт за 2024 год вырос.", ""),
        ("Экспорт в IV квартале 2024 года вырос.", ""),
        ("Экспорт вырос.", ""),
        ("Завод открылся 14 мая 2024 года.", "2023 год"),
        ("Экспорт за первое полугодие 2024 года вырос.", "2023 год"),
    ],
)
def test_last_year_is_known_only_where_this_year_is(lead: str, period: str) -> None:
    assert figures(lead, "В прошлом году гранты получили 27 команд.")[-1].period == period


@pytest.mark.parametrize(
    ("text", "written", "value", "bound"),
    [
        ("Построят за полтора миллиона рублей.", "полтора миллиона рублей", "1500000", ""),
        ("Нужно полмиллиона тонн.", "полмиллиона тонн", "500000", ""),
        ("Пришло более тысячи человек.", "более тысячи человек", "1000", "more"),
        ("Выпустят свыше двадцати моделей.", "свыше двадцати моделей", "20", "more"),
        ("Участвуют два десятка компаний.", "два десятка компаний", "20", ""),
        ("Купят сто двадцать пять станков.", "сто двадцать пять станков", "125", ""),
        ("Вложено два с половиной миллиона евро.", "два с половиной миллиона евро", "2500000", ""),
        ("Собрались 2000 участников.", "2000 участников", "2000", ""),
        ("Гостиница на 120 номеров открыта.", "120 номеров", "120", ""),
        ("Доля упала на 1,8 процентного пункта.", "на 1,8 процентного пункта", "0.018", ""),
        ("Соли стало меньше на 30%.", "на 30%", "0.3", ""),
        ("Зал заполнен на 87%.", "87%", "0.87", ""),
        ("Трудятся двадцать процентов жителей.", "двадцать процентов", "0.2", ""),
        ("Довольны 8 из 10 гостей.", "8 из 10", "0.8", ""),
        ("Число резидентов достигло 73.", "73", "73", ""),
        ("Численность бригад выросла до 1 250.", "1 250", "1250", ""),
        ("Заявок было около 260, и все приняты.", "около 260", "260", "about"),
        ("Контракт на 12 млн юаней.", "12 млн юаней", "12000000", ""),
        ("За раз берут 450 мл крови.", "450 мл", "450", ""),
    ],
)
def test_more_ways_of_writing_a_number(text: str, written: str, value: str, bound: str) -> None:
    (figure,) = find_figures(text)
    assert (text[figure.start : figure.end], figure.value, figure.bound) == (written, Decimal(value), bound)


@pytest.mark.parametrize(
    "text",
    ["Пришли тысячи людей.", "В 2024 компания выросла.", "Цех на 5 этаже.", "Сыграли 3:1.", "В 2019 открыт цех 14."],
)
def test_what_only_looks_like_a_number_of_things_is_none(text: str) -> None:
    assert find_figures(text) == []


def test_a_hyphen_typed_for_a_dash_is_no_part_of_what_a_figure_measures() -> None:
    block = Paragraph(text=(Span(text="Объём инвестиций - 1,4 млрд рублей, кое-где больше."),), origin=HERE)
    (figure,) = merge_figures(tell_figures(list(passages([block]))))
    assert (figure.text, figure.measures) == ("1,4 млрд рублей", "объём инвестиций")
