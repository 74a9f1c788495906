"""`newsletter check --fix`: a diff first, and a file that is written whole and only when somebody agrees."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.fixing import fix_items
from newsletter.cli.main import main
from newsletter.errors import InputError
from newsletter.workspace import Workspace

Capture = pytest.CaptureFixture[str]
Write = Callable[..., Path]

ITEM = '---\ntitle: "Рост - 5 %"\n---\n\nЗавод "Луч" - это рост.\n'
MENDED = '---\ntitle: "Рост - 5 %"\n---\n\nЗавод «Луч» — это рост.\n'


@pytest.fixture
def item(in_workspace: Workspace) -> Write:
    def write(data: str | bytes = ITEM, name: str = "content/a.md") -> Path:
        path = in_workspace.root / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def context() -> CommandContext:
    return open_context(placeholders=True, quiet=True)


def fix(path: Path, *, yes: bool = True) -> None:
    fix_items(context(), [str(path)], lang="", yes=yes)


def test_yes_writes_text_and_leaves_front_matter(item: Write, capsys: Capture) -> None:
    path = item()
    fix(path)
    assert path.read_text(encoding="utf-8") == MENDED
    out = capsys.readouterr().out
    assert '-Завод "Луч" - это рост.\n+Завод «Луч» — это рост.\n' in out
    assert out.endswith("content/a.md: written\n")


def test_without_terminal_and_yes_nothing_is_written(item: Write, capsys: Capture) -> None:
    path = item()
    fix(path, yes=False)
    assert path.read_text(encoding="utf-8") == ITEM
    said = capsys.readouterr()
    assert "+Завод «Луч»" in said.out
    assert "add --yes" in said.err


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ("y\n", True),
        ("Y\n", True),
        ("YES\n", True),
        ("д\n", True),
        ("Да\n", True),
        ("да\n", True),
        ("\n", False),
        ("n\n", False),
        ("нет\n", False),
        ("ye\n", False),
        ("", False),
    ],
)
def test_the_terminal_is_asked(item: Write, answer: str, written: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    path = item()
    monkeypatch.setattr(sys, "stdin", Terminal())
    fix(path, yes=False)
    assert (path.read_text(encoding="utf-8") == MENDED) is written


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "cp1251"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_mark_and_line_ends_stay(item: Write, mark: bytes, encoding: str, end: str) -> None:
    path = item(mark + ITEM.replace("\n", end).encode(encoding))
    fix(path)
    assert path.read_bytes() == mark + MENDED.replace("\n", end).encode(encoding)


def test_an_encoding_without_the_sign_is_said_and_the_file_left(item: Write) -> None:
    data = "Новый завод Луч открыт - это рост, говорят на заводе\n".encode("koi8-r")
    path = item(data, "content/a.txt")
    with pytest.raises(InputError, match="has no —"):
        fix(path)
    assert path.read_bytes() == data


def test_mode_and_symbolic_link_stay(item: Write, in_workspace: Workspace) -> None:
    path = item()
    path.chmod(0o640)
    link = in_workspace.root / "content" / "b.md"
    link.symlink_to(path)
    fix(link)
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == MENDED
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in path.parent.glob(".*")) == []


def test_a_read_only_file_and_one_with_two_names_are_left(item: Write) -> None:
    path = item()
    path.chmod(0o444)
    with pytest.raises(InputError, match="read-only"):
        fix(path)
    path.chmod(0o644)
    (path.parent / "b.md").hardlink_to(path)
    with pytest.raises(InputError, match="second name"):
        fix(path)
    assert path.read_text(encoding="utf-8") == ITEM
    assert sorted(found.name for found in path.parent.iterdir() if found.name.startswith(".a")) == []


def test_what_is_right_is_left(item: Write, capsys: Capture) -> None:
    path = item(MENDED)
    before = path.stat().st_mtime_ns
    fix(path)
    assert path.stat().st_mtime_ns == before
    assert "nothing to mend" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"), [("a.html", "a web page is mended on the site"), ("a.docx", "a Word file is mended in Word")]
)
def test_other_formats_are_named(item: Write, name: str, said: str, capsys: Capture) -> None:
    fix(item("<p>Завод</p>", f"content/{name}"))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"content/{name}: {said}")
    assert "--fix changes .txt and .md files only" in line
    assert "the mail has it right already" in line


@pytest.mark.slow
def test_check_mends_first_and_then_looks(item: Write, capsys: Capture) -> None:
    path = item()
    assert main(["check", "content/a.md"]) == 0
    assert "content/a.md:2: info: typography is mended in the mail in 4 places (" in capsys.readouterr().out
    assert main(["check", "content/a.md", "--fix", "--yes"]) == 0
    assert "content/a.md:5: info: typography" not in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == MENDED


def test_fix_and_json_are_refused_together(item: Write, capsys: Capture) -> None:
    item()
    assert main(["check", "content/a.md", "--fix", "--json"]) == 2
    assert "two answers" in capsys.readouterr().out
