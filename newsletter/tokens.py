"""What links and addresses in a mail carry: keyed tokens that say what for, on which list and for whom.

A token is 25 bytes: one of purpose and key id (4 bits each), 3 of list id, 5 of subject id and 16 of HMAC-SHA256. In
a URL it is 34 characters of base64url; in an address 40 of lower-case base32, because local parts lose their case on
the way. Each purpose has a key of its own, derived by HKDF (RFC 5869), so that no token passes for another kind.
Tokens hold no address and never expire by themselves.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from urllib.parse import unquote

from newsletter.errors import ConfigError, DiskError, InputError

ENVIRONMENT = "NEWSLETTER_SECRET"
TOKEN_BYTES = 25
MIN_SECRET_BYTES = 32
MAX_KEY_ID = 15

_HEAD_BYTES = 9
_TAG_BYTES = 16  # 128 bits: not to be guessed, whatever the number of tries
_URL_LENGTH, _ADDRESS_LENGTH = 34, 40
_MAX_TEXT = 8_192  # characters of a pasted link or header
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_TEN_BITS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_SHIFTS = tuple(range(TOKEN_BYTES * 8 - 10, -1, -10))
_RUNS = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LINE = re.compile(r"(?:(\d{1,2}):)?((?:[0-9a-fA-F]{2})+)", re.ASCII)
_FORMAT = (
    f"write a number from 0 to {MAX_KEY_ID}, a colon and at least {MIN_SECRET_BYTES} bytes in hex "
    f'({2 * MIN_SECRET_BYTES} digits, as "openssl rand -hex {MIN_SECRET_BYTES}" makes them)'
)
_BASE32 = re.compile(r"[A-Za-z2-7]{40}", re.ASCII)


class Purpose(IntEnum):
    """What a token is for; at most 15, and never renumbered: sent mails carry them for years."""

    UNSUBSCRIBE = 1  # subject: subscriber
    VIEW = 2  # subject: delivery
    PREFERENCES = 3  # subject: subscriber
    CONFIRM = 4  # subject: subscriber
    BOUNCE = 5  # subject: delivery; in the envelope sender, ENVID and our own header
    TRIAL = 6  # stands in for all of them in a mail that is not a real send


_PURPOSES = {purpose.value: f"token {purpose.name.lower()}" for purpose in Purpose}


@dataclass(frozen=True, slots=True)
class Token:
    """25 bytes in the two forms in which they travel."""

    raw: bytes = field(repr=False)

    @property
    def url(self) -> str:
        return base64.urlsafe_b64encode(self.raw).rstrip(b"=").decode("ascii")

    @property
    def address(self) -> str:
        # 20 table look-ups of ten bits: half the time of base64.b32encode, and this runs twice for every message.
        bits = int.from_bytes(self.raw, "big")
        return "".join([_TEN_BITS[bits >> shift & 0x3FF] for shift in _SHIFTS])


@dataclass(frozen=True, slots=True)
class Claim:
    """What a genuine token says."""

    purpose: Purpose
    list_id: int
    subject_id: int


@dataclass(frozen=True, slots=True)
class Keys:
    """The master secrets by key id (0–15); new tokens are made with `current`, old ones are read with theirs.

    A secret is never taken away: links in sent mails would break, and `address_key` always uses the lowest id.
    """

    secrets: Mapping[int, bytes] = field(repr=False)
    current: int
    _macs: dict[tuple[int, str], hmac.HMAC] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise ConfigError(f"there is no secret with key id {self.current}")
        for key_id, secret in self.secrets.items():
            if not 0 <= key_id <= MAX_KEY_ID:
                raise ConfigError(f"key id {key_id} is not between 0 and {MAX_KEY_ID}")
            if len(secret) < MIN_SECRET_BYTES:
                raise ConfigError(f"the secret with key id {key_id} is shorter than {MIN_SECRET_BYTES} bytes")

    def pinned(self, key_id: int) -> Keys:
        """Return these keys with `key_id` current: an issue begun before a rotation stays as it was made."""
        return replace(self, current=key_id)

    def token(self, purpose: Purpose, list_id: int, subject_id: int) -> Token:
        """Return the token for `purpose`. Raises OverflowError for a list id ≥ 2**24 or a subject id ≥ 2**40."""
        head = bytes((purpose << 4 | self.current,)) + list_id.to_bytes(3, "big") + subject_id.to_bytes(5, "big")
        return Token(head + self._tag(head, self.current, purpose))

    def read(self, text: str) -> Claim:
        """Return what the token in `text` says: a bare token, a link, an address or a mailto that carries one.

        Raises InputError, with a sentence for a person, unless one of the tokens found in it is genuine.
        """
        complaint = "this is not a link, an address or a token of ours"
        for raw in _candidates(text):
            head, tag = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
            number, key_id = head[0] >> 4, head[0] & 0x0F
            if number not in _PURPOSES or key_id not in self.secrets:
                continue
            purpose = Purpose(number)
            if hmac.compare_digest(tag, self._tag(head, key_id, purpose)):
                return Claim(purpose, int.from_bytes(head[1:4], "big"), int.from_bytes(head[4:], "big"))
            complaint = "this token was changed on its way, or was made with another secret key"
        raise InputError(complaint, fix="copy the whole link or address from the mail")

    def address_key(self, address_key: str) -> bytes:
        """Return 32 bytes that stand for `Address.key` in the store.

        Made with the lowest key id whatever is current: a rotation must not lose a suppression.
        """
        return self._mac(self.address_key_id, "address", address_key.encode())

    @property
    def address_key_id(self) -> int:
        """Return the id of the secret that `address_key` is made with."""
        return min(self.secrets)

    def fingerprint(self) -> bytes:
        """Return 32 bytes that name the secret of `address_key` and tell nothing of it."""
        return self._mac(self.address_key_id, "fingerprint", b"address")

    def message_id_local(self, issue_id: int, delivery_id: int, *, nonce: str = "") -> str:
        """Return the left side of Message-ID: 32 characters, the same for every try; `nonce` makes another one."""
        text = f"{issue_id}/{delivery_id}/{nonce}"
        return self._mac(self.current, "message-id", text.encode())[:16].hex()

    def shuffle_key(self, seed: str, address_key: bytes) -> bytes:
        """Return what to sort an audience by: a fair order that nobody outside can foretell, fixed for a `seed`."""
        return self._mac(self.current, "shuffle", seed.encode() + b"\0" + address_key)

    def _tag(self, head: bytes, key_id: int, purpose: Purpose) -> bytes:
        return self._mac(key_id, _PURPOSES[purpose], head)[:_TAG_BYTES]

    def _mac(self, key_id: int, use: str, data: bytes) -> bytes:
        """Return HMAC-SHA256 of `data` under the key of one use, which HKDF derives with one block of output.

        The keyed state is kept and copied: setting up HMAC anew took a tenth of a message's time.
        """
        ready = self._macs.get((key_id, use))
        if ready is None:
            extracted = hmac.digest(b"newsletter tokens 1", self.secrets[key_id], "sha256")
            derived = hmac.digest(extracted, use.encode() + b"\x01", "sha256")
            ready = self._macs[key_id, use] = hmac.new(derived, digestmod="sha256")
        mac = ready.copy()
        mac.update(data)
        return mac.digest()


def _candidates(text: str) -> list[bytes]:
    """Return every run in `text` that has the shape of a token, decoded; a link may be percent-encoded."""
    return [raw for run in _RUNS.findall(unquote(text[:_MAX_TEXT])) if (raw := _decoded(run))]


def _decoded(run: str) -> bytes:
    if len(run) == _ADDRESS_LENGTH and _BASE32.fullmatch(run):
        return base64.b32decode(run.upper())
    if len(run) == _URL_LENGTH:
        try:
            raw = base64.b64decode(run + "==", altchars=b"-_", validate=True)
        except binascii.Error:
            return b""
        # 34 characters hold 4 bits more than 25 bytes: only the spelling that we make is ours.
        return raw if Token(raw).url == run else b""
    return b""


def load_keys(path: Path, environ: Mapping[str, str], *, may_create: bool = True) -> Keys:
    """Return the keys of NEWSLETTER_SECRET or, without it, of the file at `path`, which is made at first need.

    Both hold lines `key-id:hex` (commas do for line ends; a lone hex string is key 1); the highest id is current.
    Raises ConfigError for a file that others can read or that does not hold secrets, and for a missing one where
    `may_create` is false: something made with it is there still. DiskError if it cannot be made.
    """
    given = environ.get(ENVIRONMENT, "").strip()
    if given:
        return _parse_keys(given, where=ENVIRONMENT)
    try:
        return _parse_keys(_read_private(path), where=str(path))
    except FileNotFoundError:
        if not may_create:
            raise ConfigError(
                "the secret key is gone, and with another one who unsubscribed or was forgotten would be mailed again",
                path=str(path),
                fix=f"restore it from its copy, or set {ENVIRONMENT} to it",
            ) from None
        _make_secret(path)
    return _parse_keys(_read_private(path), where=str(path))


def _read_private(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise ConfigError(f"others can read this secret (mode {mode:04o})", path=str(path), fix="chmod 600 it")
            return file.read(65_536).decode("ascii", "replace")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(
            f"cannot read the secret: {error.strerror}", path=str(path), fix="run as the account that owns it"
        ) from error


def _make_secret(path: Path) -> None:
    """Write a new secret beside `path` and link it there: a reader never sees half of it, nor a second one."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with open(handle, "wb") as file:
                file.write(f"1:{secrets.token_hex(MIN_SECRET_BYTES)}\n".encode())
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, path)
        except FileExistsError:
            return  # another process was quicker: its secret counts
        finally:
            fresh.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise DiskError(
            f"cannot make the secret: {error.strerror}", path=str(path), fix=f"mend that, or set {ENVIRONMENT}"
        ) from error


def _sync_folder(folder: Path) -> None:
    # A token that leaves in a mail must still be readable after a power cut: the name has to be on disk, too.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parse_keys(text: str, *, where: str) -> Keys:
    found: dict[int, bytes] = {}
    lines = [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if not match or (match[1] is None and len(lines) > 1):
            raise ConfigError("this is not key-id:hex", path=where, line=number, fix=_FORMAT)
        key_id = int(match[1] or 1)
        if key_id in found:
            raise ConfigError(f"key id {key_id} stands here twice", path=where, line=number)
        found[key_id] = bytes.fromhex(match[2])
    if not found:
        raise ConfigError("there is no secret in it", path=where, fix="restore it from a backup")
    try:
        return Keys(secrets=found, current=max(found))
    except ConfigError as error:
        raise ConfigError(error.message, path=where, fix=_FORMAT) from error
