"""Keys to sign with, made once: two kinds, in files as `dkim keygen` leaves them."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.message import dkim_keys
from newsletter.message.dkim import Signer

DOMAIN = "zarechye.example"


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dkim")
    dkim_keys.write_key(folder / "s202611.key", dkim_keys.new_key("rsa"))
    dkim_keys.write_key(folder / "e202611.key", dkim_keys.new_key("ed25519"))
    return folder


@pytest.fixture(scope="session")
def signer(key_folder: Path) -> Signer:
    """RSA and Ed25519, as an office that wants both."""
    return Signer(DOMAIN, [dkim_keys.find_key(key_folder, name) for name in ("s202611", "e202611")])
