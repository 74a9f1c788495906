"""From a command's ITEM and CONTENT to a compiled issue with its findings; build, check, test and send share it.

So what is checked is what is sent: one compile, one specimen, one list of checks.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.check import Checked, Report, run_checks
from newsletter.cli.context import CommandContext
from newsletter.cli.keeping import open_keys
from newsletter.cli.output import say
from newsletter.errors import InputError
from newsletter.issue import ContentOptions
from newsletter.message.merge import Merger, Message, Recipient
from newsletter.render.child import CompileRequest, CompileResult, compile_in_child
from newsletter.render.compiled import CompiledIssue, fill
from newsletter.tokens import Keys
from newsletter.workspace import template_dirs

# Who a mail is shown for when nobody is named: a plausible reader, at a domain that reaches nobody (RFC 2606).
SPECIMEN_ADDRESS = "anna.sokolova@newsletter.invalid"
SPECIMEN_NAME = "Анна Соколова"
SPECIMEN_LIST = "specimen"  # stands in List-ID where no list is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One trial message, and the parts it was made of."""

    message: Message
    subject: str
    html: str
    text: str
    variant_html: Mapping[str, str]  # the same person's HTML of every variant


def compile_items(context: CommandContext, items: Sequence[str], options: ContentOptions) -> CompileResult:
    """Compile the items, or the issue folder, in a child process, and say what was left out or changed on the way.

    Raises NewsletterError with file and line.
    """
    paths = tuple(Path(item) for item in items)
    for path in paths:
        if not path.is_file() and not path.is_dir():
            raise InputError("there is no such file", path=str(path), fix="check the name of the news item")
    result = compile_in_child(
        CompileRequest(
            root=context.workspace.root,
            items=paths,
            options=options,
            settings=context.settings,
            template_dirs=template_dirs(context.workspace),
        )
    )
    for note in result.notes:
        say(note)
    return result


def specimen_fields(compiled: CompiledIssue) -> dict[str, str]:
    """Return the specimen's value for each subscriber field that the issue prints."""
    known = {"subscriber.name": SPECIMEN_NAME, "subscriber.email": SPECIMEN_ADDRESS}
    return {
        name: known.get(name, name.partition(".")[2].capitalize())
        for name in compiled.slot_fields
        if name.startswith("subscriber.")
    }


def specimen_of(
    compiled: CompiledIssue, *, keys: Keys, now: datetime, address: str = "", fields: dict[str, str] | None = None
) -> Specimen:
    """Merge a trial message: for the specimen, or for the person given. `now` is aware and in the office's zone."""
    values = specimen_fields(compiled) if fields is None else fields
    recipient = Recipient(
        delivery_id=0,
        subscriber_id=0,
        list_id=0,
        address=address or SPECIMEN_ADDRESS,
        variant=compiled.variant_key({name.partition(".")[2]: value for name, value in values.items()}),
        values=values,
        position=1,
    )
    merger = Merger(compiled, keys=keys, issue_id=0, list_label=SPECIMEN_LIST, trial=True, nonce=secrets.token_hex(8))
    filled = merger.values(recipient)
    variant = compiled.variants[recipient.variant]
    return Specimen(
        message=merger.message(recipient, date=now),
        subject=fill(compiled.subject, filled),
        html=fill(variant.html, filled),
        text=fill(variant.text, filled),
        variant_html={key: fill(one.html, filled) for key, one in compiled.variants.items()},
    )


def report_on(result: CompileResult, specimen: Specimen) -> Report:
    """Run the checks over a compiled issue and its specimen."""
    issue, compilation = result.issue, result.compilation
    return run_checks(
        Checked(
            kind=issue.kind,
            subject=specimen.subject,
            preheader=issue.preheader,
            preheader_proposed=issue.preheader_proposed,
            title=issue.title,
            title_proposed=issue.title_proposed,
            date=issue.date,
            waivers=issue.waivers,
            origins=issue.origins,
            items=issue.items,
            intro=issue.intro,
            mends=issue.mends,
            compiled=compilation.compiled,
            sample_html=specimen.html,
            sample_text=specimen.text,
            variant_html=specimen.variant_html,
            mjml_sources={f"templates/{name}": source for name, source in compilation.templates.items()},
            rendered_mjml=compilation.mjml,
        )
    )


def workspace_keys(context: CommandContext) -> Keys:
    """Return the workspace's keys, made at first need."""
    return open_keys(context)


def office_now(context: CommandContext) -> datetime:
    """Return the time in the office's zone. The clock is read here, at the rim, and passed on."""
    return datetime.now(UTC).astimezone(ZoneInfo(context.settings.office.timezone))
