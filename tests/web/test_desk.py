"""A desk at work: what it tells before, while and after it compiles."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, CompileResult
from newsletter.web.desk import Desk
from newsletter.web.premises import Premises
from newsletter.web.pulse import pulse_of
from newsletter.workspace import Workspace
from tests.room_server import desk_path

PATIENCE_SECONDS = 30  # a busy machine
Client = Callable[..., AbstractContextManager[TestClient]]


def desk_of(premises: Premises) -> Desk:
    return Desk(premises, (premises.workspace.content / "optika.md",), ContentOptions())


def test_a_compile_that_takes_long_is_told_and_told_to_be_over(premises: Premises) -> None:
    may_end = threading.Event()

    def slowly(request: CompileRequest) -> CompileResult:
        assert may_end.wait(PATIENCE_SECONDS)
        return premises.compile(request)

    async def run() -> None:
        desk = desk_of(replace(premises, compile=slowly))
        woken = asyncio.Event()
        desk.listen(woken.set)
        async with asyncio.timeout(PATIENCE_SECONDS):
            task = asyncio.create_task(desk.refresh_mail())
            await woken.wait()
            assert pulse_of(desk)["busy"] is True
            assert pulse_of(desk)["number"] == 0, "nothing that a page shows has changed yet"
            may_end.set()
            await task
        assert pulse_of(desk)["busy"] is False
        assert pulse_of(desk)["number"] == 1

    asyncio.run(run())


def test_what_the_command_line_named_is_compiled_before_anybody_asks(
    premises: Premises, room_workspace: Workspace, client_of: Client
) -> None:
    begun = threading.Event()

    def noting(request: CompileRequest) -> CompileResult:
        begun.set()
        return premises.compile(request)

    opened = replace(premises, compile=noting, opened=(room_workspace.content / "optika.md",))
    with client_of(opened):
        assert begun.wait(PATIENCE_SECONDS)


@pytest.mark.filterwarnings("error")  # an exception that nobody fetched would be one
def test_a_defect_while_warming_up_is_met_by_who_asks_next(
    premises: Premises, room_workspace: Workspace, client_of: Client
) -> None:
    item = room_workspace.content / "optika.md"
    tries: list[str] = []

    def failing(request: CompileRequest) -> CompileResult:
        tries.append("one")
        if len(tries) == 1:
            raise ZeroDivisionError
        return premises.compile(request)

    with client_of(replace(premises, compile=failing, opened=(item,))) as client:
        answers = [client.get(desk_path(room_workspace, item)).status_code for _ in range(2)]
    assert answers[-1] == 200
    assert len(tries) == 2
