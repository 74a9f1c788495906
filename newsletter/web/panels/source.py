"""What the mail is made of, line by line: the item's files, the templates, and the MJML that came of them.

The files are shown as they lie on the disk now, so that a broken one can be mended here; see `editing.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from newsletter.check import Finding
from newsletter.content.file_text import FileText, open_file_text
from newsletter.content.item import NewsItem, plain
from newsletter.content.polish import texts_of
from newsletter.errors import InputError
from newsletter.translation import catalogue, finding_name, sentence
from newsletter.web.desk import Desk
from newsletter.web.languages import Words
from newsletter.web.numbered import Mark, lines_of, numbered
from newsletter.web.source_files import SourceFile, files_of
from newsletter.web.view import View

MOST_EDITED = 2_000  # lines; a browser's field takes a second for a letter at some 5,000, and an item has 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One source. `opened` is the file as it may be edited, None where it may not."""

    id: str
    title: str
    note: str = ""
    lines: Markup = field(default_factory=Markup)
    count: int = 0
    marked: int = 0  # lines with a finding
    opened: FileText | None = None


def make(view: View) -> Mapping[str, object]:
    result = view.showing.result
    marks = _marks(view)
    files = tuple(_file_sheet(file, result.issue.items, marks, view.words) for file in files_of(view.desk))
    templates = tuple(
        _sheet(f"template-{name}", f"templates/{name}", text, marks)
        for name, text in sorted(result.compilation.templates.items())
    )
    mjml = result.compilation.mjml[view.specimen.variant]
    return {
        "files": files,
        "templates": templates,
        "mjml": _sheet("mjml", "MJML", mjml, {}),
        "mail_lang": result.issue.lang,
        "is_broken": view.desk.fault is not None,
    }


def make_broken(desk: Desk, words: Words) -> Mapping[str, object]:
    """Return the same where no mail was ever made of the files: they alone."""
    files = tuple(_file_sheet(file, (), _fault_mark(desk, words), words) for file in files_of(desk))
    return {"files": files, "templates": (), "mjml": None, "mail_lang": "ru", "is_broken": True}


def _fault_mark(desk: Desk, words: Words) -> dict[str, dict[int, Mark]]:
    """Return the line that keeps the files from being a mail; nothing while there is none, or it has no line."""
    fault = desk.fault
    if fault is None or not fault.file or not fault.line:
        return {}
    message = sentence(catalogue(words.language).translate(fault.message))
    return {fault.file: {fault.line: Mark(severity="error", label=words("source.fault", message=message))}}


def _marks(view: View) -> dict[str, dict[int, Mark]]:
    """Return the lines that findings are about, by file: the worst finding of each, with the names of all.

    While a file is broken, findings are about lines that it no longer has: then only the broken line is marked.
    """
    if view.desk.fault is not None:
        return _fault_mark(view.desk, view.words)
    found: dict[str, dict[int, list[tuple[int, Finding]]]] = {}
    report = view.showing.report
    for number, finding in enumerate(report.findings if report else ()):
        if finding.file and finding.line and not finding.waived:
            found.setdefault(finding.file, {}).setdefault(finding.line, []).append((number, finding))
    return {
        file: {line: _mark(findings, view.words) for line, findings in lines.items()} for file, lines in found.items()
    }


def _mark(findings: list[tuple[int, Finding]], words: Words) -> Mark:
    number, worst = findings[0]  # a report lists the worst first
    names = dict.fromkeys(finding_name(finding.id, words.language) for _, finding in findings)
    return Mark(finding=number, severity=worst.severity, label=words("source.finding", names=", ".join(names)))


def _sheet(sheet_id: str, title: str, text: str, marks: Mapping[str, Mapping[int, Mark]]) -> Sheet:
    lines, marked = lines_of(text), marks.get(title, {})
    return Sheet(id=sheet_id, title=title, lines=numbered(title, lines, marked), count=len(lines), marked=len(marked))


def _file_sheet(
    file: SourceFile, items: tuple[NewsItem, ...], marks: Mapping[str, Mapping[int, Mark]], words: Words
) -> Sheet:
    if file.kind == "word":
        lines = [line for item in items if item.origin.path == file.shown for line in _understood(item)]
        shown = numbered(file.shown, lines, marks.get(file.shown))
        return Sheet(id=file.id, title=file.shown, note=words("source.word"), lines=shown, count=len(lines))
    try:
        opened = open_file_text(file.path, file.shown)
    except InputError as error:
        say = catalogue(words.language).translate
        return Sheet(id=file.id, title=file.shown, note=f"{sentence(say(error.message))} {sentence(say(error.fix))}")
    lines = lines_of(opened.text)
    is_long = len(lines) > MOST_EDITED
    note = words("source.too_many") if is_long else ""
    return Sheet(
        id=file.id,
        title=file.shown,
        note=note if file.is_editable else words("source.feed"),
        lines=numbered(file.shown, lines, marks.get(file.shown)),
        count=len(lines),
        marked=len(marks.get(file.shown, ())),
        opened=opened if file.is_editable and not is_long else None,
    )


def _understood(item: NewsItem) -> Iterator[tuple[int, str]]:
    """Yield what was read of a Word file, by the number of its paragraph."""
    if not item.title_proposed:
        yield item.front_lines.get("title", item.origin.line), item.title
    yield item.lead_origin.line, plain(item.lead)
    for block in item.blocks:
        yield block.origin.line, " · ".join(filter(None, map(plain, texts_of(block)))) or f"[{block.kind}]"
