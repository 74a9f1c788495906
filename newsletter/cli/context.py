"""What a command stands on: the workspace around the current directory, its settings, the environment.

The environment and the current directory are read here and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter.cli.output import warn
from newsletter.config import Settings, load_settings
from newsletter.workspace import Workspace, find_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    workspace: Workspace
    settings: Settings
    environ: Mapping[str, str]


def open_context(*, placeholders: bool = False, quiet: bool = False) -> CommandContext:
    """Find the workspace and load its settings; raises UsageError, ConfigError.

    With `placeholders`, settings that only a real send needs are filled under `newsletter.invalid`, with a warning:
    for demo, build, check and `send --outbox`. `quiet` where the checks' findings say it anyway.
    """
    workspace = find_workspace(Path.cwd())
    settings = load_settings(workspace.root, os.environ)
    if placeholders:
        settings, filled = settings.with_placeholders()
        if filled and not quiet:
            warn(f"{', '.join(filled)} not set in newsletter.toml: placeholders under newsletter.invalid are used")
    return CommandContext(workspace=workspace, settings=settings, environ=os.environ)
