"""How mail is sent with the usual libraries, to compare with: a program of its own, started by `bench send`.

`plain`: for each person the page is filled in, inlined by premailer, put into an EmailMessage, signed by dkimpy when
there is a key, and sent by aiosmtplib's sendmail. `middle`: the page is inlined once. Both on a pool of connections
kept open, as many as the other contestants have, with every cache of these libraries warm.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from hashlib import blake2b
from pathlib import Path
from typing import Any

NAME, LINK = "@@name@@", "@@link@@"  # in the page and the text; nothing that MJML or premailer would change
_WAYS = ("plain", "middle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What to send; written by the bench as JSON."""

    way: str  # of _WAYS
    inliner: str  # "premailer": the library as it is; "ours": with this program's cures and quicker finding
    port: int
    messages: int
    connections: int
    page: str  # files: HTML before inlining, and the text
    text: str
    subject: str
    dkim_key: str  # a file; "" unsigned
    dkim_selector: str

    def write(self, path: Path) -> None:
        path.write_text(json.dumps({name: getattr(self, name) for name in self.__slots__}), encoding="utf-8")


def main() -> int:
    work = Work(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    asyncio.run(_send_all(work))
    return 0


async def _send_all(work: Work) -> None:
    import aiosmtplib

    people = iter(range(work.messages))
    message_of = _message_of(work)

    async def one_connection() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=work.port, start_tls=False, use_tls=False)
        await client.connect()
        for number in people:
            sender, recipient, content = message_of(number)
            await client.sendmail(sender, [recipient], content)
        await client.quit()

    message_of(0)  # warm
    await asyncio.gather(*(one_connection() for _ in range(work.connections)))


def _message_of(work: Work) -> Callable[[int], tuple[str, str, bytes]]:
    """Return what builds the message of person number n: sender, recipient, bytes."""
    page, text = (Path(name).read_text(encoding="utf-8") for name in (work.page, work.text))
    inline = _inliner(work.inliner)
    once = inline(page) if work.way == "middle" else ""
    sign = _signer(work)
    sender = "news@zarechye.example"

    def build(number: int) -> tuple[str, str, bytes]:
        recipient = f"reader{number}@mail{number % 50}.example"
        token = blake2b(str(number).encode(), digest_size=24).hexdigest()
        values = (f"Читатель {number}", f"https://news.zarechye.example/u/{token}")
        html = _filled(once, *values) if once else inline(_filled(page, *values))
        message = EmailMessage(policy=SMTP)
        for name, value in _headers(work, sender, recipient, values[1]):
            message[name] = value
        message.set_content(_filled(text, *values), cte="base64")
        message.add_alternative(html, subtype="html", cte="base64")
        return sender, recipient, sign(message.as_bytes())

    return build


def _headers(work: Work, sender: str, recipient: str, link: str) -> Iterator[tuple[str, str]]:
    yield "From", f"Пресс-служба <{sender}>"
    yield "To", recipient
    yield "Subject", work.subject
    yield "Date", formatdate(localtime=True)
    yield "Message-ID", make_msgid(domain="zarechye.example")
    yield "List-Unsubscribe", f"<{link}>"
    yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def _filled(text: str, name: str, link: str) -> str:
    return text.replace(NAME, name).replace(LINK, link)


def _inliner(which: str) -> Callable[[str], str]:
    if which == "ours":
        from newsletter.render.inline import inline_css

        return lambda page: inline_css(page, path="")
    import premailer

    settings: dict[str, Any] = {
        "strip_important": False,  # else the phone's layout is lost
        "keep_style_tags": True,
        "remove_classes": False,
        "disable_validation": True,
        "cssutils_logging_level": logging.CRITICAL,
        "allow_network": False,
        "cache_css_parsing": True,
    }
    return lambda page: str(premailer.Premailer(page, **settings).transform(pretty_print=False))


def _signer(work: Work) -> Callable[[bytes], bytes]:
    if not work.dkim_key:
        return lambda content: content
    import dkim

    key = Path(work.dkim_key).read_bytes()
    selector, domain = work.dkim_selector.encode(), b"zarechye.example"
    names = [b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post"]

    def sign(content: bytes) -> bytes:
        line: bytes = dkim.sign(
            content, selector, domain, key, canonicalize=(b"relaxed", b"relaxed"), include_headers=names
        )
        return line + content

    return sign


if __name__ == "__main__":
    raise SystemExit(main())
