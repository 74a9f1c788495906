"""Settings: what is refused and on which line, what wins, what stays secret."""

from __future__ import annotations

import pickle
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config import Settings, known_settings, load_settings
from newsletter.errors import ConfigError, UsageError
from newsletter.relay import parse_relay
from newsletter.settings import BUILT_IN_LIMITS, DomainLimit
from newsletter.settings_rules import contrast
from newsletter.settings_source import line_of, parse_toml


def load(tmp_path: Path, text: str, **environ: str) -> Settings:
    (tmp_path / "newsletter.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path, environ)


def refusal(tmp_path: Path, text: str, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **environ)
    return caught.value


def test_everything_has_a_default_so_that_a_file_is_not_needed(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {})
    assert settings == Settings()
    assert (settings.send.connections, settings.send.wait_minutes, settings.send.give_up_hours) == (8, 15, 48)
    assert settings.send.uncertain == "hold"


def test_the_environment_wins_over_the_file_and_works_without_it(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        'public_url = "https://file.example"\n[send]\nconnections = 2\nrate = 3\n',
        NEWSLETTER_PUBLIC_URL="https://env.example/",
        NEWSLETTER_SENDER__FROM="Press <a@b.example>",
        NEWSLETTER_SEND__CONNECTIONS="5",
        NEWSLETTER_SMTP__OWN_RELAY="true",
        NEWSLETTER_REVIEW__TEST_ADDRESSES="a@b.example, c@d.example",
        NEWSLETTER_SUBSCRIBER__FIELDS__REGION__DEFAULT="—",
        NEWSLETTER_SECRET="no setting",
        HOME="/root",
    )
    assert settings.public_url == "https://env.example"
    assert settings.sender.from_ == "Press <a@b.example>"
    assert (settings.send.connections, settings.send.rate, settings.smtp.own_relay) == (5, 3.0, True)
    assert settings.review.test_addresses == ("a@b.example", "c@d.example")
    assert {name: field.default for name, field in settings.subscriber.fields.items()} == {
        "name": "",
        "city": "",
        "language": "",
        "region": "—",
    }


def test_a_key_after_a_table_header_is_reported_on_its_line_with_where_it_belongs(tmp_path: Path) -> None:
    error = refusal(tmp_path, '# head\n\n[smtp]\nuser = "x"\n\npublic_url = "https://x.example"\n')
    assert (error.path, error.line) == ("newsletter.toml", 6)
    assert "smtp.public_url" in error.message
    assert error.fix == "public_url belongs above the first [table] of the file"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[sendr]\nx = 1\n", 2, "did you mean [sender]?"),
        ("\n[smtp]\nusr = 'x'\n", 3, "did you mean smtp.user?"),
        ("office = 'x'\n", 1, "write [office]"),
        ("[smtp]\nfrom = 'a@b.example'\n", 2, "did you mean sender.from?"),
        ("[send]\nconnections = '8'\n", 2, "a whole number"),
        ("[send]\nconnections = true\n", 2, "a whole number"),
        ("[send]\nconnections = 0\n", 2, "between 1 and 200"),
        ("[smtp]\nown_relay = 1\n", 2, "true or false"),
        ("[review]\ntest_addresses = [\n  'a@b.example',\n  'nobody',\n]\n", 2, "bare e-mail address"),
        ("[send]\nuncertain = 'maybe'\n", 2, "hold, resend"),
        ("[send]\nrate = 'fast'\n", 2, '"100/h"'),
        ("[send]\nrate = '5/fortnight'\n", 2, '"100/h"'),
        ("[send]\nrate = -1\n", 2, "between 0 and"),
        ("[send]\nidle_seconds = 0\n", 2, "between 1 and 3600"),
        ("[send]\nlimits = 5\n", 2, "send.limits"),
        ("[send.limits]\ngmail = 5\n", 2, "[send.limits.name]"),
        ("[send.limits.Gmail]\nrate = 1\n", 2, "small Latin letters"),
        ("[send.limits.gmail]\n\nrates = 1\n", 3, "did you mean rate?"),
        ("[send.limits.gmail]\nburst = 1\n", 2, "messages_per_connection"),
        ("[send.limits.gmail]\nrate = '1/week'\n", 2, "send.limits.gmail.rate must be a number"),
        ("[send.limits.gmail]\nconnections = 201\n", 2, "between 0 and 200"),
        ("[send.limits.gmail]\nconnections = '5'\n", 2, "a whole number"),
        ("[send.limits.gmail]\ndomains = 'gmail.com'\n", 2, 'domains = ["…", "…"]'),
        ("[send.limits.gmail]\ndomains = ['a@gmail.com']\n", 2, "yandex.*"),
        ("[send.limits.gmail]\ndomains = ['.gmail.com']\n", 2, "yandex.*"),
        ("[send.limits.gmail]\ndomains = []\n", 2, "names no domains"),
        ("[send.limits.ours]\ndomains = ['поч*.рф']\n", 2, 'holds "поч*"'),
        ("\n[send.limits.partners]\nrate = '5/s'\n", 3, "names no domains"),
        ("\n[send.limits.partners]\n", 2, "names no domains"),
        ("[office]\ntimezone = 'Moscow'\n", 2, "Europe/Moscow"),
        ("[office]\nname = '''a\nb'''\n", 2, "control character U+000A"),
        ("[office]\nlang = ''\n", 2, "must not be empty"),
        ("public_url = 'http://x.example'\n", 1, "https://"),
        ("public_url = 'https://u:p@x.example'\n", 1, "user or a password"),
        ("public_url = 'https://x.example/?a=1'\n", 1, "query"),
        ("[brand]\naccent = '#777777'\n", 2, "contrast of 4.4:1"),
        ("[brand]\ntint = '#333333'\n", 2, "contrast"),
        ("[brand]\naccent = 'teal'\n", 2, "#rrggbb"),
        ("[smtp]\nurl = 'relay.example:25'\n", 2, "not the address of a relay"),
        ("[smtp]\nurl = 'smtp://me:secret@relay.example'\n", 2, "NEWSLETTER_SMTP__PASSWORD"),
        ("[smtp]\npassword = 'x'\n", 2, "must not stand in the file"),
        ("[database]\nurl = 'postgresql://me:x@db.example/n'\n", 2, "password in the file; use ~/.pgpass"),
        ("[database]\nurl = 'postgresql:///n?password=x'\n", 2, "must not hold a password"),
        ("[database]\nurl = 'news.db'\n", 2, "sqlite:///var/newsletter.db"),
        ("[smtp]\n\nuser = x\n", 3, "not valid TOML"),
        ("[smtp\n", 1, "not valid TOML"),
        ("[subscriber.fields]\n'Имя' = {}\n", 2, "small Latin letters"),
        ("[subscriber.fields]\nemail = {}\n", 2, "no name for a subscriber field"),
        ("[subscriber.fields]\nname = 'x'\n", 2, "is not a field"),
        ("[subscriber]\nname = 'x'\n", 2, "did you mean [subscriber.fields]?"),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    error = refusal(tmp_path, text)
    assert (error.path, error.line) == ("newsletter.toml", line)
    assert words in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NEWSLETTER_SMTP__URK", "x", "did you mean smtp.url?"),
        ("NEWSLETTER_SMTP_URL", "x", "there is no setting"),
        ("NEWSLETTER_SEND__RATE", "fast", "must be a number"),
        ("NEWSLETTER_SMTP__OWN_RELAY", "yes", "true or false"),
        ("NEWSLETTER_SEND__LIMITS__GMAIL__RATE", "1/week", "must be a number"),
        ("NEWSLETTER_SEND__LIMITS__GMAIL__RATES", "1", "did you mean rate?"),
        ("NEWSLETTER_SEND__LIMITS__PARTNERS__RATE", "1", "names no domains"),
        ("NEWSLETTER_PUBLIC_URL", "http://x.example", "https://"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str, words: str) -> None:
    error = refusal(tmp_path, "", **{name: value})
    assert f"environment variable {name}: " in str(error)
    assert words in str(error)


def test_a_file_in_another_encoding_is_told_with_its_line_and_a_bom_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_bytes("[office]\nname = 'Пресса'\n".encode("cp1251"))
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, {})
    assert (caught.value.line, caught.value.fix) == (2, "save it as UTF-8")
    (tmp_path / "newsletter.toml").write_bytes(b"\xef\xbb\xbf[office]\nname = 'A'\n")
    assert load_settings(tmp_path, {}).office.name == "A"


