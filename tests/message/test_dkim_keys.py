"""Key files and the signer of the settings: what is taken, what is refused and with what way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from newsletter.config import Settings, load_settings
from newsletter.errors import ConfigError
from newsletter.message import dkim_keys
from newsletter.message.dkim import Signer
from newsletter.workspace import Workspace

BOTH = """
[sender]
from = "Press <{sender}>"
[dkim]
domain = "{domain}"
selector = "s202611"
ed25519_selector = "e202611"
"""


def settings_of(workspace: Workspace, text: str) -> Settings:
    workspace.settings_file.write_text(text, encoding="utf-8")
    return load_settings(workspace.root, {})


def both(workspace: Workspace, *, sender: str = "news@zarechye.example", domain: str = "zarechye.example") -> Settings:
    return settings_of(workspace, BOTH.format(sender=sender, domain=domain))


@pytest.fixture
def keyed(workspace: Workspace, key_folder: Path) -> Workspace:
    """A workspace with both keys where `dkim keygen` puts them."""
    folder = workspace.private_dir("dkim")
    for path in key_folder.glob("*.key"):
        dkim_keys.write_key(folder / path.name, path.read_bytes())
    return workspace


def put(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_without_settings_nothing_is_signed(workspace: Workspace) -> None:
    assert dkim_keys.load_signer(settings_of(workspace, "")) is None


def test_keys_are_found_by_their_selectors_in_the_workspace(keyed: Workspace, signer: Signer) -> None:
    found = dkim_keys.load_signer(both(keyed))
    assert found is not None
    assert (found.domain, found.selectors) == ("zarechye.example", "s202611 e202611")
    assert [key.record for key in found.keys] == [key.record for key in signer.keys]


def test_a_key_file_may_lie_elsewhere(workspace: Workspace, key_folder: Path) -> None:
    put(workspace.root / "my.pem", (key_folder / "s202611.key").read_bytes())
    settings = settings_of(
        workspace, '[dkim]\ndomain = "zarechye.example"\nselector = "old.one"\nkey_file = "my.pem"\n'
    )
    assert settings.dkim.key_file == str(workspace.root / "my.pem")
    found = dkim_keys.load_signer(settings)
    assert found is not None
    assert found.keys[0].record_name(found.domain) == "old.one._domainkey.zarechye.example"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_read_or_write_is_refused_with_the_chmod_line(keyed: Workspace, mode: int) -> None:
    path = keyed.var / "dkim" / "s202611.key"
    path.chmod(mode)
    with pytest.raises(ConfigError, match="others can read this key") as caught:
        dkim_keys.load_signer(both(keyed))
    assert caught.value.fix == f"chmod 600 {path}"


def test_a_missing_key_says_how_to_make_one(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="not there") as caught:
        dkim_keys.load_signer(both(workspace))
    assert caught.value.path == str(workspace.var / "dkim" / "s202611.key")
    assert "newsletter dkim keygen --selector s202611" in caught.value.fix


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat, password: bytes = b"") -> bytes:
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(password) if password else NoEncryption())


@pytest.fixture(scope="module")
def big() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def test_both_pem_forms_are_read(tmp_path: Path, big: rsa.RSAPrivateKey) -> None:
    new = dkim_keys.read_key(put(tmp_path / "a", pem(big, PrivateFormat.PKCS8)), "a")
    old = dkim_keys.read_key(put(tmp_path / "b", pem(big, PrivateFormat.TraditionalOpenSSL)), "b")
    assert new.record == old.record
    assert new.sign(b"x") == old.sign(b"x")


def test_keys_that_receivers_would_not_trust_are_refused(tmp_path: Path, big: rsa.RSAPrivateKey) -> None:
    small = rsa.generate_private_key(public_exponent=65_537, key_size=1024)  # noqa: S505
    curve = ec.generate_private_key(ec.SECP256R1())
    public = big.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for data, complaint in (
        (pem(small, PrivateFormat.PKCS8), "1024 bits"),
        (pem(curve, PrivateFormat.PKCS8), "neither RSA nor Ed25519"),
        (pem(big, PrivateFormat.PKCS8, b"word"), "passphrase"),
        (public, "no DKIM key"),
        (b"", "no DKIM key"),
        (b"\0" * 100_000, "no DKIM key"),
    ):
        with pytest.raises(ConfigError, match=complaint) as caught:
            dkim_keys.read_key(put(tmp_path / "key", data), "s")
        assert caught.value.path == str(tmp_path / "key")
        assert caught.value.fix


def test_a_key_in_the_other_ones_place_is_refused(keyed: Workspace) -> None:
    text = BOTH.format(sender="a@zarechye.example", domain="zarechye.example")
    swapped = text.replace("s202611", "x").replace("e202611", "s202611").replace('"x"', '"e202611"')
    with pytest.raises(ConfigError, match="is ed25519, and must be rsa") as caught:
        dkim_keys.load_signer(settings_of(keyed, swapped))
    assert "dkim.ed25519_selector" in caught.value.fix


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("a@zarechye.example", "zarechye.example"),
        ("a@zarechye.example", "Zarechye.Example"),
        ("a@news.zarechye.example", "zarechye.example"),
        ("a@zarechye.example", "news.zarechye.example"),
        ("a@заречье.рф", "xn--80akaf0c3b9a.xn--p1ai"),
        ("a@xn--80akaf0c3b9a.xn--p1ai", "заречье.рф"),
    ],
)
def test_a_domain_that_is_the_senders_own_signs(keyed: Workspace, sender: str, domain: str) -> None:
    found = dkim_keys.load_signer(both(keyed, sender=sender, domain=domain))
    assert found is not None
    assert found.domain.isascii()
    assert found.domain.islower()


@pytest.mark.parametrize("domain", ["relay.example", "echye.example", "not-zarechye.example", "example.zarechye"])
def test_a_domain_that_dmarc_would_not_count_is_refused_with_the_way_out(keyed: Workspace, domain: str) -> None:
    with pytest.raises(ConfigError, match=r"nothing to do with the sender's zarechye\.example") as caught:
        dkim_keys.load_signer(both(keyed, domain=domain))
    assert caught.value.fix == 'set dkim.domain = "zarechye.example"'


def test_placeholders_of_a_look_do_not_quarrel_with_the_domain(keyed: Workspace) -> None:
    settings, _ = settings_of(keyed, '[dkim]\ndomain = "zarechye.example"\nselector = "s202611"\n').with_placeholders()
    assert dkim_keys.load_signer(settings) is not None


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('selector = "s202611"', "names a key and no domain"),
        ('domain = "zarechye.example"', "without dkim.selector"),
        ('domain = "zarechye.example"\ned25519_selector = "e202611"', "without dkim.selector"),
    ],
)
def test_half_of_the_settings_is_refused(keyed: Workspace, lines: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        dkim_keys.load_signer(settings_of(keyed, f"[dkim]\n{lines}\n"))


@pytest.mark.parametrize("selector", ["../secret", "a/b", "a b", "-a", "a..b", "s_1", "ключ", "a" * 64, "a\r\nb"])
def test_a_selector_that_is_no_name_is_refused(workspace: Workspace, selector: str) -> None:
    (workspace.var / "secret.key").write_text("not to be read")
    with pytest.raises(ConfigError, match="selector"):
        load_settings(workspace.root, {"NEWSLETTER_DKIM__SELECTOR": selector})
    with pytest.raises(ConfigError, match="is not there"):
        dkim_keys.find_key(workspace.var / "dkim", selector)


def test_a_key_followed_by_another_still_makes_its_signature_again(keyed: Workspace, signer: Signer) -> None:
    folder = keyed.var / "dkim"
    dkim_keys.write_key(folder / "s202705.key", dkim_keys.new_key("rsa"))
    later = settings_of(
        keyed, '[sender]\nfrom = "a@zarechye.example"\n[dkim]\ndomain = "zarechye.example"\nselector = "s202705"\n'
    )
    now = dkim_keys.load_signer(later)
    assert now is not None
    then = dkim_keys.signer_of(later, "s202611 e202611", folder)
    assert [key.record for key in then.keys] == [key.record for key in signer.keys]
    assert dkim_keys.signer_of(later, now.selectors, folder).keys[0].record == now.keys[0].record
    (folder / "s202611.key").unlink()
    with pytest.raises(ConfigError, match="'s202611' is not there") as caught:
        dkim_keys.signer_of(later, "s202611", folder)
    assert str(folder / "s202611.key") in caught.value.fix


def test_a_key_is_private_from_its_first_byte_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "s.key"
    dkim_keys.write_key(path, b"first")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="there is a key already"):
        dkim_keys.write_key(path, b"second")
    assert path.read_bytes() == b"first"


def test_no_repr_shows_a_private_key(signer: Signer) -> None:
    assert "sign=" not in repr(signer.keys)
    assert "PRIVATE" not in repr(signer.keys)
