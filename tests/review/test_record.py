"""The readable file of a decision: valid TOML whatever people typed, never over another file."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.decision import MAX_NAME, Decision, Verdict, Waived, name_complaint, note_complaint
from newsletter.errors import DiskError, InputError
from newsletter.issue_folder import open_folder
from newsletter.review.record import drop_record, record_folder, record_text, write_record

MOSCOW = ZoneInfo("Europe/Moscow")
APPROVAL = Decision(
    key="content/april.md",
    digest="a" * 64,
    verdict=Verdict.APPROVED,
    who="Анна Соколова",
    note="Проверила числа.\nМожно.",
    at=datetime(2026, 11, 23, 20, 15, 7, tzinfo=UTC),
    subject="Экспорт вырос",
    manifest={"item:content/april.md": "1"},
    waived=(Waived(id="no_date", message='no "date"', reason="вечное"),),
)


def test_a_person_reads_who_when_and_why() -> None:
    lines = record_text(APPROVAL, zone=MOSCOW).splitlines()
    assert lines[1:12] == [
        'verdict = "approved"',
        'who = "Анна Соколова"',
        "when = 2026-11-23T23:15:07+03:00",
        'note = """',
        "Проверила числа.",
        'Можно."""',
        'subject = "Экспорт вырос"',
        'list = "every list"',
        'issue = "content/april.md"',
        f'digest = "{"a" * 64}"',
        "",
    ]
    assert tomllib.loads("\n".join(lines))["waived"] == [{"id": "no_date", "message": 'no "date"', "reason": "вечное"}]


# Typed by people: what the store takes. Anything else may stand in what is compiled from files.
hostile = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ['"""', "\\", '\\"""\n', "'''", "a = 1\n[x]", "\x7f", "\r\n", "\\u0041", "=", "é\u2028", "#"]
)
notes = hostile.filter(lambda text: not note_complaint(text))
names = hostile.filter(lambda text: not name_complaint(text))


@settings(max_examples=200)
@given(
    who=names,
    note=notes,
    subject=hostile,
    manifest=st.dictionaries(hostile, hostile, max_size=4),
    waived=st.lists(st.builds(Waived, id=hostile, message=hostile, reason=hostile), max_size=2),
    list_name=hostile,
    at=st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - as hypothesis wants
)
def test_what_was_said_is_read_back(
    who: str,
    note: str,
    subject: str,
    manifest: dict[str, str],
    waived: list[Waived],
    list_name: str,
    at: datetime,
) -> None:
    made = replace(
        APPROVAL,
        who=who,
        note=note,
        subject=subject,
        manifest=manifest,
        waived=tuple(waived),
        list_name=list_name,
        at=at,
    )
    text = record_text(made, zone=MOSCOW).encode().decode()
    read = tomllib.loads(text)
    assert (read["who"], read["note"], read["subject"], read["when"]) == (who, note, subject, at)
    assert read["list"] == (list_name or "every list")
    assert read["manifest"] == manifest
    assert [tuple(one.values()) for one in read.get("waived", [])] == [(w.id, w.message, w.reason) for w in waived]
    keys = {"verdict", "who", "when", "note", "subject", "list", "issue", "digest", "manifest"}
    assert set(read) - {"waived"} == keys


def test_a_file_name_that_is_no_text_does_not_stop_a_decision() -> None:
    read = tomllib.loads(
        record_text(replace(APPROVAL, manifest={"item:\udcff.md": "1"}), zone=MOSCOW).encode().decode()
    )
    assert read["manifest"] == {"item:\ufffd.md": "1"}


@pytest.mark.parametrize(
    ("items", "folder"),
    [
        (["content/april.md"], "content/april.reviews"),
        (["content/april.v2.docx"], "content/april.v2.reviews"),
        (["content/week"], "content/week.reviews"),
        (["content/week/"], "content/week.reviews"),
        (["content/april.md", "content/may.txt", "x.md"], "content/april-and-2-more.reviews"),
        (["../elsewhere/april.md"], "../elsewhere/april.reviews"),
    ],
)
def test_the_folder_lies_beside_the_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, items: list[str], folder: str
) -> None:
    (tmp_path / "work" / "content" / "week").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    assert record_folder([Path(item) for item in items]) == (tmp_path / "work" / folder).resolve()


def test_the_folder_a_person_stands_in_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "week").mkdir()
    monkeypatch.chdir(tmp_path / "week")
    assert record_folder([Path()]) == tmp_path / "week.reviews"


def test_two_decisions_of_one_second_are_two_files(tmp_path: Path) -> None:
    item = tmp_path / "april.md"
    paths = [write_record(replace(APPROVAL, note=note), [item], zone=MOSCOW) for note in ("раз", "два")]
    assert [path.name for path in paths] == [
        "20261123T201507Z-approved-анна-соколова.toml",
        "20261123T201507Z-approved-анна-соколова-2.toml",
    ]
    assert [tomllib.loads(path.read_text(encoding="utf-8"))["note"] for path in paths] == ["раз", "два"]


@pytest.mark.parametrize("who", ["../../etc/passwd", "/", ".", "Анна/Соколова", "Ы" * MAX_NAME, "😀", "a" * MAX_NAME])
def test_no_name_leads_out_of_the_folder_or_is_too_long_for_a_file(tmp_path: Path, who: str) -> None:
    path = write_record(replace(APPROVAL, who=who), [tmp_path / "april.md"], zone=MOSCOW)
    assert path.parent == tmp_path / "april.reviews"
    assert tomllib.loads(path.read_text(encoding="utf-8"))["who"] == who


def test_a_folder_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "april.reviews").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DiskError, match="symbolic link"):
        write_record(APPROVAL, [tmp_path / "april.md"], zone=MOSCOW)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "april.reviews").write_text("a file")
    with pytest.raises(DiskError, match=r"april\.reviews: the decision cannot be written"):
        write_record(APPROVAL, [tmp_path / "april.md"], zone=MOSCOW)


def test_taking_a_record_back_leaves_the_others(tmp_path: Path) -> None:
    first, second = (write_record(APPROVAL, [tmp_path / "april.md"], zone=MOSCOW) for _ in range(2))
    drop_record(second)
    assert first.is_file()
    drop_record(first)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_records_is_no_issue_even_with_an_issue_file(tmp_path: Path) -> None:
    path = write_record(APPROVAL, [tmp_path / "april.md"], zone=MOSCOW)
    (path.parent / "issue.toml").write_text("")
    (path.parent / "note.md").write_text("Текст.")
    with pytest.raises(InputError, match="what was decided about an item"):
        open_folder(path.parent, root=tmp_path)


def test_a_folder_of_records_inside_an_issue_is_no_item(tmp_path: Path) -> None:
    week = tmp_path / "week"
    week.mkdir()
    (week / "issue.toml").write_text("")
    (week / "april.md").write_text("Текст.")
    write_record(APPROVAL, [week / "april.md"], zone=MOSCOW)
    (week / "x.reviews.md").mkdir()
    folder = open_folder(week, root=tmp_path)
    assert (folder.items, folder.left_out) == ((week / "april.md",), ())