def test_a_password_shows_in_no_repr(tmp_path: Path) -> None:
    settings = load(tmp_path, "[smtp]\nuser = 'me'\n", NEWSLETTER_SMTP__PASSWORD="hunter2")
    assert settings.smtp.login() == ("me", "hunter2")
    assert "hunter2" not in repr(settings)


def test_a_password_file_that_others_can_read_is_refused_when_it_is_used(tmp_path: Path) -> None:
    secret = tmp_path / "relay.password"
    secret.write_text("hunter2\n", encoding="utf-8")
    settings = load(tmp_path, "[smtp]\nuser = 'me'\npassword_file = 'relay.password'\n")
    secret.chmod(0o640)
    with pytest.raises(ConfigError, match="0640") as caught:
        settings.smtp.login()
    assert "chmod 600" in caught.value.fix
    secret.chmod(0o600)
    assert settings.smtp.login() == ("me", "hunter2")


def test_a_user_without_a_password_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without a password"):
        load(tmp_path, "[smtp]\nuser = 'me'\n").smtp.login()


def test_a_real_send_names_everything_that_is_missing(tmp_path: Path) -> None:
    settings = load(tmp_path, "[sender]\nfrom = 'a@b.example'\n")
    with pytest.raises(ConfigError, match=r"public_url, sender\.unsubscribe_mailto"):
        settings.require_sendable()


