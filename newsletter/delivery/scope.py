"""Whose fault a reply is: the stage of the transaction and the reply's codes, in one table.

A wrong verdict is dear both ways: a recipient blamed for our mistake is never mailed again, and our mistake taken for
a recipient's is repeated for the whole list. So only what speaks plainly of the mailbox blames the recipient
(RFC 3463; Postfix refuses senders and clients at RCPT too), and what is unknown is ours. Pure.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from newsletter.delivery.state import Cause, DeliveryState

MAX_REPLY_BYTES = 500


class Stage(Enum):
    """Where in the session a reply came."""

    CONNECT = "connect"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    RSET = "rset"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the reply to DATA itself: 354 or a refusal
    BDAT = "bdat"  # the reply to BDAT with the content, where it says that BDAT itself is not known
    CONTENT = "content"  # the reply to the content, after the final dot or the last chunk: the one that decides
    LOCAL = "local"  # no server was asked


class Scope(Enum):
    NONE = "none"  # nobody's: accepted
    RECIPIENT = "recipient"
    MESSAGE = "message"  # this mail's content or size
    OURS = "ours"  # our sender address, our client, our reputation, our protocol; and all that is unknown
    SESSION = "session"  # the connection's: nobody is blamed


class Kind(Enum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"  # certain that nothing was accepted, and no reply was about this message


class Reply(NamedTuple):
    """What the server said: hostile text, cut to 500 bytes."""

    code: int
    text: str = ""

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463) when the text begins with one of the reply's own class, else ""."""
        found = _ENHANCED.match(self.text)
        return found[0] if found and found[0][0] == str(self.code)[:1] else ""

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


# Records that are made for every message are tuples, here and elsewhere: a frozen dataclass takes twice as long.
class Outcome(NamedTuple):
    """What became of one attempt."""

    kind: Kind
    scope: Scope
    stage: Stage
    code: int = 0
    enhanced: str = ""
    reply: str = ""
    queue_id: str = ""  # of an accepted message, as the server named it
    fault: str = ""  # what the server did that no server may (accepted after a refused RCPT): for the log

    @property
    def state(self) -> DeliveryState:
        return _MOVE[self.kind][0]

    @property
    def cause(self) -> Cause:
        return _MOVE[self.kind][1]

    @property
    def is_ours(self) -> bool:
        """True when the next recipient would meet the same refusal: what the breaker counts."""
        return self.kind in (Kind.REJECTED, Kind.DEFERRED) and self.scope in (Scope.OURS, Scope.MESSAGE)

    @property
    def is_goodbye(self) -> bool:
        """True when the server ended the session before it had heard of this recipient: the message is not why."""
        is_early = self.stage in (Stage.CONNECT, Stage.RSET) or (self.stage, self.code) == (Stage.MAIL, 421)
        return self.kind is Kind.NOT_SENT and is_early

    @property
    def is_hard_bounce(self) -> bool:
        return self.kind is Kind.REJECTED and self.scope is Scope.RECIPIENT

    def __str__(self) -> str:
        said = f"{self.code} {self.reply}" if self.code else self.reply
        return f"{said} (at {self.stage.value.upper()})"


_MOVE = {
    Kind.ACCEPTED: (DeliveryState.ACCEPTED, Cause.REPLY),
    Kind.REJECTED: (DeliveryState.REJECTED, Cause.REPLY),
    Kind.DEFERRED: (DeliveryState.DEFERRED, Cause.REPLY),
    Kind.UNCERTAIN: (DeliveryState.UNCERTAIN, Cause.LOST_REPLY),
    Kind.NOT_SENT: (DeliveryState.PENDING, Cause.NOT_WRITTEN),
}

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\d)")
# "queued as 4F1B2", "Ok: queued as …", "id=1rX-…": Postfix, Exim and most others name their queue entry so.
_QUEUE_ID = re.compile(r"(?:queued as|\bid[=:]|\bas)\s*([A-Za-z0-9][A-Za-z0-9._-]{3,99})", re.IGNORECASE)

_RECIPIENT = ("1.1", "1.2", "1.3", "1.6", "1.10", "2.", "7.13", "7.17", "7.18")
_CONTENT = ("2.3", "3.4", "6.")  # too large for the mailbox, too large for the system, not to be carried

# The table: whom a 4xx or 5xx blames, by stage and by "subject.detail" of its enhanced code (RFC 3463, RFC 7372), or
# by the subject alone. What is not listed is ours; a stage that is not listed blames nobody: the session ends there.
# BDAT stands for the reply to BDAT as a command: one about the content comes at CONTENT (`judge`).
BLAME: dict[Stage, dict[str, Scope]] = {
    Stage.MAIL: dict.fromkeys(("2.3", "3.4"), Scope.MESSAGE),  # these answer our SIZE=
    Stage.RCPT: dict.fromkeys(_RECIPIENT, Scope.RECIPIENT),
    Stage.DATA: dict.fromkeys(_CONTENT, Scope.MESSAGE),
    Stage.CONTENT: dict.fromkeys(_CONTENT, Scope.MESSAGE),
}

