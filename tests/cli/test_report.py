"""`newsletter report` and `newsletter resolve` as an operator meets them, on a ledger with trouble in every state."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.cli.main import main
from newsletter.delivery.state import DeliveryState
from newsletter.sending.lock import IssueLock
from newsletter.sending.places import FOLDER
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, reading, writing
from newsletter.store.evidence import list_events
from newsletter.store.issues import load_issue, verify_counts
from newsletter.store.keycheck import check_keys
from newsletter.store.ledger import move_counters
from newsletter.store.runs import begin_run
from newsletter.store.schema import delivery
from newsletter.tokens import Keys
from newsletter.workspace import Workspace
from tests.ledger import add_people, compiled, freeze_issue, keys, meant, migrated_file

__all__ = ["add_people", "compiled", "freeze_issue", "keys", "meant", "migrated_file"]

AT = datetime(2026, 11, 23, 9, 0, 3, tzinfo=UTC)
_S = DeliveryState
STATES = (
    _S.ACCEPTED, _S.REJECTED, _S.GAVE_UP, _S.DEFERRED, _S.UNCERTAIN, _S.UNCERTAIN, _S.EXCLUDED, _S.PENDING,
)  # fmt: skip
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script>\u202e\x1b[31m"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def engine(tmp_path: Path, migrated_file: Path) -> Iterator[Engine]:
    shutil.copy(migrated_file, tmp_path / "n.db")
    engine = open_database(f"sqlite:///{tmp_path / 'n.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def code(
    engine: Engine,
    keys: Keys,
    in_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> str:
    """A frozen issue of this workspace, with one delivery in each state but in flight, and two uncertain."""
    (in_workspace.root / "newsletter.toml").write_text(
        f'[database]\nurl = "{engine.url.render_as_string()}"\n', encoding="utf-8"
    )
    key_file = in_workspace.key_file
    key_file.write_text(keys.secrets[1].hex(), encoding="ascii")
    key_file.chmod(0o600)
    add_people(*[f"p{n}@{'a' if n % 2 else 'b'}.example" for n in range(len(STATES))], city="x")
    issue_id = freeze_issue(meant())
    tried = {"attempt": 1, "first_at": AT, "date_sent": AT, "relay": "relay.example:25", "reply": HOSTILE, "code": 550}
    with writing(engine) as conn:
        ids = conn.scalars(select(delivery.c.id).order_by(delivery.c.address)).all()
        for number, state in zip(ids, STATES, strict=True):
            more = {} if state in (_S.PENDING, _S.EXCLUDED) else tried
            conn.execute(update(delivery).where(delivery.c.id == number).values(state=state.value, **more))
            if state is not _S.PENDING:
                move_counters(conn, issue_id, {(_S.PENDING, state): 1})
        row = load_issue(conn, issue_id)
        begin_run(conn, row, number=1, owner="mailer:4711")
    check_keys(engine, keys, where="")
    return row.code


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        done = main(list(arguments))
        said = capsys.readouterr()
        return done, said.out, said.err

    return command


def test_report_tells_all_that_the_ledger_knows(run: Run, code: str) -> None:
    done, out, _ = run("report", code)
    assert done == 0
    for line in ("audience           8", "uncertain          2", "by domain:", "by reply:", "process 4711 on mailer"):
        assert line in out
    assert "b.example" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert out.rstrip().splitlines()[-1].startswith("  next:")


def test_status_tells_who_sent_last(run: Run, code: str) -> None:
    assert "last sent by process 4711 on mailer, from " in run("status", code)[1]


@pytest.mark.parametrize("excel", [False, True])
def test_csv_has_one_row_for_each_delivery_and_is_private(run: Run, code: str, tmp_path: Path, excel: bool) -> None:
    file = tmp_path / "report.csv"
    done, out, _ = run("report", code, "--csv", str(file), *(["--excel"] if excel else []))
    assert (done, out) == (0, f"{file}: issue {code}, 8 deliveries\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"\xef\xbb\xbf") is excel
    text = file.read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text), delimiter=";" if excel else ","))
    assert [row["state"] for row in sorted(found, key=lambda row: row["address"])] == [one.value for one in STATES]
    assert found[0]["reply"].startswith("'=cmd") or found[0]["reply"] == ""
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".report")] == []


def test_csv_to_stdout_is_the_file_and_nothing_else(run: Run, code: str) -> None:
    _, out, _ = run("report", code, "--csv", "-")
    assert out.splitlines()[0].startswith("address,state,")
    assert len(out.splitlines()) == 9


def test_what_is_no_file_is_written_into_and_not_replaced(run: Run, code: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        text = threads.submit(pipe.read_text, encoding="utf-8")
        assert run("report", code, "--csv", str(pipe))[0] == 0
        assert text.result().startswith("address,state,")
    assert pipe.is_fifo()


def test_reply_of_several_lines_makes_no_line_of_the_report(run: Run, code: str, engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(update(delivery).values(reply="no\n  next: something\x0b  accepted 9\u2028  uncertain 9"))
    _, out, _ = run("report", code)
    assert [line for line in out.splitlines() if line.startswith(("  next: s", "  accepted 9", "  uncertain 9"))] == []
    assert "no next: something" in out


def test_file_that_cannot_be_written_is_one_line(run: Run, code: str, tmp_path: Path) -> None:
    for option in ("--csv", "--html"):
        done, _, err = run("report", code, option, str(tmp_path / "none" / "x"))
        assert (done, "cannot write here" in err) == (2, True)


def test_options_that_exclude_each_other_are_refused(run: Run, code: str) -> None:
    assert run("report", code, "--csv", "a", "--html", "b")[0] == 2
    assert run("report", code, "--excel")[0] == 2
    assert run("report", "nosuch")[0] == 2


def uncertain(engine: Engine) -> list[str]:
    with reading(engine) as conn:
        found = select(delivery.c.address).where(delivery.c.state == _S.UNCERTAIN.value).order_by(delivery.c.address)
        return list(conn.scalars(found))


def test_resolve_keeps_who_said_so_and_the_sum(run: Run, code: str, engine: Engine) -> None:
    first, second = uncertain(engine)
    done, out, _ = run("resolve", code, first, "--as", "accepted", "--by", "Анна Белова", "--note", "звонок", "--json")
    assert done == 0
    assert json.loads(out) == {
        "issue": code,
        "resolved": [{"address": first, "state": "accepted"}],
        "uncertain": 1,
    }
    done, out, _ = run("resolve", code, second.upper(), "--as", "lost", "--by", "Анна Белова")
    assert done == 0
    assert f'"newsletter resume {code}" mails them again' in out
    with reading(engine) as conn:
        row = conn.execute(select(delivery).where(delivery.c.address == first)).one()
        counts = verify_counts(conn, row.issue_id)
        (event,) = list_events(conn, row.id)
    assert (counts.accepted, counts.pending, counts.uncertain, counts.audience) == (2, 2, 0, 8)
    assert event.detail == {"as": "accepted", "by": "Анна Белова", "note": "звонок", "attempt": 1}


def test_of_several_addresses_all_are_resolved_or_none(run: Run, code: str, engine: Engine) -> None:
    first, second = uncertain(engine)
    done, _, err = run("resolve", code, first, "p0@b.example", "--as", "accepted", "--by", "Anna")
    assert done == 2
    assert "the delivery to p0@b.example is accepted, not uncertain; nobody was resolved" in err
    assert uncertain(engine) == [first, second]
    assert run("resolve", code, first, second, first, "--as", "accepted", "--by", "Anna")[0] == 0
    assert uncertain(engine) == []


def test_resolve_names_who_is_not_meant_and_wants_a_name(run: Run, code: str, engine: Engine) -> None:
    first = uncertain(engine)[0]
    assert "was not meant for q@q.example" in run("resolve", code, "q@q.example", "--as", "lost", "--by", "A")[2]
    assert run("resolve", code, first, "--as", "lost", "--by", " ")[0] == 2
    assert run("resolve", code, first, "--as", "perhaps", "--by", "A")[0] == 2
    assert len(uncertain(engine)) == 2


def test_nobody_is_put_back_under_a_sender_at_work_but_may_be_accepted(
    run: Run, code: str, engine: Engine, in_workspace: Workspace
) -> None:
    first, second = uncertain(engine)
    with IssueLock(in_workspace.private_dir(FOLDER), code) as lock:
        lock.acquire(now=AT)
        done, _, err = run("resolve", code, first, "--as", "lost", "--by", "Anna")
        assert (done, "is being sent by" in err) == (3, True)
        assert run("resolve", code, second, "--as", "accepted", "--by", "Anna")[0] == 0
    assert uncertain(engine) == [first]


def test_page_is_private_whole_and_in_the_offices_language(run: Run, code: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    done, out, _ = run("report", code, "--html", str(file))
    assert (done, out) == (0, f"{file}: issue {code}, to open in a browser\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = file.read_text(encoding="utf-8")
    assert '<html lang="ru">' in page
    assert page.rstrip().endswith("</html>")
    assert "<script" not in page
    assert "\u202e" not in page
    assert run("report", code, "--html", "-")[1].startswith("<!doctype html>")


STAMP = "2026-11-23T{}+00:00 relay postfix/"


def log_of(engine: Engine, keys: Keys, *queued: str) -> str:
    """Return a log from an hour before the issue to an hour after, in which these addresses were queued."""
    lines = [f"{STAMP.format('08:00:00')}qmgr[1]: 4AbC99: removed"]
    with reading(engine) as conn:
        for number, address in enumerate(queued):
            row = conn.execute(select(delivery).where(delivery.c.address == address)).one()
            local, qid = keys.message_id_local(row.issue_id, row.id), f"4AbC1{number}"
            lines.append(f"{STAMP.format('09:00:04')}cleanup[2]: {qid}: message-id=<{local}@zarechye.example>")
            lines.append(
                f"{STAMP.format('09:00:05')}qmgr[1]: {qid}: from=<n@z.example>, size=9, nrcpt=1 (queue active)"
            )
            lines.append(
                f"{STAMP.format('09:00:06')}smtp[3]: {qid}: to=<{address}>, relay=mx[192.0.2.1]:25, delay=1, "
                f"dsn=5.1.1, status=bounced (550 \x1b[31m no such user)"
            )
    lines.append(f"{STAMP.format('10:00:00')}qmgr[1]: 4AbC98: removed")
    return "\n".join(lines) + "\n"


def test_the_relays_log_settles_whom_it_queued_and_names_why_others_stay(
    run: Run, code: str, engine: Engine, keys: Keys, tmp_path: Path
) -> None:
    first, second = uncertain(engine)
    log = tmp_path / "mail.log"
    log.write_text(log_of(engine, keys, first), encoding="utf-8")
    done, out, _ = run("reconcile", code, "--postfix-log", str(log), "--dry-run")
    assert (done, len(uncertain(engine))) == (1, 2)
    assert "dry run: nothing was changed" in out
    done, out, _ = run("reconcile", code, "--postfix-log", str(log), "--absent-is-lost", "--json")
    facts = json.loads(out)
    assert done == 1
    assert {one["address"]: one["state"] for one in facts["found"]} == {first: "accepted", second: "uncertain"}
    (why,) = [one["why"] for one in facts["found"] if one["address"] == second]
    assert why == "the log lacks 1 of 1 other mails that the relay accepted about that time"
    with reading(engine) as conn:
        row = conn.execute(select(delivery).where(delivery.c.address == first)).one()
        assert (row.state, row.queue_id) == ("accepted", "4AbC10")
        assert [event.kind for event in list_events(conn, row.id)] == ["resolve", "bounce"]
        assert verify_counts(conn, row.issue_id).audience == 8
    run("reconcile", code, "--postfix-log", str(log))
    with reading(engine) as conn:
        assert len(list_events(conn, row.id)) == 2, "the same log, read twice, tells nothing new"


def test_who_is_demonstrably_not_in_the_log_is_put_back_when_told(
    run: Run, code: str, engine: Engine, keys: Keys, tmp_path: Path
) -> None:
    with reading(engine) as conn:
        accepted = conn.execute(select(delivery.c.address).where(delivery.c.state == "accepted")).scalar_one()
    log = tmp_path / "mail.log"
    log.write_text(log_of(engine, keys, accepted), encoding="utf-8")
    done, out, _ = run("reconcile", code, "--postfix-log", str(log))
    assert (done, len(uncertain(engine))) == (1, 2)
    assert "is put back with --absent-is-lost" in out
    done, out, _ = run("reconcile", code, "--postfix-log", str(log), "--absent-is-lost")
    assert (done, uncertain(engine)) == (0, [])
    assert f'"newsletter resume {code}" mails them again' in out


def test_a_bounce_of_accepted_mail_is_kept_and_moves_no_count(
    run: Run, code: str, engine: Engine, keys: Keys, tmp_path: Path
) -> None:
    with writing(engine) as conn:
        conn.execute(update(delivery).where(delivery.c.state == "accepted").values(queue_id="4AbC10"))
        row = conn.execute(select(delivery).where(delivery.c.state == "accepted")).one()
    log = tmp_path / "mail.log"
    # The issue of the fixture is frozen now, and its tries are of 2026: bounces from before the freeze are not its own.
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="seconds")
    log.write_text(
        f"{later} relay postfix/smtp[3]: 4AbC10: to=<{row.address}>, relay=mx[192.0.2.1]:25, dsn=5.1.1, "
        "status=bounced (550 \x1b[31m gone)\n",
        encoding="utf-8",
    )
    _, out, _ = run("reconcile", code, "--postfix-log", str(log), "--postfix-log", str(log))
    assert out.count(f"{row.address}: came back later: 550") == 1
    assert "\x1b" not in out
    with reading(engine) as conn:
        assert [event.kind for event in list_events(conn, row.id)] == ["bounce"]
        assert verify_counts(conn, row.issue_id).accepted == 1
    assert ",bounce" in run("report", code, "--csv", "-")[1]


def test_a_log_of_something_else_is_refused(run: Run, code: str, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("nothing\n", encoding="utf-8")
    done, _, err = run("reconcile", code, "--postfix-log", str(log))
    assert (done, "no line of Postfix is in it" in err) == (2, True)
    done, _, err = run("reconcile", code, "--postfix-log", str(log), "--log-timezone", "../x")
    assert (done, "there is no time zone" in err) == (2, True)