def test_placeholders_fill_only_what_is_missing(tmp_path: Path) -> None:
    settings, filled = load(tmp_path, "[sender]\nfrom = 'a@b.example'\n").with_placeholders()
    assert filled == ("public_url", "sender.unsubscribe_mailto")
    assert settings.sender.from_ == "a@b.example"
    assert settings.public_url.endswith("newsletter.invalid")
    settings.require_sendable()


def test_more_than_one_message_on_the_way_needs_an_own_relay(tmp_path: Path) -> None:
    assert "own_relay" in refusal(tmp_path, "[smtp]\nwindow = 8\n").fix
    assert load(tmp_path, "[smtp]\nwindow = 8\nown_relay = true\n").smtp.window == 8


@pytest.mark.parametrize(
    ("written", "per_second"),
    [
        ("5", 5.0),
        ("2.5", 2.5),
        ("'5'", 5.0),
        ("'5/s'", 5.0),
        ("'0.5 / sec'", 0.5),
        ("'30/min'", 0.5),
        ("'7200/h'", 2.0),
        ("'86400/day'", 1.0),
        ("0", 0.0),
        ("'0/h'", 0.0),
    ],
)
def test_a_rate_is_written_with_the_unit_of_time_that_is_easiest(
    tmp_path: Path, written: str, per_second: float
) -> None:
    settings = load(tmp_path, f"[send]\nrate = {written}\n[send.limits.yandex]\nrate = {written}\n")
    assert settings.send.rate == per_second
    assert settings.send.limits["yandex"].rate == per_second
    assert load(tmp_path, "", NEWSLETTER_SEND__RATE=written.strip("'")).send.rate == per_second


def test_limits_of_domains_are_written_over_the_built_in_ones(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[send.limits.gmail]\nrate = "20/s"\n'
        '[send.limits.partners]\ndomains = ["*.partner.example", "почта.рф"]\nconnections = 2\n',
        NEWSLETTER_SEND__LIMITS__YAHOO__RATE="0",
        NEWSLETTER_SEND__LIMITS__PARTNERS__MESSAGES_PER_CONNECTION="7",
        NEWSLETTER_SEND__LIMITS__NEAR__DOMAINS="near.example, *.near.example",
    )
    limits = settings.send.limits
    gmail = BUILT_IN_LIMITS["gmail"]
    assert limits["gmail"] == replace(gmail, rate=20.0)
    assert (limits["yahoo"].rate, limits["yahoo"].messages_per_connection) == (0.0, 20)
    assert limits["partners"] == DomainLimit(
        domains=("*.partner.example", "почта.рф"), connections=2, messages_per_connection=7
    )
    assert limits["near"].domains == ("near.example", "*.near.example")
    assert limits["outlook"] is BUILT_IN_LIMITS["outlook"]


def test_built_in_limits_leave_a_relay_of_ones_own_alone_but_written_ones_hold_always(tmp_path: Path) -> None:
    send = load(tmp_path, "[send.limits.yahoo]\nconnections = 3\n").send
    assert list(send.holding_limits(is_near=True)) == ["yahoo"]
    assert list(send.holding_limits(is_near=False)) == ["yahoo", "gmail", "outlook", "mailru", "yandex"]


