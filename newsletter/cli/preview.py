"""`newsletter preview`: the editors' room on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.browser import open_browser, write_signpost
from newsletter.cli.compiling import office_now, workspace_keys
from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.delivering import Wish, need_target, open_transport, plan_of
from newsletter.cli.export_page import export
from newsletter.cli.opening import open_store
from newsletter.cli.options import Date, Lang, Preheader, Subject, Template, Title
from newsletter.cli.output import internal_failure, say, warn
from newsletter.cli.publishing import write_pictures
from newsletter.config import Settings, load_settings
from newsletter.delivery.scope import Outcome
from newsletter.errors import InputError
from newsletter.issue import ContentOptions
from newsletter.issue_folder import issue_key
from newsletter.message.merge import Message
from newsletter.render.warm import WarmChild
from newsletter.sending.trial import send_trials
from newsletter.web.app import build_app, new_token
from newsletter.web.desk import desk_id
from newsletter.web.premises import Premises
from newsletter.web.serving import bind, is_loopback, own_hosts, serve

LOOPBACK, PORT = "127.0.0.1", 8025


def preview(
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="ITEM", help="What to open first; nothing: the list of all.", show_default=False),
    ] = None,
    *,
    title: Title = "",
    subject: Subject = "",
    preheader: Preheader = "",
    lang: Lang = "",
    date: Date = "",
    template: Template = "",
    host: Annotated[str, typer.Option("--host", help="The address to listen at; others can reach it then.")] = LOOPBACK,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0: any free one.")] = PORT,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    export_to: Annotated[
        str, typer.Option("--export", metavar="FILE", help="Write one page to mail to the boss, and end.")
    ] = "",
) -> int:
    """Show the mail in a browser as readers will see it, to look at, discuss and approve.

    Follows the files: what is saved is seen at once. Prints the address to open; Ctrl-C ends it. Nothing is sent but
    trial copies to review.test_addresses.
    """
    context = open_context(placeholders=True, quiet=True)
    paths = tuple(map(Path, items or ()))
    for path in paths:
        if not path.exists():
            raise InputError("there is no such file", path=str(path), fix="check the name of the news item")
    options = ContentOptions(title=title, subject=subject, preheader=preheader, lang=lang, date=date, template=template)
    if export_to:
        export(context, items or (), options, Path(export_to))
        print(export_to)
        return 0
    with ExitStack() as stack:
        engine = open_store(context)
        stack.callback(engine.dispose)
        listening = stack.enter_context(bind(host, port))
        compiler = stack.enter_context(WarmChild())
        compiler.warm_up()
        premises = Premises(
            workspace=context.workspace,
            engine=engine,
            keys=workspace_keys(context),
            load_settings=lambda: load_settings(context.workspace.root, context.environ),
            clock=lambda: office_now(context),
            compile=compiler.compile,
            send_trials=lambda settings, messages: _send_trials(context, settings, messages),
            write_pictures=lambda pictures: write_pictures(context, pictures),
            options=options,
            opened=paths,
        )
        _serve(premises, listening, host, no_browser=no_browser, when_ending=compiler.close)
    return 0


def _serve(
    premises: Premises, listening: socket.socket, host: str, *, no_browser: bool, when_ending: Callable[[], None]
) -> None:
    """Open the room at its own address until the person ends it."""
    token = new_token()
    shown, hosts = own_hosts(listening, host)
    opened, workspace = premises.opened, premises.workspace
    address = f"http://{shown}/{token}/" + (f"i/{desk_id(issue_key(opened, workspace.root))}/" if opened else "")
    if not is_loopback(listening):
        warn(f"{shown} is open to the network, unencrypted: whoever gets the address may read, change and approve")
    # What a terminal shows is soon in a letter or a chat: without the token.
    app = build_app(premises, token=token, hosts=hosts, tell=lambda error: _tell_defect(error, token))
    signpost = None if no_browser else write_signpost(workspace.private_dir(), address)
    try:
        serve(app, listening, when_ready=lambda: _ready(address, signpost), when_ending=when_ending)
    finally:
        if signpost is not None:
            signpost.unlink(missing_ok=True)


def _tell_defect(error: Exception, token: str) -> None:
    internal_failure(error, as_json=False, secret=token)


def _ready(address: str, signpost: Path | None) -> None:
    print(address, flush=True)
    say("Ctrl-C ends the preview")
    if signpost is not None:
        threading.Thread(target=_open_browser, args=(signpost,), daemon=True).start()


def _open_browser(signpost: Path) -> None:
    if not open_browser(signpost):
        warn("no browser could be opened: open the address above yourself")


def _send_trials(context: CommandContext, settings: Settings, messages: Sequence[Message]) -> Sequence[Outcome]:
    settings.require_sendable()
    now = CommandContext(workspace=context.workspace, settings=settings, environ=context.environ)
    plan = plan_of(now, Wish())
    need_target(plan)
    return asyncio.run(send_trials(open_transport(now, plan), messages))
