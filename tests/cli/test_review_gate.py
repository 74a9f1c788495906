"""What `send` and `resume` ask reviewers: the mail that was approved is the mail that goes, or none."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.check import Report
from newsletter.cli.main import main
from newsletter.config import load_settings
from newsletter.decision import Verdict
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, compile_here
from newsletter.review.deciding import Ballot, decide
from newsletter.review.gate import approvals_in_words
from newsletter.store.database import open_database, reading, writing
from newsletter.store.schema import delivery, issue
from newsletter.workspace import Workspace, template_dirs
from tests.smtp_servers import Sink, refusing_first

# Each command compiles in a child process: most of a second a test.
pytestmark = pytest.mark.slow

ITEM = """---
title: Экспорт вырос
preheader: Коротко о квартале
date: 2026-11-20
author: Глеб Авторов
---

Первый абзац новости.
"""
SETTINGS = """public_url = "https://news.zarechye.example"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
[review]
approvals_required = {required}
"""
APRIL = "content/april.md"
ANNA, BORIS = "Анна Соколова", "Борис Лугов"

Capture = pytest.CaptureFixture[str]
Run = Callable[..., tuple[int, str, str]]
Require = Callable[..., None]
Say = Callable[..., str]


@pytest.fixture
def office(in_workspace: Workspace) -> Workspace:
    root = in_workspace.root
    (root / "newsletter.toml").write_text(SETTINGS.format(required=1), encoding="utf-8")
    (root / APRIL).write_text(ITEM, encoding="utf-8")
    (root / "subscribers" / "press.csv").write_text("email\na@a.example\nb@a.example\n", encoding="utf-8")
    return in_workspace


@pytest.fixture
def run(office: Workspace, capsys: Capture) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def require(office: Workspace) -> Require:
    def written(number: int, more: str = "") -> None:
        path = office.root / "newsletter.toml"
        path.write_text(SETTINGS.format(required=number) + more, encoding="utf-8")

    return written


@pytest.fixture
def say(office: Workspace) -> Say:
    """Decide as `newsletter approve` would, but without the child process that each command compiles in."""

    def decided(who: str, *, reject: bool = False, note: str = "", list_name: str = "", item: str = APRIL) -> str:
        settings, path = load_settings(office.root, {}), Path(item)
        folders = template_dirs(office)
        request = CompileRequest(
            root=office.root, items=(path,), options=ContentOptions(), settings=settings, template_dirs=folders
        )
        verdict = Verdict.REJECTED if reject else Verdict.APPROVED
        engine = open_database(office.database_url(settings))
        done = decide(
            engine,
            Ballot(verdict=verdict, who=who, note=note, list_name=list_name),
            result=compile_here(request),
            report=Report(findings=()),
            items=[path],
            settings=settings,
        )
        engine.dispose()
        return approvals_in_words(done.standing)

    return decided


def to_press(*more: str, item: str = APRIL) -> list[str]:
    return ["send", item, "--to", "subscribers/press.csv", "--outbox", "out", "--yes", *more]


def refusal(run: Run, *arguments: str) -> str:
    """Run what must be refused and return the one line of it."""
    code, out, err = run(*arguments)
    assert (code, out) == (3, "")
    assert not Path("out").exists()
    return err.splitlines()[-1]


def approvals_of_the_issue(office: Workspace) -> list[dict[str, object]]:
    engine = open_database(f"sqlite:///{office.var / 'newsletter.db'}")
    with reading(engine) as conn:
        found: list[dict[str, object]] = conn.execute(select(issue.c.approvals)).scalar_one()
    engine.dispose()
    return found


def test_without_an_approval_nothing_goes_and_the_way_out_is_a_command_that_works(run: Run) -> None:
    said = refusal(run, *to_press())
    assert said == (
        f"newsletter: {APRIL}: this mail has 0 of 1 approval; nothing was sent; "
        f'look at it and approve it: "newsletter approve {APRIL} --as NAME"'
    )
    assert run("approve", APRIL, "--as", ANNA)[0] == 0
    code, out, _ = run(*to_press("--json"))
    assert (code, json.loads(out)["accepted"]) == (0, 2)


def test_a_dry_run_is_refused_likewise_and_a_list_stays_as_it_was(run: Run) -> None:
    assert "0 of 1 approval" in refusal(run, *to_press("--dry-run"))
    refusal(run, *to_press())
    assert "file:press" not in run("subscribers", "list")[1]


def test_the_refusal_is_json_too(run: Run) -> None:
    code, out, _ = run(*to_press("--json"))
    error = json.loads(out)["error"]
    assert (code, error["file"], error["line"]) == (3, APRIL, 0)
    assert "newsletter approve" in error["fix"]


def test_one_changed_character_asks_for_a_new_approval_and_is_named_by_its_file(
    run: Run, say: Say, office: Workspace
) -> None:
    say(ANNA)
    (office.root / APRIL).write_text(ITEM.replace("новости.", "новости!"), encoding="utf-8")
    said = refusal(run, *to_press())
    assert f"it changed since {ANNA} approved it at 20" in said
    assert f" MSK: {APRIL}; nothing was sent" in said
    (office.root / APRIL).write_text(ITEM, encoding="utf-8")
    assert run(*to_press())[0] == 0  # the very text that was approved


def test_a_changed_setting_or_option_is_named_too(run: Run, say: Say, require: Require) -> None:
    say(ANNA)
    require(1, '[brand]\naccent = "#0b5f00"\n')
    assert ": brand.accent; nothing was sent" in refusal(run, *to_press())
    require(1)
    said = refusal(run, *to_press("--subject", "Другая тема"))
    assert ": subject, preheader, title, date or order; nothing was sent" in said
    assert f"newsletter approve {APRIL} --subject 'Другая тема' --as NAME" in said


def test_two_names_are_needed_where_two_are_required_and_one_name_twice_is_one(
    run: Run, say: Say, require: Require, office: Workspace
) -> None:
    require(2)
    say(ANNA)
    assert f"this mail has 1 of 2 approvals ({ANNA}); nothing" in refusal(run, *to_press())
    assert say("анна  соколова") == "1 of 2 approvals"
    assert "this mail has 1 of 2 approvals" in refusal(run, *to_press())
    assert say(BORIS) == "2 of 2 approvals"
    assert run(*to_press())[0] == 0
    kept = approvals_of_the_issue(office)
    assert [(one["who"], one["list"]) for one in kept] == [(ANNA, ""), (BORIS, "")]
    assert all(str(one["at"]).endswith("+00:00") for one in kept)
    code = run("status")[1].split()[0]
    assert re.search(rf"^  approved by {ANNA} at 20\S+ \S+ MSK, {BORIS} at 20", run("status", code)[1], re.MULTILINE)


def test_a_later_rejection_stands_until_somebody_approves_again(run: Run, say: Say) -> None:
    say(ANNA)
    say(BORIS, reject=True, note="Не та\nцифра")
    said = refusal(run, *to_press())
    assert f"{BORIS} rejected this mail at 20" in said
    assert " MSK: Не та цифра; nothing was sent; mend it, or have it approved after all" in said
    say(BORIS)
    assert run(*to_press())[0] == 0


def test_a_rejection_stands_where_no_approval_is_required(
    run: Run, say: Say, require: Require, office: Workspace
) -> None:
    require(0)
    say(BORIS, reject=True)
    assert "rejected this mail" in refusal(run, *to_press())
    assert "rejected this mail" in refusal(run, *to_press("--dry-run"))
    (office.root / APRIL).write_text(ITEM.replace("новости.", "новости!"), encoding="utf-8")
    assert run(*to_press())[0] == 0  # another text was not rejected
    assert approvals_of_the_issue(office) == []


def test_an_authors_approval_counts_unless_the_office_says_otherwise(run: Run, say: Say, require: Require) -> None:
    say("Глеб Авторов")
    require(1, "separate_author = true\n")
    assert "0 of 1 approval" in refusal(run, *to_press())
    code, _, err = run("approve", APRIL, "--as", "глеб авторов")
    assert code == 3
    assert "is an author of this mail" in err.splitlines()[-1]
    require(1)
    assert run(*to_press())[0] == 0


def test_an_approval_for_one_list_does_not_open_another(run: Run, say: Say) -> None:
    run("subscribers", "import", "subscribers/press.csv", "--list", "partners")
    say(ANNA, list_name="partners")
    said = refusal(run, *to_press())
    assert "0 of 1 approval for the list file:press; it was approved for partners only" in said
    assert run("send", APRIL, "--list", "partners", "--outbox", "out", "--yes")[0] == 0


def test_an_approval_for_a_file_that_is_still_to_become_a_list_opens_it(run: Run, say: Say) -> None:
    say(ANNA, list_name="file:press")
    assert run(*to_press())[0] == 0


def test_a_digest_is_approved_as_one_and_any_of_its_items_changes_it(run: Run, say: Say, office: Workspace) -> None:
    week = office.root / "content" / "week"
    week.mkdir()
    (week / "issue.toml").write_text('author = "Ольга Сводная"\n', encoding="utf-8")
    for name in ("a", "b"):
        (week / f"{name}.md").write_text(ITEM.replace("вырос", f"вырос {name}"), encoding="utf-8")
    code, out, _ = run("approve", "content/week", "--as", ANNA)
    assert (code, "content/week.reviews/" in out) == (0, True)
    (week / "b.md").write_text(ITEM.replace("вырос", "упал"), encoding="utf-8")
    assert "MSK: content/week/b.md; nothing was sent" in refusal(run, *to_press(item="content/week"))
    say(ANNA, item="content/week")
    assert run(*to_press(item="content/week"))[0] == 0


@pytest.mark.parametrize("author", ["Глеб Авторов", "Ольга Сводная"])
def test_the_author_of_any_part_of_a_digest_is_its_author(
    run: Run, require: Require, office: Workspace, author: str
) -> None:
    require(1, "separate_author = true\n")
    week = office.root / "content" / "week"
    week.mkdir()
    (week / "issue.toml").write_text('author = "Ольга Сводная"\n', encoding="utf-8")
    (week / "a.md").write_text(ITEM.replace("author: Глеб Авторов\n", ""), encoding="utf-8")
    (week / "b.md").write_text(ITEM.replace("вырос", "упал"), encoding="utf-8")
    code, _, err = run("approve", "content/week", "--as", author)
    assert code == 3
    assert f"{author} is an author of this mail" in err


def test_a_rejection_that_comes_while_the_question_waits_is_heard(
    run: Run, say: Say, office: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(ANNA)

    class Terminal:
        """Somebody rejects before the person at the terminal says yes."""

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            assert main(["approve", APRIL, "--as", BORIS, "--reject"]) == 0
            return "да\n"

    monkeypatch.setattr(sys, "stdin", Terminal())
    arguments = [word for word in to_press() if word != "--yes"]
    code, _, err = run(*arguments)
    assert code == 3
    assert f"{BORIS} rejected this mail" in err.splitlines()[-1]
    assert run("status")[1].strip() == "no issue was sent yet"


def stopped_issue(run: Run, sink: Sink) -> str:
    """Send to a relay that defers the first one, and return the short id of what is left undone."""
    assert run("send", APRIL, "--to", "subscribers/press.csv", "--yes", "--smtp", sink.url, "--no-wait")[0] == 1
    return run("status")[1].split()[0]


def test_resume_asks_only_about_a_rejection_that_came_after_the_freeze(
    run: Run, say: Say, require: Require, office: Workspace
) -> None:
    say(BORIS, reject=True)
    say(ANNA)
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        code = stopped_issue(run, sink)
        require(5)  # resume counts nothing again
        (office.root / APRIL).write_text(ITEM.replace("новости.", "новости!"), encoding="utf-8")
        say(BORIS, reject=True)  # of another text
        (office.root / APRIL).write_text(ITEM, encoding="utf-8")
        say(BORIS, reject=True, list_name="file:other")
        _due_now(office)
        assert run("resume", code)[0] == 0
    assert len(sink.accepted) == 2


def test_resume_does_not_go_on_with_a_mail_rejected_since_until_it_is_approved_again(
    run: Run, say: Say, office: Workspace
) -> None:
    say(ANNA)
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        code = stopped_issue(run, sink)
        say(BORIS, reject=True, note="Отозвать")
        connections = sink.connections
        refused, _, err = run("resume", code)
        assert (refused, sink.connections) == (3, connections)
        assert f"issue {code} does not go on: {BORIS} rejected this mail at 20" in err.splitlines()[-1]
        assert ": Отозвать; once somebody approves the same mail" in err.splitlines()[-1]
        say(ANNA)
        _due_now(office)
        assert run("resume", code)[0] == 0
    assert len(sink.accepted) == 2


def _due_now(office: Workspace) -> None:
    """Let what waits to be tried again be due: a test does not wait."""
    engine = open_database(f"sqlite:///{office.var / 'newsletter.db'}")
    with writing(engine) as conn:
        conn.execute(update(delivery).where(delivery.c.next_at.is_not(None)).values(next_at=delivery.c.first_at))
    engine.dispose()
