"""Reading the settings: `newsletter.toml` and the environment into one `Settings`, or a ConfigError with the line.

What is not known is refused, with what was probably meant. A secret comes from the environment or from a file that
only its owner can read.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from newsletter import settings_rules as rules
from newsletter.errors import ConfigError, UsageError
from newsletter.relay import parse_relay
from newsletter.settings import (
    BUILT_IN_LIMITS,
    Brand,
    Database,
    Dkim,
    DomainLimit,
    Office,
    Review,
    Send,
    Sender,
    Settings,
    Smtp,
    SubscriberField,
    SubscriberSettings,
    Typography,
)
from newsletter.settings_source import FILE, Key, Place, read_source

__all__ = [
    "Brand",
    "Database",
    "Dkim",
    "DomainLimit",
    "Office",
    "Review",
    "Send",
    "Sender",
    "Settings",
    "Smtp",
    "SubscriberField",
    "SubscriberSettings",
    "Typography",
    "known_settings",
    "load_settings",
]

SECTIONS: dict[str, type] = {
    "office": Office,
    "brand": Brand,
    "sender": Sender,
    "dkim": Dkim,
    "smtp": Smtp,
    "database": Database,
    "send": Send,
    "review": Review,
    "typography": Typography,
}

# Empty text is always allowed: it means "not set".
_TEXT_RULES: dict[str, Callable[[str], str]] = {
    "public_url": rules.base_url,
    "archive_url": rules.base_url,
    "assets_url": rules.base_url,
    "office.timezone": rules.timezone,
    "office.lang": rules.language,
    "brand.accent": rules.accent,
    "brand.tint": rules.tint,
    "brand.web": rules.link,
    "brand.telegram": rules.link,
    "brand.vk": rules.link,
    "sender.from": rules.named_mailbox,
    "sender.reply_to": rules.named_mailbox,
    "sender.return_path": rules.mailbox,
    "sender.unsubscribe_mailto": rules.mailbox,
    "sender.list_domain": rules.domain,
    "sender.bounce_domain": rules.domain,
    "dkim.domain": rules.domain,
    "dkim.selector": rules.dkim_selector,
    "dkim.ed25519_selector": rules.dkim_selector,
    "database.url": rules.database_url,
    "smtp.starttls": rules.one_of("auto", "required", "no"),
    "send.uncertain": rules.one_of("hold", "resend"),
    "send.limits.domains": rules.domain_glob,
    "review.test_addresses": rules.mailbox,
    "review.language": rules.one_of("ru", "en"),
    "typography.percent": rules.one_of("as_written", "space", "none"),
}
_NUMBER_RULES: dict[str, Callable[[float], str]] = {
    "smtp.window": rules.between(1, 64),
    "send.connections": rules.between(1, 200),
    "send.rate": rules.between(0, 1_000_000),
    "send.messages_per_connection": rules.between(0, 1_000_000),
    "send.idle_seconds": rules.between(1, 3_600),
    "send.limits.rate": rules.between(0, 1_000_000),
    "send.limits.connections": rules.between(0, 200),
    "send.limits.messages_per_connection": rules.between(0, 1_000_000),
    "send.wait_minutes": rules.between(0, 24 * 60),
    "send.retry_minutes": rules.between(1, 24 * 60),
    "send.retry_longest_minutes": rules.between(30, 24 * 60),
    "send.give_up_hours": rules.between(1, 30 * 24),
    "send.breaker_first": rules.between(1, 1_000_000),
    "send.breaker_same": rules.between(1, 1_000_000),
    "send.breaker_bounce_share": rules.between(0, 1),
    "review.approvals_required": rules.between(0, 20),
}
_ALWAYS_SET = frozenset(
    {
        *("office.timezone", "office.lang", "brand.accent", "brand.tint"),
        *("smtp.starttls", "send.uncertain", "typography.percent"),
    }
)
_PATHS = frozenset({"smtp.password_file", "smtp.ca_file", "dkim.key_file", "dkim.ed25519_key_file"})
_FROM_ENVIRONMENT_ONLY = frozenset({"smtp.password"})
_FIELDS = ("subscriber", "fields")
_LIMITS = ("send", "limits")
_LIMIT_FIELDS = {f.name: f.default for f in dataclasses.fields(DomainLimit) if f.name != "is_built_in"}
_RATES = frozenset({"send.rate", "send.limits.rate"})  # a number, or text with a unit of time


def load_settings(root: Path, environ: Mapping[str, str]) -> Settings:
    """Read `newsletter.toml` in `root`, overridden by `NEWSLETTER_…` of `environ`; raises ConfigError."""
    source = read_source(root, environ)
    values: dict[str, object] = {}
    fields: dict[str, SubscriberField] = {}
    limits: Limits = {}
    for key, written in source.file_values.items():
        # Finding the line is slow and only wanted for a complaint: hence a function.
        where = partial(source.file_place, key)
        if key[:2] == _LIMITS:
            _take_limit(key, written, where, limits, from_file=True)
        else:
            _take(key, written, where, values, fields, from_file=True)
    fields = fields or dict(SubscriberSettings().fields)  # a variable adds a field to those there are
    for key, text in source.variables.items():
        where = partial(source.variable_place, key)
        if key[:2] == _LIMITS:
            _take_limit(key, text, where, limits, from_file=False)
        else:
            _take(key, text, where, values, fields, from_file=False)
    for prefix in ("", "ed25519_"):  # a key lies where `dkim keygen` puts it
        if selector := values.get(f"dkim.{prefix}selector"):
            values[f"dkim.{prefix}key_file"] = values.get(f"dkim.{prefix}key_file") or f"var/dkim/{selector}.key"
    for name in _PATHS & values.keys():
        values[name] = str(root / str(values[name])) if values[name] else ""
    if limits:
        values["send.limits"] = _built_limits(limits)
    settings = _build(values, fields)
    _check_together(settings)
    return settings


Where = Callable[[], Place]
Limits = dict[str, tuple[Where, dict[str, object]]]  # group → where it is first written, what is written


def _take(
    key: Key,
    written: object,
    where: Where,
    values: dict[str, object],
    fields: dict[str, SubscriberField],
    *,
    from_file: bool,
) -> None:
    if key[:2] == _FIELDS:
        _take_field(key, written, where, fields)
        return
    name = ".".join(key)
    if written == {} and (name in SECTIONS or name == "subscriber"):
        return
    known = known_settings()
    if name not in known:
        raise where().error(f'there is no setting "{name}"', fix=_suggestion(key))
    if from_file and name in _FROM_ENVIRONMENT_ONLY:
        way = "set NEWSLETTER_SMTP__PASSWORD, or smtp.password_file with a file of mode 0600"
        raise where().error(f"{name} must not stand in the file", fix=way)
    if from_file and name == "database.url" and isinstance(written, str) and rules.holds_password(written):
        way = "use ~/.pgpass of mode 0600, or set the whole address in NEWSLETTER_DATABASE__URL"
        raise where().error(f"{name} must not hold a password in the file", fix=way)
    value = written if from_file else _from_text(str(written), known[name], name, where)
    values[name] = _checked(name, value, known[name], where)


def _take_field(key: Key, written: object, where: Where, fields: dict[str, SubscriberField]) -> None:
    if key == _FIELDS and written == {}:
        return
    if len(key) < 3 or not re.fullmatch(r"[a-z][a-z0-9_]*", key[2]) or key[2] == "email":
        raise where().error(
            f'"{".".join(key)}" is no name for a subscriber field',
            fix='write [subscriber.fields] and below it name = {default = ""}; names are small Latin letters',
        )
    if len(key) == 3 and written == {}:
        fields[key[2]] = SubscriberField()
        return
    if key[3:] != ("default",) or not isinstance(written, str):
        raise where().error(f"subscriber.fields.{key[2]} is not a field", fix=f'write {key[2]} = {{default = ""}}')
    if complaint := rules.control_character(written):
        raise where().error(f"the default of {key[2]} {complaint}")
    fields[key[2]] = SubscriberField(default=written)


def _take_limit(key: Key, written: object, where: Where, limits: Limits, *, from_file: bool) -> None:
    if key == _LIMITS and written == {}:
        return
    example = 'write [send.limits.name] and below it domains = ["example.org"] and rate = "100/h"'
    if len(key) < 3 or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", key[2]):
        fix = f"{example}; names are small Latin letters"
        raise where().error(f'"{".".join(key)}" is no group of domains', fix=fix)
    group = limits.setdefault(key[2], (where, {}))[1]
    if len(key) == 3 and written == {}:
        return
    field = ".".join(key[3:])
    if field not in _LIMIT_FIELDS:
        close = get_close_matches(field, _LIMIT_FIELDS, n=1)
        fix = f"did you mean {close[0]}?" if close else f"a group has {', '.join(_LIMIT_FIELDS)}"
        raise where().error(f'there is no setting "{".".join(key)}"', fix=fix if len(key) > 3 else example)
    name, rule, default = ".".join(key), f"send.limits.{field}", _LIMIT_FIELDS[field]
    value = written if from_file else _from_text(str(written), default, name, where, rule=rule)
    group[field] = _checked(name, value, default, where, rule=rule)


def _built_limits(limits: Limits) -> dict[str, DomainLimit]:
    """Return the built-in limits with what is written over them, group by group."""
    built = dict(BUILT_IN_LIMITS)
    for name, (where, group) in limits.items():
        limit = dataclasses.replace(built.get(name, DomainLimit()), is_built_in=False, **group)  # type: ignore[arg-type]
        if not limit.domains:
            fix = 'add domains = ["example.org", "*.example.com"]'
            raise where().error(f"send.limits.{name} names no domains", fix=fix)
        built[name] = limit
    return built


def known_settings() -> dict[str, object]:
    """Return every setting's name, as in the file, and its default; subscriber fields and limits of domains aside."""
    known: dict[str, object] = dict.fromkeys(("public_url", "archive_url", "assets_url"), "")
    for section, record in SECTIONS.items():
        plain = [f for f in dataclasses.fields(record) if f.default is not dataclasses.MISSING]
        known |= {f"{section}.{f.name.removesuffix('_')}": f.default for f in plain}
    return known


