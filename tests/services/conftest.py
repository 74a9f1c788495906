"""Private mail servers, started and stopped by the test, nothing of the machine's; and an issue to send to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.exim import Exim, private_exim
from tests.services.exim import missing as missing_exim
from tests.services.office import Office, open_office
from tests.services.postfix import Postfix, private_postfix
from tests.services.postfix import missing as missing_postfix


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    """A Postfix that is not started yet."""
    if reason := missing_postfix():
        pytest.skip(reason)
    with private_postfix() as server:
        yield server


@pytest.fixture
def exim() -> Iterator[Exim]:
    """An Exim that is not started yet."""
    if reason := missing_exim():
        pytest.skip(reason)
    with private_exim() as server:
        yield server


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Postfix | Exim:
    """The one that the test's parameter names."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Postfix | Exim)
    return found


@pytest.fixture(scope="session")
def frozen_office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return open_office(tmp_path_factory.mktemp("office") / "frozen")


@pytest.fixture
def office(frozen_office: Office, tmp_path: Path) -> Office:
    """A workspace of the test's own, with the issue frozen and nothing sent."""
    return frozen_office.copy(tmp_path / "office")
