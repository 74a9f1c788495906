"""What `send`, `resume` and `test` refuse, in what order: nothing is compiled for a command that cannot run."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter.cli.delivering import _Signals
from newsletter.cli.main import main
from newsletter.store.database import open_database, writing
from newsletter.store.schema import issue
from newsletter.workspace import Workspace
from tests.smtp_servers import Sink, refusing_first

Capture = pytest.CaptureFixture[str]
Run = Callable[..., tuple[int, str, str]]
SETTINGS = """public_url = "https://news.zarechye.example"
smtp.url = "smtp://127.0.0.1:1"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
"""
# The compile would refuse it for its variants, so whatever else is told was told before the compile.
BROKEN = "---\ntitle: Заголовок\nvariants: {language: []}\n---\n\nТекст.\n"
GOOD = "---\ntitle: Заголовок\ndate: 2026-11-20\nembargo_until: {embargo}\n---\n\nТекст новости.\n"
FAR = "2999-05-14T10:00+05:00"


@pytest.fixture
def run(in_workspace: Workspace, capsys: Capture) -> Run:
    root = in_workspace.root
    (root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (root / "content" / "broken.md").write_text(BROKEN, encoding="utf-8")
    (root / "content" / "later.md").write_text(GOOD.format(embargo=FAR), encoding="utf-8")
    (root / "subscribers" / "press.csv").write_text("email\na@a.example\nb@a.example\n", encoding="utf-8")

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no list is named"),
        (["--list", "x", "--to", "y.csv"], "--list and --to exclude each other"),
        (["--list", "nobody"], 'there is no list "nobody"'),
        (["--to", "subscribers/none.csv"], "subscribers/none.csv"),
        (["--to", "subscribers/press.csv", "--smtp", "smtp//wrong"], "is not the address of a relay"),
        (["--to", "subscribers/press.csv", "--connections", "0"], "--connections must be between 1 and 200"),
        (["--to", "subscribers/press.csv", "--connections", "-1"], "--connections must be between 1 and 200"),
    ],
)
def test_wrong_usage_is_told_before_the_compile_and_before_the_missing_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, out, err = run("send", "content/broken.md", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_missing_item_is_told_before_the_missing_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, _, err = run("send", "content/none.md", "--to", "subscribers/press.csv")
    assert (code, err.splitlines()) == (
        2,
        ["newsletter: content/none.md: there is no such file; check the name of the news item"],
    )


def test_missing_list_is_told_before_a_missing_setting(run: Run, in_workspace: Workspace) -> None:
    (in_workspace.root / "newsletter.toml").write_text("", encoding="utf-8")
    assert "no list is named" in run("send", "content/broken.md")[2]
    assert "smtp.url is not set" in run("send", "content/broken.md", "--to", "subscribers/press.csv")[2]


def test_missing_terminal_is_told_before_the_compile(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, _, err = run("send", "content/broken.md", "--to", "subscribers/press.csv")
    assert code == 2
    assert "there is no terminal to ask on" in err


def test_wrong_address_of_a_trial_is_told_before_the_compile(run: Run) -> None:
    code, _, err = run("test", "content/broken.md", "--to", "nobody")
    assert code == 2
    assert "nobody" in err
    assert "variants" not in err


@pytest.mark.slow
def test_send_before_the_embargo_is_refused_and_a_trial_is_not(run: Run, in_workspace: Workspace) -> None:
    arguments = ("send", "content/later.md", "--to", "subscribers/press.csv", "--yes", "--outbox", "out")
    code, out, err = run(*arguments)
    assert (code, out) == (3, "")
    assert err.splitlines()[-1] == (
        "newsletter: content/later.md:4: not to be sent before 2999-05-14 08:00:00 MSK (embargo_until); "
        'send it then; "newsletter test" mails trial copies now'
    )
    assert not [line for line in err.splitlines() if "warning" in line]  # no findings of a mail that may not go
    assert run("test", "content/later.md", "--to", "me@a.example", "--outbox", "trial")[0] == 0
    assert not (in_workspace.root / "out").exists()
    item = in_workspace.root / "content" / "later.md"
    item.write_text(GOOD.format(embargo="2020-05-14"), encoding="utf-8")
    assert run(*arguments)[0] == 0


@pytest.mark.slow
def test_resume_before_the_embargo_is_refused(run: Run, in_workspace: Workspace) -> None:
    item = in_workspace.root / "content" / "later.md"
    item.write_text(GOOD.format(embargo="2020-05-14"), encoding="utf-8")
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        arguments = ("--to", "subscribers/press.csv", "--yes", "--smtp", sink.url, "--no-wait")
        assert run("send", "content/later.md", *arguments)[0] == 1
        code = run("status")[1].split()[0]
        engine = open_database(f"sqlite:///{in_workspace.var / 'newsletter.db'}")
        with writing(engine) as conn:
            conn.execute(update(issue).values(embargo_until=datetime.now(UTC) + timedelta(days=1)))
        engine.dispose()
        connections = sink.connections
        refused, _, err = run("resume", code)
        assert sink.connections == connections
    assert refused == 3
    assert f"issue {code} is not to be sent before" in err


@pytest.mark.parametrize(("command", "default"), [("send", "the setting's"), ("resume", "those of its send")])
def test_help_says_where_the_number_of_connections_comes_from(run: Run, command: str, default: str) -> None:
    _, out, _ = run(command, "--help")
    words = " ".join(out.split())
    assert f"--connections N Connections to the relay. [default: ({default})]" in words
    assert "[default: 0]" not in words


@pytest.mark.parametrize(
    ("is_frozen", "said"),
    [
        (True, "ending before the first message\n"),
        (False, "ending before the first message, as soon as the issue is frozen\n"),
    ],
)
def test_signal_before_the_first_message_speaks_of_the_freeze_only_before_it(
    capsys: Capture, is_frozen: bool, said: str
) -> None:
    _Signals(is_frozen=is_frozen)._received()
    assert capsys.readouterr().err == said


def test_status_imports_nothing_of_the_compile_or_the_sender() -> None:
    code = "import newsletter.cli.issues, sys; print(*sys.modules)"
    environ = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    heavy = {"alembic", "jinja2", "lxml", "markdown_it", "rich", "aiosmtplib", "yaml", "newsletter.content"}
    assert not heavy & set(done.stdout.split())
