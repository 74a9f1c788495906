"""The kept child: fast, and in nothing else different from a fresh one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import CompileError, InputError, TemplateError
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, compile_here, compile_in_child
from newsletter.render.warm import WarmChild, sample_request
from newsletter.settings import Settings

FOR_EVER = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"

Make = Callable[..., CompileRequest]


@pytest.fixture
def request_for(theme: Callable[..., Path], tmp_path: Path) -> Make:
    sendable, _ = Settings().with_placeholders()

    def make(
        body: str = "<mj-text>{{ item.title }}</mj-text>",
        *,
        text: str = "Вводный абзац.\n\nВторой абзац.\n",
        name: str = "a.txt",
        **files: str,
    ) -> CompileRequest:
        item = tmp_path / name
        item.write_text(text, encoding="utf-8")
        return CompileRequest(
            root=tmp_path,
            items=(item,),
            options=ContentOptions(template="t", title="Заголовок"),
            settings=sendable,
            template_dirs=(theme(body, **files),),
        )

    return make


@pytest.fixture
def warm() -> Iterator[WarmChild]:
    with WarmChild() as child:
        yield child


def pid_of(child: WarmChild) -> int:
    assert child.pid is not None
    return child.pid


def is_gone(pid: int) -> bool:
    """Claim that no process has this id, a zombie neither."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_one_process_answers_many_requests(warm: WarmChild, request_for: Make) -> None:
    assert warm.pid is None
    first = warm.compile(request_for())
    pid = pid_of(warm)
    assert warm.compile(request_for()) == first
    assert pid_of(warm) == pid != os.getpid()


def test_warm_up_starts_the_child_that_then_compiles(warm: WarmChild, request_for: Make) -> None:
    warm.warm_up()
    pid = pid_of(warm)
    warm.warm_up()
    assert warm.compile(request_for()).issue.title == "Заголовок"
    assert pid_of(warm) == pid


def test_errors_cross_the_pipe_whole_and_the_child_lives_on(warm: WarmChild, request_for: Make) -> None:
    warm.compile(request_for())
    pid = pid_of(warm)
    broken = request_for(text="---\ntitle: А\nlang: [\n---\n\nАбзац.\n", name="b.md")
    with pytest.raises(InputError) as caught:
        warm.compile(broken)
    with pytest.raises(InputError) as fresh:
        compile_in_child(broken)
    assert caught.value.path == "b.md"
    assert caught.value.line > 0
    assert str(caught.value) == str(fresh.value)
    with pytest.raises(TemplateError) as wrong:
        warm.compile(request_for("<mj-text>\n{{ nothing }}</mj-text>"))
    assert (wrong.value.path, wrong.value.line) == ("templates/t/letter.mjml", 5)
    assert warm.compile(request_for()).issue.title == "Заголовок"
    assert pid_of(warm) == pid


def test_a_child_that_was_killed_is_replaced(warm: WarmChild, request_for: Make) -> None:
    expected = warm.compile(request_for())
    pid = pid_of(warm)
    os.kill(pid, signal.SIGKILL)
    assert warm.compile(request_for()) == expected
    assert pid_of(warm) != pid
    assert is_gone(pid)


