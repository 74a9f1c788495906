"""The way in: finds the command, imports its module only then, and is the one place where errors become words.

How a command is written (the convention for every module in `newsletter/cli/`):
- one plain function per command with typer's Annotated options, listed in COMMANDS below: no typer app of its own;
- it returns its exit code (`-> int`; 0 done, 1 done but not all arrived) and raises NewsletterError for 2 and 3;
- `open_context()` of `cli/context.py` gives workspace and settings; `cli/output.py` prints; `cli/options.py` holds
  the options that several commands share; `--json` is a bool parameter, and the object goes out by `print_json`;
- its docstring is the command's `--help`; its first line is repeated here, so that the overview imports nothing.
`main(argv)` returns the exit code and never raises, so tests call it in process. typer takes 0.2 s to import
and is not needed for `newsletter --help`: hence our own overview and dispatch, and typer for each command's own.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from newsletter import __version__
from newsletter.cli.output import failure, internal_failure, interrupted, make_streams_safe, stdout_is_gone
from newsletter.errors import DiskError, NewsletterError, UsageError


@dataclass(frozen=True, slots=True)
class Command:
    module: str
    function: str
    help: str  # the first line of the function's docstring; a test compares them


COMMANDS: dict[str, Command] = {
    "init": Command("newsletter.cli.init", "init", "Make a new workspace: settings, templates, samples and a list."),
    "build": Command("newsletter.cli.build", "build", "Make the mail of an issue: HTML, text, .eml and issue.json."),
    "check": Command("newsletter.cli.build", "check", "Say what is wrong with the mail of an issue."),
    "preview": Command(
        "newsletter.cli.preview",
        "preview",
        "Show the mail in a browser as readers will see it, to look at, discuss and approve.",
    ),
    "approve": Command("newsletter.cli.approve", "approve", "Approve the mail of an issue, or reject it."),
    "test": Command("newsletter.cli.trial", "trial", "Mail a trial copy of an issue to a few addresses."),
    "send": Command("newsletter.cli.send", "send", "Send an issue to a list, and account for everybody on it."),
    "status": Command("newsletter.cli.issues", "status", "Show the issues sent, or the counts of one."),
    "resume": Command("newsletter.cli.resume", "resume", "Go on with an issue that was stopped or interrupted."),
    "stop": Command("newsletter.cli.issues", "stop", "Halt a running send; resume goes on with it."),
    "show": Command("newsletter.cli.issues", "show", "Rebuild exactly the message that one address was sent."),
    "report": Command(
        "newsletter.cli.report",
        "report",
        "Show who got an issue, who did not and why.",
    ),
    "resolve": Command("newsletter.cli.resolve", "resolve", "Say what became of deliveries that are uncertain."),
    "reconcile": Command(
        "newsletter.cli.reconcile", "reconcile", "Settle the uncertain by the log of a Postfix relay."
    ),
    "subscribers import": Command("newsletter.cli.subscribers", "import_", "Read a CSV file into a list."),
    "subscribers export": Command("newsletter.cli.subscribers", "export", "Write a list as a CSV file."),
    "subscribers add": Command("newsletter.cli.subscribers", "add", "Put one address on a list."),
    "subscribers remove": Command(
        "newsletter.cli.subscribers", "remove", "Unsubscribe one address, by address or by the token of its mail."
    ),
    "subscribers list": Command("newsletter.cli.subscribers", "list_", "Show the lists, or the addresses of one."),
    "subscribers suppress": Command("newsletter.cli.subscribers", "suppress", "Never mail an address again."),
    "subscribers forget": Command(
        "newsletter.cli.subscribers", "forget", "Erase what is known of an address, and keep it from being mailed."
    ),
    "dkim keygen": Command(
        "newsletter.cli.dkim", "keygen", "Make a key that signs mails, and print the DNS record to publish."
    ),
    "dkim record": Command(
        "newsletter.cli.dkim", "record", "Print the DNS records of the keys that newsletter.toml names."
    ),
    "demo": Command("newsletter.cli.demo", "demo", "Show the whole way on this machine, with nothing to set up."),
    "doctor": Command(
        "newsletter.cli.doctor", "doctor", "Look over settings, database, keys and relay; sends nothing."
    ),
    "bench": Command("newsletter.cli.bench", "bench", "Measure the figures of docs/performance.md again."),
}
GROUPS = {
    "subscribers": "Import, export and change the lists of subscribers.",
    "dkim": "Make the keys that sign mails, and show their DNS records.",
}

_ABOUT = "From a press item to a mail that people receive, and to the proof of who received it."
_HELP_FLAGS = frozenset({"--help", "-h"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (design.md: 0, 1, 2, 3, 130)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    make_streams_safe()
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()  # a full disk or a closed pipe shows here, while it can still be told
        return code
    except NewsletterError as error:
        return failure(error, as_json=as_json)
    except KeyboardInterrupt:
        return interrupted()
    except OSError as error:
        return _os_failure(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the boundary: a person never sees a traceback
        return internal_failure(error, as_json=as_json)


def _os_failure(error: OSError, *, as_json: bool) -> int:
    if isinstance(error, BrokenPipeError) and stdout_is_gone():
        return 141  # as a shell reports SIGPIPE: the reader had enough, nothing is wrong
    if isinstance(error, (ConnectionError, TimeoutError)) or not error.errno or error.errno < 0:
        return internal_failure(error, as_json=as_json)  # the network's errors are translated by transport
    return failure(_disk_error(error), as_json=as_json)


def _disk_error(error: OSError) -> DiskError:
    path = str(error.filename) if error.filename is not None else ""
    reason = (error.strerror or str(error)).lower()
    return DiskError(
        reason, path=path, fix="check the disk's free space and the file's rights, then run the command again"
    )


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in _HELP_FLAGS:
        print(overview())
        return 0
    if arguments[0] == "--version":
        print(f"newsletter {__version__}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name in GROUPS:
        if not rest or rest[0] in _HELP_FLAGS:
            print(overview(name))
            return 0
        name, rest = f"{name} {rest[0]}", rest[1:]
    command = COMMANDS.get(name)
    if command is None:
        raise _unknown(name)
    return run_command(name, load_command(command), rest)


def _unknown(name: str) -> UsageError:
    what = "option" if name.startswith("-") else "command"
    close = get_close_matches(name, [*COMMANDS, *GROUPS], n=1)
    fix = f'did you mean "newsletter {close[0]}"?' if close else 'see "newsletter --help"'
    return UsageError(f'there is no {what} "{name}"', fix=fix)


def overview(group: str = "") -> str:
    """Return the list of commands, of all or of one group, without importing any of them."""
    shown = {name.removeprefix(f"{group} "): entry.help for name, entry in COMMANDS.items() if _is_shown(name, group)}
    if not group:
        shown |= GROUPS
    width = max(map(len, shown)) + 2
    usage = f"newsletter {group} COMMAND" if group else "newsletter COMMAND"
    options = ["  --help     Show this; after a command, its options.", "  --version  Show the version."]
    return "\n".join(
        [
            f"Usage: {usage} [OPTIONS] …",
            "",
            GROUPS.get(group, _ABOUT),
            "",
            "Commands:",
            *(f"  {name:<{width}}{text}" for name, text in shown.items()),
            "",
            "Options:",
            *(options[:1] if group else options),
        ]
    )


def _is_shown(name: str, group: str) -> bool:
    return name.startswith(f"{group} ") if group else " " not in name


def load_command(command: Command) -> Callable[..., int]:
    """Import the module of `command` and return its function."""
    function: Callable[..., int] = getattr(importlib.import_module(command.module), command.function)
    return function


def run_command(name: str, function: Callable[..., int], arguments: list[str]) -> int:
    """Let typer read `arguments` for `function` and return what it returned; usage errors become UsageError."""
    import typer

    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(context_settings={"help_option_names": ["--help", "-h"]})(function)
    command = typer.main.get_command(app)
    try:
        # Not `command.main()`: it turns a broken pipe into exit 1 and swallows KeyboardInterrupt.
        with command.make_context(f"newsletter {name}", arguments) as context:
            return int(command.invoke(context) or 0)
    except typer.Exit as leave:  # --help has been printed
        return leave.exit_code
    except typer.TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        raise UsageError(message, fix=f'see "newsletter {name} --help"') from error
    except typer.Abort as error:  # Ctrl-C or end of input at a question
        raise KeyboardInterrupt from error
