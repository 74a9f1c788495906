"""What a person does on the review side of a page, for tests of the room in this process."""

from __future__ import annotations

import json
import re

import httpx2 as httpx
from starlette.testclient import TestClient

from newsletter.workspace import Workspace
from tests.room_server import HOST


def post(client: TestClient, path: str, posted: object) -> httpx.Response:
    """Send what a form of the page sends; bytes go as they are."""
    body = posted if isinstance(posted, bytes) else json.dumps(posted).encode()
    headers = {"Origin": f"http://{HOST}", "Content-Type": "application/json"}
    return client.post(path, content=body, headers=headers)


def digest_on(client: TestClient, base: str) -> str:
    """Return the digest of the mail that the page shows."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', client.get(f"{base}panel/review").text)
    assert found is not None
    return found[1]


def ballot(digest: str, **more: object) -> dict[str, object]:
    return {"verdict": "approved", "name": "Анна Соколова", "note": "", "list": "", "digest": digest, **more}


def approve(client: TestClient, base: str, **more: object) -> None:
    assert post(client, f"{base}decide", ballot(digest_on(client, base), **more)).status_code == 200


def rewrite(client: TestClient, workspace: Workspace, name: str, old: str, new: str) -> None:
    """Save a file with one thing changed; the room has noticed it when this returns."""
    file = workspace.root / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    client.app.state.room.files_changed()  # type: ignore[attr-defined] # what watching the folder ends in
