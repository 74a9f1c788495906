"""The rule of conftest.py: with CI=true a skipped test is a failed one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IN_A_TEST = "import pytest\n\ndef test_it():\n    pytest.skip('{reason}')\n"
OF_A_MODULE = "import pytest\n\npytest.skip('{reason}', allow_module_level=True)\n"


@pytest.mark.parametrize("source", [IN_A_TEST, OF_A_MODULE], ids=["test", "module"])
@pytest.mark.parametrize(
    ("ci", "reason", "passes"),
    [("", "no Postfix here", True), ("true", "no Postfix here", False), ("true", "needs Python 3.12", True)],
)
def test_a_skip_fails_in_ci_unless_the_python_is_the_reason(
    source: str, ci: str, reason: str, passes: bool, tmp_path: Path, repo_root: Path
) -> None:
    (tmp_path / "tests").mkdir()
    shutil.copyfile(repo_root / "tests" / "conftest.py", tmp_path / "tests" / "conftest.py")
    (tmp_path / "tests" / "test_skipping.py").write_text(source.format(reason=reason), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(repo_root)},
        capture_output=True,
        text=True,
        check=False,
    )
    # 5: pytest's code for a run in which no test was collected, as when the only module skips itself.
    assert (done.returncode in {0, 5}) is passes, done.stdout
    assert reason in done.stdout or passes