# A refusal without an enhanced code blames the recipient only if it says so in words.
_NAMES_THE_USER = re.compile(
    r"\b(?:user|mailbox|recipient|account|addressee)\b.{0,60}\b(?:unknown|not found|not exist|doesn't exist"
    r"|unavailable|invalid|disabled|inactive|not available|not local|no longer)\b"
    r"|\b(?:unknown|no such|invalid|nonexistent|non-existent)\b.{0,20}\b(?:user|mailbox|recipient|account|addressee)\b",
    re.IGNORECASE | re.DOTALL,
)
_NAMES_SOMETHING_ELSE = re.compile(
    r"\b(?:sender|from address|relay|relaying|access denied|policy|spam|blocked|black-?list|block-?list|listed"
    r"|client host|helo|authenticat\w*|quota)\b",
    re.IGNORECASE,
)
_NOT_A_COMMAND = frozenset((500, 501, 502, 503, 504, 521))
_BARE_CODES = (550, 551, 553)


def judge(stage: Stage, reply: Reply) -> Outcome:
    """Return what `reply` at `stage` makes of the message.

    A positive reply before CONTENT decides nothing and must not be asked about (ValueError).
    """
    if stage is Stage.BDAT and not _refuses_command(reply):
        stage = Stage.CONTENT
    kind, scope = _verdict(stage, reply)
    queue_id = ""
    if kind is Kind.ACCEPTED and (found := _QUEUE_ID.search(reply.text)):
        queue_id = found[1]
    return Outcome(
        kind=kind,
        scope=scope,
        stage=stage,
        code=reply.code,
        enhanced=reply.enhanced,
        reply=cut(reply.text),
        queue_id=queue_id,
    )


def _refuses_command(reply: Reply) -> bool:
    """True when BDAT was not understood or not allowed, so nothing was said about the mail (RFC 3463: X.5.x)."""
    return reply.code in _NOT_A_COMMAND or (reply.code >= 500 and reply.enhanced.startswith("5.5."))


def local_refusal(code: int, enhanced: str, text: str, scope: Scope) -> Outcome:
    """Return a refusal that we make ourselves, before anything is written (RFC 6531 section 3.5: 5.6.7)."""
    return Outcome(
        kind=Kind.REJECTED,
        scope=scope,
        stage=Stage.LOCAL,
        code=code,
        enhanced=enhanced,
        reply=cut(f"{enhanced} {text}"),
    )


def not_sent(stage: Stage, why: str) -> Outcome:
    """The connection failed while it was certain that nothing had been accepted."""
    return Outcome(kind=Kind.NOT_SENT, scope=Scope.SESSION, stage=stage, reply=cut(why))


def uncertain(why: str) -> Outcome:
    """The last byte may have left and the final reply was not read (RFC 1047)."""
    return Outcome(kind=Kind.UNCERTAIN, scope=Scope.SESSION, stage=Stage.CONTENT, reply=cut(why))


def cut(text: str) -> str:
    """Return at most 500 bytes of `text`, whole characters only; what no database keeps (undecodable, NUL) is shown."""
    clean = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace")
    return clean[:MAX_REPLY_BYTES].decode("utf-8", "ignore")


def _verdict(stage: Stage, reply: Reply) -> tuple[Kind, Scope]:
    group = reply.code // 100
    if stage not in BLAME:
        return Kind.NOT_SENT, Scope.SESSION
    if group == 2:
        if stage is not Stage.CONTENT:
            raise ValueError(f"{reply.code} at {stage.value} decides nothing")
        return Kind.ACCEPTED, Scope.NONE
    if group not in (4, 5):
        # Not an answer that SMTP knows here: after the final dot nobody can say what the server did with the mail.
        return (Kind.UNCERTAIN if stage is Stage.CONTENT else Kind.NOT_SENT), Scope.SESSION
    if reply.code == 421:
        # The server ends the session (RFC 5321 section 3.8); as the final reply it still refuses this message.
        return (Kind.DEFERRED if stage is Stage.CONTENT else Kind.NOT_SENT), Scope.SESSION
    return (Kind.DEFERRED if group == 4 else Kind.REJECTED), _blame(stage, reply)


def _blame(stage: Stage, reply: Reply) -> Scope:
    detail = reply.enhanced.partition(".")[2]
    if stage is Stage.RCPT and not detail:
        return _blame_by_words(reply)
    table = BLAME[stage]
    subject = detail.partition(".")[0] + "."
    return table.get(detail) or table.get(subject) or Scope.OURS


def _blame_by_words(reply: Reply) -> Scope:
    """Blame the recipient only where the code allows it and the text names the user, and nobody else."""
    speaks = _NAMES_THE_USER.search(reply.text) and not _NAMES_SOMETHING_ELSE.search(reply.text)
    # 450: the mailbox is busy, by its meaning at RCPT (RFC 5321 section 4.2.3).
    return Scope.RECIPIENT if speaks and reply.code in (*_BARE_CODES, 450) else Scope.OURS
