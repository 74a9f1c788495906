"""The real press item through a real relay: Postfix takes every message and hands it on, and each one is read."""

from __future__ import annotations

import email
import json
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import html as lxml_html

from newsletter.cli.main import main
from newsletter.tokens import Purpose, load_keys
from newsletter.transport.embedded import EmbeddedServer
from newsletter.workspace import Workspace
from tests.services.postfix import Postfix

PEOPLE = 1_000
TITLE = "Экспорт резидентов вырос"
SETTINGS = """public_url = "https://news.zarechye.example"
[sender]
from = "Пресс-служба ОЭЗ «Заречье» <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
"""


@pytest.fixture
def office(in_workspace: Workspace) -> Workspace:
    (in_workspace.root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    rows = "".join(f"reader{n}@mail{n % 20}.example;{name(n)}\n" for n in range(PEOPLE))
    (in_workspace.subscribers / "all.csv").write_text(f"email;имя\n{rows}", encoding="utf-8")
    return in_workspace


def name(number: int) -> str:
    return f"Читатель № {number}" if number % 10 else ""


@pytest.mark.service
@pytest.mark.real_item
@pytest.mark.slow
def test_real_item_reaches_a_thousand_subscribers_through_postfix(
    office: Workspace, real_item_path: Path, postfix: Postfix, capsys: pytest.CaptureFixture[str]
) -> None:
    received = office.root / "received"
    with EmbeddedServer(received) as last_hop:
        postfix.start(next_port=urlsplit(last_hop.url).port)
        arguments = ["--title", TITLE, "--to", "subscribers/all.csv", "--smtp", postfix.url, "--yes", "--json"]
        assert main(["send", str(real_item_path), *arguments]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["audience"], report["accepted"]) == (PEOPLE, PEOPLE)
        wait_for(received, PEOPLE)
    messages = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in received.glob("*.eml")]
    assert len(messages) == PEOPLE
    assert {str(message["To"]) for message in messages} == {f"reader{n}@mail{n % 20}.example" for n in range(PEOPLE)}
    assert len({str(message["Message-ID"]) for message in messages}) == PEOPLE
    keys = load_keys(office.key_file, {})
    subjects = set()
    for message in messages:
        assert isinstance(message, EmailMessage)
        claim = keys.read(str(message["List-Unsubscribe"]).partition(">")[0].strip("<"))
        assert claim.purpose is Purpose.UNSUBSCRIBE
        subjects.add(claim.subject_id)
        read_message(message)
    assert len(subjects) == PEOPLE, "two people share an unsubscribe token"


def wait_for(folder: Path, files: int) -> None:
    """Postfix answers 250 before it hands on: poll until the last hop has them all, for a minute at most."""
    import time

    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.eml"))) < files and time.monotonic() < deadline:
        time.sleep(0.1)


def read_message(message: EmailMessage) -> None:
    """Assert that one message is what its person should get: defects, parts, greeting, link."""
    number = int(str(message["To"]).partition("@")[0].removeprefix("reader"))
    assert not message.defects
    assert str(message["Subject"]) == TITLE
    assert str(message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    text, html = message.iter_parts()
    greeting = f"Здравствуйте, {name(number)}!" if name(number) else "Здравствуйте!"
    plain, page = decoded(text), decoded(html)
    assert greeting in plain
    assert "248 млн рублей" in plain
    assert page.startswith("<!DOCTYPE html>")
    tree = lxml_html.document_fromstring(page.encode())
    assert greeting in " ".join(tree.text_content().split())
    link = str(message["List-Unsubscribe"]).partition(">")[0].strip("<")
    assert link in plain
    assert link in [element.get("href") for element in tree.iter("a")]


def decoded(part: object) -> str:
    payload = part.get_payload(decode=True)  # type: ignore[attr-defined]
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")
