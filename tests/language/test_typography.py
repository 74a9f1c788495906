from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.language import table
from newsletter.language.edit import apply_edits
from newsletter.language.fixed import fixed_ranges
from newsletter.language.nonbreaking import LONGEST
from newsletter.language.typography import typeset, typeset_text, visible
from newsletter.settings import Typography

ALL = Typography()
SPACE = re.compile("[ \u00a0\u202f\u2009]")


def ru(text: str, rules: Typography = ALL) -> str:
    """Set Russian text; a no-break space is shown as °."""
    return typeset_text(text, "ru", rules).replace("\u00a0", "°")


def en(text: str) -> str:
    return typeset_text(text, "en", ALL).replace("\u00a0", "°")


def only(rule: str) -> Typography:
    off = {name: False for name in Typography.__dataclass_fields__ if name != "percent"}
    return Typography(**off | {rule: True})  # type: ignore[arg-type]


QUOTES = only("quotes")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('"Заречье"', "«Заречье»"),
        ("“Заречье”", "«Заречье»"),
        ("„Заречье“", "«Заречье»"),
        ('ОЭЗ "Заречье", "Весна"', "ОЭЗ «Заречье», «Весна»"),
        ('"Фонд "Развитие" вырос"', "«Фонд „Развитие“ вырос»"),
        ('ООО "Фонд "Развитие""', "ООО «Фонд „Развитие“»"),
        ('""Развитие" выросло", – сказал он', "«„Развитие“ выросло», – сказал он"),
        ("«Фонд «Развитие»»", "«Фонд „Развитие“»"),
        ("«Фонд „Развитие“»", "«Фонд „Развитие“»"),
        ("«Фонд “Развитие”»", "«Фонд „Развитие“»"),
        ('("Заречье")', "(«Заречье»)"),
        ('бизнес-"акселератор"', "бизнес-«акселератор»"),
        ('завод "Луч"-"Заря"', "завод «Луч»-«Заря»"),
        ('"Да!" – "Нет?"', "«Да!» – «Нет?»"),
        ('сказал:"Да"', "сказал:«Да»"),
        ('"Рост – 5 %". "Это мало".', "«Рост – 5 %». «Это мало»."),
        ("д'Артаньян", "д’Артаньян"),
    ],
)
def test_russian_quotes_are_angular_outside_and_low_inside(written: str, wanted: str) -> None:
    assert ru(written, QUOTES) == wanted


@pytest.mark.parametrize("written", ['монитор 27"', 'экран 15" и 17"', "5'10\"", "12°30′15″", 'труба 3/4"', '" "'])
def test_inches_feet_and_minutes_are_no_quotes(written: str) -> None:
    assert ru(written, QUOTES) == written


