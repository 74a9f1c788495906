"""`newsletter doctor`: what stands in the way of a send, each finding with its way out. It sends nothing.

The checks are one list in their order. One that breaks down is a finding itself and stops none of the others.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from newsletter.cli import keeping
from newsletter.cli.context import CommandContext
from newsletter.cli.options import Json
from newsletter.cli.output import one_line, print_json
from newsletter.cli.sender_dns import Resolve
from newsletter.config import load_settings
from newsletter.errors import ConfigError, NewsletterError
from newsletter.message.dkim import Signer
from newsletter.tokens import load_keys
from newsletter.workspace import find_workspace, package_data

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    check: str
    state: State
    message: str
    fix: str = ""


def doctor(
    json: Json = False,
    network: Annotated[bool, typer.Option("--network", help="Also ask the DNS about the sender's domain.")] = False,
) -> int:
    """Look over settings, database, keys and relay; sends nothing.

    Connects to the relay and logs in. Exit code 1 when something stands in the way of a send.
    """
    findings = examine(Path.cwd(), network=network)
    if json:
        print_json({"findings": [asdict(finding) for finding in findings], "ok": not _failed(findings)})
    else:
        print("\n".join(_line(finding) for finding in findings))
    return 1 if _failed(findings) else 0


def examine(start: Path, *, network: bool) -> list[Finding]:
    """Run every check for the workspace around `start`; raises UsageError when there is none."""
    workspace = find_workspace(start)
    try:
        settings = load_settings(workspace.root, os.environ)
    except ConfigError as error:
        return [_from_error("settings", error)]
    context = CommandContext(workspace=workspace, settings=settings, environ=os.environ)
    checks = {**CHECKS, "dns": check_dns} if network else CHECKS
    return [finding for name, check in checks.items() for finding in _run(name, check, context)]


def _run(name: str, check: Check, context: CommandContext) -> list[Finding]:
    try:
        return list(check(context))
    except NewsletterError as error:
        return [_from_error(name, error)]
    except PermissionError as error:
        shown = context.workspace.shown(Path(str(error.filename or context.workspace.var)))
        return [Finding(check=name, state="fail", message=f"this account cannot read {shown}", fix=_OWNER)]
    except OSError as error:
        return [Finding(check=name, state="fail", message=_in_words(error), fix="mend that, then ask again")]


def check_settings(context: CommandContext) -> Iterator[Finding]:
    yield Finding(check="settings", state="ok", message="newsletter.toml and the environment are understood")
    if missing := context.settings.missing():
        message = f"not set: {', '.join(missing)}"
        yield Finding(check="settings", state="fail", message=message, fix="a real send needs them: fill them in")
    sample = load_settings(package_data("newsletter.toml").parent, {}).office
    if context.settings.office.name == sample.name:
        message = "the office is still the invented one of the example"
        yield Finding(check="settings", state="warn", message=message, fix="put your own under [office] and [brand]")


def check_workspace(context: CommandContext) -> Iterator[Finding]:
    var = context.workspace.var
    if not var.exists():
        yield Finding(check="workspace", state="ok", message="var/ is not there yet; it is made at first need")
    elif not var.is_dir():
        message = "var is a file, and must be a folder"
        yield Finding(check="workspace", state="fail", message=message, fix="move it away")
    elif not os.access(var, os.R_OK | os.W_OK | os.X_OK):
        message = "this account cannot read and write var/"
        yield Finding(check="workspace", state="fail", message=message, fix=_OWNER)
    elif leaks := context.workspace.leaks():
        fix = "; ".join(f"chmod {'700' if name == 'var' else '600'} {name}" for name in leaks)
        message = f"others on this machine can read {', '.join(leaks)}"
        yield Finding(check="workspace", state="fail", message=message, fix=fix)
    else:
        yield Finding(check="workspace", state="ok", message=f"{context.workspace.root}, var/ is private")


def check_content(context: CommandContext) -> Iterator[Finding]:
    from newsletter.language.recogniser import available, versions

    if context.settings.office.lang.partition("-")[0] == "ru" and not available():
        message = "the language models are not installed: people and places are found by rules alone"
        yield Finding(check="content", state="warn", message=message, fix='install "newsletter[ru]"')
    elif available():
        named = ", ".join(f"{name} {version}" for name, version in versions().items())
        yield Finding(check="content", state="ok", message=f"the language models are there: {named}")
    if not context.settings.assets_url:
        message = "assets_url is not set: pictures must be on the web already"
        yield Finding(check="content", state="ok", message=message, fix="set it to publish files from content/")


def check_secret(context: CommandContext) -> Iterator[Finding]:
    path, environ = context.workspace.key_file, context.environ
    lost = "losing it breaks the unsubscribe links already mailed, and forgets who unsubscribed"
    try:
        keys = load_keys(path, environ, may_create=False)
    except ConfigError:
        if path.exists() or keeping.is_keyed(context) or keeping.has_sent(context):
            raise
        message = f"there is no secret key yet; it is made at first need, and {lost}"
        yield Finding(check="keys", state="ok", message=message)
        return
    where = keeping.key_place(context)
    if not keeping.is_missing(context):
        from newsletter.cli.opening import check_keys

        check_keys(context, keys)
    yield Finding(check="keys", state="ok", message=f"the secret key is {where}: keep a copy, {lost}")


def check_dkim(context: CommandContext) -> Iterator[Finding]:
    from newsletter.message.dkim_keys import load_signer

    signer = load_signer(context.settings)
    if signer is None:
        message = "mails are not signed here; large mailbox providers refuse those that nobody signs"
        yield Finding(check="dkim", state="ok", message=message, fix="let the relay sign, or see docs/dkim.md")
        return
    named = ", ".join(f"{key.selector} ({key.algorithm})" for key in signer.keys)
    yield Finding(check="dkim", state="ok", message=f"mails are signed for {signer.domain} by {named}")


def dkim_records(signer: Signer, sender_domain: str, resolve: Resolve) -> Iterator[Finding]:
    """Hold the published records against the keys that sign."""
    from newsletter.cli.sender_dns import alignment_fault, record_fault

    for key in signer.keys:
        name = key.record_name(signer.domain)
        if fault := record_fault(name, key.record, resolve):
            yield Finding(check="dns", state="fail", message=fault, fix=f'publish TXT "{key.record}"')
        else:
            yield Finding(check="dns", state="ok", message=f"{name} is published, and is this key's")
    if fault := alignment_fault(sender_domain, signer.domain, resolve):
        yield Finding(check="dns", state="fail", message=fault, fix=f'set dkim.domain = "{sender_domain}"')


def check_database(context: CommandContext) -> Iterator[Finding]:
    file = keeping.database_file(context)
    if keeping.is_missing(context):
        if keeping.has_sent(context):
            raise keeping.lost_database(context)
        yield Finding(check="database", state="ok", message="there is none yet; the first import makes it")
        return
    from newsletter.cli.opening import open_ledger

    open_ledger(context).dispose()
    if file and not context.settings.database.url and stat.S_IMODE(file.stat().st_mode) & 0o077:
        message = "the database can be read by others once var/ is opened"
        yield Finding(check="database", state="warn", message=message, fix=f"chmod 600 {context.workspace.shown(file)}")
    yield Finding(check="database", state="ok", message="the database opens, and its schema is this version's")


def check_relay(context: CommandContext) -> Iterator[Finding]:
    from newsletter.transport.probe import probe_relay

    smtp = context.settings.smtp
    address = smtp.relay()
    user, password = smtp.login()
    seen = asyncio.run(probe_relay(address, user=user, password=password, ca_file=smtp.ca_file))
    words = [seen.tls or "no TLS", f"login as {user}" if user else "no login", *_worth_saying(seen.extensions)]
    yield Finding(check="relay", state="ok", message=f"{address} answers: {', '.join(words)}")
    if not seen.tls and not address.is_loopback:
        message = "the way to the relay is not encrypted"
        yield Finding(check="relay", state="warn", message=message, fix="take ?starttls=no out of smtp.url")


def _worth_saying(extensions: tuple[str, ...]) -> list[str]:
    return [name for name in ("PIPELINING", "CHUNKING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN") if name in extensions]


def check_public_url(context: CommandContext) -> Iterator[Finding]:
    if url := context.settings.public_url:
        yield Finding(
            check="public_url",
            state="warn",
            message=f"{url} must be answered by your own web server: this release has no public pages yet",
            fix='what an unsubscribe link or mail carries goes to "newsletter subscribers remove --token TOKEN"',
        )


def check_dns(context: CommandContext) -> Iterator[Finding]:
    from newsletter.cli.sender_dns import dns_hints, resolver
    from newsletter.message.dkim_keys import load_signer

    domain = context.settings.sender.from_.rpartition("@")[2].rstrip("> ")
    if not domain:
        return
    resolve = resolver()
    hints = dns_hints(domain, resolve)
    for hint in hints:
        yield Finding(check="dns", state="warn", message=hint)
    if not hints:
        yield Finding(check="dns", state="ok", message=f"{domain} has MX, SPF and DMARC records")
    if signer := load_signer(context.settings):
        yield from dkim_records(signer, domain, resolve)


_OWNER = "run as the account that owns it, or let it have its rights back: chmod 700 var"
Check = Callable[[CommandContext], Iterator[Finding]]
CHECKS: dict[str, Check] = {
    "settings": check_settings,
    "workspace": check_workspace,
    "content": check_content,
    "keys": check_secret,
    "dkim": check_dkim,
    "database": check_database,
    "relay": check_relay,
    "public_url": check_public_url,
}


def _from_error(check: str, error: NewsletterError) -> Finding:
    where = f"{error.path}:{error.line}: " if error.path and error.line else f"{error.path}: " if error.path else ""
    return Finding(check=check, state="fail", message=where + error.message, fix=error.fix)


def _in_words(error: OSError) -> str:
    """Return what the system said without its number: not "[Errno 5]"."""
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename else said


def _failed(findings: list[Finding]) -> bool:
    return any(finding.state == "fail" for finding in findings)


def _line(finding: Finding) -> str:
    text = f"{finding.message}; {finding.fix}" if finding.fix else finding.message
    return f"{finding.state:<5} {finding.check:<11} {one_line(text)}"
