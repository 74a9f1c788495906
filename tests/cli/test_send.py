"""`newsletter send` and what follows it as an operator meets them, over a real SMTP server."""

from __future__ import annotations

import email
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from newsletter.address import normalise
from newsletter.cli.main import main
from newsletter.sending.lock import IssueLock
from newsletter.store.database import open_database, writing
from newsletter.store.schema import delivery, issue, issue_count
from newsletter.store.schema import run as run_table
from newsletter.store.subscribers import add_subscriber, unsubscribe
from newsletter.subscriber import GoodRow
from newsletter.tokens import Purpose, load_keys
from newsletter.workspace import Workspace
from tests.smtp_servers import HANG, Sink, Transaction, refusing, refusing_first

# Each command compiles in a child process: most of a second a test.
pytestmark = pytest.mark.slow

ITEM = """---
title: Экспорт вырос
subject: Экспорт вырос в 2,7 раза
preheader: Коротко о квартале
date: 2026-11-20
---

Первый абзац новости.
"""
SETTINGS = """public_url = "https://news.zarechye.example"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
[send]
connections = 2
"""
COUNTS = ("accepted", "rejected", "gave_up", "deferred", "uncertain", "excluded", "pending", "in_flight")

Capture = pytest.CaptureFixture[str]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def office(in_workspace: Workspace) -> Workspace:
    root = in_workspace.root
    (root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (root / "content" / "april.md").write_text(ITEM, encoding="utf-8")
    write_list(root, 6)
    return in_workspace


def write_list(root: Path, people: int, name: str = "press.csv") -> None:
    rows = "".join(f"p{n}@a.example;Имя {n}\n" for n in range(people))
    (root / "subscribers" / name).write_text(f"email;name\n{rows}", encoding="utf-8")


@pytest.fixture
def run(office: Workspace, capsys: Capture) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def send_arguments(sink: Sink, *more: str) -> list[str]:
    return ["send", "content/april.md", "--to", "subscribers/press.csv", "--smtp", sink.url, "--no-wait", *more]


def test_send_to_a_file_serves_everybody_and_tells_it_as_json(run: Run) -> None:
    with Sink() as sink:
        code, out, _ = run(*send_arguments(sink, "--yes", "--json"))
    facts = json.loads(out)
    assert code == 0
    assert list(facts) == [
        "issue", "key", "list", "digest", "state", "audience", *COUNTS, "seconds", "messages_per_second",
    ]  # fmt: skip
    assert (facts["key"], facts["list"], facts["state"]) == ("content/april.md", "file:press", "finished")
    assert facts["audience"] == facts["accepted"] == 6 == sum(facts[name] for name in COUNTS)
    assert len(facts["digest"]) == 64
    assert facts["seconds"] > 0
    assert Counter(sink.recipients) == Counter(f"p{n}@a.example" for n in range(6))
    mail = email.message_from_bytes(sink.accepted[0].data)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_send_shows_what_will_happen_and_prints_the_short_id_at_freeze(run: Run) -> None:
    with Sink() as sink:
        _, out, err = run(*send_arguments(sink, "--yes"))
    assert "subject   Экспорт вырос в 2,7 раза" in err
    assert "from      Пресс-служба <news@zarechye.example>" in err
    assert re.search(r"^digest    [0-9a-f]{16}$", err, re.MULTILINE)
    assert "list      file:press: 6 to mail" in err
    assert "first     p" in err
    code = out.split()[1].rstrip(":")
    assert out.startswith(f"issue {code}: 6 to mail, 0 excluded\n")
    assert f"issue {code}  content/april.md to file:press  finished" in out


def test_dry_run_writes_and_sends_nothing(run: Run) -> None:
    with Sink() as sink:
        code, out, _ = run(*send_arguments(sink, "--dry-run", "--json"))
    facts = json.loads(out)
    assert (code, facts["issue"], facts["audience"], facts["pending"]) == (0, None, 6, 6)
    assert sink.connections == 0
    assert json.loads(run("status", "--json")[1]) == {"issues": []}
    assert "file:press" not in run("subscribers", "list")[1]


def test_without_a_terminal_and_without_yes_nothing_is_sent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with Sink() as sink:
        code, _, err = run(*send_arguments(sink))
    assert code == 2
    assert "no terminal to ask on; add --yes" in err
    assert sink.connections == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "expected", "mails"), [("y\n", 0, 6), ("да\n", 0, 6), ("n\n", 3, 0), ("", 3, 0)])
