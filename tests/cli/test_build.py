"""`newsletter build` and `check` as an editor meets them: files, one line for each mistake, the right exit code."""

from __future__ import annotations

import email
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from email import policy
from pathlib import Path

import pytest

from newsletter.cli.main import main
from newsletter.workspace import Workspace

# Each command compiles in a child process: most of a second a test.
pytestmark = pytest.mark.slow

ITEM = """---
title: Экспорт вырос
subject: Экспорт вырос в 2,7 раза
preheader: Коротко о квартале
date: 2026-11-20
---

Первый абзац новости.

Второй абзац, где цена > 100 и <b>тег</b>.
"""

Capture = pytest.CaptureFixture[str]
Write = Callable[..., Path]


@pytest.fixture
def item(in_workspace: Workspace) -> Write:
    def write(text: str | bytes = ITEM, name: str = "content/a.md") -> Path:
        path = in_workspace.root / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(name)

    return write


def lines(capsys: Capture) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if "warning" not in line]


def test_build_writes_the_four_files(item: Write, in_workspace: Workspace, capsys: Capture) -> None:
    assert main(["build", str(item())]) == 0
    folder = in_workspace.root / "var/build/a"
    assert {path.name for path in folder.iterdir()} == {"issue.html", "issue.txt", "issue.eml", "issue.json"}
    facts = json.loads((folder / "issue.json").read_text(encoding="utf-8"))
    html = (folder / "issue.html").read_bytes()
    assert facts["html_bytes"] == len(html)
    assert facts["wire_bytes"] == (folder / "issue.eml").stat().st_size
    assert facts["title_proposed"] is False
    assert "links.unsubscribe" in facts["slots"]
    assert facts["item"]["blocks"][0]["kind"] == "paragraph"
    assert "цена &gt; 100 и &lt;b&gt;тег" in html.decode()
    assert "var/build/a/issue.html" in capsys.readouterr().out


def test_eml_holds_the_very_parts_that_lie_beside_it(item: Write, in_workspace: Workspace) -> None:
    main(["build", str(item())])
    folder = in_workspace.root / "var/build/a"
    message = email.message_from_bytes((folder / "issue.eml").read_bytes(), policy=policy.default)
    text, html = message.iter_parts()
    assert decoded(html).rstrip() == (folder / "issue.html").read_text(encoding="utf-8").rstrip()
    assert decoded(text) == (folder / "issue.txt").read_text(encoding="utf-8")
    assert message["Subject"] == "Экспорт вырос в 2,7 раза"


def decoded(part: object) -> str:
    payload = part.get_payload(decode=True)  # type: ignore[attr-defined]
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def test_digest_of_two_builds_is_the_same(item: Write, in_workspace: Workspace) -> None:
    path = item()
    found = []
    for out in ("one", "two"):
        main(["build", str(path), "--out", out])
        found.append(json.loads((in_workspace.root / out / "issue.json").read_text(encoding="utf-8"))["digest"])
    assert found[0] == found[1]


def test_option_overrides_front_matter(item: Write, in_workspace: Workspace) -> None:
    assert main(["build", str(item()), "--subject", "Другая тема", "--title", "Другой заголовок"]) == 0
    facts = json.loads((in_workspace.root / "var/build/a/issue.json").read_text(encoding="utf-8"))
    assert (facts["subject"], facts["title"]) == ("Другая тема", "Другой заголовок")


def test_build_as_a_subscriber_who_is_on_no_list_says_so(item: Write, capsys: Capture) -> None:
    assert main(["build", str(item()), "--as", "nobody@zarechye.example"]) == 2
    assert "no list has nobody@zarechye.example" in lines(capsys)[-1]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (b"", "content/a.md", "content/a.md"),
        (b"   \n\n", "content/a.txt", "content/a.txt"),
        (b"\x00\x01\x02" * 50, "content/a.txt", "content/a.txt:1"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "content/a.txt", "content/a.txt"),
        ("Слово " * 1_000_000, "content/a.txt", "2 MB"),
        ("Текст новости.".encode("utf-32"), "content/a.txt", "content/a.txt"),
        ("---\ntitle: [x\n---\nТекст.", "content/a.md", "content/a.md:"),
        ("---\ntitle: Без конца\nТекст.", "content/a.md", "content/a.md:"),
        ("---\ntitel: Опечатка\n---\nТекст.", "content/a.md", "content/a.md:2"),
        ("---\ndate: скоро\n---\nТекст.", "content/a.md", "content/a.md:2"),
        ("---\ntitle: Т\n---\nТекст.\n\n![схема](none.png)\n", "content/a.md", "content/a.md:6"),
        ("---\ntitle: Т\ntemplate: nothing\n---\nТекст.\n", "content/a.md", "no theme 'nothing'"),
        ("---\ntitle: Т\nvariants: ru\n---\nТекст.\n", "content/a.md", "content/a.md:3"),
    ],
)
def test_bad_item_is_one_line_with_its_place_and_nothing_written(
    item: Write, in_workspace: Workspace, capsys: Capture, text: str | bytes, name: str, words: str
) -> None:
    path = item(text, name)
    assert main(["build", str(path)]) == 2
    said = lines(capsys)
    assert len(said) == 1
    assert words in said[0]
    assert "; " in said[0], "the way out is missing"
    assert not list((in_workspace.root / "var").glob("build/*"))


