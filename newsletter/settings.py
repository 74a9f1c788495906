"""Settings, as frozen records: the names of `newsletter.toml` are the names here (`sender.from` is `sender.from_`).

Every field has a default, and the default's type is the setting's type: the records are the schema that
`config.py` reads by. `repr` shows no secret.
"""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.errors import ConfigError
from newsletter.relay import RelayAddress, parse_relay
from newsletter.settings_source import FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    name: str = ""
    address: str = ""  # the postal address that the footer shows
    phone: str = ""
    timezone: str = "Europe/Moscow"
    lang: str = "ru"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    name: str = ""  # shown in the head of the mail; the office's name when empty
    logo: str = ""
    accent: str = "#0b5f6b"
    tint: str = "#eef5f6"
    web: str = ""
    telegram: str = ""
    vk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    from_: str = ""  # "Name <address>"
    reply_to: str = ""
    return_path: str = ""  # empty: the address of `from`
    unsubscribe_mailto: str = ""
    list_domain: str = ""
    bounce_domain: str = ""
    feedback_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    domain: str = ""  # nothing is signed when empty
    selector: str = ""
    key_file: str = ""  # absolute once loaded, and var/dkim/<selector>.key unless the file says otherwise
    ed25519_selector: str = ""  # a second signature beside RSA's
    ed25519_key_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)  # only from NEWSLETTER_SMTP__PASSWORD
    password_file: str = ""  # absolute once loaded
    ca_file: str = ""  # absolute once loaded
    starttls: str = "auto"  # auto: required unless the relay is on this machine
    window: int = 1  # messages on the way per connection; more only to an own relay
    own_relay: bool = False

    def relay(self, url: str = "") -> RelayAddress:
        """Return the relay to use: `url` (of the command line) or the setting's. Raises ConfigError, UsageError."""
        if not (url or self.url):
            raise ConfigError("smtp.url is not set", path=FILE, fix="set it, or name a relay with --smtp URL")
        return parse_relay(url or self.url, starttls=self.starttls)

    def login(self) -> tuple[str, str]:
        """Return user and password, both empty when the relay asks for none; reads `password_file`.

        Only a command that connects calls it: an editor's account need not be able to read the file.
        """
        if self.user and not (self.password or self.password_file):
            way = "set NEWSLETTER_SMTP__PASSWORD, or smtp.password_file"
            raise ConfigError("smtp.user is set without a password", path=FILE, fix=way)
        if self.password or not self.password_file:
            return self.user, self.password
        return self.user, _read_secret(Path(self.password_file))


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    url: str = field(default="", repr=False)  # empty: SQLite under var/; from the environment it may hold a password


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLimit:
    """What a group of recipient domains may get, all of them together; 0: no limit of their own."""

    domains: tuple[str, ...] = ()  # globs: "yandex.*", "*.example.org", "почта.рф"
    rate: float = 0.0  # messages a second
    connections: int = 0  # messages of the group on the way at once
    messages_per_connection: int = 0  # then the connection is closed
    is_built_in: bool = field(default=False, compare=False)  # False as soon as the file says anything of the group


def _built_in(*domains: str, rate: float = 100.0, connections: int = 10, messages: int = 50) -> DomainLimit:
    return DomainLimit(
        domains=domains, rate=rate, connections=connections, messages_per_connection=messages, is_built_in=True
    )


