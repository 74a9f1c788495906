"""`newsletter approve` as a person types it; what `send` makes of it is in test_review_gate.py."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from newsletter.cli.approve import approve_command
from newsletter.cli.main import main
from newsletter.issue import ContentOptions
from newsletter.store.database import open_database, reading
from newsletter.store.reviews import list_decisions, load_approved
from newsletter.workspace import Workspace

ITEM = """---
title: Экспорт вырос
preheader: Коротко о квартале
date: 2026-11-20
waive: {placeholder_link: "адрес будет потом"}
---

Первый абзац новости.
"""
APRIL = "content/april.md"
# A theme without a way out: an error of the checks.
BARE = (
    '<mjml lang="ru"><mj-body><mj-section><mj-column><mj-text>{{ item.title }}</mj-text></mj-column></mj-section>'
    "</mj-body></mjml>"
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Run:
    (in_workspace.root / APRIL).write_text(ITEM, encoding="utf-8")

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.mark.slow
def test_one_line_tells_what_was_approved_and_where_that_is_written(run: Run, in_workspace: Workspace) -> None:
    code, out, _ = run("approve", APRIL, "--as", "Анна Соколова", "--note", "Можно", "--subject", "Тема")
    assert (code, out.count("\n")) == (0, 1)
    engine = open_database(f"sqlite:///{in_workspace.var / 'newsletter.db'}")
    with reading(engine) as conn:
        (made,) = list_decisions(conn, APRIL)
        assert load_approved(conn, made.digest) is not None
    engine.dispose()
    shown = out.rpartition("  ")[2].strip()
    assert out == f"approved: Тема  {made.digest[:16]}  1 approval  {shown}\n"
    assert shown.startswith("content/april.reviews/20")
    assert shown.endswith("Z-approved-анна-соколова.toml")
    read = tomllib.loads((in_workspace.root / shown).read_text(encoding="utf-8"))
    assert (read["who"], read["note"], read["subject"]) == ("Анна Соколова", "Можно", "Тема")
    assert [one["reason"] for one in read["waived"]] == ["адрес будет потом"]


@pytest.mark.slow
def test_the_line_counts_for_the_list_that_was_named(run: Run, in_workspace: Workspace) -> None:
    settings = "[review]\napprovals_required = 2\nseparate_author = true\n"
    (in_workspace.root / "newsletter.toml").write_text(settings, encoding="utf-8")
    code, out, err = run("approve", APRIL, "--as", "Анна Соколова", "--list", "file:press")
    assert "names no author: anybody can approve it" in err
    assert (code, "  1 of 2 approvals for the list file:press  " in out) == (0, True)


@pytest.mark.slow
def test_a_mail_with_errors_is_rejected_but_not_approved(run: Run, in_workspace: Workspace) -> None:
    theme = in_workspace.templates / "bare"
    theme.mkdir()
    (theme / "letter.mjml").write_text(BARE, encoding="utf-8")
    (theme / "letter.txt").write_text("{{ item.title }}\n", encoding="utf-8")
    code, _, err = run("approve", APRIL, "--template", "bare", "--as", "Анна Соколова")
    assert code == 3
    assert "the checks refuse this issue" in err.splitlines()[-1]
    code, out, _ = run("approve", APRIL, "--template", "bare", "--as", "Анна Соколова", "--reject")
    assert (code, out.startswith("rejected: Экспорт вырос  ")) == (0, True)
    assert len(list(in_workspace.root.glob("content/april.reviews/*"))) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--as", ""], "the name is empty"),
        (["--as", "Анна\x1b[2J"], "the name holds a control character"),
        (["--as", "Анна", "--note", "\x07"], "the note holds a control character"),
        ([], "Missing option '--as'"),
    ],
)
def test_what_cannot_be_kept_is_said_before_the_compile(
    run: Run, in_workspace: Workspace, arguments: list[str], words: str
) -> None:
    (in_workspace.root / APRIL).write_text("---\nvariants: {language: []}\n---\n\nТекст.\n", encoding="utf-8")
    code, out, err = run("approve", APRIL, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "variants" not in err


def test_the_command_that_a_refusal_shows_can_be_typed_as_it_stands() -> None:
    options = ContentOptions(title="О'Генри", lang="en")
    assert approve_command(["content/Мой файл.md"], options) == (
        "newsletter approve 'content/Мой файл.md' --title 'О'\"'\"'Генри' --lang en --as NAME"
    )
    assert approve_command(["a.md"] * 5, ContentOptions()) == "newsletter approve a.md … --as NAME"
