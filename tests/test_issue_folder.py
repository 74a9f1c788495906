"""An issue folder: which files are mailed, in what order, and that none of them lies elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.errors import InputError
from newsletter.issue_folder import MAX_ITEMS, IssueFolder, issue_key, open_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "content" / "week"
    made.mkdir(parents=True)
    for name in ("b.md", "a.txt", "c.md", "plan.png", ".hidden.md"):
        (made / name).write_text("Новость.\n", encoding="utf-8")
    return made


def opened(folder: Path, written: str = "") -> IssueFolder:
    (folder / "issue.toml").write_text(written, encoding="utf-8")
    return open_folder(folder, root=folder.parents[1])


def names(found: IssueFolder) -> list[str]:
    return [path.name for path in found.items]


def test_without_order_all_items_go_in_by_name(folder: Path) -> None:
    found = opened(folder)
    assert names(found) == ["a.txt", "b.md", "c.md"]
    assert found.left_out == ()


def test_what_word_the_system_and_browsers_leave_in_a_folder_is_no_item(folder: Path) -> None:
    for name in ("~$порт.docx", "._a.txt", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"x")
    (folder / "Мост_files").mkdir()
    (folder / "Мост_files" / "a.html").write_text("x", encoding="utf-8")
    assert names(opened(folder)) == ["a.txt", "b.md", "c.md"]
    (folder / "Мост_files").rename(folder / "Мост_files.html")
    assert names(opened(folder)) == ["a.txt", "b.md", "c.md"]


def test_order_says_what_goes_in_and_what_stays_out_is_named(folder: Path) -> None:
    found = opened(folder, 'order = ["c.md", "a.txt"]')
    assert names(found) == ["c.md", "a.txt"]
    assert found.left_out == ("b.md",)


def test_a_file_saved_by_notepad_is_read(folder: Path) -> None:
    (folder / "issue.toml").write_bytes('\ufefftitle = "Неделя"\r\norder = ["c.md"]\r\n'.encode())
    found = open_folder(folder, root=folder.parents[1])
    assert found.written.values == {"title": "Неделя"}
    assert names(found) == ["c.md"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ('["aa.txt"]', "did you mean 'a.txt'"),
        ('["plan.png"]', "no news item"),
        ('["issue.toml"]', "no news item"),
        ('["zzzzzzzzzz"]', "the folder holds a.txt, b.md, c.md"),
    ],
)
def test_order_that_names_something_else_is_refused_with_its_line(folder: Path, order: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        opened(folder, f'title = "Неделя"\norder = {order}')
    assert words in str(caught.value)
    assert (caught.value.path, caught.value.line) == ("content/week/issue.toml", 2)


@pytest.mark.parametrize("written", ["", 'order = ["out.md"]'])
def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path: Path, written: str) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("Тайна.\n", encoding="utf-8")
    (folder / "out.md").symlink_to(secret)
    with pytest.raises(InputError, match="symbolic link") as caught:
        opened(folder, written)
    assert caught.value.path == "content/week/out.md"


def test_a_link_in_the_place_of_issue_toml_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("", encoding="utf-8")
    (folder / "issue.toml").symlink_to(tmp_path / "other.toml")
    with pytest.raises(InputError, match="symbolic link"):
        open_folder(folder, root=tmp_path)


def test_a_folder_without_issue_toml_says_how_to_make_it_one(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no issue\.toml.*put one there") as caught:
        open_folder(folder, root=folder.parents[1])
    assert caught.value.path == "content/week"


def test_a_folder_without_items_and_one_with_thousands_are_refused(folder: Path) -> None:
    for number in range(MAX_ITEMS):
        (folder / f"{number}.md").write_text("Новость.\n", encoding="utf-8")
    with pytest.raises(InputError, match="list those to mail"):
        opened(folder)
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(InputError, match="no news item"):
        opened(folder)


def test_several_files_have_one_key_whatever_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "content/a.md", tmp_path / "content/b.md"
    assert issue_key([two, one], tmp_path) == issue_key([one, two], tmp_path) == "content/a.md + content/b.md"
    assert issue_key([tmp_path / "content" / "week"], tmp_path) == "content/week"


def test_a_table_about_a_file_of_the_folder_is_kept_by_its_name(folder: Path) -> None:
    found = opened(folder, 'order = ["c.md"]\n[item."c.md"]\nrubric = "Порт"\n[item."b.md"]\nrubric = "Край"')
    assert found.written.items["c.md"].values == {"rubric": "Порт"}


@pytest.mark.parametrize(("name", "words"), [("aa.txt", "did you mean 'a.txt'"), ("plan.png", "which is no news item")])
def test_a_table_about_another_file_is_refused_with_its_line(folder: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        opened(folder, f'title = "Неделя"\n[item."{name}"]\nrubric = "Порт"')
    assert (caught.value.path, caught.value.line) == ("content/week/issue.toml", 2)


def test_a_name_that_is_not_utf_8_is_refused_with_a_way_out(folder: Path) -> None:
    name = folder / "port\udcff.md"
    name.write_text("Новость.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"content/week/port\?\.md: the file's name is not UTF-8"):
        issue_key((name,), folder.parents[1])
    with pytest.raises(InputError, match="not UTF-8"):
        opened(folder)
