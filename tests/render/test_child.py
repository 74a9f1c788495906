"""The compiling child: what kills it is an error here, never the end of the program."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.errors import CompileError, InputError, TemplateError
from newsletter.issue import ContentOptions
from newsletter.issue_folder import issue_key
from newsletter.render.child import CompileRequest, compile_here, compile_in_child
from newsletter.settings import Settings


@pytest.fixture
def request_for(theme: Callable[..., Path], tmp_path: Path) -> Callable[..., CompileRequest]:
    item = tmp_path / "a.txt"
    item.write_text("Вводный абзац.\n\nВторой абзац.\n", encoding="utf-8")
    sendable, _ = Settings().with_placeholders()

    def make(body: str = "<mj-text>{{ item.title }}</mj-text>") -> CompileRequest:
        return CompileRequest(
            root=tmp_path,
            items=(item,),
            options=ContentOptions(template="t", title="Заголовок"),
            settings=sendable,
            template_dirs=(theme(body),),
        )

    return make


def test_child_and_parent_compile_the_same(request_for: Callable[..., CompileRequest]) -> None:
    request = request_for()
    assert compile_in_child(request) == compile_here(request)


def test_error_crosses_the_pipe_whole(request_for: Callable[..., CompileRequest]) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_in_child(request_for("<mj-text>\n{{ nothing }}</mj-text>"))
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", 5)


def test_template_that_eats_all_memory_is_an_error(request_for: Callable[..., CompileRequest]) -> None:
    with pytest.raises((CompileError, TemplateError)):
        compile_in_child(request_for("<mj-text>{{ ('а' * 10**10)|length }}</mj-text>"))


def test_child_that_is_killed_is_an_error_with_the_signal(
    request_for: Callable[..., CompileRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A library that crashes the process stands first on the path of the child alone.
    (tmp_path / "mjml.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CompileError, match="SIGSEGV") as caught:
        compile_in_child(request_for())
    assert caught.value.path == "a.txt"


def test_a_library_that_fails_unexpectedly_is_one_line_that_says_where(
    request_for: Callable[..., CompileRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "def mjml2html(source, **kw):\n    raise ZeroDivisionError('by nought')\n"
    (tmp_path / "mjml.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CompileError, match=r"ZeroDivisionError in mjml.py:2: by nought") as caught:
        compile_in_child(request_for())
    assert caught.value.path == "a.txt"


def test_library_that_prints_does_not_spoil_the_answer(
    request_for: Callable[..., CompileRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mjml.py").write_text(
        "print('noise from a library')\ndef mjml2html(source, **kw):\n"
        "    return '<!doctype html><html><head></head><body>' + source + '</body></html>'\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert compile_in_child(request_for()).issue.title == "Заголовок"


def test_missing_item_is_an_input_error(request_for: Callable[..., CompileRequest], tmp_path: Path) -> None:
    request = dataclasses.replace(request_for(), items=(tmp_path / "none.txt",))
    with pytest.raises(InputError):
        compile_in_child(request)


def test_key_is_the_path_in_the_workspace_or_the_absolute_one(tmp_path: Path) -> None:
    assert issue_key([tmp_path / "content" / "a.md"], tmp_path) == "content/a.md"
    assert issue_key([Path("/elsewhere/a.md")], tmp_path) == "/elsewhere/a.md"


def test_the_parent_of_a_compile_does_not_wait_for_the_rules_patterns() -> None:
    heavy = ("newsletter.content.understand", "newsletter.content.markdown", "PIL", "mjml", "premailer")
    code = f"import sys, newsletter.cli.compiling; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