def test_an_inch_inside_quotes_does_not_close_them() -> None:
    assert ru('"Экран 15" купили"', QUOTES) == '«Экран 15" купили»'


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("ОЭЗ «Технополис «Москва» и Геннадий", "ОЭЗ «Технополис «Москва» и Геннадий"),
        ('ОЭЗ "Технополис "Москва" и Геннадий', "ОЭЗ «Технополис «Москва» и Геннадий"),
        ('"Слова идут дальше в другом абзаце.', "«Слова идут дальше в другом абзаце."),
        ("«А „Б“ и", "«А „Б“ и"),
    ],
)
def test_quotes_without_partners_are_not_nested(written: str, wanted: str) -> None:
    assert ru(written, QUOTES) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('He said "no" and "yes".', "He said “no” and “yes”."),
        ('"The fund "Growth" grew"', "“The fund ‘Growth’ grew”"),
        ("«Zarechye»", "“Zarechye”"),
        ("it's the residents' plan of the '90s", "it’s the residents’ plan of the ’90s"),
        ("'Yes' and 'no'", "‘Yes’ and ‘no’"),
        ("5' 10\" tall", "5' 10\" tall"),
    ],
)
def test_english_quotes_are_raised(written: str, wanted: str) -> None:
    assert typeset_text(written, "en", QUOTES) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("рост - это", "рост°— это"),
        ("рост – это", "рост°— это"),
        ("рост -- это", "рост°— это"),
        ("рост —\u00a0это", "рост°— это"),
        ("«Да», – сказал он", "«Да»,°— сказал он"),
        ("- Да, конечно", "—°Да, конечно"),
        ("авто- и мототехника", "авто- и мототехника"),
        ("из - за", "из-за"),
        ("Кое - кто", "Кое-кто"),
        ("завод по – новому", "завод по-новому"),
        ("по - русски", "по-русски"),
        ("где - нибудь", "где-нибудь"),
        ("кто - то пришёл", "кто - то пришёл"),
        ("это - то", "это°— то"),
        ("из - заводов", "из°— заводов"),
        ("5 - 3 = 2", "5 - 3 = 2"),
        ("бизнес-план", "бизнес-план"),
    ],
)
def test_a_hyphen_between_spaces_becomes_a_dash(written: str, wanted: str) -> None:
    assert ru(written, only("dashes")) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("10-15 км", "10–15 км"),
        ("2020-2024 годы", "2020–2024 годы"),
        ("2020 – 2024", "2020–2024"),
        ("от 5,5-6,5 %", "от 5,5–6,5 %"),
        ("10%-15%", "10%–15%"),
        ("стр. 10-15.", "стр. 10–15."),
        ("10:00-18:00", "10:00–18:00"),
        ("январь-март", "январь–март"),
        ("с январем-мартом", "с январем–мартом"),
        ("пн-пт", "пн–пт"),
        ("10 000-15 000 человек", "10 000–15 000 человек"),
        ("XIX-XX века", "XIX–XX века"),
        ("январь-октябрь", "январь–октябрь"),
        ("№№ 5-7", "№№ 5–7"),
        ("№№ 105-107", "№№ 105–107"),
        ("14.05.2026-16.05.2026", "14.05.2026–16.05.2026"),
        ("14.05.2026 - 16.05.2026", "14.05.2026–16.05.2026"),
        ("14.05-16.05.2026", "14.05–16.05.2026"),
        ("12 апреля-15 мая", "12 апреля°— 15 мая"),
    ],
)
def test_a_hyphen_between_a_least_and_a_most_becomes_an_en_dash(written: str, wanted: str) -> None:
    assert ru(written, only("ranges")) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("3х5 м", "3×5 м"), ("1200x800х2 мм", "1200×800×2 мм"), ("3 х 5,5 м", "3 × 5,5 м"), ("4х4", "4х4")],
)
def test_a_letter_between_two_lengths_is_a_sign(written: str, wanted: str) -> None:
    assert ru(written, only("ranges")) == wanted


@pytest.mark.parametrize(
    "written",
    [
        "+7 (495) 123-45-67",
        "тел. 22-33",
        "8-800-555-35-35",
        "2024-05-14",
        "2024-05",
        "ГОСТ 12-34",
        "ГОСТ 2.105-95",
        "счёт 1-3",
        "со счётом 3-1",
        "модель 10-15",
        "№ 10-15",
        "152-ФЗ",
        "А-10-15",
        "5-й",
        "223-322",
        "007-015 шт",
        "10.05-2024",
    ],
)
def test_telephones_dates_codes_and_scores_keep_their_hyphens(written: str) -> None:
    assert ru(written) == ru(written, replace(ALL, ranges=False))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("до -15", "до −15"), ("(-5)", "(−5)"), ("-5 °C", "−5 °C"), ("скидка -20%", "скидка −20%"), ("а -5", "а -5")],
)
def test_a_hyphen_before_degrees_or_per_cent_is_a_minus(written: str, wanted: str) -> None:
    assert ru(written, only("minus")) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("два  слова", "два слова"),
        ("слово , слово .", "слово, слово."),
        ("слово ,5", "слово ,5"),
        ("платформа .NET", "платформа .NET"),
        ("спасибо :)", "спасибо :)"),
        ("« слово »", "«слово»"),
        ("( слово )", "(слово)"),
    ],
)
def test_spaces_too_many_go(written: str, wanted: str) -> None:
    assert ru(written, only("spaces")) == wanted


