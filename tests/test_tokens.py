"""What a token says, in which forms it is read, and what is refused."""

from __future__ import annotations

import hmac
import os
import re
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import ConfigError, InputError
from newsletter.tokens import Claim, Keys, Purpose, Token, load_keys

KEYS = Keys(secrets={1: b"1" * 32}, current=1)
CLAIMS = st.builds(
    Claim,
    st.sampled_from(Purpose),
    st.integers(min_value=0, max_value=2**24 - 1),
    st.integers(min_value=0, max_value=2**40 - 1),
)


def made(claim: Claim, keys: Keys = KEYS) -> Token:
    return keys.token(claim.purpose, claim.list_id, claim.subject_id)


@given(CLAIMS)
@settings(max_examples=100, deadline=None)
def test_both_forms_say_what_was_put_in(claim: Claim) -> None:
    token = made(claim)
    assert re.fullmatch(r"[A-Za-z0-9_-]{34}", token.url)
    assert re.fullmatch(r"[a-z2-7]{40}", token.address)
    assert KEYS.read(token.url) == claim
    assert KEYS.read(token.address) == claim
    assert KEYS.read(token.address.upper()) == claim
    assert KEYS.read(token.address.title()) == claim


@given(CLAIMS)
@settings(max_examples=50, deadline=None)
def test_token_is_found_in_whatever_a_person_pastes(claim: Claim) -> None:
    token = made(claim)
    for text in (
        f"https://news.zarechye.example/u/{token.url}",
        f"https://news.zarechye.example/u/{token.url}/?utm_source=mail#top",
        f"  <https://xn--80a1acny.xn--p1ai/base/u/{quote(token.url)}> ",
        quote(f"https://news.zarechye.example/u/{token.url}", safe=""),
        f"unsub+{token.address}@zarechye.example",
        f"mailto:unsub+{token.address}@zarechye.example?subject=unsubscribe",
        f"mailto:unsub%2B{token.address.upper()}@zarechye.example",
        f"<https://h.example/u/{token.url}>,\r\n <mailto:unsub+{token.address}@h.example?subject=unsubscribe>",
    ):
        assert KEYS.read(text) == claim


@given(CLAIMS, st.integers(min_value=0, max_value=199))
@settings(max_examples=200, deadline=None)
def test_one_changed_bit_is_refused(claim: Claim, bit: int) -> None:
    raw = bytearray(made(claim).raw)
    raw[bit // 8] ^= 1 << bit % 8
    for text in (Token(bytes(raw)).url, Token(bytes(raw)).address):
        with pytest.raises(InputError):
            KEYS.read(text)


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z2-7_-]{34}|[a-z2-7]{40}", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match="token"):
        KEYS.read(text)


def test_second_spelling_of_a_genuine_token_is_refused() -> None:
    url = made(Claim(Purpose.VIEW, 1, 2)).url
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(url[-1])
    for spare in range(1, 16):
        with pytest.raises(InputError):
            KEYS.read(url[:-1] + alphabet[last ^ spare])


def test_a_token_of_one_purpose_shares_no_tag_with_another() -> None:
    tags = {KEYS.token(purpose, 1, 2).raw[9:] for purpose in Purpose}
    assert len(tags) == len(Purpose)
    swapped = bytearray(KEYS.token(Purpose.TRIAL, 1, 2).raw)
    swapped[0] = Purpose.UNSUBSCRIBE << 4 | 1
    with pytest.raises(InputError):
        KEYS.read(Token(bytes(swapped)).url)


def test_token_is_what_its_description_says_so_that_old_links_are_read_for_ever() -> None:
    extracted = hmac.new(b"newsletter tokens 1", b"1" * 32, "sha256").digest()
    key = hmac.new(extracted, b"token unsubscribe\x01", "sha256").digest()
    head = bytes([0x11]) + (3).to_bytes(3, "big") + (5).to_bytes(5, "big")
    assert KEYS.token(Purpose.UNSUBSCRIBE, 3, 5).raw == head + hmac.new(key, head, "sha256").digest()[:16]
    assert [purpose.value for purpose in Purpose] == [1, 2, 3, 4, 5, 6]


def test_trial_token_is_as_long_as_a_live_one() -> None:
    live, trial = KEYS.token(Purpose.UNSUBSCRIBE, 1, 2), KEYS.token(Purpose.TRIAL, 0, 0)
    assert (len(live.url), len(live.address)) == (len(trial.url), len(trial.address)) == (34, 40)


