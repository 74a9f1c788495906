"""`newsletter dkim`: make a key to sign with, and say what to publish in the DNS."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.cli.context import CommandContext, open_context
from newsletter.errors import ConfigError, UsageError
from newsletter.message.dkim import Algorithm, SigningKey
from newsletter.settings_rules import dkim_selector
from newsletter.settings_source import FILE

_STRING = 255  # bytes: the longest string of a TXT record (RFC 1035 section 3.3.14)


def keygen(
    selector: Annotated[
        str,
        typer.Option("--selector", metavar="NAME", help="Name of the key; today's month when left out: s202611."),
    ] = "",
    ed25519: Annotated[bool, typer.Option("--ed25519", help="A second key, beside RSA's, of Ed25519.")] = False,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Where to put it; var/dkim/NAME.key when left out.")
    ] = "",
) -> int:
    """Make a key that signs mails, and print the DNS record to publish.

    Prints also what to write into newsletter.toml; changes nothing there. A key that exists is never overwritten.
    """
    from newsletter.message import dkim_keys

    context = open_context()
    algorithm: Algorithm = "ed25519" if ed25519 else "rsa"
    today = datetime.now(ZoneInfo(context.settings.office.timezone)).date()
    name = selector or dkim_keys.usual_selector(today, algorithm)
    if complaint := dkim_selector(name):
        raise UsageError(f"--selector {complaint}")
    domain = _domain(context)
    path = Path(out).absolute() if out else context.workspace.private_dir("dkim") / f"{name}.key"
    dkim_keys.write_key(path, dkim_keys.new_key(algorithm))
    key = dkim_keys.read_key(path, name, algorithm)
    print(
        "\n".join(
            [f"The key: {context.workspace.shown(path)} (mode 0600; keep a copy)", "", *record_lines(key, domain)]
        )
    )
    print("\n".join(["", *_settings_lines(context, key, domain, path if out else None)]))
    return 0


def record() -> int:
    """Print the DNS records of the keys that newsletter.toml names."""
    from newsletter.message.dkim_keys import load_signer

    signer = load_signer(open_context().settings)
    if signer is None:
        raise ConfigError(
            "nothing is signed: dkim.domain is not set", path=FILE, fix='make a key with "newsletter dkim keygen"'
        )
    print("\n\n".join("\n".join(record_lines(key, signer.domain)) for key in signer.keys))
    return 0


def record_lines(key: SigningKey, domain: str) -> list[str]:
    """Return the TXT record as a DNS provider's page wants it, then as a zone file does."""
    name = key.record_name(domain)
    strings = [key.record[i : i + _STRING] for i in range(0, len(key.record), _STRING)]
    return [
        "Publish this TXT record in the DNS.",
        f"Name:  {name}",
        f"Value: {key.record}",
        "",
        "The same for a zone file, in strings of at most 255 bytes:",
        f"{name}. IN TXT (" + "".join(f'\n  "{text}"' for text in strings) + " )",
    ]


def _domain(context: CommandContext) -> str:
    """Return the domain to sign for: the setting's, else the sender's."""
    from newsletter.message.dkim_keys import sender_domain, signing_domain

    if context.settings.dkim.domain:
        return signing_domain(context.settings)
    if context.settings.sender.from_:
        return sender_domain(context.settings)
    raise ConfigError("sender.from is not set: whose domain is to sign?", path=FILE, fix="set it first, or dkim.domain")


def _settings_lines(context: CommandContext, key: SigningKey, domain: str, path: Path | None) -> list[str]:
    prefix = "" if key.algorithm == "rsa" else "ed25519_"
    lines = [
        'Once the record is published ("newsletter doctor --network" tells), write into newsletter.toml:',
        "[dkim]",
        f'domain = "{domain}"',
        f'{prefix}selector = "{key.selector}"',
    ]
    if path is not None:
        lines.append(f'{prefix}key_file = "{context.workspace.shown(path)}"')
    if prefix and not context.settings.dkim.selector:
        lines += ["", "It goes beside an RSA key, which every receiver can read: make that one too."]
    return lines
