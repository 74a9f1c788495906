"""The mail as two lists of mails show it before anybody opens it: on a desktop and on a phone.

Cut at the widths that the checks count with, so that a finding and the picture say the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.check.inbox import DESKTOP_CHARACTERS, MAX_PREHEADER, PHONE_CHARACTERS, cut
from newsletter.web.view import View

PHONE_LINES = 2  # of the preheader, below the subject


def make(view: View) -> Mapping[str, object]:
    compiled = view.showing.result.compilation.compiled
    subject, preheader = view.specimen.subject, compiled.preheader
    sender = compiled.headers.from_name or compiled.headers.from_mailbox
    return {
        "sender": sender,
        "initial": next((letter for letter in sender if letter.isalnum()), "•").upper(),
        "subject": subject,
        "preheader": preheader,
        "desktop": {"subject": cut(subject, DESKTOP_CHARACTERS), "preheader": cut(preheader, MAX_PREHEADER)},
        "phone": {
            "subject": cut(subject, PHONE_CHARACTERS),
            "preheader": cut(preheader, PHONE_LINES * PHONE_CHARACTERS),
        },
    }
