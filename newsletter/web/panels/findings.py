"""What the checks say of the mail, in the editor's language, each with its place and the way to mend it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from newsletter.check import Finding, Severity
from newsletter.check.caniemail import client_names
from newsletter.check.finding import SEVERITIES
from newsletter.content.file_text import open_file_text
from newsletter.errors import InputError
from newsletter.issue import Issue
from newsletter.render.child import CompileResult
from newsletter.settings_source import FILE as SETTINGS_FILE
from newsletter.translation import catalogue, finding_name, sentence
from newsletter.web.openings import LEAD, TITLE, openings, title_line
from newsletter.web.source_files import SourceFile, files_of
from newsletter.web.view import View
from newsletter.web.waiving import Way, way_to_waive

_OF_SETTINGS = "placeholder_link"  # names no file: it is about addresses that newsletter.toml does not give


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One finding as a page tells it."""

    number: int  # in the report; the source's lines name it
    finding: Finding
    name: str
    message: str
    fix: str
    clients: str
    line: str  # "FILE:LINE" where the page of sources shows the file, else ""
    block: str  # "ITEM.INDEX" where the mail shows it, else ""
    way: Way | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: Severity | Literal["engineer"]
    findings: tuple[Told, ...]


def make(view: View) -> Mapping[str, object]:
    report, result = view.showing.report, view.showing.result
    say = catalogue(view.words.language).translate
    told = tuple(_told(view)) if report else ()
    is_old = view.desk.fault is not None
    groups = (*_groups(told), Group(name="engineer", findings=tuple(one for one in told if _is_for_engineer(one))))
    return {
        "is_ready": report is not None,
        "is_old": is_old,
        "errors": report.errors if report and not is_old else 0,
        "warnings": report.warnings if report and not is_old else 0,
        "groups": tuple(group for group in groups if group.findings),
        "waived": tuple(one for one in told if one.finding.waived),
        "notes": tuple(sentence(say(note)) for note in result.notes),
    }


def _groups(told: Sequence[Told]) -> Iterator[Group]:
    """Yield what an editor may mend, the gravest first."""
    for severity in SEVERITIES:
        found = (one for one in told if one.finding.severity == severity and not one.finding.waived)
        yield Group(name=severity, findings=tuple(one for one in found if not _is_for_engineer(one)))


def _is_for_engineer(one: Told) -> bool:
    """Claim that only newsletter.toml can mend it. An error stays with the errors: it stops the mail of an editor."""
    finding = one.finding
    is_of_settings = finding.id == _OF_SETTINGS or finding.file == SETTINGS_FILE
    return is_of_settings and finding.severity != "error" and not finding.waived


def _told(view: View) -> Iterator[Told]:
    report, issue = view.showing.report, view.showing.result.issue
    files = files_of(view.desk)
    fenced = tuple(file.shown for file in files if _is_fenced(file))
    shown = {file.shown for file in files} | {f"templates/{name}" for name in view.showing.result.compilation.templates}
    if view.desk.fault is not None:
        shown = set()  # a broken file has other lines by now
    language, say = view.words.language, catalogue(view.words.language).translate
    variants = view.showing.result.compilation.compiled.variants
    opened = openings(variants[view.specimen.variant].html, issue.items)
    for number, finding in enumerate(report.findings if report else ()):
        yield Told(
            number=number,
            finding=finding,
            name=finding_name(finding.id, language),
            message=sentence(say(finding.message)),
            fix=sentence(say(finding.fix)),
            clients=_clients(finding.clients, say),
            line=f"{finding.file}:{finding.line or 1}" if finding.file in shown else "",
            block=_block(finding, view.showing.result, view.specimen.variant, opened),
            way=None if finding.waived else way_to_waive(finding, issue, files, view.words("findings.reason"), fenced),
        )


def _is_fenced(file: SourceFile) -> bool:
    """Claim that a file begins with front matter."""
    if not file.is_editable or file.is_settings:
        return False
    try:
        return open_file_text(file.path, file.shown).text.startswith("---")
    except InputError:
        return False  # it is broken by now; the page shows how


def _clients(clients: Sequence[str], say: Callable[[str], str]) -> str:
    """Return the mail programs by name; a check may name a family."""
    names = client_names()
    families = {key.partition(".")[0]: name for key, name in reversed(list(names.items()))}
    return ", ".join(dict.fromkeys(say(names.get(one) or families.get(one, one)) for one in clients))


def _block(finding: Finding, result: CompileResult, variant: str, shown: Collection[str]) -> str:
    """Return which block of the mail a finding is about, if the mail shows it; entries of a feed share its path."""
    ranges = [
        one
        for one in result.compilation.blocks.get(variant, ())
        if one.index == finding.block and one.origin.path == finding.file
    ]
    best = next((one for one in ranges if one.origin.line == finding.line), ranges[0] if ranges else None)
    return f"{best.item}.{best.index}" if best else _opening(finding, result.issue, shown)


def _opening(finding: Finding, issue: Issue, shown: Collection[str]) -> str:
    """Return the title or lead of the mail that a finding is about; of an item told in brief, its title."""
    names: list[str] = []
    paths = [item.origin.path for item in issue.items]  # entries of a feed share theirs
    for number, item in enumerate(issue.items):
        if item.origin.path != finding.file:
            continue
        if finding.line == item.lead_origin.line:
            names.insert(0, f"{number}.{LEAD}")
        # What the head of a letter says shows in no one place of it; that of an item is told by where the item is.
        if finding.line == title_line(item) or (len(paths) > 1 and paths.count(finding.file) == 1):
            names.append(f"{number}.{TITLE}")
    return next((name for name in names if name in shown), "")
