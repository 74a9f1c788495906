"""What the DNS says of the sender's domain: MX, SPF and DMARC, the records that mailbox providers ask for.

Hints, not proof: whether SPF names the right relay, the DNS alone cannot say. Asked only with `doctor --network`.
"""

from __future__ import annotations

from collections.abc import Callable

# (name, type) → the texts of the records, none when there are none; raises OSError when the DNS does not answer.
Resolve = Callable[[str, str], list[str]]


def dns_hints(domain: str, resolve: Resolve) -> list[str]:
    """Return what is missing, one sentence each; an empty list when all is there."""
    hints: list[str] = []
    if not resolve(domain, "MX"):
        hints.append(f"{domain} has no MX record: replies and bounces cannot arrive")
    spf = [text for text in resolve(domain, "TXT") if text.lower().startswith("v=spf1")]
    if len(spf) != 1:  # RFC 7208 section 3.2: more than one is an error to the receiver
        hints.append(f'{domain} has {len(spf) or "no"} SPF records: publish one TXT record "v=spf1 … -all"')
    if not any(text.lower().startswith("v=dmarc1") for text in resolve(f"_dmarc.{domain}", "TXT")):
        hints.append(f'_dmarc.{domain} has no record: publish TXT "v=DMARC1; p=none; rua=mailto:…"')
    return hints


def record_fault(name: str, wanted: str, resolve: Resolve) -> str:
    """Return what is wrong with the DKIM record under `name`, or "" when it holds the key of `wanted`."""
    found = [text for text in resolve(name, "TXT") if "p" in _tags(text)]
    if len(found) != 1:
        return f"{name} has {len(found) or 'no'} DKIM records, and needs one"
    have, want = _tags(found[0]), _tags(wanted)
    if not have["p"]:
        return f"{name} says that this key is withdrawn (p= is empty)"
    if have["p"] != want["p"] or have.get("k", "rsa") != want["k"]:
        return f"{name} holds another key than the one that signs"
    return ""


def alignment_fault(sender: str, domain: str, resolve: Resolve) -> str:
    """Return what is wrong when the sender's DMARC record wants signatures of the very same domain (adkim=s)."""
    strict = [text for text in resolve(f"_dmarc.{sender}", "TXT") if _tags(text).get("adkim") == "s"]
    if domain == sender or not strict:
        return ""
    return f"DMARC of {sender} counts only its own signatures (adkim=s), and mails are signed by {domain}"


def _tags(record: str) -> dict[str, str]:
    """Read `tag=value; …` (RFC 6376 section 3.2); white space in a value counts for nothing here."""
    pairs = [part.partition("=") for part in record.split(";")]
    return {tag.strip(): "".join(value.split()) for tag, _, value in pairs if tag.strip()}


def resolver(nameserver: str = "", port: int = 53, timeout_seconds: float = 5.0) -> Resolve:
    """Return a resolver over the system's name servers, or over one given."""
    from dns import exception
    from dns import resolver as dns

    try:
        asker = dns.Resolver(configure=not nameserver)
    except exception.DNSException as error:
        raise OSError(f"no name server is configured: {error}") from error
    if nameserver:
        asker.nameservers = [nameserver]
        asker.port = port
    asker.lifetime = timeout_seconds

    def resolve(name: str, kind: str) -> list[str]:
        try:
            answer = asker.resolve(name, kind)
        except (dns.NXDOMAIN, dns.NoAnswer):
            return []
        except exception.DNSException as error:
            raise OSError(f"the DNS does not answer for {name}: {error}") from error
        # A long TXT record comes in pieces of 255 bytes that belong together (RFC 7208 section 3.3).
        return [b"".join(r.strings).decode("utf-8", "replace") if kind == "TXT" else r.to_text() for r in answer]

    return resolve
