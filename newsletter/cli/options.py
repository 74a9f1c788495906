"""Command-line options that several commands share, each written once.

CONTENT of the contract: `--title --subject --preheader --lang --date --template` override front matter or `issue.toml`.
A command takes them as parameters with these types and the default "".
"""

from __future__ import annotations

from typing import Annotated

import typer

Items = Annotated[
    list[str],
    typer.Argument(metavar="ITEM", help="A news item, several, or a folder with issue.toml.", show_default=False),
]
Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="Title of the item or digest.", show_default=False)]
Subject = Annotated[str, typer.Option("--subject", metavar="TEXT", help="Subject of the mail.", show_default=False)]
Preheader = Annotated[
    str,
    typer.Option(
        "--preheader", metavar="TEXT", help="Line that mail programs show beside the subject.", show_default=False
    ),
]
Lang = Annotated[str, typer.Option("--lang", metavar="TAG", help="Language of the text: ru, en …", show_default=False)]
Date = Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="Date shown in the mail.", show_default=False)]
Template = Annotated[
    str, typer.Option("--template", metavar="NAME", help="Theme of templates/ to use.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
