"""`newsletter init`: a whole workspace or none, and nothing of anybody's overwritten."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.cli.init import ENTRIES, make_workspace
from newsletter.cli.main import main
from newsletter.config import load_settings
from newsletter.errors import DiskError
from newsletter.workspace import find_workspace


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_workspace_has_all_that_the_program_carries_and_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "offices/press"]) == 0
    root = tmp_path / "offices" / "press"
    assert names(root) == set(ENTRIES)
    for folder in ("content", "templates", "subscribers"):
        assert names(root / folder) == {n for n in names(repo_root / folder) if not n.startswith(".")}
    digest = root / "content" / "2026-11-zarechye-digest"
    assert {"issue.toml", "investments.md"} <= names(digest)
    assert stat.S_IMODE((root / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "var" / "secret.key").stat().st_mode) == 0o600
    assert "/var/" in (root / ".gitignore").read_text(encoding="utf-8")
    assert load_settings(find_workspace(root).root, {}).missing() == (
        "public_url",
        "sender.from",
        "sender.unsubscribe_mailto",
    )
    out = capsys.readouterr().out
    assert "cd offices/press" in out
    assert "newsletter doctor" in out


def test_two_workspaces_have_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_workspace(tmp_path / name, {})
    assert (tmp_path / "a/var/secret.key").read_bytes() != (tmp_path / "b/var/secret.key").read_bytes()


def test_the_current_folder_may_hold_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert names(tmp_path) == {*ENTRIES, "notes.txt"}


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_is_overwritten(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).symlink_to(tmp_path / "nowhere")  # even a dangling link counts
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 2
    assert f"already there: {name}" in capsys.readouterr().err
    assert names(tmp_path) == {name}


def test_a_file_in_the_way_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "press").write_text("a file", encoding="utf-8")
    assert main(["init", "press"]) == 2
    assert main(["init", "press/below"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert names(tmp_path) == {"press"}


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    # A file-size limit is the full disk that needs no root: writing beyond it fails half-way through a file.
    code = (
        "import resource, signal, sys, pathlib\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from newsletter.cli.main import main\n"
        "sys.exit(main(['init', 'deep/press']))\n"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "deep/press: no workspace could be made" in done.stderr
    assert names(tmp_path) == set()


def test_what_appears_while_it_works_is_kept_and_ours_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "theirs.csv").write_text("email\n", encoding="utf-8")
    with pytest.raises(DiskError):
        make_workspace(tmp_path, {})  # without the look that `init` takes first
    assert names(tmp_path) == {"subscribers"}
    assert names(tmp_path / "subscribers") == {"theirs.csv"}
