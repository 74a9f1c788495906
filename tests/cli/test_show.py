"""`newsletter show` makes a signed message again, also after its key was followed by another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.cli.main import main
from newsletter.workspace import Workspace

# It compiles in a child process.
pytestmark = pytest.mark.slow

ITEM = "---\ntitle: Экспорт вырос\nsubject: Экспорт вырос\ndate: 2026-11-20\n---\n\nПервый абзац новости.\n"
SETTINGS = """public_url = "https://news.zarechye.example"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
"""
SIGNED = SETTINGS + '[dkim]\ndomain = "zarechye.example"\nselector = "{}"\n'


def test_signed_message_is_made_again_after_the_key_was_changed_and_not_without_it(
    in_workspace: Workspace, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    root, settings = in_workspace.root, in_workspace.settings_file
    settings.write_text(SETTINGS, encoding="utf-8")
    (root / "content" / "april.md").write_text(ITEM, encoding="utf-8")
    (root / "subscribers" / "press.csv").write_text("email;name\np@a.example;Имя\n", encoding="utf-8")
    for selector in ("s1", "s2"):
        assert main(["dkim", "keygen", "--selector", selector]) == 0
    settings.write_text(SIGNED.format("s1"), encoding="utf-8")
    capsysbinary.readouterr()
    send = ["send", "content/april.md", "--to", "subscribers/press.csv", "--outbox", "out", "--yes", "--json"]
    assert main(send) == 0
    code = json.loads(capsysbinary.readouterr().out)["issue"]
    (sent,) = Path("out").rglob("*.eml")
    settings.write_text(SIGNED.format("s2"), encoding="utf-8")
    assert main(["show", code, "--to", "p@a.example"]) == 0
    shown = capsysbinary.readouterr().out
    assert b"s=s1;" in shown
    assert shown == sent.read_bytes()

    settings.write_text(SETTINGS, encoding="utf-8")
    assert main(["show", code, "--to", "p@a.example"]) == 2
    assert b"signed by DKIM (s1), and dkim.domain is not set" in capsysbinary.readouterr().err
    settings.write_text(SIGNED.format("s2"), encoding="utf-8")
    (in_workspace.var / "dkim" / "s1.key").unlink()
    assert main(["show", code, "--to", "p@a.example"]) == 2
    assert b"the DKIM key 's1' is not there; put the key back as" in capsysbinary.readouterr().err
