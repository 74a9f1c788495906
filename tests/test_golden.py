"""The samples, a letter and a digest, byte for byte: a change of looks or bytes is seen in the diff, never a surprise.

After a wanted change: `pytest tests/test_golden.py --refresh-golden`, then read `git diff tests/golden`.
"""

from __future__ import annotations

import email
from datetime import datetime, timedelta, timezone
from email import policy
from pathlib import Path

import pytest

from newsletter.config import load_settings
from newsletter.issue import ContentOptions
from newsletter.message.merge import Merger, Recipient
from newsletter.render.child import CompileRequest, compile_here
from newsletter.render.compiled import fill
from newsletter.tokens import Keys

GOLDEN = Path(__file__).parent / "golden"
MOSCOW = timezone(timedelta(hours=3))


SAMPLES = {"letter": "2026-11-zarechye-export.md", "digest": "2026-11-zarechye-digest"}


@pytest.fixture(scope="module")
def mail(repo_root: Path) -> dict[str, bytes]:
    """The samples as one invented subscriber gets them, with fixed keys and Date."""
    found: dict[str, bytes] = {}
    for name, sample in SAMPLES.items():
        found |= _parts(name, repo_root / "content" / sample, repo_root)
    return found


def _parts(name: str, sample: Path, repo_root: Path) -> dict[str, bytes]:
    settings, _ = load_settings(repo_root, {}).with_placeholders()
    request = CompileRequest(
        root=repo_root,
        items=(sample,),
        options=ContentOptions(),
        settings=settings,
        template_dirs=(repo_root / "templates",),
    )
    compiled = compile_here(request).compilation.compiled
    merger = Merger(compiled, keys=Keys(secrets={0: b"golden" * 8}, current=0), issue_id=7, list_label="sample")
    recipient = Recipient(
        delivery_id=41,
        subscriber_id=42,
        list_id=3,
        address="semyon@novosti.example",
        values={name: "Семён Алёхин" for name in compiled.slot_fields if name.startswith("subscriber.")},
        position=1,
    )
    values, variant = merger.values(recipient), compiled.variants[""]
    message = merger.message(recipient, date=datetime(2026, 11, 23, 9, 30, tzinfo=MOSCOW))
    return {
        f"{name}.html": fill(variant.html, values).encode(),
        f"{name}.txt": fill(variant.text, values).encode(),
        f"{name}.eml": message.data,
    }


@pytest.mark.parametrize("name", [f"{sample}.{part}" for sample in SAMPLES for part in ("html", "txt", "eml")])
def test_sample_is_as_it_was_last_approved(mail: dict[str, bytes], name: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / name
    if request.config.getoption("--refresh-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(mail[name])
    assert mail[name] == path.read_bytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_golden_mail_reads_back_as_its_parts(mail: dict[str, bytes], name: str) -> None:
    message = email.message_from_bytes(mail[f"{name}.eml"], policy=policy.default)
    text, html = message.iter_parts()
    assert _decoded(text) == mail[f"{name}.txt"]
    assert _decoded(html).rstrip() == mail[f"{name}.html"].rstrip()
    assert not message.defects


def _decoded(part: object) -> bytes:
    payload = part.get_payload(decode=True)  # type: ignore[attr-defined]
    assert isinstance(payload, bytes)
    return payload.replace(b"\r\n", b"\n")