# What mailbox providers bear from one client. Published are only Yahoo's 20 messages a connection
# (help.yahoo.com/kb/SLN3433.html) and that Microsoft limits connections and rate by reputation (its replies
# 451 4.7.652 and 421 RP-001). Where nothing is published the figures are those that mail servers begin with: KumoMTA's
# shaping.toml has 100 messages a second and 10 connections, 50 messages a connection for Gmail and Outlook, and 5
# connections for Outlook. Mail.ru and Yandex publish nothing and get the same. The rates are no tempo to aim at: they
# keep a relay that passes mail on at once from a flood, and cost a list of 100,000 a quarter of an hour.
BUILT_IN_LIMITS: Mapping[str, DomainLimit] = {
    "gmail": _built_in("gmail.com", "googlemail.com"),
    "yahoo": _built_in("yahoo.*", "ymail.com", "rocketmail.com", "aol.com", messages=20),
    "outlook": _built_in("outlook.*", "hotmail.*", "live.*", "msn.com", rate=50.0, connections=5),
    "mailru": _built_in("mail.ru", "inbox.ru", "bk.ru", "list.ru", "internet.ru"),
    "yandex": _built_in("yandex.*", "ya.ru"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    # Eight come within a tenth of the best rate to one relay, and stay below what relays allow one client
    # (Postfix: 50; large providers: 10).
    connections: int = 8
    rate: float = 0.0  # messages a second; 0: as fast as the relay takes them
    # A little below the 1,000 after which Exim ends a session (smtp_accept_max_per_connection). A new connection costs
    # a thousandth of that, and lets a relay behind a load balancer spread us.
    messages_per_connection: int = 900
    idle_seconds: int = 30  # an unused connection is closed; servers under stress end one after 10 to 60 seconds
    wait_minutes: int = 15  # how long `send` waits for retries before it leaves the issue waiting
    retry_minutes: int = 5  # before the first new try; doubled before each further one
    retry_longest_minutes: int = 120  # doubling ends here (RFC 5321 section 4.5.4.1: at least 30)
    give_up_hours: int = 48
    uncertain: str = "hold"  # hold, or resend once
    breaker_first: int = 20  # pause when none of an issue's first so many replies is an acceptance
    breaker_same: int = 5  # pause when the same refusal of us (not of a recipient) comes so often running
    breaker_bounce_share: float = 0.1  # pause when more than this share of the recipients is refused
    # By name of the group. A plain dict, never changed, as `SubscriberSettings.fields`.
    limits: Mapping[str, DomainLimit] = field(default_factory=lambda: dict(BUILT_IN_LIMITS))

    def holding_limits(self, *, is_near: bool) -> dict[str, DomainLimit]:
        """Return the limits that hold towards a relay, those of the file first: of two equal globs the first wins.

        `is_near`: the relay is on this machine or our own. It queues and paces by its own settings, so that the
        built-in limits would only hold up the hand-over; what the file says holds always.
        """
        holding = {name: limit for name, limit in self.limits.items() if not (is_near and limit.is_built_in)}
        return dict(sorted(holding.items(), key=lambda item: item[1].is_built_in))


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    approvals_required: int = 0  # names that must approve a mail before `send`; 0: it only asks on the terminal
    separate_author: bool = False  # an approval by an item's author does not count
    # Served first by every send; the room mails its test copies only to these.
    test_addresses: tuple[str, ...] = ()
    language: str = ""  # of the room's screens: ru, en; empty: as the browser asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Typography:
    """Which rules of language/typography.py run over the text of a mail."""

    quotes: bool = True
    dashes: bool = True
    ranges: bool = True
    minus: bool = True
    spaces: bool = True
    ellipsis: bool = True
    nbsp_numbers: bool = True
    nbsp_short: bool = True
    digit_groups: bool = True
    abbreviations: bool = True
    percent: str = "as_written"  # as_written; space: a no-break space before %; none


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberField:
    default: str | None = None  # printed when a subscriber has no value; None: the template must say


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberSettings:
    # A plain dict, never changed: settings travel to the compiling child by pickle, which takes no mapping proxy.
    fields: Mapping[str, SubscriberField] = field(
        default_factory=lambda: {name: SubscriberField(default="") for name in ("name", "city", "language")}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    public_url: str = ""  # without the last slash
    archive_url: str = ""
    assets_url: str = ""
    office: Office = field(default_factory=Office)
    brand: Brand = field(default_factory=Brand)
    sender: Sender = field(default_factory=Sender)
    dkim: Dkim = field(default_factory=Dkim)
    smtp: Smtp = field(default_factory=Smtp)
    database: Database = field(default_factory=Database)
    send: Send = field(default_factory=Send)
    review: Review = field(default_factory=Review)
    typography: Typography = field(default_factory=Typography)
    subscriber: SubscriberSettings = field(default_factory=SubscriberSettings)

    def missing(self) -> tuple[str, ...]:
        """Return the settings that a real send needs and that are empty."""
        needed = {
            "public_url": self.public_url,
            "sender.from": self.sender.from_,
            "sender.unsubscribe_mailto": self.sender.unsubscribe_mailto,
        }
        return tuple(name for name, value in needed.items() if not value)

    def require_sendable(self) -> None:
        """Raise ConfigError naming everything that a real send needs and that is not set."""
        if missing := self.missing():
            raise ConfigError(f"not set: {', '.join(missing)}", path=FILE, fix="a real send needs them; fill them in")

    def with_placeholders(self) -> tuple[Settings, tuple[str, ...]]:
        """Return these settings with what a send needs filled in, and the names of what was filled.

        The domain is of RFC 2606: nothing that escapes by mistake can reach anybody.
        """
        missing = self.missing()
        values = {name: PLACEHOLDERS[name] for name in missing}
        sender = dataclasses.replace(
            self.sender,
            from_=values.get("sender.from", self.sender.from_),
            unsubscribe_mailto=values.get("sender.unsubscribe_mailto", self.sender.unsubscribe_mailto),
        )
        public_url = values.get("public_url", self.public_url)
        return dataclasses.replace(self, public_url=public_url, sender=sender), missing


PLACEHOLDERS = {
    "public_url": "https://newsletter.invalid",
    "sender.from": "news@newsletter.invalid",
    "sender.unsubscribe_mailto": "unsubscribe@newsletter.invalid",
}


def _read_secret(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = file.read(4096)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"smtp.password_file cannot be read: {error}", path=str(path), fix="check the setting"
        ) from error
    if mode & 0o077:
        raise ConfigError(f"others can read this password (mode {mode:04o})", path=str(path), fix=f"chmod 600 {path}")
    password = text.rstrip("\r\n")
    if not password:
        raise ConfigError("the password file is empty", path=str(path), fix="write the password on its first line")
    return password
