"""Private keys for DKIM: files that only their owner can read, and the signer that the settings ask for.

A key's file is named by its selector, `var/dkim/<selector>.key`. A key that is followed by another stays there: a mail
that it signed can be made again only with it. What is published in the DNS is derived from the file, never kept.
"""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from datetime import date
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from newsletter.address import ascii_domain, parse_mailbox
from newsletter.errors import ConfigError, DiskError, InputError
from newsletter.message.dkim import Algorithm, Signer, SigningKey
from newsletter.settings import PLACEHOLDERS, Settings
from newsletter.settings_rules import dkim_selector
from newsletter.settings_source import FILE

RSA_BITS = 2048  # what every verifier must know (RFC 8301 section 3.2), and fits one DNS answer
_MAX_FILE = 65_536  # bytes


def load_signer(settings: Settings) -> Signer | None:
    """Return the signer that [dkim] asks for, None where it asks for none. Raises ConfigError."""
    dkim = settings.dkim
    if not dkim.domain:
        if dkim.selector or dkim.key_file or dkim.ed25519_selector or dkim.ed25519_key_file:
            raise ConfigError("[dkim] names a key and no domain", path=FILE, fix='set dkim.domain = "…"')
        return None
    domain = signing_domain(settings)
    if not dkim.selector:
        way = 'set dkim.selector; "newsletter dkim keygen" makes a key and says what to write'
        raise ConfigError("dkim.domain is set without dkim.selector", path=FILE, fix=way)
    keys = [read_key(Path(dkim.key_file), dkim.selector, "rsa")]
    if dkim.ed25519_selector:
        keys.append(read_key(Path(dkim.ed25519_key_file), dkim.ed25519_selector, "ed25519"))
        if dkim.ed25519_selector == dkim.selector:
            raise ConfigError("both keys of [dkim] have one selector", path=FILE, fix="give each its own")
    return Signer(domain, keys)


def signer_of(settings: Settings, selectors: str, folder: Path) -> Signer:
    """Return the signer that an earlier message had, by its selectors in their order; `folder` holds all keys.

    Raises ConfigError when a key of then is gone.
    """
    dkim = settings.dkim
    current = {dkim.selector: dkim.key_file, dkim.ed25519_selector: dkim.ed25519_key_file}
    keys = [
        read_key(Path(current[name]), name) if current.get(name) else find_key(folder, name)
        for name in selectors.split()
    ]
    return Signer(signing_domain(settings), keys)


def find_key(folder: Path, selector: str) -> SigningKey:
    """Return the key of any selector ever used; raises ConfigError."""
    path = folder / f"{selector}.key"
    if not dkim_selector(selector) and path.is_file():
        return read_key(path, selector)
    fix = f"put the key back as {path}: without it, what it signed cannot be made again"
    raise ConfigError(f"the DKIM key {selector!r} is not there", fix=fix)


def signing_domain(settings: Settings) -> str:
    """Return d= in ASCII. Raises ConfigError for one that no receiver would count for the sender's own (DMARC)."""
    try:
        domain = ascii_domain(settings.dkim.domain)
    except InputError as error:
        raise ConfigError(f"dkim.domain: {error.message}", path=FILE, fix=error.fix) from error
    if not settings.sender.from_ or settings.sender.from_ == PLACEHOLDERS["sender.from"]:
        return domain
    sender = sender_domain(settings)
    if not (_is_within(sender, domain) or _is_within(domain, sender)):
        raise ConfigError(
            f"dkim.domain is {domain}, which has nothing to do with the sender's {sender}: receivers (DMARC) would not "
            "count the signature",
            path=FILE,
            fix=f'set dkim.domain = "{sender}"',
        )
    return domain


def sender_domain(settings: Settings) -> str:
    """Return the domain of From in ASCII; raises ConfigError."""
    try:
        return parse_mailbox(settings.sender.from_)[1].domain
    except InputError as error:
        raise ConfigError(f"sender.from: {error.message}", path=FILE, fix=error.fix) from error


