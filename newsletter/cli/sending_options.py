"""Options that say how to send, shared by `send`, `resume` and `test`."""

from __future__ import annotations

from typing import Annotated

import typer

Smtp = Annotated[str, typer.Option("--smtp", metavar="URL", help="The relay: smtp://host:587 or smtps://host:465.")]
Outbox = Annotated[str, typer.Option("--outbox", metavar="DIR", help="Write .eml files instead of using a relay.")]
_CONNECTIONS = "Connections to the relay."
_RATE = "At most so many messages: 10/s, 20/min, 100/h."
Connections = Annotated[
    int | None, typer.Option("--connections", metavar="N", help=_CONNECTIONS, show_default="the setting's")
]
Rate = Annotated[str, typer.Option("--rate", metavar="N/s", help=_RATE, show_default="the setting's")]
SameConnections = Annotated[
    int | None, typer.Option("--connections", metavar="N", help=_CONNECTIONS, show_default="those of its send")
]
SameRate = Annotated[str, typer.Option("--rate", metavar="N/s", help=_RATE, show_default="that of its send")]
Uncertain = Annotated[
    str,
    typer.Option("--uncertain", metavar="hold|resend", help="When a final reply was lost: hold, or mail once more."),
]
Processes = Annotated[
    int, typer.Option("--processes", metavar="N", help="Sending processes that share the issue; needs PostgreSQL.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for deliveries that are to be tried again.")]