@pytest.mark.parametrize(("written", "wanted"), [("но...", "но…"), ("что?..", "что?.."), ("что?...", "что?..")])
def test_three_dots_are_one_sign(written: str, wanted: str) -> None:
    assert ru(written, only("ellipsis")) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("248 млн рублей", "248°млн°рублей"),
        ("12 % роста", "12°% роста"),
        ("№ 5 и №7", "№°5 и №°7"),
        ("14 мая 2026 г.", "14°мая 2026°г."),
        ("в 2025 г. Завод", "в 2025°г. Завод"),
        ("г. Зареченск, ул. Заводская", "г.°Зареченск, ул.°Заводская"),
        ("им. Пушкина", "им.°Пушкина"),
        ("А. С. Пушкин", "А.°С.°Пушкин"),
        ("Пушкин А. С.", "Пушкин°А.°С."),
        ("А.С. Пушкин и П. Ин", "А.С.°Пушкин и П.°Ин"),
        ("100 кв. метров, 5 куб. м", "100°кв.°метров, 5°куб.°м"),
        ("+7 (495) 123-45-67", "+7°(495)°123-45-67"),
        ("8 (800) 555 35 35", "8°(800)°555°35°35"),
        ("8 500 000 рублей", "8 500 000°рублей"),
        ("и т. д., т.е. вот", "и°т.°д., т.°е. вот"),
        ("5 и 6 июня", "5 и 6°июня"),
        ("20 °C", "20°°C"),
        ("XXI век", "XXI°век"),
        ("100 предпринимателям", "100 предпринимателям"),
    ],
)
def test_a_number_stays_with_what_it_counts_and_initials_with_the_name(written: str, wanted: str) -> None:
    assert ru(written, only("nbsp_numbers")) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("в городе и на селе", "в°городе и°на°селе"),
        ("он же был бы", "он°же был°бы"),
        ("в высококвалифицированных", "в высококвалифицированных"),
        ("что-то не то", "что-то не°то"),
    ],
)
def test_short_words_stay_with_their_neighbour_unless_the_piece_grows_long(written: str, wanted: str) -> None:
    assert ru(written, only("nbsp_short")) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("12500 рублей", "12°500 рублей"),
        ("1234567,5 тонн", "1°234°567,5 тонн"),
        ("10 000 человек", "10°000 человек"),
        ("10000–15000 рублей", "10°000–15°000 рублей"),
        ("от 10000 до 15000 тонн", "от 10°000 до 15°000 тонн"),
        ("10000–15000", "10000–15000"),
        ("1500 рублей", "1500 рублей"),
        ("в 2025 году", "в 2025 году"),
        ("ИНН 7712345678", "ИНН 7712345678"),
        ("индекс 123000 домов", "индекс 123000 домов"),
        ("№ 12345 рублей", "№ 12345 рублей"),
        ("3,14159 м", "3,14159 м"),
        ("код 123456", "код 123456"),
        ("012345 рублей", "012345 рублей"),
        ("+79161234567 рублей", "+79161234567 рублей"),
        ("ноябрь 2025 100 человек", "ноябрь 2025 100 человек"),
    ],
)
def test_long_numbers_of_something_are_grouped(written: str, wanted: str) -> None:
    assert ru(written, only("digit_groups")) == wanted


@pytest.mark.parametrize(
    ("style", "written", "wanted"),
    [
        ("space", "12% и 5 %", "12°% и 5°%"),
        ("none", "12% и 5 %", "12% и 5%"),
        ("as_written", "12% и 5 %", "12% и 5 %"),
    ],
)
def test_per_cent_signs_are_set_alike_where_asked(style: str, written: str, wanted: str) -> None:
    assert ru(written, replace(only("quotes"), percent=style)) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("5 млн. рублей", "5 млн рублей"),
        ("5 млн. Завод", "5 млн. Завод"),
        ("5 тыс человек", "5 тыс. человек"),
        ("5 тыс руб", "5 тыс. руб."),
        ("5 тыс. руб.", "5 тыс. руб."),
        ("1,5 млн.руб.", "1,5 млн руб."),
        ("5 тыс.рублей", "5 тыс. рублей"),
        ("рубль", "рубль"),
    ],
)
def test_abbreviated_numbers_have_the_full_stop_that_is_theirs(written: str, wanted: str) -> None:
    assert ru(written, only("abbreviations")) == wanted


def test_english_numbers_and_dashes_have_rules_of_their_own() -> None:
    assert en("growth - 10-15 km, 5 million") == "growth°– 10–15°km, 5°million"


def test_other_languages_lose_only_doubled_spaces() -> None:
    assert typeset_text('Er sagt  "nein" - 10-15 !', "de", ALL) == 'Er sagt "nein" - 10-15 !'


@pytest.mark.parametrize(
    "written",
    [
        "https://a.example/b-c/10-15?q=1&r=2",
        "почта: press--office@zarechye.example",
        "newsletter.toml",
        "#новости2026",
        "@zarechye_news",
        "www.zarechye.example/2024-2025",
        "домен заречье.рф",
    ],
)
def test_addresses_and_names_of_files_are_left_alone(written: str) -> None:
    assert ru(written) == written


def test_a_rule_that_is_off_changes_nothing() -> None:
    assert ru('"А"  - 10-15', replace(ALL, quotes=False, spaces=False, dashes=False, ranges=False)) == '"А"  - 10-15'


