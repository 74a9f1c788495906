"""`newsletter demo`: the whole way, and nothing outside its folder."""

from __future__ import annotations

import email
from email import policy
from pathlib import Path

import pytest

from newsletter.cli.main import main
from newsletter.workspace import Workspace

# Each command compiles in a child process: most of a second a test.
pytestmark = pytest.mark.slow


def test_demo_delivers_the_digest_to_everybody_on_the_example_list(
    in_workspace: Workspace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_DATABASE__URL", f"sqlite:///{in_workspace.root}/office.db")
    before = sorted(path.name for path in in_workspace.root.iterdir())
    assert main(["demo"]) == 0
    out = capfd.readouterr().out
    folder = in_workspace.var / "demo"
    letters = sorted((folder / "received").glob("*.eml"))
    people = (folder / "subscribers/example.csv").read_text(encoding="utf-8").strip().splitlines()[1:]
    assert len(letters) == len(people) == 12
    messages = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in letters]
    assert len({message["To"] for message in messages}) == len(people)
    assert all(message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" for message in messages)
    assert all(message["Subject"] == "2,6 млрд рублей и день открытых цехов" for message in messages)
    assert "var/demo/received/" in out
    assert "What to try next" in out
    assert sorted(path.name for path in in_workspace.root.iterdir()) == before, "the demo reached the office's database"


def test_demo_empties_its_folder_and_runs_again(in_workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    folder = in_workspace.private_dir("demo")
    (folder / "old").mkdir()
    (folder / "old" / "letter.eml").write_text("x", encoding="utf-8")
    assert main(["demo"]) == 0
    assert not (folder / "old").exists()
    monkey = folder / "newsletter.toml"
    assert "zarechye.example" in monkey.read_text(encoding="utf-8")


def test_demo_inside_its_own_folder_is_refused(
    in_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = in_workspace.private_dir("demo")
    (folder / "newsletter.toml").write_text("", encoding="utf-8")
    (folder / "keep.txt").write_text("x", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert main(["demo"]) == 2
    assert (folder / "keep.txt").exists()


def test_demo_outside_any_workspace_uses_a_folder_of_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert main(["demo"]) == 0
    (folder,) = tmp_path.iterdir()
    assert len(list((folder / "received").glob("*.eml"))) == 12
