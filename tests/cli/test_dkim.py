"""`newsletter dkim`: what it prints is what to publish and to write, and doctor holds both against the key."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.cli.doctor import Finding, dkim_records
from newsletter.cli.main import main
from newsletter.config import load_settings
from newsletter.message.dkim import Signer
from newsletter.message.dkim_keys import find_key, load_signer
from newsletter.workspace import Workspace

SENDER = '[sender]\nfrom = "Press <news@zarechye.example>"\n'


@pytest.fixture
def office(in_workspace: Workspace) -> Workspace:
    in_workspace.settings_file.write_text(SENDER, encoding="utf-8")
    return in_workspace


def keygen(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["dkim", "keygen", *arguments]) == 0
    return capsys.readouterr().out


def settings_lines(printed: str) -> str:
    return printed[printed.index("[dkim]") :].partition("\n\n")[0]


def test_keygen_makes_a_private_file_and_prints_what_to_publish(
    office: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = keygen(capsys, "--selector", "s1")
    path = office.var / "dkim" / "s1.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    key = find_key(path.parent, "s1")
    assert "The key: var/dkim/s1.key" in printed
    assert "Name:  s1._domainkey.zarechye.example\n" in printed
    assert f"Value: {key.record}\n" in printed
    assert "PRIVATE" not in printed
    zone = printed[printed.index("IN TXT (") :].partition(")")[0]
    strings = re.findall(r'"([^"]*)"', zone)
    assert "".join(strings) == key.record
    assert len(strings) == 2
    assert max(map(len, strings)) <= 255


def test_the_lines_it_prints_are_settings_that_sign(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    rsa = settings_lines(keygen(capsys))
    second = (
        settings_lines(keygen(capsys, "--ed25519")).replace("[dkim]\n", "").replace('domain = "zarechye.example"', "")
    )
    before = office.settings_file.read_text(encoding="utf-8")
    assert before == SENDER  # it changes none itself
    office.settings_file.write_text(f"{before}{rsa}\n{second}\n", encoding="utf-8")
    signer = load_signer(load_settings(office.root, {}))
    assert signer is not None
    month = f"{datetime.now(UTC):%Y%m}"
    assert [key.algorithm for key in signer.keys] == ["rsa", "ed25519"]
    assert re.fullmatch(r"s\d{6} e\d{6}", signer.selectors)
    assert abs(int(signer.selectors[1:7]) - int(month)) in {0, 1, 89}  # the office's month may be the next one
    assert main(["dkim", "record"]) == 0
    printed = capsys.readouterr().out
    for key in signer.keys:
        assert f"Value: {key.record}\n" in printed


def test_a_key_put_elsewhere_is_named_in_the_settings(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (office.root / "keys").mkdir()
    lines = settings_lines(keygen(capsys, "--selector", "s1", "--out", "keys/mail.pem"))
    assert 'key_file = "keys/mail.pem"' in lines
    office.settings_file.write_text(SENDER + lines, encoding="utf-8")
    assert load_signer(load_settings(office.root, {})) is not None
    assert not (office.var / "dkim").exists()


def test_an_ed25519_key_alone_asks_for_the_other(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    printed = keygen(capsys, "--ed25519", "--selector", "e1")
    assert "v=DKIM1; k=ed25519; p=" in printed
    assert "make that one too" in printed


def test_a_key_is_never_overwritten(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    keygen(capsys, "--selector", "s1")
    before = (office.var / "dkim" / "s1.key").read_bytes()
    assert main(["dkim", "keygen", "--selector", "s1"]) == 2
    assert "choose another --selector" in capsys.readouterr().err
    assert (office.var / "dkim" / "s1.key").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--selector", "../secret"], "--selector must be Latin letters"),
        (["--out", "no-such-folder/s.key"], "cannot be written"),
    ],
)
def test_what_cannot_be_a_key_is_refused(
    office: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(["dkim", "keygen", *arguments]) == 2
    assert complaint in capsys.readouterr().err
    assert list(office.root.rglob("*.key")) == []


def test_without_a_sender_nothing_is_made(in_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dkim", "keygen"]) == 2
    assert "sender.from is not set" in capsys.readouterr().err
    assert list(in_workspace.root.rglob("*.key")) == []
    assert main(["dkim", "record"]) == 2
    assert "nothing is signed" in capsys.readouterr().err


def test_doctor_names_who_signs_or_what_hinders_it(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    def finding() -> dict[str, str]:
        main(["doctor", "--json"])
        findings = json.loads(capsys.readouterr().out)["findings"]
        (one,) = [each for each in findings if each["check"] == "dkim"]
        return dict(one)

    assert finding()["state"] == "ok"
    assert "not signed here" in finding()["message"]
    lines = settings_lines(keygen(capsys, "--selector", "s1"))
    office.settings_file.write_text(SENDER + lines, encoding="utf-8")
    assert finding()["message"] == "mails are signed for zarechye.example by s1 (rsa)"
    (office.var / "dkim" / "s1.key").chmod(0o644)
    assert finding()["state"] == "fail"
    assert finding()["fix"].startswith("chmod 600 ")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    from newsletter.message import dkim_keys

    folder: Path = tmp_path_factory.mktemp("keys")
    dkim_keys.write_key(folder / "s1.key", dkim_keys.new_key("rsa"))
    return Signer("zarechye.example", [find_key(folder, "s1")])


def published(signer: Signer, *texts: str, dmarc: str = "v=DMARC1; p=none") -> list[Finding]:
    def resolve(name: str, kind: str) -> list[str]:
        found = {"s1._domainkey.zarechye.example": list(texts), "_dmarc.news.zarechye.example": [dmarc]}
        return found.get(name, []) if kind == "TXT" else []

    return list(dkim_records(signer, "news.zarechye.example", resolve))


def test_a_published_record_is_the_keys_also_with_spaces_and_more_tags(signer: Signer) -> None:
    record = signer.keys[0].record
    half = len(record) // 2
    for text in (record, record[:half] + " " + record[half:] + ";", record.replace("k=rsa; ", "t=s; "), record[10:]):
        (finding,) = published(signer, text, "v=verification of somebody")
        assert finding.state == "ok", text


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((), "has no DKIM records"),
        (("RECORD", "RECORD"), "has 2 DKIM records"),
        (("v=DKIM1; p=",), "withdrawn"),
        (("v=DKIM1; k=rsa; p=AAAA",), "another key"),
        (("v=DKIM1; k=ed25519; PUBLIC",), "another key"),
    ],
)
def test_a_record_that_is_not_this_keys_is_a_failure_that_says_what_to_publish(
    signer: Signer, texts: tuple[str, ...], said: str
) -> None:
    key = signer.keys[0]
    (finding,) = published(
        signer, *(text.replace("RECORD", key.record).replace("PUBLIC", f"p={key.public}") for text in texts)
    )
    assert finding.state == "fail"
    assert said in finding.message
    assert finding.fix == f'publish TXT "{key.record}"'


def test_strict_dmarc_wants_the_very_domain(signer: Signer) -> None:
    finding = published(signer, signer.keys[0].record, dmarc="v=DMARC1; p=reject; adkim=s")[-1]
    assert (finding.state, finding.fix) == ("fail", 'set dkim.domain = "news.zarechye.example"')
