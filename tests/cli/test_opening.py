"""Database and key belong together: what one of them lost is told, never made anew in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from newsletter.cli.doctor import Finding, examine
from newsletter.cli.main import main
from newsletter.workspace import Workspace

# Each command compiles in a child process: most of a second a test.
pytestmark = pytest.mark.slow

ITEM = """---
title: Экспорт вырос
---
Предприятия ОЭЗ «Заречье» в 2025 году увеличили экспорт на 12%.
"""
SETTINGS = """
public_url = "https://news.zarechye.example"
[office]
name = "Пресс-служба ОЭЗ «Заречье»"
address = "Зареченск, ул. Лесная, 1"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
"""
SEND = ["send", "content/item.md", "--list", "press", "--outbox", "out", "--yes"]
IMPORT = ["subscribers", "import", "list.csv", "--list", "press"]
NEEDING_KEYS = (
    ["subscribers", "list"],
    IMPORT,
    ["subscribers", "suppress", "anna@x.example"],
    SEND,
    ["build", "content/item.md", "--as", "anna@x.example"],
)
OTHER_KEY = f"1:{'ab' * 32}\n"


@pytest.fixture
def office(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Workspace:
    """A workspace with two people on the list "press"."""
    in_workspace.settings_file.write_text(SETTINGS, encoding="utf-8")
    (in_workspace.content / "item.md").write_text(ITEM, encoding="utf-8")
    (in_workspace.root / "list.csv").write_text("email\nanna@x.example\nboris@x.example\n", encoding="utf-8")
    assert main(IMPORT) == 0
    capsys.readouterr()
    return in_workspace


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run a command that is refused; returns its one line."""
    capsys.readouterr()
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()[-1]


def finding(workspace: Workspace, check: str) -> Finding:
    return next(one for one in examine(workspace.root, network=False) if one.check == check and one.state != "ok")


@pytest.mark.parametrize("arguments", NEEDING_KEYS)
def test_another_key_undoes_no_unsubscribe(
    office: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    office.key_file.write_text(OTHER_KEY)
    line = refused(capsys, arguments)
    assert line.startswith("newsletter: var/secret.key: this is not the secret key that the database was made with")
    assert "would be mailed again" in line
    assert "restore key 1 from its copy" in line
    assert finding(office, "keys").state == "fail"


def test_another_key_in_the_environment_is_named_as_such(
    office: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_SECRET", OTHER_KEY.strip())
    assert refused(capsys, ["subscribers", "list"]).startswith("newsletter: NEWSLETTER_SECRET: this is not")


@pytest.mark.parametrize("arguments", [*NEEDING_KEYS, ["build", "content/item.md"]])
def test_a_lost_key_is_not_made_anew(
    office: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    office.key_file.unlink()
    line = refused(capsys, arguments)
    assert "secret.key: the secret key is gone" in line
    assert "restore it from its copy" in line
    assert not office.key_file.exists()
    assert finding(office, "keys").state == "fail"
    assert not office.key_file.exists()


@pytest.mark.parametrize("left", [b"", None])
@pytest.mark.parametrize("arguments", [*NEEDING_KEYS, ["status"]])
def test_a_database_that_vanished_after_a_send_is_not_made_anew(
    office: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], left: bytes | None
) -> None:
    send_and_lose_the_database(office, left)
    line = refused(capsys, arguments)
    assert line.startswith("newsletter: var/newsletter.db: mails were sent from this workspace, but their database")
    assert "restore its copy" in line
    assert "delete var/send and var/secret.key" in line
    file = office.var / "newsletter.db"
    assert (file.read_bytes() if file.exists() else None) == left
    assert finding(office, "database").state == "fail"


def send_and_lose_the_database(office: Workspace, left: bytes | None) -> None:
    assert main(SEND) == 0
    for path in office.var.glob("newsletter.db*"):
        path.unlink()
    if left is not None:
        (office.var / "newsletter.db").write_bytes(left)


def test_after_the_loss_of_everything_one_begins_anew_as_told(
    office: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    send_and_lose_the_database(office, None)
    shutil.rmtree(office.var / "send")
    office.key_file.unlink()
    assert main(IMPORT) == 0
    assert office.key_file.exists()


def test_a_fresh_database_in_place_of_the_old_one_is_noticed(
    office: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    send_and_lose_the_database(office, None)
    (office.var / "send").rename(tmp_path / "aside")
    assert main(["status"]) == 0  # makes an empty database
    shutil.rmtree(office.var / "send", ignore_errors=True)
    (tmp_path / "aside").rename(office.var / "send")
    assert "their database is gone or was replaced" in refused(capsys, IMPORT)
    assert finding(office, "database").state == "fail"


def test_first_use_needs_nothing(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (in_workspace.var / "newsletter.db").touch()
    assert main(["subscribers", "list"]) == 0
    assert in_workspace.key_file.exists()


def test_a_send_says_in_words_who_is_left_out(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["subscribers", "suppress", "anna@x.example"]) == 0
    assert main([*SEND, "--dry-run"]) == 0
    assert "press: 1 to mail; left out: 1 asked not to be mailed\n" in capsys.readouterr().err
