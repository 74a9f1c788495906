"""Options that say how to send, shared by `send`, `resume` and `test`."""

from __future__ import annotations

from typing import Annotated

import typer

Smtp = Annotated[str, typer.Option("--smtp", metavar="URL", help="The relay: smtp://host:587 or smtps://host:465.")]
Outbox = Annotated[str, typer.Option("--outbox", metavar="DIR", help="Write .eml files instead of using a relay.")]
Connections = Annotated[int, typer.Option("--connections", metavar="N", help="Connections to the relay.")]
Rate = Annotated[str, typer.Option("--rate", metavar="N/s", help="At most so many messages a second.")]
Uncertain = Annotated[
    str,
    typer.Option("--uncertain", metavar="hold|resend", help="When a final reply was lost: hold, or mail once more."),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for deliveries that are to be tried again.")]
