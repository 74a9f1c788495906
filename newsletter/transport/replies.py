"""Bytes from an SMTP server, cut into replies: a code and its text, no more.

Nothing is matched by its text (RFC 2920 section 3.1): whoever asked counts. A server that sends endless lines, endless
replies or no SMTP at all makes `broken` say so; what came before that still counts.
"""

from __future__ import annotations

# RFC 5321 sets 512 bytes a line and no number of lines; real servers exceed the first. Beyond these it is no SMTP.
MAX_LINE_BYTES = 8_192
MAX_REPLY_BYTES = 32_768
# Servers answer MAIL and RCPT in the same words each time.
MAX_KNOWN, MAX_KNOWN_BYTES = 16, 80

_MARKS = frozenset((b"", b" ", b"-"))


class ReplyReader:
    """Takes bytes as they come; one for each connection."""

    def __init__(self) -> None:
        self.broken = ""  # why this is no SMTP; what comes after it is not read
        self._rest = b""  # of a line that is not complete
        self._lines: list[bytes] = []  # of a reply that is not complete
        self._reply_bytes = 0
        self._known: dict[bytes, tuple[int, bytes]] = {}  # whole replies by their line

    @property
    def is_amid_reply(self) -> bool:
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the replies that are complete now: code, and text with its lines joined by LF."""
        if self.broken:
            return []
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        found: list[tuple[int, bytes]] = []
        for line in lines:
            if (known := self._known.get(line)) is not None and not self._lines:
                found.append(known)
                continue
            text = line.rstrip(b"\r")
            code, mark = text[:3], text[3:4]
            if len(line) > MAX_LINE_BYTES or mark not in _MARKS or len(code) != 3 or not code.isdigit():
                self.broken = "the server does not speak SMTP"
                return found
            if mark != b"-" and not self._lines:  # nearly every reply is one line
                found.append(reply := (int(code), text[4:]))
                if len(self._known) < MAX_KNOWN and len(line) < MAX_KNOWN_BYTES:
                    self._known[line] = reply
                continue
            if not self._add(text, is_last=mark != b"-", found=found):
                return found
        if len(self._rest) > MAX_LINE_BYTES:
            self.broken = "the server sent an endless line"
        return found

    def _add(self, text: bytes, *, is_last: bool, found: list[tuple[int, bytes]]) -> bool:
        self._lines.append(text[4:])
        self._reply_bytes += len(text) + 1
        if self._reply_bytes > MAX_REPLY_BYTES:
            self.broken = "the server sent an endless reply"
            return False
        if is_last:
            found.append((int(text[:3]), b"\n".join(self._lines)))
            self._lines.clear()
            self._reply_bytes = 0
        return True
