"""Reading a list: whatever a press office's spreadsheet saves, and what must not get through."""

from __future__ import annotations

import csv
import io
import string
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.address import Address, normalise
from newsletter.errors import InputError
from newsletter.subscriber import BadRow, Consent, GoodRow, open_list, read_address
from newsletter.subscriber.cells import MAX_CELL_CHARACTERS, clean, complaint, guard, parse_moment
from newsletter.subscriber.columns import identifier, parse_columns
from newsletter.subscriber.full_name import first_name
from newsletter.subscriber.lines import open_source, read_records

MOSCOW = ZoneInfo("Europe/Moscow")
LINES = ["Эл. почта{s}Имя{s}Город", "anna@vestnik.example{s}Анна{s}Зареченск", "boris@delo.example{s}Семён{s}"]


def rows_of(path: Path, **options: object) -> list[GoodRow | BadRow]:
    return list(open_list(path, **options).rows())  # type: ignore[arg-type]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def good(rows: list[GoodRow | BadRow]) -> list[GoodRow]:
    return [row for row in rows if isinstance(row, GoodRow)]


def bad(rows: list[GoodRow | BadRow]) -> list[BadRow]:
    return [row for row in rows if isinstance(row, BadRow)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_encoding_separator_and_line_end_are_found(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    text = "".join(line.format(s=separator) + end for line in LINES)
    rows = good(rows_of(write(tmp_path / "list.csv", text, encoding)))
    assert [(row.line, row.address.mailbox, row.fields) for row in rows] == [
        (2, "anna@vestnik.example", {"name": "Анна", "city": "Зареченск"}),
        (3, "boris@delo.example", {"name": "Семён"}),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "email",
        "E-Mail",
        " e mail ",
        "ПОЧТА",
        "Эл. почта",
        "эл.почта",
        "Электронная  почта",
        "Адрес",
        '"E-mail"',
        "Емейл",
    ],
)
def test_the_column_of_addresses_is_known_by_many_names(tmp_path: Path, header: str) -> None:
    rows = rows_of(write(tmp_path / "list.csv", f"Имя;{header}\nАнна;a@b.example\n"))
    assert [row.address.mailbox for row in good(rows)] == ["a@b.example"]


def test_a_better_name_wins_and_the_other_column_is_kept(tmp_path: Path) -> None:
    rows = good(rows_of(write(tmp_path / "list.csv", "Адрес;Почта\nул. Лесная, 1;a@b.example\n")))
    assert (rows[0].address.mailbox, dict(rows[0].fields)) == ("a@b.example", {"адрес": "ул. Лесная, 1"})


def test_map_wins_over_what_is_known(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "email;Личная почта;Прозвище\nx;a@b.example;Аня\n")
    rows = good(rows_of(path, mapping={"email": "личная  ПОЧТА", "name": "Прозвище"}))
    assert rows[0].address.mailbox == "a@b.example"
    assert dict(rows[0].fields) == {"email_2": "x", "name": "Аня"}


def test_map_to_a_column_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='there is no column "Почта"; the columns are "email", "Имя"'):
        open_list(write(tmp_path / "list.csv", "email;Имя\n"), mapping={"email": "Почта"})


@pytest.mark.parametrize("header", ["ФИО", "Ф.И.О.", "Фамилия Имя Отчество", "full name"])
def test_a_full_name_greets_nobody_by_surname(tmp_path: Path, header: str) -> None:
    rows = rows_of(
        write(tmp_path / "list.csv", f"email;{header}\na@b.example;Зимин И.\nb@b.example;Зимин Иван Ильич\n")
    )
    assert [dict(row.fields) for row in good(rows)] == [
        {"full_name": "Зимин И."},
        {"full_name": "Зимин Иван Ильич", "name": "Иван"},
    ]


def test_a_column_of_first_names_goes_before_the_full_name(tmp_path: Path) -> None:
    text = "email;ФИО;Имя\na@b.example;Зимина Анна Олеговна;Аня\nb@b.example;Зимина Вера Олеговна;\n"
    assert [row.fields["name"] for row in good(rows_of(write(tmp_path / "list.csv", text)))] == ["Аня", "Вера"]