@pytest.mark.parametrize("path", ["content/none.md", "content"])
def test_missing_file_or_folder_is_one_line(item: Write, capsys: Capture, path: str) -> None:
    item()
    assert main(["build", path]) == 2
    assert len(lines(capsys)) == 1


@pytest.mark.parametrize(
    ("body", "line"),
    [("<mj-text>{{ nothing }}</mj-text>", 3), ("<mj-text>{% if subscriber.name %}x{% endif %}</mj-text>", 3)],
)
def test_wrong_template_is_one_line_with_its_place(
    item: Write, in_workspace: Workspace, capsys: Capture, body: str, line: int
) -> None:
    theme = in_workspace.templates / "own"
    theme.mkdir()
    (theme / "letter.mjml").write_text(f"<mjml>\n<mj-body><mj-section><mj-column>\n{body}\n", encoding="utf-8")
    (theme / "letter.txt").write_text("x\n", encoding="utf-8")
    assert main(["build", str(item()), "--template", "own"]) == 2
    (said,) = lines(capsys)
    assert f"templates/own/letter.mjml:{line}: " in said


def test_wrong_date_option_is_one_line(item: Write, capsys: Capture) -> None:
    assert main(["build", str(item()), "--date", "tomorrow"]) == 2
    assert "2026-11-23" in lines(capsys)[-1]


def test_full_disk_while_building_is_one_line_and_leaves_the_old_files(item: Write, in_workspace: Workspace) -> None:
    """A file size limit stands in for the full disk: the write fails in the middle of a file just the same."""
    path = item()
    assert main(["build", str(path)]) == 0
    folder = in_workspace.root / "var/build/a"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", "build", str(path), "--subject", "Новая тема"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    said = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert (done.returncode, len(said)) == (2, 1)
    assert "cannot write the mail" in said[0]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [p.name for p in folder.parent.iterdir()] == ["a"]


def test_json_of_check_is_the_contract(item: Write, capsys: Capture) -> None:
    assert main(["check", str(item()), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"findings", "errors", "warnings"}
    assert answer["errors"] == 0
    keys = {"id", "severity", "message", "file", "line", "block", "clients", "fix", "waived"}
    assert all(set(finding) == keys for finding in answer["findings"])


def test_check_refuses_with_strict_what_is_only_a_warning(item: Write) -> None:
    path = item("Без заголовка и даты: первый абзац.\n\nВторой абзац.\n", "content/b.txt")
    assert main(["check", str(path)]) == 0
    assert main(["check", str(path), "--strict"]) == 3


def test_waived_finding_is_shown_and_refuses_nothing(item: Write, capsys: Capture) -> None:
    path = item(ITEM.replace("date: 2026-11-20", "waive: {no_date: вечная тема}"))
    main(["check", str(path), "--json"])
    waived = {f["id"]: f["waived"] for f in json.loads(capsys.readouterr().out)["findings"]}
    assert waived["no_date"] == "вечная тема"


def test_check_refuses_a_mail_without_a_way_out_of_the_list(item: Write, in_workspace: Workspace) -> None:
    theme = in_workspace.templates / "own"
    theme.mkdir()
    (theme / "letter.mjml").write_text(
        "<mjml><mj-body><mj-section><mj-column><mj-text>{{ item.title }}</mj-text></mj-column></mj-section></mj-body>"
        "</mjml>",
        encoding="utf-8",
    )
    (theme / "letter.txt").write_text("x\n", encoding="utf-8")
    assert main(["check", str(item()), "--template", "own"]) == 3
    assert main(["build", str(item()), "--template", "own"]) == 0


def test_error_with_json_is_one_object_on_stdout(item: Write, capsys: Capture) -> None:
    assert main(["check", str(item("", "content/e.md")), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert set(error) == {"message", "file", "line", "fix"}
    assert error["file"] == "content/e.md"


@pytest.mark.real_item
def test_real_item_builds_without_an_error(in_workspace: Workspace, real_item_path: Path, capsys: Capture) -> None:
    assert main(["check", str(real_item_path), "--title", "Экспорт резидентов", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["errors"] == 0
    assert main(["build", str(real_item_path), "--title", "Экспорт резидентов", "--out", "out"]) == 0
    assert "248" in (in_workspace.root / "out/issue.html").read_text(encoding="utf-8")
