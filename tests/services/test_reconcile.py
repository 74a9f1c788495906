"""The log of a real Postfix settles whose replies were lost, and a message that was cut off stays in doubt."""

from __future__ import annotations

import json
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.cli.main import main
from newsletter.delivery.state import DeliveryState
from newsletter.store.database import Engine, open_database, reading, writing
from newsletter.store.ledger import move_counters
from newsletter.store.schema import delivery
from newsletter.tokens import load_keys
from newsletter.workspace import Workspace
from tests.services.postfix import Postfix

ITEM = "---\ntitle: Экспорт вырос\nsubject: Экспорт вырос\ndate: 2026-11-20\n---\n\nПервый абзац новости.\n"
SETTINGS = """public_url = "https://news.zarechye.example"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
"""
Capture = pytest.CaptureFixture[str]


@pytest.mark.service
@pytest.mark.slow
def test_log_of_postfix_tells_whom_it_queued(in_workspace: Workspace, postfix: Postfix, capsys: Capture) -> None:
    root = in_workspace.root
    (root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (root / "content" / "april.md").write_text(ITEM, encoding="utf-8")
    rows = "".join(f"p{n}@a.example;Имя\n" for n in range(6))
    (root / "subscribers" / "press.csv").write_text(f"email;name\n{rows}", encoding="utf-8")
    postfix.start(keeps=False)
    send = ["send", "content/april.md", "--to", "subscribers/press.csv", "--smtp", postfix.url, "--yes", "--json"]
    assert main(send) == 0
    code = json.loads(capsys.readouterr().out)["issue"]
    engine = open_database(f"sqlite:///{root / 'var' / 'newsletter.db'}")
    lost, never = forget_replies(engine)
    cut_off(postfix, load_keys(in_workspace.key_file, {}).message_id_local(*other_id(engine, never)))
    found = reconcile(capsys, code, postfix.log)
    assert found[lost]["state"] == "accepted"
    assert found[lost]["queue_id"]
    assert found[never]["state"] == "uncertain"
    assert "does not reach" in str(found[never]["why"])
    log = postfix.log
    later = root / "later.log"
    later.write_bytes(log.read_bytes() + one_line_later(log))
    found = reconcile(capsys, code, later, "--absent-is-lost")
    assert (found[never]["state"], found[never]["why"]) == ("pending", "it began to arrive and was never queued")
    engine.dispose()


def forget_replies(engine: Engine) -> tuple[str, str]:
    """Make two accepted deliveries uncertain; of the second Postfix shall know nothing, so it takes another id."""
    with writing(engine) as conn:
        first, second = conn.execute(select(delivery).order_by(delivery.c.position).limit(2)).all()
        conn.execute(
            update(delivery)
            .where(delivery.c.id.in_([first.id, second.id]))
            .values(state=DeliveryState.UNCERTAIN.value, queue_id="")
        )
        conn.execute(update(delivery).where(delivery.c.id == second.id).values(id=10_000))
        move_counters(conn, first.issue_id, {(DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN): 2})
    return first.address, second.address


def other_id(engine: Engine, address: str) -> tuple[int, int]:
    with reading(engine) as conn:
        row = conn.execute(select(delivery.c.issue_id, delivery.c.id).where(delivery.c.address == address)).one()
    return row.issue_id, row.id


def cut_off(postfix: Postfix, local: str) -> None:
    """Send a message but for its end, far enough that Postfix's cleanup names it, and go."""
    with socket.create_connection(("127.0.0.1", postfix.port)) as client, client.makefile("rb") as replies:
        replies.readline()
        for command in ("HELO client", "MAIL FROM:<news@zarechye.example>", "RCPT TO:<p1@a.example>", "DATA"):
            client.sendall(f"{command}\r\n".encode())
            assert replies.readline()[:1] in b"23"
        client.sendall(f"Message-ID: <{local}@zarechye.example>\r\n\r\n".encode() + (b"x" * 70 + b"\r\n") * 4_000)


def one_line_later(log: Path) -> bytes:
    """Return a line of Postfix's a quarter of an hour after the log's last: nobody waits that long in a test."""
    last = log.read_text(encoding="utf-8").splitlines()[-1]
    # A leap year, so that every day of a log has a date.
    at = datetime.strptime(f"2028 {last[:15]} +0000", "%Y %b %d %H:%M:%S %z") + timedelta(minutes=15)
    return f"{at:%b} {at.day:>2} {at:%H:%M:%S} relay postfix/anvil[1]: statistics: max connection rate 1\n".encode()


def reconcile(capsys: Capture, code: str, log: Path, *more: str) -> dict[str, dict[str, object]]:
    hours = round((datetime.now().astimezone().utcoffset() or timedelta(0)).total_seconds() / 3_600)
    zone = f"Etc/GMT{-hours:+d}"  # this machine's, in which Postfix writes; POSIX turns the sign
    main(["reconcile", code, "--postfix-log", str(log), "--log-timezone", zone, "--json", *more])
    return {one["address"]: one for one in json.loads(capsys.readouterr().out)["found"]}