@pytest.mark.parametrize(
    ("full", "name"),
    [
        ("Зимин Иван Иванович", "Иван"),
        ("Иван Иванович Зимин", "Иван"),
        ("ЗИМИНА АННА ИЛЬИНИЧНА", "Анна"),
        ("Круглов-Зимин  Ян Львович", "Ян"),
        ("Алиев Ильгар Фарид оглы", "Ильгар"),
        ("Гулиева Лейла Рашид-кызы", "Лейла"),
        ("Мицкевич Анна Петровна", "Анна"),
        ("Анна Петровна Мицкевич", ""),  # either may be the patronymic
        ("Роман Зимин Ильич", ""),  # a known first name, but not where it should be
        ("Зимин И. И.", ""),
        ("Зимин И И", ""),
        ("Иван Зимин", ""),
        ("Иванович", ""),
        ("John Paul Petrovna", ""),
        ("", ""),
    ],
)
def test_a_first_name_is_told_only_where_it_is_certain(full: str, name: str) -> None:
    assert first_name(full) == name


@given(st.text("АБабвичнаоглыИ -.", max_size=40) | st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_first_name_is_always_one_word_of_the_full_name(full: str) -> None:
    told = first_name(full)
    assert not told or told.casefold() in full.casefold()
    assert " " not in told


@pytest.mark.parametrize(
    ("cell", "fields"),
    [
        ("Анна <anna@press.example>", {"name": "Анна"}),
        ("<anna@press.example>", {}),
        ("Зимина Анна Олеговна <anna@press.example>", {"full_name": "Зимина Анна Олеговна", "name": "Анна"}),
        ("Зимин И. <anna@press.example>", {"full_name": "Зимин И."}),
        ("Редакция <anna@press.example>", {"full_name": "Редакция"}),
    ],
)
def test_an_address_may_come_with_its_name(tmp_path: Path, cell: str, fields: dict[str, str]) -> None:
    (row,) = good(rows_of(write(tmp_path / "list.csv", f"email\n{cell}\n")))
    assert (row.address.display, dict(row.fields)) == ("anna@press.example", fields)


def test_the_name_beside_an_address_gives_way_to_the_lists_own(tmp_path: Path) -> None:
    (row,) = good(rows_of(write(tmp_path / "list.csv", "email;Имя\nАнна <a@b.example>;Аня\n")))
    assert row.fields["name"] == "Аня"


@pytest.mark.parametrize("cell", ["a@b.example, c@b.example", "a@b.example c@b.example", "a@b.example / c@b.example"])
def test_two_addresses_in_a_cell_are_told_so(tmp_path: Path, cell: str) -> None:
    (row,) = bad(rows_of(write(tmp_path / "list.csv", f'email;Имя\n"{cell}";А\n')))
    assert row.reason == "this cell holds more than one address: give each a row of its own"


def test_an_unclosed_mailbox_is_a_bad_row(tmp_path: Path) -> None:
    (row,) = bad(rows_of(write(tmp_path / "list.csv", "email;Имя\nАнна anna@b.example>;А\n")))
    assert "has > but no <" in row.reason


def test_two_columns_that_may_hold_the_address_need_map(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--map email=E-mail"):
        open_list(write(tmp_path / "list.csv", "E-mail;email\n"))


def test_a_list_without_addresses_names_its_columns_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_list(write(tmp_path / "list.csv", "\nИмя;Город\nА;Б\n"), shown="list.csv")
    assert caught.value.line == 2
    assert 'found "Имя", "Город"' in caught.value.message
    assert caught.value.fix.endswith("--map email=COLUMN")
    assert "Имя" not in caught.value.fix  # no column is guessed


def test_a_list_without_a_header_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the first line is a subscriber"):
        open_list(write(tmp_path / "list.csv", "a@b.example;Анна\n"))


def test_excels_own_first_line_is_passed_over(tmp_path: Path) -> None:
    rows = rows_of(write(tmp_path / "list.csv", "sep=;\r\nemail;Имя\r\na@b.example;Анна\r\n"))
    assert [(row.line, dict(row.fields)) for row in good(rows)] == [(3, {"name": "Анна"})]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        ("email\na@b.example\n".encode("utf-16"), "UTF-16"),
        ("email\na@b.example\n".encode("utf-16-le"), "zero bytes"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\x1f\x8brest", "gzip"),
        (b"email\n\x00\x01\n", "zero bytes"),
        (b"x" * 1_100_000, "1 MB"),
        ("почта;Имя\na@b.example;Анна Каштанова\n".encode("cp866"), "neither UTF-8 nor windows-1251"),
        ("почта;Имя\na@b.example;Анна Каштанова\n".encode("koi8-r"), "neither UTF-8 nor windows-1251"),
        (b'email;"name\na@b.example\n', "quote"),
        (b"email;na\x07me\na@b.example\n", "control character"),
        (b";".join(b"c%d" % i for i in range(101)), "101 columns"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        open_list(path, shown="list.csv")
    assert str(caught.value).startswith("list.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot read the list"):
        open_list(tmp_path / name)


def test_a_broken_byte_spoils_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("email;Имя\na@b.example;Анна\nb@b.example;Бо".encode() + b"\xd1\n" + "c@b.example;Вера\n".encode())
    rows = rows_of(path)
    assert [row.line for row in good(rows)] == [2, 4]
    assert "0xD1" in bad(rows)[0].reason


def test_line_numbers_are_those_of_the_file_also_after_a_quoted_line_end(tmp_path: Path) -> None:
    rows = rows_of(write(tmp_path / "list.csv", 'email;Имя\n\na@b.example;"Ан\nна"\nb@b.example;"Боря\n"\nnobody;x\n'))
    assert [(row.line, dict(row.fields)) for row in good(rows)] == [(5, {"name": "Боря"})]
    assert [row.line for row in bad(rows)] == [3, 7]
    assert "U+000A" in bad(rows)[0].reason
    assert '"Имя"' in bad(rows)[0].reason


def test_a_quote_that_is_never_closed_spoils_its_own_line_only(tmp_path: Path) -> None:
    people = "".join(f"r{i}@b.example;Имя {i}\n" for i in range(200))
    rows = rows_of(write(tmp_path / "list.csv", f'email;Имя\nx@b.example;"Анна\n{people}'))
    assert len(good(rows)) == 200
    assert [row.line for row in good(rows)] == list(range(3, 203))
    assert [(row.line, row.reason) for row in bad(rows)] == [(2, "a quote is opened and never closed")]


def test_quotes_that_are_not_doubled_make_a_bad_row(tmp_path: Path) -> None:
    rows = rows_of(write(tmp_path / "list.csv", 'email;Имя\na@b.example;"ООО "Заря""\nb@b.example;"АО ""Заря"""\n'))
    assert "doubled" in bad(rows)[0].reason
    assert [dict(row.fields) for row in good(rows)] == [{"name": 'АО "Заря"'}]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("An\x1bna", "U+001B"),
        ("Ан\u202eна", "U+202E"),
        ("Ан\u2028на", "U+2028"),
        ("Ан\x85на", "U+0085"),
        ("я" * (MAX_CELL_CHARACTERS + 1), "2001 characters"),
    ],
)
def test_a_cell_that_cannot_be_printed_is_refused(tmp_path: Path, cell: str, reason: str) -> None:
    rows = rows_of(write(tmp_path / "list.csv", f"email;Имя\na@b.example;{cell}\nb@b.example;Вера\n"))
    assert [row.line for row in good(rows)] == [3]
    assert reason in bad(rows)[0].reason
    assert '"Имя"' in bad(rows)[0].reason


def test_a_shifted_row_is_refused_and_a_short_one_is_not(tmp_path: Path) -> None:
    rows = rows_of(write(tmp_path / "list.csv", "email,Имя\na@b.example,Анна, дочь\nb@b.example\nc@b.example,Вера,,\n"))
    assert [row.line for row in good(rows)] == [3, 4]
    assert "3 cells" in bad(rows)[0].reason


def test_space_that_spreadsheets_leave_is_dropped_and_empty_rows_pass(tmp_path: Path) -> None:
    rows = rows_of(write(tmp_path / "list.csv", "email;Имя\n;\n \ufeffa@b.example\u200b ;\u00a0 Анна\t\n;;\n"))
    assert [(row.line, row.address.display, dict(row.fields)) for row in good(rows)] == [
        (3, "a@b.example", {"name": "Анна"})
    ]
    assert not bad(rows)


def test_other_columns_are_fields_under_their_own_names(tmp_path: Path) -> None:
    rows = rows_of(write(tmp_path / "list.csv", "email;Дата рождения!;;2024;Имя;Имя\na@b.example;1;2;3;А;Б\n"))
    assert dict(good(rows)[0].fields) == {"дата_рождения": "1", "column_3": "2", "f_2024": "3", "name": "А", "имя": "Б"}


def test_consent_of_the_row_goes_before_the_imports(tmp_path: Path) -> None:
    text = (
        "email;Источник согласия;Дата согласия\na@b.example;сайт;01.03.2026 10:00\nb@b.example;;\nc@b.example;;завтра\n"
    )
    rows = rows_of(
        write(tmp_path / "list.csv", text),
        timezone=MOSCOW,
        consent=Consent(source="форум", at=datetime(2026, 4, 1, tzinfo=UTC)),
    )
    assert [(row.consent_source, row.consent_at) for row in good(rows)] == [
        ("сайт", datetime(2026, 3, 1, 7, 0, tzinfo=UTC)),
        ("форум", datetime(2026, 4, 1, tzinfo=UTC)),
    ]
    assert "завтра" in bad(rows)[0].reason


def test_an_export_of_everybody_subscribes_nobody_who_had_left(tmp_path: Path) -> None:
    text = "email,newsletter_status\na@b.example,subscribed\nb@b.example,unsubscribed\nc@b.example,\n"
    rows = rows_of(write(tmp_path / "list.csv", text))
    assert [row.line for row in good(rows)] == [2, 4]
    assert "unsubscribed" in bad(rows)[0].reason
    assert not good(rows)[0].fields


@pytest.mark.parametrize(
    "text", ["2026-03-01", "01.03.2026", "1.3.2026", "2026-03-01T00:00+03:00", "2026-02-28T21:00Z"]
)
def test_a_day_is_the_offices(text: str) -> None:
    assert parse_moment(text, MOSCOW) == datetime(2026, 2, 28, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["31.02.2026", "2026-13-01", "вчера", "01.03.0026", "0001-01-01", "9999-12-31T23:59-12:00"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        parse_moment(text, MOSCOW)


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).filter(lambda text: not complaint(text))


@given(st.one_of(CELL, st.text("'=+-@ab", max_size=8)))
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str) -> None:
    text = text.strip(" \u00a0\u200b\ufeff\t\r\n")
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert clean(guard(text)) == text


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6), st.sampled_from([";", ",", "\t"]))
@settings(max_examples=100)
def test_records_are_those_that_the_standard_library_wrote(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str
) -> None:
    text = io.StringIO()
    header = ["email", "Имя", "Город"]
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    path.write_bytes(text.getvalue().encode())
    records = list(read_records(open_source(path)))
    assert [record.cells for record in records] == [header, *rows]
    assert [record.line for record in records] == list(range(1, len(rows) + 2))


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_are_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    path.write_bytes(b"email;name\n" + content)
    try:
        rows = rows_of(path)
    except InputError:
        return
    for row in good(rows):
        assert not any(complaint(value) for value in row.fields.values())
        assert row.address == normalise(row.address.display)


