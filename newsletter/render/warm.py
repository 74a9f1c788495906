"""One child process that is kept: it compiles again and again for the preview, and pays for imports and models once.

It answers byte for byte what a fresh child answers: what it keeps between two requests is keyed by content. It is
replaced when it dies, takes too long, has grown or has worked long enough; the next one warms itself at once. Frames
on its pipes are a length of eight bytes and a pickle; nobody but parent and child can write there.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self, cast

from newsletter.config import load_settings
from newsletter.errors import CompileError, NewsletterError
from newsletter.issue import ContentOptions
from newsletter.own_process import command_of, environ_of_child
from newsletter.render.child import (
    TIMEOUT_SECONDS,
    CompileRequest,
    CompileResult,
    answer_to,
    died,
    limit_memory,
    limit_processor_time,
    own_pipes,
    result_of,
    too_slow,
)
from newsletter.workspace import package_data

MAX_COMPILES = 2_000  # a long day's saves; whatever a library leaks from one to the next goes with the process
# Resident at its highest: half of what the memory limit leaves, so that a request never misses what is not its own.
MAX_BYTES = 700 * 1024**2

_LENGTH = struct.Struct(">Q")
_SAMPLE = "2026-11-zarechye-export.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    answer: CompileResult | NewsletterError
    highest_bytes: int  # resident


class WarmChild:
    """Compiles in one kept child process, one request at a time; safe to call from several threads.

    A context manager: `close` ends the process. It starts with the first `compile`, or before with `warm_up`.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        max_compiles: int = MAX_COMPILES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._max_compiles = max_compiles
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._compiles = 0  # that the present child has answered
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process that compiles at present; None where there is none."""
        child = self._child
        return child.process.pid if child is not None and child.is_alive() else None

    def warm_up(self) -> None:
        """Start the child if there is none, and let it load everything by compiling our sample; does not wait."""
        if not self._lock.acquire(blocking=False):
            return  # it is compiling: it is warm, or will be
        try:
            if self.pid is None:
                self._renew()
        finally:
            self._lock.release()

    def compile(self, request: CompileRequest) -> CompileResult:
        """Return what `compile_in_child` returns, sooner; raises what that raises."""
        with self._lock:
            reply = self._asked(request)
            self._compiles += 1
            # After a CompileError memory or a library was at its end: nobody knows what it left behind.
            is_broken = isinstance(reply.answer, CompileError)
            if is_broken or self._compiles >= self._max_compiles or reply.highest_bytes > self._max_bytes:
                self._renew()
        return result_of(reply.answer)

    def close(self) -> None:
        """End the child, whatever it does, and leave no zombie. A compile under way is a CompileError."""
        self._is_closed = True
        child = self._child
        if child is not None:
            child.process.kill()  # before the lock: the compile that holds it then ends at once
        with self._lock:
            self._end()

    def _asked(self, request: CompileRequest) -> _Reply:
        """Return a reply, of a second child where the first was not started for this. Raises CompileError."""
        child, is_old = self._child, self.pid is not None
        if child is None or not is_old:
            child = self._start()
        try:
            reply = child.ask(request, timeout_seconds=self._timeout_seconds)
            if reply is None and is_old:
                # It may have died of what it did before, or somebody killed it: a fresh one has the last word.
                child = self._start()
                reply = child.ask(request, timeout_seconds=self._timeout_seconds)
        except CompileError:
            self._renew()
            raise
        except BaseException:  # Ctrl-C before the answer was read: the next request would get it for its own
            self._end()
            raise
        if reply is None:
            error = died(request, child.end())
            self._renew()
            raise error
        return reply

    def _renew(self) -> None:
        """Put a new child in the place of the present one, and let it load everything meanwhile."""
        if self._is_closed:
            self._end()
        else:
            self._start().warm()

    def _start(self) -> _Child:
        self._end()
        if self._is_closed:
            raise CompileError("the preview is closing: nothing is compiled any more")
        self._child = _Child()
        self._compiles = 0
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """The process and its pipes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            command_of("newsletter.render.warm"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ_of_child(),
            start_new_session=True,  # Ctrl-C reaches the parent, which then decides
        )
        self._requests = cast("BinaryIO", self.process.stdin)
        self._answers = cast("BinaryIO", self.process.stdout)

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def warm(self) -> None:
        with contextlib.suppress(OSError):  # it died at once: the next request will tell of what
            _write_frame(self._requests, None)

    def ask(self, request: CompileRequest, *, timeout_seconds: float) -> _Reply | None:
        """Return the reply, None when the child died. Raises CompileError when it took too long, and kills it."""
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.process.kill()

        # Whether it is writing or reading that would last for ever, the child's death ends both.
        timer = threading.Timer(timeout_seconds, stop)
        timer.start()
        try:
            _write_frame(self._requests, request)
            frame = _read_frame(self._answers)
        except OSError:  # a broken pipe: it died before it had read the request
            frame = None
        finally:
            timer.cancel()
        if frame is None and late.is_set():
            raise too_slow(request, timeout_seconds)
        # Our own child wrote these bytes.
        reply = pickle.loads(frame) if frame is not None else None  # noqa: S301
        return reply if isinstance(reply, _Reply) else None

    def end(self) -> int:
        """Kill and reap it; return how it ended."""
        self.process.kill()
        code = self.process.wait()
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):  # closing writes what a dead child did not read
                pipe.close()
        return code


def _write_frame(pipe: BinaryIO, value: object) -> None:
    frame = pickle.dumps(value)
    pipe.write(_LENGTH.pack(len(frame)))
    pipe.write(frame)
    pipe.flush()


def _read_frame(pipe: BinaryIO) -> bytes | None:
    """Return the next frame; None where the other side is gone, in the middle of one or between two."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    frame = pipe.read(length)
    return frame if len(frame) == length else None


def sample_request() -> CompileRequest:
    """Return what compiles the program's own sample item with the program's own settings."""
    settings, _ = load_settings(package_data("newsletter.toml").parent, {}).with_placeholders()
    return CompileRequest(
        root=package_data("content").parent,
        items=(package_data("content") / _SAMPLE,),
        options=ContentOptions(),
        settings=settings,
        template_dirs=(package_data("templates"),),
    )


def main() -> int:
    """The child: frames of CompileRequest on stdin, of _Reply on stdout; None asks it to warm itself, for no reply."""
    limit_memory()
    requests, answers = own_pipes()
    with contextlib.suppress(BrokenPipeError):  # the parent is gone
        while (frame := _read_frame(requests)) is not None:
            limit_processor_time(hard=False)
            request: CompileRequest | None = pickle.loads(frame)  # noqa: S301 - written by our parent
            if request is None:
                answer_to(sample_request())
                gc.freeze()  # models, patterns, sheets: they stay, and need not be looked through after each save
            else:
                _write_frame(answers, _Reply(answer=answer_to(request), highest_bytes=_highest_bytes()))
    return 0


def _highest_bytes() -> int:
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


if __name__ == "__main__":
    # `python -m` runs this file as __main__; the classes to pickle are those of the importable module.
    from newsletter.render.warm import main as _main

    raise SystemExit(_main())