# Everything that rules look at, in any order.
NASTY = st.text(
    alphabet=st.sampled_from(
        list("аАбвги яЯIVxкмгтрч  \u00a0\u00a0\n\t\"\"«»„“”‟''’-–—−.,:;!?…()[]%№§₽0123456789/@_°`")
    ),
    max_size=40,
)
WORDS = st.lists(
    st.sampled_from(
        [
            *table.words(
                "рублей млн млрд. тыс руб км % г. гг. ул. т. д. и в на же бы 5 12500 10-15 2024-2025 - – — -- ..."
            ),
            *table.words(
                '.. , № "Слово слово" " "" «А Б» „В Г“ “Д” Иванов А. С. (а б) https://a.example/-- a@b.example т.е.'
            ),
            *table.words('27" -5 предпринимателями 3х5 млн.руб. 14.05.2026-16.05.2026 12500-15000 кв. кое кто то'),
            *table.words("апреля-15 мая №№ 8 (800) 555-35-35 по ски нибудь 14.05 А.Б. x х"),
            "\n",
            "10 000",
        ]
    ),
    max_size=14,
)
SPACES = st.sampled_from([" ", " ", " ", "\u00a0", "", "  "])
SENTENCE = st.builds(
    lambda words, spaces: "".join(w + s for w, s in zip(words, spaces, strict=False)),
    WORDS,
    st.lists(SPACES, min_size=14, max_size=14),
)
TEXT = st.one_of(NASTY, SENTENCE)
LANGS = st.sampled_from(["ru", "ru", "en", "fr"])
STYLES = st.sampled_from(["as_written", "space", "none"])


@given(TEXT, LANGS, STYLES)
@settings(max_examples=200, deadline=None)
def test_what_is_set_stays_set(text: str, lang: str, percent: str) -> None:
    rules = replace(ALL, percent=percent)
    once = typeset_text(text, lang, rules)
    assert typeset_text(once, lang, rules) == once


@given(TEXT, LANGS)
@settings(max_examples=200, deadline=None)
def test_no_letter_or_digit_ever_changes(text: str, lang: str) -> None:
    def bare(words: str) -> str:
        # A sign between lengths may be typed as a letter.
        return "".join(char for char in words if (char.isalnum() and char not in "xхXХ") or char == "\n")

    assert bare(typeset_text(text, lang, ALL)) == bare(text)


@given(TEXT, LANGS)
@settings(max_examples=200, deadline=None)
def test_the_edits_make_the_text(text: str, lang: str) -> None:
    done = typeset(text, lang, ALL)
    assert apply_edits(text, done.edits) == done.text
    assert all(edit.rule for edit in done.edits)


@given(TEXT, LANGS)
@settings(max_examples=200, deadline=None)
def test_setting_after_the_visible_edits_gives_the_same_text(text: str, lang: str) -> None:
    done = typeset(text, lang, ALL)
    mended = apply_edits(text, visible(done.edits, text))
    # A piece that a typed no-break space made long may be bound in another place.
    assert SPACE.sub(" ", typeset_text(mended, lang, ALL)) == SPACE.sub(" ", done.text)


@given(TEXT, st.data())
@settings(max_examples=200, deadline=None)
def test_a_fixed_stretch_keeps_its_characters_and_its_part(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    done = typeset(text, "ru", ALL, fixed=((start, end),), starts=(0, start, end))
    inside = "".join(char for char, owner in zip(done.text, done.owners, strict=True) if owner == 1)
    assert inside == text[start:end]


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_every_letter_keeps_its_part(text: str) -> None:
    middle = len(text) // 2
    done = typeset(text, "ru", ALL, starts=(0, middle))
    first = "".join(c for c, owner in zip(done.text, done.owners, strict=True) if owner == 0 and c.isalnum())
    if middle:
        assert first == "".join(c for c in text[:middle] if c.isalnum())


@given(TEXT)
@settings(max_examples=100, deadline=None)
def test_addresses_are_found_again_as_they_were(text: str) -> None:
    address = "https://a.example/10-15--x?q=a...b"
    assert address in typeset_text(f"{text} {address} {text}", "ru", ALL)
    assert all(start < end for start, end in fixed_ranges(text))


@given(st.lists(st.sampled_from(table.words("в на и 2026 году о по 10 млн рублей же бы № 5 до слово не")), max_size=30))
@settings(max_examples=100, deadline=None)
def test_pieces_stay_short(words: list[str]) -> None:
    done = typeset_text(" ".join(words), "ru", ALL)
    # Only what a number would lose may be longer: «2026 году» after «в 10».
    assert all(len(piece) <= LONGEST + 12 for piece in re.split("[ \n]", done))


def test_a_very_long_paragraph_is_left_as_it_is() -> None:
    text = '"а" - ' * 10_000
    assert typeset_text(text, "ru", ALL) == text


def test_hostile_runs_take_no_time() -> None:
    for text in ('"' * 9_000, "- " * 9_000, "1" * 9_000, "1 " * 9_000, "( " * 9_000, "А. " * 6_000, "'" * 9_000):
        typeset_text(text, "ru", ALL)
        typeset_text(text, "en", ALL)
