"""A workspace is found upward, keeps its private folder private, and sees what the program carries."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.config import Database, Settings
from newsletter.errors import UsageError
from newsletter.workspace import Workspace, find_workspace, package_data, template_dirs


def test_a_workspace_is_found_from_a_folder_deep_inside(workspace: Workspace) -> None:
    deep = workspace.content / "2026" / "april"
    deep.mkdir(parents=True)
    assert find_workspace(deep).root == workspace.root


def test_outside_a_workspace_the_way_out_is_init(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no newsletter\.toml") as caught:
        find_workspace(tmp_path)
    assert "newsletter init" in caught.value.fix


def test_private_folders_are_made_for_their_owner_alone(workspace: Workspace) -> None:
    workspace.var.rmdir()
    folder = workspace.private_dir("build", "april")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (workspace.var, workspace.var / "build", folder)}
    assert modes == {0o700}
    assert workspace.private_dir("build", "april") == folder


def test_what_others_can_read_is_named(workspace: Workspace) -> None:
    workspace.key_file.write_text("x", encoding="utf-8")
    workspace.key_file.chmod(0o600)
    assert workspace.leaks() == ()
    workspace.key_file.chmod(0o644)
    workspace.var.chmod(0o750)
    assert workspace.leaks() == ("var", "var/secret.key")


def test_the_database_is_in_var_unless_the_settings_name_one(workspace: Workspace) -> None:
    assert workspace.database_url(Settings()) == f"sqlite:///{workspace.root}/var/newsletter.db"
    named = replace(Settings(), database=Database(url="sqlite:////elsewhere.db"))
    assert workspace.database_url(named) == "sqlite:////elsewhere.db"
    near = replace(Settings(), database=Database(url="sqlite:///var/other.db"))
    assert workspace.database_url(near) == f"sqlite:///{workspace.root}/var/other.db"
    far = replace(Settings(), database=Database(url="postgresql+psycopg://db.example/news"))
    assert workspace.database_url(far) == "postgresql+psycopg://db.example/news"


def test_paths_are_shown_as_a_person_knows_them(workspace: Workspace) -> None:
    assert workspace.shown(workspace.content / "a.md") == "content/a.md"
    assert workspace.shown(Path("/elsewhere/a.md")) == "/elsewhere/a.md"


def test_own_templates_come_before_those_of_the_program(workspace: Workspace, repo_root: Path) -> None:
    assert template_dirs(workspace) == (workspace.templates, repo_root / "templates")
    workspace.templates.rmdir()
    assert template_dirs(workspace) == (repo_root / "templates",)
    assert template_dirs(Workspace(root=repo_root)) == (repo_root / "templates",)


def test_what_the_program_carries_is_found_in_a_checkout(repo_root: Path) -> None:
    assert package_data("newsletter.toml") == repo_root / "newsletter.toml"
