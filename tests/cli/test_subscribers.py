"""`newsletter subscribers …` as its users meet it: exit codes, what is printed, what lies on disk."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from newsletter.cli.exporting import write_list
from newsletter.cli.main import main
from newsletter.store import schema
from newsletter.store.database import Engine, open_database, reading, writing
from newsletter.store.imports import import_rows
from newsletter.store.subscribers import Member, find_list, find_subscriber, read_members
from newsletter.subscriber import GoodRow, open_list, read_address
from newsletter.subscriber.cells import complaint
from newsletter.tokens import Keys, Purpose, load_keys
from newsletter.workspace import Workspace

# Whole commands, several a test: left out of `make quick`.
pytestmark = pytest.mark.slow

LIST = "Эл. почта;Имя\nanna@x.example;Анна\nboris@x.example;Борис\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["subscribers", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def put(workspace: Workspace, text: str, name: str = "list.csv", encoding: str = "utf-8") -> str:
    (workspace.root / name).write_bytes(text.encode(encoding))
    return name


@pytest.fixture
def press(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Workspace:
    """A workspace with two people on the list "press"."""
    assert run(capsys, "import", put(in_workspace, LIST), "--list", "press")[0] == 0
    return in_workspace


def test_an_import_says_what_became_of_every_row(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    text = LIST + "ANNA@x.example;Аня\nnobody;Н\nx@x.example;=cmd;3\n"
    name = put(in_workspace, text, "список.csv", "cp1251")
    code, out, err = run(capsys, "import", name, "--list", "press")
    assert (code, err) == (0, "")
    report = next((in_workspace.var / "import").iterdir())
    assert out.splitlines() == [
        'Imported список.csv into "press": 5 rows',
        "        2  added",
        "        1  repeated an address and were merged",
        f"        2  bad, see var/import/{report.name}",
    ]
    assert report.name.startswith("список-")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    rows = list(csv.reader(io.StringIO(report.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert rows[0] == ["line", "reason", "row"]
    assert [(one[0], one[2]) for one in rows[1:]] == [("5", "nobody;Н"), ("6", "x@x.example;=cmd;3")]
    assert "@-sign" in rows[1][1]


def test_a_report_of_bad_rows_is_harmless_in_a_spreadsheet_and_a_terminal(
    in_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    name = put(in_workspace, "email;Имя\n=HYPERLINK(1);\x1b[2Jx\na@x.example;\n")
    assert run(capsys, "import", name, "--list", "press")[0] == 0
    text = next((in_workspace.var / "import").iterdir()).read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK(1);\\x1b[2Jx" in text
    assert "\x1b" not in text


def test_a_file_without_a_good_row_is_wrong_input_and_makes_no_list(
    in_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "import", put(in_workspace, "email\nnobody\nno one\n"), "--list", "press")
    assert (code, out) == (2, "")
    assert err.startswith("newsletter: list.csv: all of its 2 rows are bad; see var/import/list-")
    code, _, err = run(capsys, "import", put(in_workspace, "email\n"), "--list", "press")
    assert (code, err) == (2, "newsletter: list.csv: the list has no rows; put subscribers below the header\n")
    assert run(capsys, "list")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["import", "missing.csv", "--list", "press"], "missing.csv: cannot read the list: there is no such file"),
        (["import", ".", "--list", "press"], "is a directory"),
        (["import", "binary.csv", "--list", "press"], "not a text file"),
        (
            ["import", "noaddress.csv", "--list", "press"],
            'noaddress.csv:1: no column holds e-mail addresses; found "Имя"',
        ),
        (["import", "list.csv"], "'--list'"),
        (["import", "list.csv", "--list", "a\tb"], "cannot be a list's name"),
        (["import", "list.csv", "--list", "x", "--map", "email"], '--map "email" is not NAME=COLUMN'),
        (["import", "list.csv", "--list", "x", "--map", "email=Нет"], 'there is no column "Нет"'),
        (["import", "list.csv", "--list", "x", "--consent", "a\x07"], "--consent holds the control character"),
        (["export", "--list", "nolist"], 'there is no list "nolist"; the lists are "press"'),
        (["export", "--list", "press", "--out", "no/such/dir.csv"], "cannot write here"),
        (["list", "--list", "nolist"], 'there is no list "nolist"'),
        (["add", "nobody", "--list", "press"], "is not an e-mail address"),
        (["add", "a@x.example", "--list", "press", "--resubscribe"], "--resubscribe needs the new consent"),
        (["add", "a@x.example", "--list", "press", "--field", "name"], "is not NAME=VALUE"),
        (["add", "a@x.example", "--list", "press", "--field", "name=a\nb"], "control character"),
        (["remove"], "say who"),
        (["remove", "anna@x.example", "--token", "x"], "say who"),
        (["remove", "--token", "x"], "this is not a link"),
        (["remove", "c@x.example"], "c@x.example is on no list"),
        (["remove", "anna@x.example", "--list", "nolist"], 'there is no list "nolist"'),
        (["suppress", "c@x.example", "--list", "nolist"], 'there is no list "nolist"'),
        (["suppress", "c@x.example", "--reason", "because"], 'there is no reason "because"'),
        (["suppress", "c@x.example", "--lift"], "c@x.example was not suppressed\n"),
        (["forget", "nobody"], "is not an e-mail address"),
        (["forget", "anna@x.example"], "there is no terminal to ask on; add --yes"),
        (["forget", "stranger@x.example", "--yes"], "nothing is known of stranger@x.example"),
        (
            ["import", "list.csv", "--list", "x", "--map", "почта=Имя"],
            'there is no field "почта"; NAME is one of em',
        ),
        (["import", "list.csv", "--list", "x", "--map", "Имя=name"], 'there is no field "Имя"'),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(
    press: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], what: str
) -> None:
    put(press, "Имя\nАнна\n", "noaddress.csv")
    (press.root / "binary.csv").write_bytes(b"\x00\x01\x02")
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert what in err
    assert err.count("\n") == 1


@pytest.mark.slow  # SQLite waits its ten seconds for the lock
def test_a_locked_database_is_one_line_and_exit_2(press: Workspace, repo_root: Path) -> None:
    other = sqlite3.connect(press.var / "newsletter.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    command = [sys.executable, "-m", "newsletter", "subscribers", "import", "list.csv", "--list", "press"]
    environ = {"PATH": "", "PYTHONPATH": str(repo_root)}
    done = subprocess.run(command, cwd=press.root, capture_output=True, text=True, check=False, timeout=60, env=environ)
    other.execute("ROLLBACK")
    other.close()
    assert (done.returncode, done.stdout) == (2, "")
    assert "the database is locked" in done.stderr
    assert done.stderr.count("\n") == 1


def test_json_is_one_object_and_nothing_else(press: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(press, LIST + "vera@x.example;Вера\nnobody;Н\n")
    code, out, err = run(capsys, "import", name, "--list", "press", "--dry-run", "--json")
    shown = json.loads(out)
    assert (code, err) == (0, "")
    assert shown.pop("seconds") >= 0
    assert shown.pop("report").startswith("var/import/list-")
    assert shown == {
        "list": "press",
        "file": "list.csv",
        "rows": 4,
        "bad": 1,
        "added": 1,
        "updated": 0,
        "unchanged": 2,
        "merged": 0,
        "suppressed": 0,
        "unsubscribed": 0,
        "dry_run": True,
    }
    code, out, _ = run(capsys, "import", "missing.csv", "--list", "press", "--json")
    assert (code, json.loads(out)["error"]["file"]) == (2, "missing.csv")
    lists = json.loads(run(capsys, "list", "--json")[1])["lists"]
    assert [(one["name"], one["subscribed"]) for one in lists] == [("press", 2)]
    people = json.loads(run(capsys, "list", "--list", "press", "--json")[1])["subscribers"]
    assert [one["display"] for one in people] == ["anna@x.example", "boris@x.example"]


def test_consent_and_map_of_the_command_line_reach_the_list(
    in_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    name = put(in_workspace, "Кому;Прозвище\na@x.example;Аня\n")
    options = ["--map", "email=Кому", "--map", "name=Прозвище", "--consent", "форма 2026-03"]
    assert run(capsys, "import", name, "--list", "press", *options)[0] == 0
    assert run(capsys, "list", "--list", "press")[1] == "a@x.example  Аня  subscribed  форма 2026-03\n"


def test_who_leaves_stays_out_until_they_consent_anew(press: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "remove", "Anna@X.example")[1] == 'Anna@X.example is off "press"\n'
    assert "1  unsubscribed, kept out" in run(capsys, "import", "list.csv", "--list", "press")[1]
    code, _, err = run(capsys, "add", "anna@x.example", "--list", "press")
    assert code == 2
    assert "has unsubscribed" in err
    assert "--resubscribe --consent" in err
    consent = ["--resubscribe", "--consent", "письмо от 01.03.2026"]
    assert run(capsys, "add", "anna@x.example", "--list", "press", *consent)[0] == 0
    assert "письмо от 01.03.2026" in run(capsys, "list", "--list", "press")[1]


def test_a_token_of_a_mail_unsubscribes(press: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    keys = load_keys(press.key_file, {})
    engine = open_database(f"sqlite:///{press.var}/newsletter.db")
    with reading(engine) as conn:
        person = find_subscriber(conn, keys.address_key("anna@x.example"))
        place = find_list(conn, "press")
    engine.dispose()
    assert person is not None
    assert place is not None
    link = f"https://news.zarechye.example/u/{keys.token(Purpose.UNSUBSCRIBE, place, person).url}"
    assert run(capsys, "remove", "--token", link)[:2] == (0, 'anna@x.example is off "press"\n')
    assert run(capsys, "remove", "--token", link)[0] == 0
    assert "anna" not in run(capsys, "list", "--list", "press")[1]


def test_suppress_and_take_it_back(press: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "suppress", "anna@x.example", "--note", "звонила")[1] == (
        "anna@x.example is suppressed everywhere\n"
    )
    assert "already" in run(capsys, "suppress", "anna@x.example")[1]
    assert "1  suppressed, kept out" in run(capsys, "import", "list.csv", "--list", "press")[1]
    code, _, err = run(capsys, "add", "anna@x.example", "--list", "press", "--resubscribe", "--consent", "x")
    assert code == 2
    assert "--lift" in err
    assert run(capsys, "suppress", "anna@x.example", "--lift")[0] == 0
    assert "anna" in run(capsys, "list", "--list", "press")[1]


def test_forgetting_prints_an_act_and_keeps_the_person_out(
    press: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_text = '[office]\nname = "Пресс-служба ОЭЗ «Заречье»"\naddress = "Зареченск, ул. Лесная, 1"\n'
    (press.root / "newsletter.toml").write_text(settings_text, encoding="utf-8")
    code, out, err = run(capsys, "forget", "anna@x.example", "--yes")
    assert (code, err) == (0, "")
    assert out.startswith("АКТ\nоб уничтожении персональных данных\n")
    for words in ("Пресс-служба ОЭЗ «Заречье»", "anna@x.example", "списки: «press»", "удалено: 1", "+0300"):
        assert words in out
    assert "1  suppressed, kept out" in run(capsys, "import", "list.csv", "--list", "press")[1]
    assert run(capsys, "list", "--list", "press", "--all")[1].count("\n") == 1
    code, out, _ = run(capsys, "forget", "anna@x.example", "--yes")
    assert (code, out) == (2, "")  # no second act for nobody


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "expected"), [("y\n", 0), ("да\n", 0), ("n\n", 3), ("", 3)])
def test_forgetting_asks_and_the_answer_decides(
    press: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    expected: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    code, out, err = run(capsys, "forget", "anna@x.example")
    assert code == expected
    assert "Erase all that is known of anna@x.example? It cannot be undone. [y/N]" in err
    assert out.startswith("АКТ") == (expected == 0)
    assert ("anna" in run(capsys, "list", "--list", "press", "--all")[1]) == (expected != 0)


def test_a_stranger_is_not_kept_from_being_mailed_by_a_slip(
    press: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "forget", "vera@x.example", "--yes")[0] == 2
    assert run(capsys, "add", "vera@x.example", "--list", "press")[0] == 0
    assert run(capsys, "suppress", "vera@x.example", "--lift")[0] == 2


def test_a_summary_says_whom_a_full_name_lets_us_greet(
    in_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "email;ФИО\na@x.example;Зимина Анна Олеговна\nb@x.example;Зимин Б.\nc@x.example;\n"
    code, out, _ = run(capsys, "import", put(in_workspace, text), "--list", "press")
    assert code == 0
    assert out.splitlines()[-1] == (
        "        2  with a full name (full_name, ФИО): 1 with a first name to greet by, 1 without"
    )
    people = json.loads(run(capsys, "list", "--list", "press", "--json")[1])["subscribers"]
    assert [one["fields"] for one in people] == [
        {"full_name": "Зимина Анна Олеговна", "name": "Анна"},
        {"full_name": "Зимин Б."},
        {},
    ]


def test_a_field_of_the_settings_may_be_mapped(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    in_workspace.settings_file.write_text('[subscriber.fields]\nbeat = { default = "" }\n', encoding="utf-8")
    name = put(in_workspace, "email;Тема\na@x.example;экономика\n")
    assert run(capsys, "import", name, "--list", "press", "--map", "beat=Тема")[0] == 0
    assert '"beat": "экономика"' in run(capsys, "list", "--list", "press", "--json")[1]


def test_messages_name_lists_in_order(press: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("zeta", "alpha"):
        assert run(capsys, "import", "list.csv", "--list", name)[0] == 0
    assert 'the lists are "alpha", "press", "zeta"' in run(capsys, "export", "--list", "nolist")[2]
    assert run(capsys, "remove", "anna@x.example")[1] == 'anna@x.example is off "alpha", "press", "zeta"\n'


def test_who_may_be_mailed_again_is_told_plainly_with_what_still_holds(
    press: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "suppress", "boris@x.example")[0] == 0
    assert "asked not to be mailed" in run(capsys, "add", "boris@x.example", "--list", "press")[2]
    assert run(capsys, "suppress", "boris@x.example", "--lift")[1] == "boris@x.example may be mailed again\n"
    assert run(capsys, "remove", "anna@x.example")[0] == 0
    assert run(capsys, "suppress", "anna@x.example")[0] == 0
    assert run(capsys, "suppress", "anna@x.example", "--lift")[1] == (
        'anna@x.example may be mailed again; still not on "press"\n'
    )


def test_a_rehearsal_writes_the_report_of_bad_rows_and_nothing_else(
    press: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    name = put(press, LIST + "vera@x.example;Вера\nnobody;Н\n")
    before = run(capsys, "export", "--list", "press", "--all")[1]
    files = {path.name for path in press.var.iterdir()}
    assert run(capsys, "import", name, "--list", "other", "--dry-run")[0] == 0
    assert {path.name for path in press.var.iterdir()} - files == {"import"}
    assert run(capsys, "export", "--list", "press", "--all")[1] == before
    assert "other" not in run(capsys, "list")[1]


def test_an_export_opens_in_russian_excel_and_runs_nothing(
    press: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(capsys, "add", "+tag@x.example", "--list", "press", "--field", "name=-1+1", "--field", "город=Ёж;к")[0] == 0
    )
    assert run(capsys, "export", "--list", "press", "--excel", "--out", "out.csv")[0] == 0
    path = press.root / "out.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig")), delimiter=";"))
    assert rows[0][0] == "email"
    last = dict(zip(rows[0], rows[-1], strict=True))
    assert (last["email"], last["name"], last["город"]) == ("'+tag@x.example", "'-1+1", "Ёж;к")
    assert not [one for one in press.root.iterdir() if one.name.startswith(".")]


def test_an_export_goes_through_a_pipe_as_utf_8_whatever_the_terminal(press: Workspace, repo_root: Path) -> None:
    command = [sys.executable, "-m", "newsletter", "subscribers", "export", "--list", "press", "--all"]
    environ = {"PATH": "", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(repo_root)}
    done = subprocess.run(command, cwd=press.root, capture_output=True, check=False, env=environ)
    assert (done.returncode, done.stderr) == (0, b"2 subscribers written\n")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8"))))
    assert [(one["email"], one["name"], one["newsletter_status"]) for one in rows] == [
        ("anna@x.example", "Анна", "subscribed"),
        ("boris@x.example", "Борис", "subscribed"),
    ]


def test_the_example_list_imports_without_a_bad_row(
    in_workspace: Workspace, repo_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "import", str(repo_root / "subscribers" / "example.csv"), "--list", "press", "--json")
    shown = json.loads(out)
    assert (code, shown["rows"], shown["added"], shown["bad"]) == (0, 12, 12, 0)


KEYS = Keys(secrets={1: b"k" * 32}, current=1)


@pytest.fixture(scope="module")
def two_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    folder = tmp_path_factory.mktemp("stores")
    engines = open_database(f"sqlite:///{folder}/a.db"), open_database(f"sqlite:///{folder}/b.db")
    yield engines
    for engine in engines:
        engine.dispose()


def printable(text: str) -> bool:
    return not complaint(text) and text == text.strip(" \t\r\n\u00a0\u200b\ufeff")


VALUE = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12), st.text("'=+-@;,\"a", max_size=6)
).filter(printable)
PEOPLE = st.dictionaries(
    st.sampled_from(["a@x.example", "+b@x.example", "Ц@почта.example", "-c@x.example", "D.d@x.example"]),
    st.tuples(
        st.dictionaries(st.sampled_from(["name", "city", "дата_рождения", "f_1", "consent"]), VALUE, max_size=4),
        VALUE,
        st.none() | st.integers(700_000_000, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    ),
    min_size=1,
)


@given(PEOPLE, st.booleans())
@settings(max_examples=60, deadline=None)
def test_an_export_imported_elsewhere_is_the_same_list(
    two_databases: tuple[Engine, Engine],
    tmp_path_factory: pytest.TempPathFactory,
    people: dict[str, tuple[dict[str, str], str, datetime | None]],
    excel: bool,
) -> None:
    rows = [
        GoodRow(
            line=0,
            address=read_address(address),
            fields={name: value for name, value in fields.items() if value},
            consent_source=source,
            consent_at=at,
        )
        for address, (fields, source, at) in people.items()
    ]
    path = tmp_path_factory.mktemp("export") / "list.csv"
    found: list[list[Member]] = []
    for engine in two_databases:
        with writing(engine) as conn:
            for table in (schema.subscription, schema.subscriber):
                conn.execute(delete(table))
        source = rows if engine is two_databases[0] else list(open_list(path).rows())
        assert all(isinstance(row, GoodRow) for row in source), source
        import_rows(engine, "press", source, keys=KEYS, sleep=lambda _: None)  # type: ignore[arg-type]
        with reading(engine) as conn:
            found.append(list(read_members(conn, "press")))
            write_list(conn, "press", out=str(path), every=False, excel=excel, declared=())
    assert found[0] == found[1]
    assert len(found[0]) == len(people)


@pytest.mark.slow
def test_a_long_list_takes_no_more_memory_than_a_short_one(repo_root: Path) -> None:
    code = "import json, sys; from newsletter.bench.import_ import run; print(json.dumps(run(int(sys.argv[1]))))"
    peaks = {}
    for rows in (20_000, 200_000):
        command = [sys.executable, "-c", code, str(rows)]
        done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, check=True)
        figures = json.loads(done.stdout)
        bad, merged = rows // 100, rows // 200
        assert (figures["first_added"], figures["first_bad"]) == (rows - bad - merged, bad)
        assert (figures["again_added"], figures["again_merged"]) == (0, merged)
        peaks[rows] = figures["peak_megabytes"]
    assert peaks[200_000] < 1.15 * peaks[20_000]