def _from_text(text: str, default: object, name: str, where: Where, rule: str = "") -> object:
    """Read what an environment variable can say: a word, a number, true or false, a list with commas."""
    if isinstance(default, str) or (rule or name) in _RATES:
        return text
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(default, bool):
        if text.lower() not in {"true", "false"}:
            raise where().error(f"{name} must be true or false")
        return text.lower() == "true"
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError as error:
        raise where().error(f"{name} must be a number, not {text!r}") from error


_KINDS = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list of texts",
}


def _checked(name: str, value: object, default: object, where: Where, rule: str = "") -> object:
    rule = rule or name
    kind = type(default)
    if rule in _RATES and isinstance(value, str):
        value = rules.parse_rate(value)
        if value is None:
            raise where().error(f"{name} must be {rules.RATE_FORM}")
    if kind is float and type(value) is int:
        value = float(value)
    if kind is tuple and isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = tuple(value)
    if type(value) is not kind:  # not isinstance: true is no number
        raise where().error(f"{name} must be {_KINDS[kind]}", fix=_example(name, default))
    for text in value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ():
        if complaint := _text_complaint(rule, text):
            raise where().error(f"{name} {complaint}")
    if isinstance(value, (int, float)) and rule in _NUMBER_RULES and (complaint := _NUMBER_RULES[rule](value)):
        raise where().error(f"{name} {complaint}")
    return value.rstrip("/") if name.endswith("_url") and isinstance(value, str) else value


