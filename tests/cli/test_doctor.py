"""`newsletter doctor`: each thing that stands in the way is named, with its way out."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.rrset
import pytest
from aiosmtpd.smtp import SMTP

from newsletter.cli.doctor import CHECKS, Finding, examine
from newsletter.cli.main import main
from newsletter.cli.sender_dns import dns_hints, resolver
from newsletter.language.recogniser import rules_alone
from newsletter.workspace import Workspace

READY = """
public_url = "https://news.zarechye.example"
[office]
name = "Office"
[sender]
from = "Press <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
[smtp]
url = "smtp://127.0.0.1:{port}"
"""


@pytest.fixture
def relay_port() -> Iterator[int]:
    """A relay in a thread of its own: the command runs its own loop in this one."""
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        return SMTP(object(), loop=loop)

    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]

    async def leave() -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run_coroutine_threadsafe(leave(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def write(workspace: Workspace, text: str) -> None:
    workspace.settings_file.write_text(text, encoding="utf-8")


def found(workspace: Workspace, check: str) -> list[Finding]:
    return [finding for finding in examine(workspace.root, network=False) if finding.check == check]


def test_a_workspace_that_is_ready_says_so_and_names_what_the_operator_must_do(
    in_workspace: Workspace, relay_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write(in_workspace, READY.format(port=relay_port))
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "must be answered by your own web server" in out
    assert "newsletter subscribers remove --token" in out
    assert f"127.0.0.1:{relay_port} answers" in out
    assert not in_workspace.key_file.exists()  # it looks, it makes nothing
    assert list(in_workspace.var.iterdir()) == []


def test_an_unfinished_workspace_is_exit_1_with_every_finding(
    in_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json"]) == 1
    seen = json.loads(capsys.readouterr().out)
    assert seen["ok"] is False
    failed = {finding["check"]: finding for finding in seen["findings"] if finding["state"] == "fail"}
    assert set(failed) == {"settings", "relay"}
    assert "public_url, sender.from, sender.unsubscribe_mailto" in failed["settings"]["message"]
    assert "smtp.url is not set" in failed["relay"]["message"]


def test_a_wrong_setting_is_the_only_finding(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    write(in_workspace, "[smtp]\nurk = 1\n")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("fail  settings    newsletter.toml:2: ")
    assert out.count("\n") == 1


def test_outside_a_workspace_it_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 2


def test_the_example_s_office_is_noticed(workspace: Workspace, repo_root: Path) -> None:
    write(workspace, (repo_root / "newsletter.toml").read_text(encoding="utf-8"))
    assert any("invented" in finding.message for finding in found(workspace, "settings"))


def test_a_folder_that_others_can_read_is_a_failure(workspace: Workspace) -> None:
    workspace.var.chmod(0o755)
    (finding,) = found(workspace, "workspace")
    assert (finding.state, finding.fix) == ("fail", "chmod 700 var")


def as_another_account(arguments: list[str], workspace: Workspace, repo_root: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without root's right to read everything: files' modes count, as for any account."""
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*drop, sys.executable, "-m", "newsletter", *arguments]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(repo_root)}
    return subprocess.run(
        command, cwd=workspace.root, capture_output=True, text=True, check=False, timeout=60, env=environ
    )


def test_a_closed_folder_is_told_with_the_way_out_and_no_number(workspace: Workspace, repo_root: Path) -> None:
    (workspace.var / "newsletter.db").touch()
    workspace.key_file.touch(mode=0o600)
    workspace.var.chmod(0)
    try:
        done = as_another_account(["doctor", "--json"], workspace, repo_root)
        listed = as_another_account(["subscribers", "list"], workspace, repo_root)
    finally:
        workspace.var.chmod(0o700)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Errno" not in done.stdout
    failed = {one["check"]: one for one in json.loads(done.stdout)["findings"] if one["state"] == "fail"}
    assert failed["workspace"]["message"] == "this account cannot read and write var/"
    assert failed["keys"]["message"] == "this account cannot read var/secret.key"
    assert failed["database"]["message"] == "this account cannot read var/newsletter.db"
    assert all("chmod 700 var" in failed[check]["fix"] for check in ("workspace", "keys", "database"))
    assert (listed.returncode, listed.stdout) == (2, "")
    assert "permission denied" in listed.stderr
    assert "Errno" not in listed.stderr