@pytest.mark.slow
def test_a_request_that_kills_each_child_is_an_error_with_the_signal(
    warm: WarmChild, request_for: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mjml.py").write_text(
        "import os, signal\ndef mjml2html(source, **kw):\n    os.kill(os.getpid(), signal.SIGSEGV)\n", encoding="utf-8"
    )
    warm.compile(request_for())
    os.kill(pid_of(warm), signal.SIGKILL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    for _ in range(2):
        with pytest.raises(CompileError, match="SIGSEGV") as caught:
            warm.compile(request_for())
        assert caught.value.path == "a.txt"


@pytest.mark.slow
def test_a_template_without_end_is_an_error_in_time_and_the_next_compile_works(
    warm: WarmChild, request_for: Make
) -> None:
    warm.compile(request_for())
    pid, patient = pid_of(warm), warm._timeout_seconds
    warm._timeout_seconds = 0.5
    with pytest.raises(CompileError, match=r"more than 0\.5 seconds") as caught:
        warm.compile(request_for(FOR_EVER))
    assert caught.value.path == "a.txt"
    assert is_gone(pid)
    warm._timeout_seconds = patient  # the next child starts anew, which takes a while
    assert warm.compile(request_for()).issue.title == "Заголовок"


def test_a_template_that_eats_all_memory_is_an_error_and_the_next_compile_works(
    warm: WarmChild, request_for: Make
) -> None:
    with pytest.raises((CompileError, TemplateError)):
        warm.compile(request_for("<mj-text>{{ ('а' * 10**10)|length }}</mj-text>"))
    assert warm.compile(request_for()).issue.title == "Заголовок"


@pytest.mark.slow
def test_an_interrupted_compile_leaves_no_answer_for_the_next(warm: WarmChild, request_for: Make) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    warm.compile(request_for())
    pid, before = pid_of(warm), signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            warm.compile(request_for(FOR_EVER))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert is_gone(pid)
    assert warm.compile(request_for()).issue.title == "Заголовок"


@pytest.mark.slow
def test_a_child_is_replaced_after_its_share_of_compiles(request_for: Make) -> None:
    with WarmChild(max_compiles=2) as warm:
        warm.compile(request_for())
        first = pid_of(warm)
        warm.compile(request_for())
        assert pid_of(warm) != first
        assert is_gone(first)


@pytest.mark.slow
def test_a_child_that_has_grown_is_replaced(request_for: Make) -> None:
    with WarmChild(max_bytes=1) as warm:
        assert warm.compile(request_for()).issue.title == "Заголовок"
        first = pid_of(warm)
        warm.compile(request_for())
        assert pid_of(warm) != first


def test_a_library_that_prints_or_reads_does_not_spoil_the_frames(
    warm: WarmChild, request_for: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mjml.py").write_text(
        "import os, sys\ndef mjml2html(source, **kw):\n"
        "    print('noise' * 20_000, flush=True)\n    os.write(1, b'more')\n    assert sys.stdin.read() == ''\n"
        "    return '<!doctype html><html><head></head><body>' + source + '</body></html>'\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    for _ in range(2):
        assert warm.compile(request_for()).issue.title == "Заголовок"


def test_threads_that_ask_at_once_each_get_their_own_answer(warm: WarmChild, request_for: Make) -> None:
    requests = [replace(request_for(), options=ContentOptions(template="t", title=f"Номер {n}")) for n in range(12)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(warm.compile, requests))
    assert [result.issue.title for result in found] == [f"Номер {n}" for n in range(12)]


def test_close_ends_the_child_and_a_compile_after_it_is_an_error(request_for: Make) -> None:
    warm = WarmChild()
    warm.compile(request_for())
    pid = pid_of(warm)
    warm.close()
    warm.close()
    assert is_gone(pid)
    assert warm.pid is None
    warm.warm_up()
    assert warm.pid is None
    with pytest.raises(CompileError, match="closing"):
        warm.compile(request_for())


def test_close_ends_a_compile_under_way(request_for: Make) -> None:
    warm = WarmChild()
    warm.compile(request_for())
    request, errors, begun = request_for(FOR_EVER), list[Exception](), threading.Event()

    def compile_for_ever() -> None:
        begun.set()
        try:
            warm.compile(request)
        except CompileError as error:
            errors.append(error)

    thread = threading.Thread(target=compile_for_ever)
    thread.start()
    begun.wait()
    warm.close()
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert len(errors) == 1
    assert warm.pid is None


@pytest.mark.slow
def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom newsletter.render.warm import WarmChild\n"
        "warm = WarmChild()\nwarm.warm_up()\nprint(warm.pid, flush=True)\ntime.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    # It is no child of ours: `tail` waits for it.
    subprocess.run(["tail", f"--pid={pid}", "-s", "0.1", "-f", "/dev/null"], check=True, timeout=60)


def sample_with(
    folder: Path, change: Callable[[str], str] = str, *, theme: Callable[[str], str] = str
) -> CompileRequest:
    """Return what compiles our own sample with its words and its theme changed, in a workspace of its own."""
    request = sample_request()
    shutil.copytree(request.items[0].parent, folder / "content")
    shutil.copytree(request.template_dirs[0], folder / "templates")
    item = folder / "content" / request.items[0].name
    item.write_text(change(item.read_text(encoding="utf-8")), encoding="utf-8")
    for template in (folder / "templates").rglob("*.mjml"):
        template.write_text(theme(template.read_text(encoding="utf-8")), encoding="utf-8")
    return replace(request, root=folder, items=(item,), template_dirs=(folder / "templates",))


@pytest.mark.slow
def test_what_was_compiled_before_changes_no_byte(warm: WarmChild, tmp_path: Path) -> None:
    settings = sample_request().settings
    a = sample_with(tmp_path / "a")
    requests = [
        a,
        sample_with(tmp_path / "b", lambda text: text.replace("предприяти", "компани")),
        sample_with(tmp_path / "c", theme=lambda source: source.replace("20px", "21px")),
        replace(a, settings=replace(settings, typography=replace(settings.typography, nbsp_short=False))),
        replace(a, settings=replace(settings, brand=replace(settings.brand, accent="#123456"))),
        replace(a, options=ContentOptions(lang="en", title="Another title", date="2026-01-02")),
        replace(a, options=ContentOptions(template="plain")),
        replace(a, items=(a.items[0].parent / "2026-11-zarechye-digest",)),
        a,
    ]
    digests: list[str] = []
    for request in requests:
        found, expected = warm.compile(request), compile_in_child(request)
        assert found == expected
        digests.append(found.compilation.compiled.digest)
    assert digests[0] == digests[-1]
    assert len(set(digests)) == len(digests) - 1
    assert warm.compile(a).compilation.compiled.digest == compile_here(a).compilation.compiled.digest