def _text_complaint(name: str, text: str) -> str:
    if name == "smtp.url" and text:
        try:
            parse_relay(text)
        except UsageError as error:
            return f"cannot be used: {error}"
    if not text:
        return "must not be empty" if name in _ALWAYS_SET else ""
    rule = _TEXT_RULES.get(name)
    return rules.control_character(text) or (rule(text) if rule else "")


def _example(name: str, default: object) -> str:
    key = name.rpartition(".")[2]
    if isinstance(default, tuple):
        return f'write {key} = ["…", "…"]'
    return f"write {key} = " + (f'"{default or "…"}"' if isinstance(default, str) else str(default).lower())


def _suggestion(key: Key) -> str:
    name, last = ".".join(key), key[-1]
    if name in SECTIONS or name == "subscriber":
        return f"{name} is a table: write [{name}] and its settings below"
    if key[0] not in SECTIONS and (tables := get_close_matches(key[0], [*SECTIONS, "subscriber.fields"], n=1)):
        return f"did you mean [{tables[0]}]?"
    known = [*known_settings(), "subscriber.fields", "send.limits"]
    if len(key) > 1 and last in known:
        return f"{last} belongs above the first [table] of the file"
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    close = close or [full for full in known if full.rpartition(".")[2] == last]
    return f"did you mean {close[0]}?" if close else "docs/usage.md lists the settings"


def _build(values: Mapping[str, object], fields: Mapping[str, SubscriberField]) -> Settings:
    # The one place that fills records by name: `_checked` has held each value against its record's own type.
    parts: dict[str, dict[str, object]] = {"": {}}
    for name, value in values.items():
        section, _, key = name.rpartition(".")
        parts.setdefault(section, {})["from_" if key == "from" else key] = value
    records: dict[str, object] = {s: record(**parts[s]) for s, record in SECTIONS.items() if s in parts}
    records["subscriber"] = SubscriberSettings(fields=dict(fields))
    return Settings(**parts[""], **records)  # type: ignore[arg-type]


def _check_together(settings: Settings) -> None:
    if settings.smtp.window > 1 and not settings.smtp.own_relay:
        raise ConfigError(
            "smtp.window is above 1, which only an own relay may be sent",
            path=FILE,
            fix="set smtp.own_relay = true if the relay is yours, else window = 1",
        )
