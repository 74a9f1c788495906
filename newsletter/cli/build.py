"""`newsletter build` and `newsletter check`: the mail as files, and what is wrong with it. Neither sends anything."""

from __future__ import annotations

import errno
import json as json_module
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from newsletter.check import Report, gate
from newsletter.cli.compiling import compile_items, office_now, workspace_keys
from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.fixing import fix_items
from newsletter.cli.options import Date, Items, Json, Lang, Preheader, Subject, Template, Title
from newsletter.cli.output import one_line, print_json, say
from newsletter.cli.photographs import camera, drop_photographs, photographs
from newsletter.cli.publishing import write_pictures
from newsletter.content.as_json import item_json
from newsletter.errors import DiskError, GateError, NewsletterError, UsageError
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileResult
from newsletter.render.compiled import CompiledIssue
from newsletter.specimen import Specimen, report_on, specimen_of


def build(
    items: Items,
    *,
    title: Title = "",
    subject: Subject = "",
    preheader: Preheader = "",
    lang: Lang = "",
    date: Date = "",
    template: Template = "",
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Folder for the files; var/build/<item> by default.")
    ] = "",
    as_: Annotated[
        str, typer.Option("--as", metavar="EMAIL", help="Show the mail as this subscriber would get it.")
    ] = "",
    png: Annotated[
        bool, typer.Option("--png", help="Add pictures of the mail, light and dark; needs Chromium.")
    ] = False,
) -> int:
    """Make the mail of an issue: HTML, text, .eml and issue.json.

    Writes issue.html, issue.txt, issue.eml and issue.json. Links in them are trials: they unsubscribe nobody.
    What the checks find is shown and never stops a build.
    """
    context = open_context(placeholders=True, quiet=True)
    chromium = camera(context) if png else ""
    options = ContentOptions(title=title, subject=subject, preheader=preheader, lang=lang, date=date, template=template)
    result = compile_items(context, items, options)
    specimen = _specimen(context, result.compilation.compiled, as_)
    folder = Path(out) if out else context.workspace.private_dir("build") / slug(items)
    write_pictures(context, result.pictures)  # before the photographs, which show them
    shots = photographs(context, specimen.html, chromium) if png else {}
    write_files(folder, _files(result, specimen) | shots)
    if not png:
        drop_photographs(folder)
    report = report_on(result, specimen)
    for finding in report.findings:
        say(str(finding))
    shown = context.workspace.shown(folder)
    names = ("issue.html", "issue.txt", "issue.eml", "issue.json", *shots)
    print(f"{one_line(specimen.subject)}\n{shown}/{'  '.join(names)}")
    return 0


def check(
    items: Items,
    *,
    title: Title = "",
    subject: Subject = "",
    preheader: Preheader = "",
    lang: Lang = "",
    date: Date = "",
    template: Template = "",
    json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings refuse too.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="First show what typography would change in the file, and ask.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: write without asking.")] = False,
) -> int:
    """Say what is wrong with the mail of an issue.

    Exit code 3 when something breaks the mail or its delivery; with --strict on warnings too. A finding is waived in
    front matter, with a reason: `waive: {no_date: "an evergreen"}`. docs/checks.md explains every finding.
    """
    context = open_context(placeholders=True, quiet=True)
    options = ContentOptions(title=title, subject=subject, preheader=preheader, lang=lang, date=date, template=template)
    if fix:
        if json:
            raise UsageError("--fix and --json are two answers", fix="give one of them")
        fix_items(context, items, lang=lang, yes=yes)
    result = compile_items(context, items, options)
    report = report_on(result, _specimen(context, result.compilation.compiled, ""))
    if json:
        print_json(report.as_json())
    else:
        print(_shown(report))
    return _gate_code(report, strict=strict)


def _gate_code(report: Report, *, strict: bool) -> int:
    """`check` has said everything already: the gate's word is only its exit code."""
    try:
        gate(report, strict=strict)
    except GateError as refused:
        return refused.exit_code
    return 0


def _shown(report: Report) -> str:
    lines = [one_line(str(finding)) for finding in report.findings]
    lines.append(f"{_count(report.errors, 'error')}, {_count(report.warnings, 'warning')}")
    return "\n".join(lines)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _specimen(context: CommandContext, compiled: CompiledIssue, address: str) -> Specimen:
    keys, now = workspace_keys(context), office_now(context)
    if not address:
        return specimen_of(compiled, keys=keys, now=now)
    from newsletter.cli.people import known_person  # opens the database: only when asked

    return specimen_of(compiled, keys=keys, now=now, reader=known_person(context, keys, address))


def _files(result: CompileResult, specimen: Specimen) -> dict[str, bytes]:
    issue, compiled = result.issue, result.compilation.compiled
    html, text = specimen.html.encode(), specimen.text.encode()
    facts = {
        "digest": compiled.digest,
        "subject": specimen.subject,
        "preheader": issue.preheader,
        "title": issue.title,
        "title_proposed": issue.title_proposed,
        "html_bytes": len(html),
        "text_bytes": len(text),
        "wire_bytes": specimen.message.size,
        "slots": list(compiled.slot_fields),
        "variants": list(compiled.variants),
        "kind": issue.kind,
        "item": item_json(issue.items[0]),
        "items": [item_json(item) for item in issue.items],
        "pictures": [picture.name for picture in result.pictures],
    }
    return {
        "issue.html": html,
        "issue.txt": text,
        "issue.eml": specimen.message.data,
        "issue.json": json_module.dumps(facts, ensure_ascii=False, indent=2).encode() + b"\n",
    }


def slug(items: Sequence[str]) -> str:
    """Return a folder name for an issue: its file's or folder's name, odd characters as hyphens."""
    first = Path(items[0]).resolve()
    name = re.sub(r"[^\w.-]+", "-", first.name if first.is_dir() else first.stem).strip("-.") or "item"
    return f"{name}-and-{len(items) - 1}-more" if len(items) > 1 else name


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files or none: first beside the folder, then each moved into its place. Raises DiskError."""
    staging: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        for name, data in files.items():
            (staging / name).write_bytes(data)
        folder.mkdir(mode=0o755, exist_ok=True)
        for name in files:
            (staging / name).replace(folder / name)
    except OSError as error:
        raise _disk_error(error, folder) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def _disk_error(error: OSError, folder: Path) -> NewsletterError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    fix = f"{'free some space' if full else 'check its owner and rights'}, or name another folder with --out"
    return DiskError(f"cannot write the mail: {error.strerror or error}", path=str(folder), fix=fix)
