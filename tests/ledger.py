"""A store with a list of people in it, for tests of the store and of the sender: the same over both databases.

`engine` is a real SQLite file, and again a database of a private PostgreSQL (marked `service`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsletter.address import normalise
from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse, Step
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, writing
from newsletter.store.freezing import Again, freeze
from newsletter.store.issues import Plan
from newsletter.store.subscribers import add_subscriber, need_list
from newsletter.subscriber import GoodRow
from newsletter.tokens import Keys
from tests.postgresql_server import Server, binaries, running

SERVER = pytest.param("postgresql", marks=pytest.mark.service)
# For what only one of the two can do, or does otherwise.
on_file = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
on_server = pytest.mark.parametrize("engine", [SERVER], indirect=True)
PLAN = Plan(transport="smtp", target="smtp://127.0.0.1:2525", connections=2, rate=0.0, uncertain="hold")


@pytest.fixture
def keys() -> Keys:
    return Keys(secrets={1: b"k" * 32}, current=1)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the present schema: copied, because migrating one takes half a second."""
    path = tmp_path_factory.mktemp("migrated") / "n.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A private PostgreSQL, one for each worker of the test run, with a migrated database."""
    folder = binaries()
    if folder is None:
        pytest.skip("needs the Debian package postgresql")
    with running(folder) as server:
        server.execute("CREATE DATABASE migrated")
        open_database(server.url("migrated")).dispose()
        yield server


@pytest.fixture
def server_url(server: Server) -> str:
    """The address of a database of the present schema, with nothing in it."""
    server.empty("migrated")
    return server.url("migrated")


@pytest.fixture(name="engine")
def engine_on_file(tmp_path: Path, migrated_file: Path) -> Iterator[Engine]:
    """The store as a file alone: for what stands above it and does not care."""
    shutil.copy(migrated_file, tmp_path / "n.db")
    engine = open_database(f"sqlite:///{tmp_path / 'n.db'}", busy_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", SERVER])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The store, over each database that it can be in."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "n.db")
        url = f"sqlite:///{tmp_path / 'n.db'}"
    else:
        url = request.getfixturevalue("server_url")
    engine = open_database(url, busy_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture
def compiled() -> CompiledIssue:
    name = SlotUse(field="subscriber.name", context="text", steps=(Step(name="default", args=("читатель",)),))
    city = SlotUse(field="subscriber.city", context="plain")
    return CompiledIssue(
        lang="ru",
        title="Выпуск",
        preheader="",
        subject=("Новости для города ", city),
        headers=MailHeaders(
            from_name="Пресс-служба",
            from_mailbox="news@zarechye.example",
            return_path="news@zarechye.example",
            unsubscribe_mailto="unsubscribe@zarechye.example",
            public_url="https://zarechye.example",
        ),
        variant_fields={"language": ("ru", "en")},
        variants={
            "language=ru": CompiledVariant(html=("<p>", name, "</p>"), text=(name, "\n")),
            "language=en": CompiledVariant(html=("<p>en</p>",), text=("en\n",)),
        },
    )


@pytest.fixture
def add_people(engine: Engine, keys: Keys) -> Callable[..., None]:
    def add(*addresses: str, list_name: str = "press", **fields: str) -> None:
        with writing(engine) as conn:
            for address in addresses:
                add_subscriber(conn, list_name, GoodRow(line=0, address=normalise(address), fields=fields), keys=keys)

    return add


@pytest.fixture
def meant(engine: Engine, keys: Keys, compiled: CompiledIssue) -> Callable[..., Meant]:
    def make(*, list_name: str = "press", only_missing: bool = False, test_keys: tuple[bytes, ...] = ()) -> Meant:
        with writing(engine) as conn:
            list_id = need_list(conn, list_name)
        return Meant(
            key="content/april.md",
            list_id=list_id,
            list_name=list_name,
            compiled=compiled,
            keys=keys,
            only_missing=only_missing,
            test_keys=test_keys,
        )

    return make


@pytest.fixture
def freeze_issue(engine: Engine) -> Callable[..., int]:
    def frozen(meant: Meant, again: Again = Again.NO) -> int:
        with writing(engine) as conn:
            return freeze(conn, meant, plan=PLAN, timezone="Europe/Moscow", again=again)

    return frozen