def test_ids_that_do_not_fit_are_an_error_not_another_persons_token() -> None:
    for list_id, subject_id in ((2**24, 1), (1, 2**40), (-1, 1)):
        with pytest.raises(OverflowError):
            KEYS.token(Purpose.UNSUBSCRIBE, list_id, subject_id)


def test_old_tokens_are_read_after_a_rotation_and_stored_addresses_keep_their_key() -> None:
    rotated = Keys(secrets={1: b"1" * 32, 2: b"2" * 32}, current=2)
    claim = Claim(Purpose.UNSUBSCRIBE, 7, 9)
    assert rotated.read(made(claim).url) == claim
    assert made(claim, rotated) != made(claim)
    assert made(claim, rotated.pinned(1)) == made(claim)
    assert rotated.address_key("a@b.example") == KEYS.address_key("a@b.example")
    with pytest.raises(InputError):
        KEYS.read(made(claim, rotated).url)


def test_another_secret_reads_nothing() -> None:
    other = Keys(secrets={1: b"x" * 32}, current=1)
    with pytest.raises(InputError, match="another secret"):
        other.read(made(Claim(Purpose.VIEW, 1, 1)).url)
    assert other.address_key("a@b.example") != KEYS.address_key("a@b.example")


def test_message_id_is_the_same_for_every_try_and_no_two_messages() -> None:
    first = KEYS.message_id_local(1, 23)
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first == KEYS.message_id_local(1, 23)
    assert len({first, KEYS.message_id_local(12, 3), KEYS.message_id_local(1, 23, nonce="x")}) == 3


def test_order_of_an_audience_depends_on_the_seed() -> None:
    people = [KEYS.address_key(f"p{number}@zarechye.example") for number in range(20)]
    one, two = (sorted(people, key=lambda person: KEYS.shuffle_key(seed, person)) for seed in ("a", "b"))
    assert one != two != people


def test_repr_hides_secrets_and_tokens() -> None:
    KEYS.token(Purpose.VIEW, 1, 1)
    shown = repr(KEYS) + repr(KEYS.token(Purpose.VIEW, 1, 1))
    assert "111" not in shown
    assert "b'" not in shown


def test_key_file_is_made_once_private_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    before = os.umask(0)
    try:
        first = load_keys(path, {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert [p.name for p in path.parent.iterdir()] == ["secret.key"]
    assert re.fullmatch(r"1:[0-9a-f]{64}\n", path.read_text())
    assert load_keys(path, {}) == first


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    found: list[Keys] = []
    threads = [Thread(target=lambda: found.append(load_keys(path, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(keys == found[0] for keys in found)
    assert [p.name for p in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_key_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret.key"
    load_keys(path, {})
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_keys(path, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "1:zz",
        "1:" + "ab" * 31,
        "16:" + "ab" * 32,
        f"1:{'ab' * 32}\n1:{'cd' * 32}",
        "ab" * 32 + "\n2:" + "ab" * 32,
    ],
)
def test_damaged_key_file_is_refused_by_name_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load_keys(path, {})
    assert "secret.key" in str(caught.value)
    assert "abab" not in str(caught.value)


@pytest.mark.parametrize("given", ["hello", "ab" * 31, "16:" + "ab" * 32, f"{'ab' * 32},2:{'ab' * 32}"])
def test_a_secret_of_another_form_is_told_the_form(tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_keys(tmp_path / "secret.key", {"NEWSLETTER_SECRET": given})
    assert caught.value.path == "NEWSLETTER_SECRET"
    assert "a number from 0 to 15, a colon and at least 32 bytes in hex (64 digits" in caught.value.fix


def test_a_lost_key_is_made_anew_only_where_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with pytest.raises(ConfigError, match="the secret key is gone"):
        load_keys(path, {}, may_create=False)
    assert not path.exists()
    kept = load_keys(path, {})
    assert load_keys(path, {}, may_create=False) == kept


def test_highest_key_id_is_current(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_text(f"2:{'cd' * 32}\n1:{'ab' * 32}\n")
    path.chmod(0o600)
    keys = load_keys(path, {})
    assert keys.current == 2
    assert set(keys.secrets) == {1, 2}


def test_environment_comes_before_the_file_and_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    keys = load_keys(path, {"NEWSLETTER_SECRET": "ab" * 32})
    assert keys == Keys(secrets={1: b"\xab" * 32}, current=1)
    assert load_keys(path, {"NEWSLETTER_SECRET": f"1:{'ab' * 32},3:{'cd' * 32}"}).current == 3
    assert not path.exists()


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"secret\.key: cannot read the secret: Not a directory"):
        load_keys(tmp_path / "var" / "secret.key", {})
