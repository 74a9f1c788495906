"""Who may ask anything of the room. Every route of the application is tried, so that a new one is covered by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from newsletter.render.child import CompileRequest, CompileResult
from newsletter.web.app import build_app, new_token
from newsletter.web.changing import CHANGES
from newsletter.web.premises import Premises
from newsletter.workspace import Workspace
from tests.room_server import HOST, TOKEN, Client, desk_path

OURS = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
EVENTS = "events"  # a stream that does not end: asked without the right to only


def routes_of(app: Starlette) -> list[Route]:
    """Return every route below the secret, with the static files as one of them."""
    return list(_flat(app.routes))


def _flat(routes: Sequence[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from _flat(route.routes)
        elif isinstance(route, Mount):
            yield Route(f"{route.path}/room.css", lambda request: None)
        else:
            assert isinstance(route, Route)
            yield route


@pytest.fixture
def paths(premises: Premises, room_workspace: Workspace) -> dict[str, set[str]]:
    """Every address of the room below the secret, with its methods."""
    desk = desk_path(room_workspace, room_workspace.content / "optika.md").split("/")[1]
    app = build_app(premises, token=TOKEN, hosts=[HOST])
    found = {
        re.sub(r"\{\w+(:\w+)?\}", "text", route.path.replace("{desk:str}", desk)).lstrip("/"): route.methods or {"GET"}
        for route in routes_of(app)
    }
    assert {"", f"i/{desk}/", f"i/{desk}/mail", f"i/{desk}/{EVENTS}", "static/room.css"} <= set(found)
    return found


@pytest.fixture
def changes(paths: dict[str, set[str]]) -> list[str]:
    return [path for path, methods in paths.items() if "POST" in methods]


def assert_guarded(answer: Response) -> None:
    """Every answer, good or bad, carries these, and none lets another site in."""
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy or "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-dns-prefetch-control"] == "off"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "set-cookie" not in headers
    assert "server" not in headers
    assert not [name for name in headers if name.startswith("access-control-")]


# The secret


@pytest.mark.parametrize(
    "token",
    ["", "x", TOKEN[:-1], f"{TOKEN}x", TOKEN.lower(), f"/{TOKEN}", f"{TOKEN}%00", "%2e%2e",
     f"%2F{TOKEN}", f"{TOKEN};x", "токен"],
)  # fmt: skip
def test_nothing_is_answered_without_the_secret(client: TestClient, paths: dict[str, set[str]], token: str) -> None:
    for path in paths:
        for method in ("GET", "HEAD", "POST"):
            answer = client.request(method, f"http://{HOST}/{token}/{path}", headers=OURS)
            assert answer.status_code == 403, (method, path)
            assert TOKEN not in answer.text
            assert_guarded(answer)


def test_the_secret_without_a_slash_is_no_page(client: TestClient) -> None:
    answer = client.get(f"http://{HOST}/{TOKEN}")
    assert answer.status_code == 403
    assert "newsletter preview" in answer.text


def test_every_room_has_a_secret_of_its_own_of_128_bits() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\w-]{22}", token) for token in tokens)


@pytest.mark.parametrize(
    "path",
    ["static/../desk.py", "static/%2e%2e/app.py", "static//etc/passwd", "i//mail", "static/..%2f..%2fapp.py", "static/",
     "static", "i/x", "i/%00/", "x" * 5000],
)  # fmt: skip
def test_no_address_reaches_a_file(client: TestClient, path: str) -> None:
    answer = client.get(f"http://{HOST}/{TOKEN}/{path}")
    assert answer.status_code in (307, 404)
    assert "import" not in answer.text
    assert_guarded(answer)


# The host


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8025", "127.0.0.1", "127.0.0.1:8026", "127.0.0.1.:8025", "127.0.0.1:8025.",
     "127.0.0.1:08025", "user@127.0.0.1:8025", "127.0.0.1:8025@evil.example", "127.0.0.1:8025, evil.example",
     "2130706433:8025", "LOCALHOST:8025", "localhost:8025", "[::1]:8025", "127.0.0.1:8025/", "http://127.0.0.1:8025",
     "", " "],
)  # fmt: skip
def test_another_host_is_misdirected(client: TestClient, paths: dict[str, set[str]], host: str) -> None:
    for path in paths:
        for method in ("GET", "POST"):
            origin = {"Origin": f"http://{host}"}
            answer = client.request(method, path, headers=OURS | origin | {"Host": host})
            assert answer.status_code == 421, (method, path)
            assert_guarded(answer)


def test_two_hosts_are_misdirected(client: TestClient) -> None:
    for second in (HOST, "evil.example"):
        answer = client.get("", headers=[("Host", HOST), ("Host", second)])
        assert answer.status_code == 421


def test_an_upper_case_name_is_not_ours_even_if_localhost_is(premises: Premises, client_of: Client) -> None:
    with client_of(premises, host="localhost:8025") as client:
        assert client.get("").status_code == 200
        assert client.get("", headers={"Host": "LOCALHOST:8025"}).status_code == 421


# Changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", ""),
        ("Origin", None),
        ("Origin", "null"),
        ("Origin", "http://evil.example"),
        ("Origin", f"https://{HOST}"),
        ("Origin", "http://127.0.0.1"),
        ("Origin", "http://127.0.0.1:8026"),
        ("Origin", "http://localhost:8025"),
        ("Origin", f"http://{HOST}/"),
        ("Origin", f"http://{HOST}, http://{HOST}"),
        ("Origin", f"http://{HOST}.evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Content-Type", None),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Type", "multipart/form-data; boundary=x"),
        ("Content-Type", "text/plain"),
        ("Content-Type", "text/plain; application/json"),
        ("Content-Type", "application/jsonx"),
    ],
)
def test_a_change_from_elsewhere_is_refused(
    client: TestClient, changes: list[str], name: str, value: str | None
) -> None:
    assert len(changes) == len(CHANGES)
    headers = {key: one for key, one in {**OURS, name: value}.items() if one is not None}
    for path in changes:
        answer = client.post(path, headers=headers, content=b'{"x": 1}')
        assert answer.status_code == 403, path
        assert_guarded(answer)


def test_two_origins_are_refused(client: TestClient, changes: list[str]) -> None:
    headers = [*OURS.items(), ("Origin", OURS["Origin"])]
    assert [client.post(path, headers=headers, content=b"{}").status_code for path in changes] == [403] * len(changes)


def test_a_change_from_our_own_page_passes_the_guard(client: TestClient, changes: list[str]) -> None:
    for path in changes:
        answer = client.post(path, headers=OURS, content=b"[1]")
        assert answer.status_code in (400, 404, 409), path
        assert_guarded(answer)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000, b"9" * 9999]
)
def test_a_body_that_is_no_object_is_refused_in_plain_words(
    client: TestClient, changes: list[str], body: bytes
) -> None:
    for path in changes:
        answer = client.post(path, headers=OURS, content=body)
        assert answer.status_code == 400, path
        assert_guarded(answer)


def test_a_body_over_the_limit_is_refused(client: TestClient, changes: list[str]) -> None:
    for path in changes:
        answer = client.post(path, headers=OURS, content=b'{"text": "' + b"x" * (4 * 1024**2) + b'"}')
        assert answer.status_code == 413, path
        assert_guarded(answer)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "CONNECT"])
def test_other_methods_change_nothing_and_tell_nothing(
    client: TestClient, paths: dict[str, set[str]], method: str
) -> None:
    for path in paths:
        asked = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}
        assert client.request(method, path, headers=asked).status_code == 403
        answer = client.request(method, path, headers=OURS | asked)
        assert answer.status_code in (404, 405), path
        assert_guarded(answer)


def test_a_form_sent_to_a_page_is_refused(client: TestClient, paths: dict[str, set[str]]) -> None:
    for path in set(paths) - {path for path, methods in paths.items() if "POST" in methods}:
        assert client.post(path, data={"x": "1"}, headers={"Origin": OURS["Origin"]}).status_code == 403


# Every answer


def test_pages_answer_with_the_headers_and_head_as_well(client: TestClient, paths: dict[str, set[str]]) -> None:
    for path, methods in paths.items():
        if "GET" not in methods or path.endswith(EVENTS):
            continue
        for method in ("GET", "HEAD"):
            answer = client.request(method, path, headers={"Origin": "http://evil.example"})
            assert answer.status_code in (200, 404), path
            assert_guarded(answer)
            assert method == "GET" or not answer.content
    assert client.head(next(path for path in paths if path.endswith(EVENTS))).status_code == 200


def test_a_page_that_is_not_there_says_so_in_words(client: TestClient) -> None:
    answer = client.get("i/0123456789ab/")
    assert answer.status_code == 404
    assert "Такой страницы нет" in answer.text
    assert_guarded(answer)


def test_the_frame_runs_nothing_and_the_page_only_its_own(client: TestClient, paths: dict[str, set[str]]) -> None:
    mail = next(path for path in paths if path.endswith("/mail"))
    policy = client.get(mail).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self';")
    assert policy.endswith("sandbox allow-same-origin")
    assert "script" not in policy
    page = client.get(mail.removesuffix("mail"))
    assert "script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", page.text)


def test_a_websocket_is_refused(client: TestClient) -> None:
    for path in ("", "x"):
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(f"ws://{HOST}/{TOKEN}/{path}"):
            pass
        assert refused.value.code == 1008


class BrokenError(Exception):
    """A defect of ours, for these tests."""


def _broken(_request: CompileRequest) -> CompileResult:
    raise BrokenError(f"тайна http://{HOST}/{TOKEN}/")


@pytest.mark.parametrize(("page", "method"), [("", "GET"), ("mail", "GET"), *((name, "POST") for name in CHANGES)])
def test_a_defect_is_a_sentence_for_the_editor_and_told_to_the_engineer(
    premises: Premises, room_workspace: Workspace, page: str, method: str
) -> None:
    told: list[Exception] = []
    app = build_app(replace(premises, compile=_broken), token=TOKEN, hosts=[HOST], tell=told.append)
    desk = desk_path(room_workspace, room_workspace.content / "optika.md")
    with TestClient(app, base_url=f"http://{HOST}/{TOKEN}/", raise_server_exceptions=False) as client:
        answer = client.request(method, f"{desk}{page}", headers=OURS, content=b"{}")
    assert_guarded(answer)
    assert not re.search("Traceback|Broken|тайна", answer.text)
    if answer.status_code in (400, 409):
        return  # refused before anything is compiled
    assert answer.status_code == 500
    assert "В программе произошла ошибка" in (answer.json()["error"]["message"] if method == "POST" else answer.text)
    assert [type(error) for error in told] == [BrokenError]


def test_a_defect_is_told_in_english_to_who_asks_so(premises: Premises, room_workspace: Workspace) -> None:
    app = build_app(replace(premises, compile=_broken), token=TOKEN, hosts=[HOST], tell=lambda error: None)
    desk = desk_path(room_workspace, room_workspace.content / "optika.md")
    with TestClient(app, base_url=f"http://{HOST}/{TOKEN}/", raise_server_exceptions=False) as client:
        assert "The program failed" in client.get(desk, headers={"Accept-Language": "en"}).text
