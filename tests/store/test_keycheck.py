"""The secret that a database belongs to: noted, asked for, and never exchanged in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.errors import ConfigError
from newsletter.store.database import Engine
from newsletter.store.keycheck import check_keys, is_keyed, is_unused
from newsletter.tokens import Keys

OTHER = Keys(secrets={1: b"x" * 32}, current=1)


def test_a_database_knows_its_secret_again_and_refuses_another(
    engine: Engine, keys: Keys, add_people: Callable[..., None]
) -> None:
    check_keys(engine, keys, where="var/secret.key")
    add_people("anna@x.example")
    check_keys(engine, keys, where="var/secret.key")
    with pytest.raises(ConfigError) as caught:
        check_keys(engine, OTHER, where="var/secret.key")
    assert caught.value.path == "var/secret.key"
    assert "who unsubscribed or was forgotten would be mailed again" in caught.value.message
    assert "restore key 1" in caught.value.fix
    check_keys(engine, keys, where="var/secret.key")


def test_a_rotation_upward_is_accepted_and_one_that_drops_the_first_key_is_not(
    engine: Engine, keys: Keys, add_people: Callable[..., None]
) -> None:
    check_keys(engine, keys, where="k")
    add_people("anna@x.example")
    check_keys(engine, Keys(secrets={1: b"k" * 32, 2: b"n" * 32}, current=2), where="k")
    for wrong in ({2: b"n" * 32}, {0: b"n" * 32, 1: b"k" * 32}, {0: b"k" * 32}):
        with pytest.raises(ConfigError, match=r"the lowest key id is \d, and the database was made with key 1"):
            check_keys(engine, Keys(secrets=wrong, current=max(wrong)), where="k")


def test_a_database_that_holds_nobody_takes_another_secret(
    engine: Engine, keys: Keys, add_people: Callable[..., None]
) -> None:
    check_keys(engine, keys, where="k")
    assert is_unused(engine)
    check_keys(engine, OTHER, where="k")
    add_people("anna@x.example")
    assert is_keyed(engine)
    assert not is_unused(engine)
    with pytest.raises(ConfigError):
        check_keys(engine, keys, where="k")


def test_a_look_notes_nothing(engine: Engine, keys: Keys, add_people: Callable[..., None]) -> None:
    add_people("anna@x.example")
    check_keys(engine, OTHER, where="k", write=False)
    check_keys(engine, keys, where="k")
    with pytest.raises(ConfigError):
        check_keys(engine, OTHER, where="k", write=False)


def test_a_fingerprint_differs_from_every_address_key_and_by_secret() -> None:
    keys = Keys(secrets={1: b"k" * 32}, current=1)
    assert keys.fingerprint() not in (keys.address_key("address"), OTHER.fingerprint())
    assert len(keys.fingerprint()) == 32
