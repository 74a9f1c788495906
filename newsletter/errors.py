"""What can stop the program, as one tree; what a mail server said is a value (`Outcome`), never one of these.

    NewsletterError            exit 2 unless the class says otherwise
    ├─ InputError              an item, a list or an issue.toml is wrong
    ├─ ConfigError             newsletter.toml, the environment or a secret file is wrong
    ├─ UsageError              the command line asks for something that cannot be
    ├─ TemplateError           a template is wrong, or uses a slot as it must not
    ├─ CompileError            the compiler itself failed: its child crashed, was killed or ran out of time
    ├─ StoreError              the database is locked, too new, damaged or out of disk
    ├─ RelayError              the relay is unreachable, or refused TLS or the login, before the first message
    ├─ DiskError               a file could not be written
    └─ GateError      exit 3   a gate refused: check errors, already sent, being sent, embargo, approval

Every error is one line for a person: file, line, what, and the way out.
"""

from __future__ import annotations

from typing import ClassVar


class NewsletterError(Exception):
    """Base of everything the program raises on purpose.

    `message` says what is wrong, `fix` how to mend it, `path` and `line` (1-based, 0 for none) where.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, path: str = "", line: int = 0, fix: str = "") -> None:
        super().__init__(message, path, line, fix)
        self.message = message
        self.path = path
        self.line = line
        self.fix = fix

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross the pipe from the compiling child: keyword-only arguments need help to be unpickled.
        return (_rebuild, (type(self), self.message, self.path, self.line, self.fix))

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}: " if self.path and self.line else f"{self.path}: " if self.path else ""
        way_out = f"; {self.fix}" if self.fix else ""
        return f"{where}{self.message}{way_out}"

    def as_json(self) -> dict[str, object]:
        """Return the `error` object of `--json` (design.md, command-line contract)."""
        return {"message": self.message, "file": self.path, "line": self.line, "fix": self.fix}


def _rebuild(kind: type[NewsletterError], message: str, path: str, line: int, fix: str) -> NewsletterError:
    return kind(message, path=path, line=line, fix=fix)


class InputError(NewsletterError):
    """A news item, a subscriber list or an issue.toml is wrong."""


class ConfigError(NewsletterError):
    """A setting, an environment variable or a secret file is wrong."""


class UsageError(NewsletterError):
    """The command line asks for something that cannot be done."""


class TemplateError(NewsletterError):
    """A template is wrong, or uses a slot in a way that cannot be merged safely."""


class CompileError(NewsletterError):
    """The compiling child crashed, was killed or took too long."""


class StoreError(NewsletterError):
    """The database is locked, from a newer version, damaged or out of disk."""


class RelayError(NewsletterError):
    """The relay is unreachable, or refused TLS or the login, before the first message."""


class DiskError(NewsletterError):
    """A file could not be written."""


class GateError(NewsletterError):
    """A gate refused the command: nothing was sent."""

    exit_code: ClassVar[int] = 3
