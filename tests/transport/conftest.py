"""Messages as the message layer would hand them over, and a certificate for servers on loopback."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.message.merge import Message

MakeMessage = Callable[..., Message]


@pytest.fixture
def make_message() -> MakeMessage:
    def make(rcpt: str = "anna@a.example", body: str = "Здравствуйте!", envid: str = "") -> Message:
        data = f"Subject: x\r\nTo: {rcpt}\r\n\r\n{body}\r\n".encode()
        return Message(
            mail_from="news@zarechye.example",
            rcpt_to=rcpt,
            data=data,
            smtputf8=not rcpt.isascii(),
            envid=envid or secrets.token_hex(8),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed (tests/debian-packages.txt)")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    command += " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both