def read_key(path: Path, selector: str, wanted: Algorithm | None = None) -> SigningKey:
    """Return the key in a PEM file, of the kind `wanted`; raises ConfigError."""
    shown = str(path)
    if complaint := dkim_selector(selector):
        raise ConfigError(f"the DKIM selector {selector!r} {complaint}", path=FILE)
    try:
        key = load_pem_private_key(_read_private(path, selector), password=None)
    except TypeError as error:
        fix = f"write it without one: openssl pkey -in {path} -out NEW"
        raise ConfigError("this DKIM key has a passphrase", path=shown, fix=fix) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        fix = 'it must be a PEM private key, as "newsletter dkim keygen" makes it'
        raise ConfigError("this is no DKIM key", path=shown, fix=fix) from error
    if isinstance(key, RSAPrivateKey):
        signing = _rsa_key(selector, key, path)
    elif isinstance(key, Ed25519PrivateKey):
        signing = _ed25519_key(selector, key)
    else:
        raise ConfigError("this key is neither RSA nor Ed25519", path=shown, fix='see "newsletter dkim keygen --help"')
    if wanted not in {None, signing.algorithm}:
        prefix = "" if signing.algorithm == "rsa" else "ed25519_"
        raise ConfigError(
            f"this key is {signing.algorithm}, and must be {wanted}",
            path=shown,
            fix=f"it belongs to dkim.{prefix}selector and dkim.{prefix}key_file; RSA alone is read by every receiver",
        )
    return signing


def new_key(algorithm: Algorithm) -> bytes:
    """Return a new private key as PEM (PKCS#8)."""
    key = (
        generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
        if algorithm == "rsa"
        else Ed25519PrivateKey.generate()
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_key(path: Path, pem: bytes) -> None:
    """Write a new file of mode 0600, whole and on disk; raises ConfigError when there is one, DiskError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        fix = "choose another --selector: a key is never overwritten, since mails signed by it are still read"
        raise ConfigError("there is a key already", path=str(path), fix=fix) from error
    except OSError as error:
        path.unlink(missing_ok=True)  # half a key would be in the next one's way
        raise DiskError(
            f"the key cannot be written: {error.strerror}", path=str(path), fix="check the folder's owner and space"
        ) from error


def usual_selector(today: date, algorithm: Algorithm) -> str:
    """Return a selector that says when its key was made: "s202611"; an Ed25519 key's begins with e."""
    return f"{'s' if algorithm == 'rsa' else 'e'}{today:%Y%m}"


def _read_private(path: Path, selector: str) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_MAX_FILE)
    except FileNotFoundError as error:
        fix = f'"newsletter dkim keygen --selector {selector}" makes one'
        raise ConfigError("the DKIM key is not there", path=str(path), fix=fix) from error
    except OSError as error:
        fix = "run as the account that owns it, or let it be read by this one"
        raise ConfigError(f"the DKIM key cannot be read: {error.strerror}", path=str(path), fix=fix) from error
    if mode & 0o077:
        raise ConfigError(f"others can read this key (mode {mode:04o})", path=str(path), fix=f"chmod 600 {path}")
    return data


def _rsa_key(selector: str, key: RSAPrivateKey, path: Path) -> SigningKey:
    if key.key_size < RSA_BITS:
        fix = '"newsletter dkim keygen" makes a new one, under a selector of its own'
        raise ConfigError(
            f"this key has {key.key_size} bits, and {RSA_BITS} is the least that receivers trust",
            path=str(path),
            fix=fix,
        )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    form, digest = PKCS1v15(), SHA256()
    return SigningKey(
        selector=selector,
        algorithm="rsa",
        public=b64encode(public).decode("ascii"),
        sign=lambda data: key.sign(data, form, digest),  # lets other threads run meanwhile
    )


def _ed25519_key(selector: str, key: Ed25519PrivateKey) -> SigningKey:
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(
        selector=selector,
        algorithm="ed25519",
        public=b64encode(public).decode("ascii"),
        sign=lambda data: key.sign(sha256(data).digest()),  # the hash is signed as a message (RFC 8463 section 3)
    )


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
