"""What the room is given: the workspace, its store and keys, and ways to compile and to send a trial.

`cli/preview.py` builds it; a test builds its own. Nothing in `web/` reads the environment or the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from newsletter.content.picture import Picture
from newsletter.delivery.scope import Outcome
from newsletter.issue import ContentOptions
from newsletter.message.merge import Message
from newsletter.render.child import CompileRequest, CompileResult
from newsletter.settings import Settings
from newsletter.store.database import Engine
from newsletter.tokens import Keys
from newsletter.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    workspace: Workspace
    engine: Engine
    keys: Keys
    load_settings: Callable[[], Settings]  # as they stand in the files now; raises NewsletterError
    clock: Callable[[], datetime]  # aware, in the office's zone
    compile: Callable[[CompileRequest], CompileResult]  # blocks; safe to call from several threads
    send_trials: Callable[[Settings, Sequence[Message]], Sequence[Outcome]]  # blocks; raises RelayError and the like
    write_pictures: Callable[[Sequence[Picture]], None]  # into the folder to be published; raises DiskError
    options: ContentOptions = field(default_factory=ContentOptions)  # CONTENT of the command line, for `opened` alone
    opened: tuple[Path, ...] = ()  # the items named on the command line: one issue; empty: the list
