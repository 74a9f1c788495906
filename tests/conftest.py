"""Fixtures that every test may use, and the rule that in CI a skipped test is a failed one."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from newsletter.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
# The one reason that CI accepts: `make test` runs the suite under every interpreter that it finds.
ALLOWED_SKIP = "needs Python"

# How long an example takes says something about the machine's other work, and about who first loads a model.
hypothesis.settings.register_profile("newsletter", deadline=None)
hypothesis.settings.load_profile("newsletter")


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's own shell reaches a test."""
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def repo_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def real_item_path() -> Path:
    """The real press item: it stays outside the project, beside the checkout."""
    path = ROOT.parent / "shared" / "seed" / "export-news.txt"
    if not path.is_file():
        pytest.skip("the real press item is not beside this checkout (../shared/seed/export-news.txt)")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace: settings all by default, folders made."""
    root = tmp_path / "workspace"
    for name in ("content", "templates", "subscribers"):
        (root / name).mkdir(parents=True)
    (root / "newsletter.toml").write_text("", encoding="utf-8")
    (root / "var").mkdir(mode=0o700)
    return Workspace(root=root)


@pytest.fixture
def in_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The same, with the test's current directory in it: for commands run in process."""
    monkeypatch.chdir(workspace.root)
    return workspace


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)  # a whole module that skips itself
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if report.outcome == "skipped" and isinstance(report.longrepr, tuple) else ""
    if os.environ.get("CI") == "true" and reason and ALLOWED_SKIP not in reason:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {reason}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write tests/golden anew; read the diff")