def test_a_file_in_the_folders_place_is_a_failure(workspace: Workspace) -> None:
    workspace.var.rmdir()
    workspace.var.touch()
    (finding,) = found(workspace, "workspace")
    assert (finding.state, finding.message) == ("fail", "var is a file, and must be a folder")


def test_a_look_leaves_an_empty_database_file_empty(workspace: Workspace) -> None:
    (workspace.var / "newsletter.db").touch()
    assert found(workspace, "database")[0].state == "ok"
    assert (workspace.var / "newsletter.db").stat().st_size == 0


def test_the_key_is_read_and_its_loss_explained(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = found(workspace, "keys")
    assert "made at first need" in before.message
    workspace.key_file.write_text("not a key\n", encoding="utf-8")
    workspace.key_file.chmod(0o600)
    (broken,) = found(workspace, "keys")
    assert broken.state == "fail"


def test_a_file_that_is_no_database_is_a_failure(workspace: Workspace) -> None:
    (before,) = found(workspace, "database")
    assert before.state == "ok"
    (workspace.var / "newsletter.db").write_bytes(b"not a database, not at all" * 100)
    (after,) = found(workspace, "database")
    assert after.state == "fail"


def test_a_relay_that_is_down_stops_no_other_check(workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    write(workspace, READY.format(port=port))
    findings = examine(workspace.root, network=False)
    assert [finding.check for finding in findings if finding.state == "fail"] == ["relay"]
    assert list(dict.fromkeys(finding.check for finding in findings)) == list(CHECKS)


class NameServer:
    """A name server on a free port that knows a few records."""

    def __init__(self, records: dict[tuple[str, str], str]) -> None:
        self.records = records
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, peer = self.socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            answer = dns.message.make_response(query)
            question = query.question[0]
            kind = dns.rdatatype.to_text(question.rdtype)
            if text := self.records.get((question.name.to_text(omit_final_dot=True), kind)):
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, text))
            self.socket.sendto(answer.to_wire(), peer)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(10)
        self.socket.close()


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer({})
    yield server
    server.close()


def test_the_records_that_providers_ask_for_are_looked_up(name_server: NameServer) -> None:
    resolve = resolver("127.0.0.1", name_server.port)
    assert len(dns_hints("zarechye.example", resolve)) == 3
    name_server.records |= {
        ("zarechye.example", "MX"): "10 mx.zarechye.example.",
        ("zarechye.example", "TXT"): '"v=spf1 ip4:192.0.2.1 " "-all"',
        ("_dmarc.zarechye.example", "TXT"): '"v=DMARC1; p=none"',
    }
    assert resolve("zarechye.example", "TXT") == ["v=spf1 ip4:192.0.2.1 -all"]
    assert dns_hints("zarechye.example", resolve) == []


def test_two_spf_records_are_one_too_many() -> None:
    def resolve(name: str, kind: str) -> list[str]:
        return ["v=DMARC1; p=none"] if name.startswith("_dmarc") else ["v=spf1 -all", "v=spf1 ~all"]

    (hint,) = dns_hints("zarechye.example", resolve)
    assert "2 SPF records" in hint


def test_a_silent_name_server_is_an_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="does not answer"):
            resolver("127.0.0.1", silent.getsockname()[1], timeout_seconds=0.2)("zarechye.example", "MX")


def test_missing_language_models_are_told_with_the_way_to_have_them(in_workspace: Workspace) -> None:
    with rules_alone():
        (finding, _) = found(in_workspace, "content")
    assert (finding.state, finding.fix) == ("warn", 'install "newsletter[ru]"')
    (there, _) = found(in_workspace, "content")
    assert there.state == "ok"
    assert "natasha" in there.message


def test_an_english_office_needs_no_russian_models(in_workspace: Workspace) -> None:
    write(in_workspace, '[office]\nlang = "en"\n')
    with rules_alone():
        assert all("models" not in finding.message for finding in found(in_workspace, "content"))
