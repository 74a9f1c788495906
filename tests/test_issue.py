"""An issue: command line over front matter over what was found."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.item import Image, NewsItem, Origin, Span, plain
from newsletter.errors import InputError
from newsletter.issue import MAX_PREHEADER, ContentOptions, build_issue
from newsletter.issue_file import Written
from newsletter.language.digest import day_range
from newsletter.settings import Office, Settings, Typography


def item(**changes: object) -> NewsItem:
    values: dict[str, object] = {
        "title": "Заголовок",
        "title_proposed": True,
        "lead": (Span(text="Первое предложение. Второе предложение."),),
        "date": date(2026, 11, 20),
        "source": "",
        "blocks": (),
        "origin": Origin(path="content/a.md", line=1),
        "front": {},
    }
    return NewsItem(**{**values, **changes})  # type: ignore[arg-type]


def issue(found: NewsItem, **options: str):  # type: ignore[no-untyped-def]
    return build_issue([found], options=ContentOptions(**options), settings=Settings(), key="content/a.md")


def test_options_win_over_front_matter_and_front_over_what_was_found() -> None:
    front = {"subject": "Из шапки", "preheader": "Анонс", "key": "weekly-7", "list": "news"}
    made = issue(item(front=front), subject="С командной строки", date="2026-12-01")
    assert (made.subject, made.preheader, made.key, made.list_name) == (
        "С командной строки",
        "Анонс",
        "weekly-7",
        "news",
    )
    assert made.date == date(2026, 12, 1)


def test_subject_is_the_title_unless_given() -> None:
    assert issue(item(), title="Новый").subject == "Новый"
    assert not issue(item(), title="Новый").title_proposed
    assert issue(item()).title_proposed


def test_preheader_is_the_first_sentence_of_the_lead_and_flagged() -> None:
    made = issue(item())
    assert (made.preheader, made.preheader_proposed) == ("Первое предложение.", True)


def test_long_first_sentence_is_cut_at_a_word() -> None:
    made = issue(item(lead=(Span(text="слово " * 60),)))
    assert len(made.preheader) <= MAX_PREHEADER
    assert made.preheader.endswith("слово…")


def test_variants_multiply_and_have_a_limit() -> None:
    made = issue(item(front={"variants": {"language": ["ru", "en"], "city": ["a", "b", "c"]}}))
    assert len(made.variant_choices()) == 6
    assert made.variant_choices()[0] == {"language": "ru", "city": "a"}
    with pytest.raises(InputError, match="at most 12"):
        issue(item(front={"variants": {"language": list("abcd"), "city": list("efgh")}}))


@pytest.mark.parametrize(
    "variants",
    ["ru", {"language": "ru"}, {"language": []}, {"language": ["a", "a"]}, {"city": ["a=b"]}, {"citty": ["a"]}],
)
def test_wrong_variants_name_file_and_line(variants: object) -> None:
    with pytest.raises(InputError) as caught:
        issue(item(front={"variants": variants}, front_lines={"variants": 4}))
    assert (caught.value.path, caught.value.line) == ("content/a.md", 4)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-12-01T10:00+03:00", datetime(2026, 12, 1, 7, tzinfo=UTC)),
        ("2026-12-01T10:00", datetime(2026, 12, 1, 3, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 11, 30, 17, tzinfo=UTC)),
    ],
)
def test_embargo_without_an_offset_is_in_the_offices_zone(written: str, meant: datetime) -> None:
    settings = Settings(office=Office(timezone="Asia/Krasnoyarsk"))
    found = item(front={"embargo_until": written})
    assert build_issue([found], options=ContentOptions(), settings=settings, key="k").embargo_until == meant
    assert issue(item()).embargo_until is None


@pytest.mark.parametrize("written", ["завтра", "0001-01-01T00:00+03:00", "2026-13-01"])
def test_wrong_embargo_names_file_and_line(written: str) -> None:
    with pytest.raises(InputError, match="must be a moment") as caught:
        issue(item(front={"embargo_until": written}, front_lines={"embargo_until": 3}))
    assert (caught.value.path, caught.value.line) == ("content/a.md", 3)


def test_template_name_is_no_path() -> None:
    with pytest.raises(InputError, match="theme"):
        issue(item(), template="../etc")


def test_right_to_left_follows_the_language() -> None:
    assert issue(item(), lang="ar").dir == "rtl"
    assert issue(item()).dir == "ltr"


def digest(*items: NewsItem, settings: Settings | None = None, **options: str):  # type: ignore[no-untyped-def]
    return build_issue(items, options=ContentOptions(**options), settings=settings or Settings(), key="content/week")


def test_several_items_are_a_digest_in_the_order_given() -> None:
    made = digest(item(title="Первая"), item(title="Вторая"))
    assert (made.kind, [one.title for one in made.items]) == ("digest", ["Первая", "Вторая"])
    assert issue(item()).kind == "letter"


def test_an_introduction_makes_a_digest_of_one_item() -> None:
    written = Written(path="content/week/issue.toml", fix="", intro=(Span(text="Добрый день!"),))
    made = build_issue([item()], options=ContentOptions(), settings=Settings(), key="k", written=written)
    assert (made.kind, made.intro) == ("digest", written.intro)


def test_issue_toml_comes_between_options_and_a_letters_front_matter() -> None:
    written = Written(
        path="i", fix="", values={"subject": "Из файла", "preheader": "Анонс", "date": date(2026, 11, 21)}
    )
    front = {"subject": "Из шапки", "list": "news", "waive": {"no_date": "a", "images": "b"}}
    made = build_issue(
        [item(front=front)], options=ContentOptions(preheader="Опция"), settings=Settings(), key="k", written=written
    )
    assert (made.subject, made.preheader, made.list_name, made.date) == (
        "Из файла",
        "Опция",
        "news",
        date(2026, 11, 21),
    )
    assert made.waivers == {"no_date": "a", "images": "b"}


def test_a_digest_ignores_what_its_items_say_of_a_letter() -> None:
    front = {"subject": "s", "preheader": "p", "key": "k", "list": "l", "template": "t", "waive": {"x": "y"}}
    made = digest(item(title="Первая", front=front), item(title="Вторая"))
    assert (made.key, made.list_name, made.template, made.waivers) == ("content/week", "", "press", {})
    assert "s" not in (made.subject, made.preheader)


def test_title_option_names_the_digest_and_leaves_its_items_alone() -> None:
    made = digest(item(title="Первая"), item(title="Вторая"), title="Неделя", lang="en", date="2026-11-22")
    assert (made.title, made.subject, made.title_proposed) == ("Неделя", "Неделя", False)
    assert [one.title for one in made.items] == ["Первая", "Вторая"]
    assert (made.lang, made.date) == ("en", date(2026, 11, 22))


def test_a_digest_that_nobody_named_is_called_by_office_and_days() -> None:
    office = Settings(office=Office(name="ОЭЗ «Заречье»"))
    made = digest(item(date=date(2026, 11, 14)), item(date=None), item(date=date(2026, 11, 20)), settings=office)
    assert made.title.replace("\u00a0", " ") == "ОЭЗ «Заречье»: новости 14–20 ноября 2026 г."
    assert made.subject.replace("\u00a0", " ") == made.title.replace("\u00a0", " ")
    assert (made.title_proposed, made.date) == (True, date(2026, 11, 20))


def test_proposed_preheader_names_the_items_that_the_subject_does_not() -> None:
    made = digest(item(title="Первая"), item(title="Вторая."), item(title="Третья"), subject="Первая и другие")
    assert (made.preheader, made.preheader_proposed) == ("Ещё в\u00a0выпуске: Вторая; Третья", True)
    assert digest(item(title="A"), item(title="B"), subject="x", lang="en").preheader == "In this issue: A; B"
    assert len(digest(*[item(title="Длинный заголовок новости")] * 9).preheader) <= MAX_PREHEADER


def test_a_digest_of_two_languages_speaks_the_offices() -> None:
    office = Settings(office=Office(lang="en"))
    assert digest(item(lang="ru"), item(lang="kk"), settings=office).lang == "en"
    assert digest(item(lang="ru"), item(lang="ru"), settings=office).lang == "ru"


def test_the_latest_embargo_holds_a_digest_and_is_named_by_its_place() -> None:
    early = item(front={"embargo_until": "2026-12-01"}, front_lines={"embargo_until": 2})
    late = item(
        front={"embargo_until": "2026-12-02"},
        front_lines={"embargo_until": 5},
        origin=Origin(path="content/b.md", line=1),
    )
    made = digest(early, late)
    assert made.embargo_until == datetime(2026, 12, 1, 21, tzinfo=UTC)
    assert made.embargo_origin == Origin(path="content/b.md", line=5)


DAYS = st.integers(1, date.max.toordinal()).map(date.fromordinal)


@given(DAYS, DAYS, st.sampled_from(["ru", "en"]))
def test_a_range_of_days_names_both_ends(one: date, other: date, lang: str) -> None:
    first, last = min(one, other), max(one, other)
    words = day_range(first, last, lang)
    assert words.startswith(str(first.day))
    assert words.endswith(f"{last.year}" + ("\u00a0г." if lang == "ru" else ""))
    assert str(last.day) in words
    assert str(first.year) in words


def test_picture_of_this_machine_is_an_error_with_its_line() -> None:
    image = Image(src="content/a.png", alt="схема", origin=Origin(path="content/a.md", line=6))
    with pytest.raises(InputError, match="no reader can fetch") as caught:
        issue(item(blocks=(image,)))
    assert (caught.value.path, caught.value.line) == ("content/a.md", 6)


def test_picture_on_the_web_is_taken() -> None:
    image = Image(src="https://zarechye.example/a.png", alt="схема", origin=Origin(path="content/a.md", line=6))
    assert issue(item(blocks=(image,))).items[0].blocks == (image,)


def test_words_are_set_last_and_the_subject_without_no_break_spaces() -> None:
    made = issue(item(title='Рост "Заречья" - 5 %', title_proposed=False, lead=(Span(text="Рост - 5 %."),)))
    assert made.title == "Рост «Заречья»\u00a0— 5\u00a0%"
    assert made.subject == "Рост «Заречья» — 5 %"
    assert made.preheader == plain(made.items[0].lead) == "Рост\u00a0— 5\u00a0%."
    assert {mend.rule for mend in made.mends} == {"quotes", "dashes"}


def test_typography_that_is_switched_off_leaves_words_alone_and_says_so() -> None:
    off = Settings(typography=Typography(quotes=False))
    found = item(title='"Заречье"', title_proposed=False)
    made = build_issue([found], options=ContentOptions(), settings=off, key="a")
    assert made.title == '"Заречье"'
    assert [(mend.rule, mend.made) for mend in made.mends] == [("quotes", False)]