def test_a_field_without_a_default_leaves_it_to_the_template(tmp_path: Path) -> None:
    fields = load(tmp_path, "[subscriber.fields]\ncity = {}\nname = {default = 'reader'}\n").subscriber.fields
    assert {name: field.default for name, field in fields.items()} == {"city": None, "name": "reader"}


def test_tables_without_settings_change_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "[smtp]\n[subscriber]\n[subscriber.fields]\n") == Settings()


def test_settings_travel_to_another_process(tmp_path: Path) -> None:
    settings = load(tmp_path, "[subscriber.fields]\ncity = {}\n")
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own bytes


def test_the_repository_s_own_workspace_shows_every_setting_with_its_true_default(
    repo_root: Path, tmp_path: Path
) -> None:
    text = (repo_root / "newsletter.toml").read_text(encoding="utf-8")
    shown = re.sub(r"(?m)^# (?=[a-z0-9_]+ = )", "", text)
    assert load(tmp_path, shown) == load_settings(repo_root, {})
    assert load_settings(repo_root, {}).missing() == ("public_url", "sender.from", "sender.unsubscribe_mailto")
    flat = set()
    for name, value in tomllib.loads(shown).items():
        flat |= {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
    assert set(known_settings()) - flat == {"smtp.password"}  # which must not stand in a file


@pytest.mark.parametrize(
    ("url", "starttls", "said"),
    [
        ("smtp://relay.example", "auto", ("relay.example", 587, "starttls")),
        ("smtps://relay.example", "auto", ("relay.example", 465, "tls")),
        ("smtp://relay.example:25?starttls=no", "required", ("relay.example", 25, "none")),
        ("smtp://127.0.0.1:2525", "auto", ("127.0.0.1", 2525, "none")),
        ("smtp://[::1]:2525", "auto", ("::1", 2525, "none")),
        ("smtp://localhost", "required", ("localhost", 587, "starttls")),
        ("smtp://localhost.evil.example", "auto", ("localhost.evil.example", 587, "starttls")),
        ("smtp://relay.example", "no", ("relay.example", 587, "none")),
    ],
)
def test_starttls_is_required_unless_the_relay_is_here_or_it_is_said(
    url: str, starttls: str, said: tuple[str, int, str]
) -> None:
    relay = parse_relay(url, starttls=starttls)
    assert (relay.host, relay.port, relay.security) == said


@given(st.text())
def test_any_text_is_a_relay_or_a_usage_error(text: str) -> None:
    try:
        relay = parse_relay("smtp://" + text)
    except UsageError:
        return
    assert 0 < relay.port < 65536
    assert "@" not in relay.host


@given(st.text(max_size=200))
def test_any_text_is_toml_or_a_config_error_with_a_line_of_the_file(text: str) -> None:
    line = 1
    try:
        parse_toml(text)
    except ConfigError as error:
        line = error.line
    assert 1 <= line <= text.count("\n") + 1


_KEYS = st.lists(st.text("abcdef_", min_size=1, max_size=6), min_size=1, max_size=8, unique=True)
_VALUES = st.sampled_from(["1", '"x = 2"', "'''\nb = 1\n'''", "[\n 1,\n 2]", "{ a = 1 }", "true # [smtp]"])


@given(keys=_KEYS, data=st.data())
def test_the_line_of_a_key_is_where_its_statement_begins(keys: list[str], data: st.DataObject) -> None:
    text, wanted = "", {}
    for key in keys:
        text += data.draw(st.sampled_from(["", "\n", "# note = 1\n\n"]))
        wanted[key] = text.count("\n") + 1
        text += f"{key} = {data.draw(_VALUES)}\n"
    assert {key: line_of(text, (key,)) for key in keys} == wanted


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#767676", "#ffffff", 4.54), ("#ff0000", "#ffffff", 4.0)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


def test_password_of_the_database_may_come_from_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text("")
    url = "postgresql+psycopg://office:sehr-geheim@db.example/news"
    settings = load_settings(tmp_path, {"NEWSLETTER_DATABASE__URL": url})
    assert settings.database.url == url
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize("password", ["ge@heim:x", "sehr@geheim"])
def test_password_with_a_bare_at_sign_is_refused_and_not_repeated(tmp_path: Path, password: str) -> None:
    (tmp_path / "newsletter.toml").write_text("")
    with pytest.raises(ConfigError, match="%40") as caught:
        load_settings(tmp_path, {"NEWSLETTER_DATABASE__URL": f"postgresql+psycopg://office:{password}@db.example/news"})
    assert "heim" not in str(caught.value)