LOCAL = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,30}(\.[A-Za-z0-9_-]{1,40})?", fullmatch=True),
    st.text(string.ascii_letters + string.digits + ".+-_'\"я ", max_size=70),
)
LABEL = st.one_of(
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?", fullmatch=True),
    st.sampled_from(["почта", "xn--80a1acny", "a--b", "localhost", "test", "example", "рф", "ß", "x" * 63, "y" * 64]),
)


@given(LOCAL, st.lists(LABEL, min_size=1, max_size=6).map(".".join), st.sampled_from(["", " ", "\u00a0"]))
@settings(max_examples=200, deadline=None)
def test_the_quick_way_to_an_address_agrees_with_the_full_one(local: str, domain: str, space: str) -> None:
    typed = f"{local}@{domain}{space}"

    def outcome(read: object) -> Address | None:
        try:
            return read(typed)  # type: ignore[operator,no-any-return]
        except InputError:
            return None

    assert outcome(read_address) == outcome(normalise)


@pytest.mark.parametrize("local", [63, 64, 65])
@pytest.mark.parametrize("domain", [180, 188, 189, 190, 191, 200])
def test_the_quick_way_knows_the_limits_of_length(local: int, domain: int) -> None:
    name = ".".join(["d" * 59] * 3 + ["e" * (domain - 180)]) if domain > 180 else ".".join(["d" * 59] * 3)
    typed = f"{'l' * local}@{name}"
    try:
        expected: Address | None = normalise(typed)
    except InputError:
        expected = None
    try:
        found: Address | None = read_address(typed)
    except InputError:
        found = None
    assert found == expected


def test_a_field_name_can_be_written_in_a_template() -> None:
    for header in ("Дата рождения", "2024", "Ф.И.О.", "a-b", "  "):
        name = identifier(header)
        assert not name or name.isidentifier()


def test_the_example_list_has_no_bad_row(repo_root: Path) -> None:
    source = open_list(repo_root / "subscribers" / "example.csv", timezone=MOSCOW)
    rows = list(source.rows())
    assert not bad(rows)
    assert len(rows) == 12
    assert all(row.address.domain.endswith(".example") and not row.address.needs_smtputf8 for row in good(rows))
    assert any("xn--" in row.address.mailbox for row in good(rows))
    assert any("name" not in row.fields for row in good(rows))
    assert all(row.consent_source and row.consent_at for row in good(rows))


def test_columns_of_a_header_keep_their_places() -> None:
    columns = parse_columns(["Город", "email", "Имя"], {}, path="x", line=1)
    assert (columns.email, columns.fields) == (1, ((0, "city"), (2, "name")))