def test_answer_on_the_terminal_decides(
    run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, expected: int, mails: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    with Sink() as sink:
        code, _, err = run(*send_arguments(sink))
    assert code == expected
    assert "Send to 6 people now?" in err
    assert len(sink.accepted) == mails


def test_second_send_is_refused_and_again_and_missing_go_on(run: Run, office: Workspace) -> None:
    with Sink(answers=refusing_first("rcpt", "550 5.1.1 unknown", 1)) as sink:
        first, _, _ = run(*send_arguments(sink, "--yes"))
        refused, _, err = run(*send_arguments(sink, "--yes"))
        write_list(office.root, 7)
        missing, out, _ = run(*send_arguments(sink, "--yes", "--missing", "--json"))
        again, _, _ = run(*send_arguments(sink, "--yes", "--again"))
    assert (first, refused, missing, again) == (1, 3, 0, 0)
    assert "was already sent" in err
    assert "--missing" in err
    assert json.loads(out)["audience"] == 2  # the refused one, and the new one
    issues = json.loads(run("status", "--json")[1])["issues"]
    assert [issue["audience"] for issue in issues] == [7, 2, 6]  # newest first


def test_relay_that_is_down_freezes_nothing(run: Run) -> None:
    with Sink() as sink:
        pass
    code, out, err = run(*send_arguments(sink, "--yes"))
    assert code == 2
    assert out == ""
    assert [line for line in err.splitlines() if "cannot be reached" in line]
    assert json.loads(run("status", "--json")[1]) == {"issues": []}


def test_refused_login_is_one_line_and_freezes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SMTP__USER", "press")
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", "wrong")
    with Sink(login=("press", "right")) as sink:
        code, out, _ = run(*send_arguments(sink, "--yes", "--json"))
    assert code == 2
    error = json.loads(out)["error"]
    assert set(error) == {"message", "file", "line", "fix"}
    assert "refused the login of press: 535" in error["message"]
    assert json.loads(run("status", "--json")[1]) == {"issues": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--list", "nobody"], 'there is no list "nobody"'),
        ([], "no list is named"),
        (["--list", "x", "--to", "y.csv"], "exclude each other"),
        (["--to", "subscribers/none.csv"], "subscribers/none.csv"),
        (["--to", "subscribers/press.csv", "--again", "--missing"], "exclude each other"),
        (["--to", "subscribers/press.csv", "--rate", "fast"], "--rate"),
        (["--to", "subscribers/press.csv", "--uncertain", "maybe"], "hold or resend"),
        (["--to", "subscribers/press.csv", "--outbox", "out"], "--smtp and --outbox"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(run: Run, arguments: list[str], message: str) -> None:
    with Sink() as sink:
        code, out, err = run("send", "content/april.md", "--yes", "--smtp", sink.url, *arguments)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert sink.connections == 0


def test_send_without_the_settings_it_needs_names_them(run: Run, office: Workspace) -> None:
    (office.root / "newsletter.toml").write_text("", encoding="utf-8")
    with Sink() as sink:
        code, _, err = run(*send_arguments(sink, "--yes"))
    assert code == 2
    assert "public_url, sender.from, sender.unsubscribe_mailto" in err


def test_outbox_is_a_real_send_without_a_relay(run: Run, office: Workspace) -> None:
    arguments = ["send", "content/april.md", "--to", "subscribers/press.csv", "--yes", "--outbox", "out"]
    assert run(*arguments)[0] == 0
    mails = [email.message_from_bytes(path.read_bytes()) for path in (office.root / "out").glob("*.eml")]
    assert sorted(mail["To"] for mail in mails) == [f"p{n}@a.example" for n in range(6)]
    code, _, err = run(*arguments)  # the same ledger, the same refusal
    assert code == 3
    assert "outbox folder" in err
    assert "--again sends it for real" in err


def leave_in_flight(office: Workspace, people: int) -> list[Path]:
    """Make the ledger as if the sender had died over its last mails; returns the files of those, in their order."""
    engine = open_database(f"sqlite:///{office.var / 'newsletter.db'}")
    with writing(engine) as conn:
        rows = conn.execute(select(delivery.c.id, delivery.c.sha256).order_by(delivery.c.id.desc()).limit(people)).all()
        conn.execute(update(delivery).where(delivery.c.id.in_([row.id for row in rows])).values(state="in_flight"))
        conn.execute(update(issue).values(state="running"))
        conn.execute(update(issue_count).values(accepted=6 - people, in_flight=people))
        conn.execute(update(run_table).values(ended_at=None, end=""))
    engine.dispose()
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in (office.root / "out").glob("*.eml")}
    return [files[row.sha256] for row in rows]


def test_killed_outbox_run_is_certain_of_every_mail(run: Run, office: Workspace) -> None:
    run("send", "content/april.md", "--to", "subscribers/press.csv", "--yes", "--outbox", "out")
    written, half, never = leave_in_flight(office, 3)
    half.rename(half.with_name(f".{half.stem}.part"))
    never.unlink()
    before = written.read_bytes()
    code, out, err = run("resume", issue_code(run), "--json")
    facts = json.loads(out)
    assert (code, facts["accepted"], facts["uncertain"]) == (0, 6, 0)
    assert "which died" in err
    assert written.read_bytes() == before
    assert [path.suffix for path in (office.root / "out").iterdir()] == [".eml"] * 6  # no half-written file is left


def test_outbox_whose_files_are_taken_away_cannot_tell(run: Run, office: Workspace) -> None:
    run("send", "content/april.md", "--to", "subscribers/press.csv", "--yes", "--outbox", "out")
    leave_in_flight(office, 1)
    for path in (office.root / "out").glob("*.eml"):
        path.unlink()  # by a mail server that picks them up: absent does not mean never written
    code, out, _ = run("resume", issue_code(run), "--json")
    assert (code, json.loads(out)["uncertain"]) == (1, 1)


def test_list_with_everybody_gone_is_one_line_and_exit_2(run: Run) -> None:
    assert run("subscribers", "import", "subscribers/press.csv", "--list", "press")[0] == 0
    for number in range(6):
        assert run("subscribers", "remove", f"p{number}@a.example", "--list", "press")[0] == 0
    with Sink() as sink:
        code, _, err = run("send", "content/april.md", "--list", "press", "--yes", "--smtp", sink.url)
    assert code == 2
    assert "suppressed or unsubscribed (6)" in err


@pytest.fixture
def bare(office: Workspace) -> str:
    """A template that prints each person's city without a fallback; returns its name."""
    settings = SETTINGS + "[subscriber.fields]\ncity = {}\nname = { default = '' }\n"
    (office.root / "newsletter.toml").write_text(settings, encoding="utf-8")
    theme = office.root / "templates" / "bare"
    theme.mkdir()
    mjml = (
        '<mjml lang="ru" dir="ltr"><mj-head><mj-attributes><mj-all font-family="Arial" /></mj-attributes></mj-head>'
        "<mj-body><mj-section><mj-column><mj-text>{{ subscriber.city }} "
        '<a href="{{ links.unsubscribe }}">отписаться</a></mj-text></mj-column></mj-section></mj-body></mjml>'
    )
    (theme / "letter.mjml").write_text(mjml, encoding="utf-8")
    (theme / "letter.txt").write_text("{{ subscriber.city }}\n{{ links.unsubscribe }}\n", encoding="utf-8")
    return theme.name


def test_field_that_somebody_lacks_is_counted_before_anything_is_sent(run: Run, bare: str) -> None:
    assert run("subscribers", "import", "subscribers/press.csv", "--list", "press")[0] == 0
    assert run("subscribers", "add", "full@a.example", "--list", "press", "--field", "city=Зареченск")[0] in (0, 2)
    with Sink() as sink:
        code, _, err = run(
            "send", "content/april.md", "--template", bare, "--list", "press", "--yes", "--smtp", sink.url
        )
    assert code == 2
    assert "people have no city, which the mail prints without a fallback" in err
    assert sink.connections == 0


class Meanwhile(Terminal):
    """A person who answers yes, and before that somebody else's command is done."""

    def __init__(self, other: Callable[[], None]) -> None:
        super().__init__("y\n")
        self._other = other

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as StringIO itself
        self._other()
        return super().readline(-1 if size is None else size)


def other_connection(office: Workspace, act: Callable[[Connection], object]) -> Callable[[], None]:
    def run_it() -> None:
        engine = open_database(f"sqlite:///{office.var / 'newsletter.db'}")
        with writing(engine) as conn:
            act(conn)
        engine.dispose()

    return run_it


def write_cities(office: Workspace, people: int = 2) -> None:
    rows = "".join(f"p{n}@a.example;Зареченск\n" for n in range(people))
    (office.root / "subscribers" / "press.csv").write_text(f"email;city\n{rows}", encoding="utf-8")


def joins(office: Workspace, address: str, **fields: str) -> Callable[[Connection], object]:
    keys = load_keys(office.key_file, {})
    row = GoodRow(line=0, address=normalise(address), fields=fields)
    return lambda conn: add_subscriber(conn, "press", row, keys=keys)


def leaves(office: Workspace, address: str) -> Callable[[Connection], object]:
    keys = load_keys(office.key_file, {})
    return lambda conn: unsubscribe(conn, keys.address_key(address), list_name="press", reason="link")


def test_who_comes_while_the_question_stands_without_what_the_mail_prints_stops_it(
    run: Run, office: Workspace, bare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cities(office)
    assert run("subscribers", "import", "subscribers/press.csv", "--list", "press")[0] == 0
    monkeypatch.setattr(sys, "stdin", Meanwhile(other_connection(office, joins(office, "late@a.example"))))
    with Sink() as sink:
        code, out, err = run("send", "content/april.md", "--template", bare, "--list", "press", "--smtp", sink.url)
    assert (code, out) == (2, "")
    assert "Send to 2 people now?" in err
    assert "1 of 3 people have no city, which the mail prints without a fallback" in err
    assert not sink.accepted
    assert json.loads(run("status", "--json")[1]) == {"issues": []}


@pytest.mark.parametrize(
    ("coming", "leaving", "said"),
    [
        (["late@a.example"], [], "6 → 7 to mail; nothing was sent; send again"),
        ([], ["p3@a.example"], "6 → 5 to mail"),
        (["late@a.example"], ["p3@a.example"], "6 to mail, but not the same people"),
        ([], ["gone@a.example"], "other people are left out"),
    ],
)
def test_list_that_changed_while_the_question_stood_is_asked_about_again(
    run: Run, office: Workspace, monkeypatch: pytest.MonkeyPatch, coming: list[str], leaving: list[str], said: str
) -> None:
    def change(conn: Connection) -> None:
        for address in [*coming, *(address for address in leaving if address == "gone@a.example")]:
            joins(office, address)(conn)
        for address in leaving:
            leaves(office, address)(conn)

    assert run("subscribers", "import", "subscribers/press.csv", "--list", "press")[0] == 0
    monkeypatch.setattr(sys, "stdin", Meanwhile(other_connection(office, change)))
    with Sink() as sink:
        arguments = ["send", "content/april.md", "--list", "press", "--smtp", sink.url]
        code, out, err = run(*arguments)
        assert (code, out) == (3, "")
        assert f"the list press changed while you were asked: {said}" in err
        assert not sink.accepted
        assert json.loads(run("status", "--json")[1]) == {"issues": []}
        monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
        assert run(*arguments)[0] == 0


@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_dry_run_to_a_file_refuses_what_the_send_would_refuse(run: Run, office: Workspace, bare: str, how: str) -> None:
    with Sink() as sink:
        lacking, _, err = run(*send_arguments(sink, how, "--template", bare))
        assert "6 of 6 people have no city" in err
        assert not sink.accepted
        write_cities(office)
        assert run(*send_arguments(sink, "--yes", "--template", bare))[0] == 0
        nobody, _, err = run(*send_arguments(sink, how, "--template", bare, "--missing"))
    assert "nobody on the list file:press is missing" in err
    assert (lacking, nobody) == (2, 3)


def test_dry_run_to_a_file_shows_what_the_send_then_shows_and_leaves_no_trace(run: Run, office: Workspace) -> None:
    def shown(err: str) -> list[str]:
        return [line for line in err.splitlines() if line.startswith(("list ", "first ", "newsletter: warning"))]

    with Sink() as sink:
        assert run(*send_arguments(sink, "--yes"))[0] == 0
        run("subscribers", "remove", "p1@a.example")
        rows = "email;name\np1@a.example;Имя\np2@a.example;Новое имя\nnew@a.example;Имя\nbroken\n"
        (office.root / "subscribers" / "press.csv").write_text(rows, encoding="utf-8")
        before = run("subscribers", "export", "--list", "file:press", "--all")[1]
        rehearsed, _, dry = run(*send_arguments(sink, "--dry-run", "--again"))
        assert run("subscribers", "export", "--list", "file:press", "--all")[1] == before
        sent, _, real = run(*send_arguments(sink, "--yes", "--again"))
    assert (rehearsed, sent) == (0, 0)
    without_report = [re.sub(r"see .*", "", line) for line in shown(dry)]
    assert without_report == [re.sub(r"see .*", "", line) for line in shown(real)]
    assert [line.split()[0] for line in without_report] == ["newsletter:", "list", "first"]
    assert "list      file:press: 2 to mail; left out: 1 unsubscribed" in dry


def test_relay_that_is_down_leaves_the_list_of_a_file_as_it_was(run: Run) -> None:
    with Sink() as sink:
        pass
    assert run(*send_arguments(sink, "--yes"))[0] == 2
    assert "file:press" not in run("subscribers", "list")[1]


def issue_code(run: Run) -> str:
    return str(json.loads(run("status", "--json")[1])["issues"][0]["issue"])


def test_refused_recipient_makes_exit_1_and_the_report_says_why(run: Run) -> None:
    with Sink(answers=refusing("rcpt", "550 5.1.1 no such \x1b[31muser", rcpt="p3@")) as sink:
        code, out, _ = run(*send_arguments(sink, "--yes"))
    assert code == 1
    assert "  rejected:\n    p3@a.example: 550 5.1.1 no such" in out
    assert "  rejected:\n    p3@a.example: 550 5.1.1 no such" in run("status", issue_code(run))[1]
    assert "\x1b" not in out
    facts = json.loads(run("status", issue_code(run), "--json")[1])
    assert (facts["accepted"], facts["rejected"], facts["state"]) == (5, 1, "finished")


def test_waiting_issue_is_resumed_over_the_relay_of_its_send(run: Run) -> None:
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        assert run(*send_arguments(sink, "--yes"))[0] == 1
        code = issue_code(run)
        assert json.loads(run("status", code, "--json")[1])["state"] == "waiting"
        again, out, _ = run("resume", code, "--no-wait", "--json")  # not due yet
    facts = json.loads(out)
    assert again == 1
    assert (facts["issue"], facts["accepted"], facts["deferred"]) == (code, 5, 1)
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d MSK"
    told = run("status", code)[1]
    assert re.search(rf"deferred, next try at {moment}:\n    p\d@a.example: 450 4.2.0 later", told)
    assert re.search(rf'next: "newsletter resume {code}" after {moment}', told)
    assert re.match(rf"{code}  {moment}  waiting", run("status")[1])


def test_resume_of_a_finished_issue_only_reports(run: Run) -> None:
    with Sink() as sink:
        run(*send_arguments(sink, "--yes"))
        code = issue_code(run)
        connections = sink.connections
        assert run("resume", code)[0] == 0
        assert sink.connections == connections
    assert run("stop", code)[0] == 2


def test_refused_by_our_fault_are_tried_again_on_request(run: Run) -> None:
    with Sink(answers=refusing_first("mail", "550 5.7.1 Sender refused", 5)) as sink:
        assert run(*send_arguments(sink, "--yes", "--connections", "1"))[0] == 1
        code = issue_code(run)
        assert json.loads(run("status", code, "--json")[1])["state"] == "paused"
        assert f'next: "newsletter resume {code} --retry-refused 5.7.1"' in run("status", code)[1]
        assert run("resume", code, "--retry-refused", "5.7.1")[0] == 0
    assert len(sink.accepted) == 6


def test_issue_that_is_being_sent_is_refused_to_a_second_sender(run: Run, office: Workspace) -> None:
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        run(*send_arguments(sink, "--yes"))
        code = issue_code(run)
        with IssueLock(office.var / "send", code) as lock:
            lock.acquire(now=datetime.now(UTC))
            refused, _, err = run("resume", code)
            again, _, said = run(*send_arguments(sink, "--yes"))
            stopping, out, _ = run("stop", code)
    assert refused == 3
    assert f"issue {code} is being sent by process {os.getpid()}" in err
    assert again == 3
    assert f"issue {code} is being sent by process {os.getpid()}" in said
    assert (stopping, "stops after the messages under way" in out) == (0, True)


def test_stopped_issue_says_so_and_goes_on(run: Run) -> None:
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 later", 1)) as sink:
        run(*send_arguments(sink, "--yes"))
    code = issue_code(run)
    assert run("stop", code)[0] == 0
    assert json.loads(run("status", code, "--json")[1])["state"] == "stopped"


def test_show_rebuilds_the_very_bytes(office: Workspace, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with Sink() as sink:
        run_code = main(send_arguments(sink, "--yes", "--json"))
    code = json.loads(capfdbinary.readouterr().out)["issue"]
    assert run_code == 0
    for transaction in sink.accepted[:3]:
        assert main(["show", code, "--to", transaction.rcpt_to.upper()]) == 0
        sys.stdout.flush()
        assert capfdbinary.readouterr().out == transaction.data


def test_show_tells_when_there_is_nothing_to_show(run: Run) -> None:
    with Sink(answers=refusing("mail", "550 5.7.1 Sender refused")) as sink:
        run(*send_arguments(sink, "--yes", "--connections", "1"))
    code = issue_code(run)
    assert "was not meant for x@a.example" in run("show", code, "--to", "x@a.example")[2]
    unsent = [n for n in range(6) if run("show", code, "--to", f"p{n}@a.example")[0] == 2]
    assert len(unsent) == 1  # the breaker stopped it after five


@pytest.mark.parametrize("command", [["status"], ["resume"], ["stop"], ["show", "--to", "a@a.example"]])
def test_unknown_issue_is_one_line_and_exit_2(run: Run, command: list[str]) -> None:
    code, _, err = run(command[0], "zzzzzz", *command[1:])
    assert code == 2
    assert 'there is no issue "zzzzzz"; "newsletter status" lists them' in err


def test_trial_goes_to_the_addresses_with_tokens_that_unsubscribe_nobody(run: Run, office: Workspace) -> None:
    with Sink() as sink:
        code, out, _ = run(
            "test", "content/april.md", "--to", "me@b.example", "--to", "you@b.example", "--smtp", sink.url
        )
    assert code == 0
    assert "me@b.example: accepted" in out
    assert sink.recipients == ["me@b.example", "you@b.example"]
    mail = email.message_from_bytes(sink.accepted[0].data)
    claim = load_keys(office.key_file, {}).read(mail["List-Unsubscribe"])
    assert claim.purpose is Purpose.TRIAL
    assert json.loads(run("status", "--json")[1]) == {"issues": []}


def test_trial_is_signed_as_the_send_is(run: Run, office: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run("dkim", "keygen", "--selector", "s1")
    with Sink() as sink:
        monkeypatch.setenv("NEWSLETTER_DKIM__DOMAIN", "zarechye.example")
        monkeypatch.setenv("NEWSLETTER_DKIM__SELECTOR", "s1")
        assert run("test", "content/april.md", "--to", "me@b.example", "--smtp", sink.url)[0] == 0
        assert run("send", "content/april.md", "--to", "subscribers/press.csv", "--yes", "--smtp", sink.url)[0] == 0
    signed = [email.message_from_bytes(mail.data)["DKIM-Signature"] for mail in sink.accepted]
    assert len(signed) > 2
    assert all("d=zarechye.example; s=s1;" in " ".join(field.split()) for field in signed)


def test_refused_trial_is_exit_1(run: Run) -> None:
    with Sink(answers=refusing("rcpt", "550 5.1.1 unknown")) as sink:
        code, out, _ = run("test", "content/april.md", "--to", "me@b.example", "--smtp", sink.url)
    assert code == 1
    assert "me@b.example: rejected: 550 5.1.1 unknown (at RCPT)" in out


@pytest.mark.slow
@pytest.mark.parametrize(("signals", "state"), [(1, "pending"), (2, "uncertain")])
def test_signal_drains_and_a_second_one_ends_at_once(run: Run, office: Workspace, signals: int, state: str) -> None:
    """The sink signals the sender when the third mail is complete; with two signals it never answers that one."""
    pid: list[int] = []
    reached: list[int] = []

    def content(transaction: Transaction) -> str:
        if transaction.number >= 3 and not reached:
            reached.append(transaction.number)
            os.kill(pid[0], signal.SIGINT)
            if signals == 2:
                return HANG
        return ""

    with Sink(answers={"content": content}) as sink:
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        command = [sys.executable, "-m", "newsletter", *send_arguments(sink, "--yes", "--connections", "1")]
        with subprocess.Popen(
            command, cwd=office.root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            pid.append(process.pid)
            assert process.stderr is not None
            if signals == 2:
                for line in process.stderr:
                    if "once more to end at once" in line:
                        process.send_signal(signal.SIGTERM)
                        break
            out, err = process.communicate(timeout=120)
        sink.settle()
        assert process.returncode == 130, err
        assert "Traceback" not in err
        facts = json.loads(run("status", issue_code(run), "--json")[1])
        assert facts["state"] == "interrupted"
        assert facts[state] > 0
        assert facts["in_flight"] == 0
        assert f"issue {facts['issue']}" in out
        sink.answers = {}
        resumed, _, _ = run("resume", facts["issue"])
    assert resumed == (0 if signals == 1 else 1)
    assert max(Counter(sink.recipients).values()) == 1  # nobody twice
