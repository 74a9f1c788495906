"""The way in: what a person sees for help, for a mistake and for a defect of ours."""

from __future__ import annotations

import errno
import inspect
import json
import os
import subprocess
import sys
import tempfile
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter import __version__
from newsletter.cli import main as entry
from newsletter.cli.main import COMMANDS, GROUPS, Command, load_command, main
from newsletter.cli.options import Json
from newsletter.cli.output import one_line
from newsletter.errors import GateError, InputError
from newsletter.workspace import Workspace

THIS = "command_under_test"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., object]], None]:
    """Register one command, `probe`, that does what the test says."""

    def register(function: Callable[..., object]) -> None:
        module = type(sys)(THIS)
        module.probe = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, THIS, module)
        monkeypatch.setitem(COMMANDS, "probe", Command(THIS, "probe", "Do what the test says."))

    return register


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    code = "import sys; from newsletter.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert name.split()[0] in done.stdout
    loaded = set(done.stderr.split())
    assert loaded.isdisjoint({"typer", "rich", "sqlalchemy", "premailer", "mjml", "alembic", "pydantic", "jinja2"})
    assert not any(
        name.startswith("newsletter.cli.") for name in loaded - {"newsletter.cli.main", "newsletter.cli.output"}
    )


def test_the_overview_of_a_group_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "subscribers")
    assert code == 0
    assert [name.split()[1] for name in COMMANDS if name.startswith("subscribers ")] == [
        line.split()[0] for line in out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_command_s_own_help_says(name: str) -> None:
    function = load_command(COMMANDS[name])
    assert (inspect.getdoc(function) or "").splitlines()[0] == COMMANDS[name].help
    assert typing.get_type_hints(function)["return"] is int


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *name.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: newsletter {name} ")
    assert COMMANDS[name].help in " ".join(out.split())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"newsletter {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["biuld"], 'there is no command "biuld"; did you mean "newsletter build"?'),
        (["--verson"], 'there is no option "--verson"'),
        (["subscribers", "imprt"], 'did you mean "newsletter subscribers import"?'),
        (["init", "a", "b"], 'see "newsletter init --help"'),
        (["init", "--colour"], "--colour"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("newsletter: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_mistake_is_json_when_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "statsu", "--json")
    assert (code, err) == (2, "")
    error = json.loads(out)["error"]
    assert set(error) == {"message", "file", "line", "fix"}
    assert "newsletter status" in error["fix"]


def test_a_command_s_return_value_is_the_exit_code(
    capsys: pytest.CaptureFixture[str], command: Callable[[Callable[..., object]], None]
) -> None:
    def probe() -> int:
        """Do what the test says."""
        return 1

    command(probe)
    assert run(capsys, "probe")[0] == 1


def test_an_error_names_its_place_and_leaves_no_terminal_escape(
    capsys: pytest.CaptureFixture[str], command: Callable[[Callable[..., object]], None]
) -> None:
    def probe(as_json: Json = False) -> int:
        """Do what the test says."""
        raise InputError("bad\x1b[31m\nrow", path="list.csv", line=7, fix="mend it")

    command(probe)
    assert run(capsys, "probe") == (2, "", "newsletter: list.csv:7: bad [31m row; mend it\n")
    code, out, err = run(capsys, "probe", "--json")
    assert (code, err) == (2, "")
    assert json.loads(out)["error"]["line"] == 7


def test_a_gate_is_exit_3(capsys: pytest.CaptureFixture[str], command: Callable[[Callable[..., object]], None]) -> None:
    def probe() -> int:
        """Do what the test says."""
        raise GateError("already sent", fix="see --missing")

    command(probe)
    assert run(capsys, "probe")[0] == 3


def test_a_defect_is_one_line_and_its_traceback_lies_in_the_workspace(
    capsys: pytest.CaptureFixture[str],
    command: Callable[[Callable[..., object]], None],
    in_workspace: Workspace,
) -> None:
    def probe() -> int:
        """Do what the test says."""
        raise LookupError("boom")

    command(probe)
    code, out, err = run(capsys, "probe")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "internal error: LookupError: boom" in err
    (kept,) = in_workspace.var.glob("newsletter-error-*.txt")
    assert str(kept) in err
    assert 'raise LookupError("boom")' in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o077 == 0


def test_a_defect_outside_a_workspace_leaves_its_traceback_in_the_temporary_folder(
    capsys: pytest.CaptureFixture[str],
    command: Callable[[Callable[..., object]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def probe() -> int:
        """Do what the test says."""
        raise LookupError("boom")

    command(probe)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run(capsys, "probe")
    assert len(list(tmp_path.glob("newsletter-error-*.txt"))) == 1


def test_a_full_disk_is_told_with_the_file(
    capsys: pytest.CaptureFixture[str], command: Callable[[Callable[..., object]], None]
) -> None:
    def probe() -> int:
        """Do what the test says."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "var/build/issue.html")

    command(probe)
    code, _, err = run(capsys, "probe")
    assert code == 2
    assert err.startswith("newsletter: var/build/issue.html: no space left on device; ")


def test_an_interruption_is_130(
    capsys: pytest.CaptureFixture[str], command: Callable[[Callable[..., object]], None]
) -> None:
    def probe() -> int:
        """Do what the test says."""
        raise KeyboardInterrupt

    command(probe)
    assert run(capsys, "probe") == (130, "", "newsletter: interrupted\n")


def test_a_reader_who_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "newsletter", "--help"], stdout=gone, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_disk_behind_stdout_is_an_error() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "newsletter", "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"newsletter: no space left on device")


def test_letters_that_the_terminal_lacks_stop_nothing() -> None:
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "newsletter", "письмо"], capture_output=True, env=environ, check=False)
    assert done.returncode == 2
    assert b"there is no command" in done.stderr


def test_one_line_drops_what_could_deceive_on_a_terminal() -> None:
    assert one_line("a\u202eb\x07c\r\nd\u2028e") == "ab c  d e"


def test_no_command_is_named_like_a_group() -> None:
    assert set(GROUPS).isdisjoint(COMMANDS)
    assert entry.overview().count("\n  subscribers") == 1
