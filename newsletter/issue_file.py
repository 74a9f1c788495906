"""What a person wrote about an issue as a whole: front matter of a letter's item, or the `issue.toml` of a folder.

A value is checked when it is read, by the rules of front matter where both know the key, so that a mistake is one
line with its place. Text in, records out: `issue_folder.py` reads the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path

from newsletter.content.correction import ITEM_KEYS, Correction
from newsletter.content.item import Link, NewsItem, Origin, Paragraph, Span, Text
from newsletter.content.keys import EMPTY, KEYS, Value, WrongValueError
from newsletter.content.spans import join, text_of
from newsletter.errors import ConfigError, InputError
from newsletter.settings_source import line_of, lines_of, parse_toml
from newsletter.toml_mistakes import find_mistake

FILE = "issue.toml"
MAX_CHARS = 16 * 1024  # a hundred names and a page of introduction; finding lines is quadratic
_ITEM = "item"  # a table of tables: [item."порт.docx"]
_TO_DOCS = 'see docs/items.md, "A digest"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Values by key, and where each stands."""

    path: str  # as a person knows it
    fix: str  # the way out of every mistake in it
    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    intro: Text = ()
    order: tuple[str, ...] = ()  # names of files in the folder; empty: all of them
    items: Mapping[str, Correction] = field(default_factory=dict)  # what is said of a file, by its name

    def origin(self, key: str) -> Origin:
        return Origin(path=self.path, line=self.lines.get(key, 1))

    def wrong(self, key: str, what: str, fix: str = "") -> InputError:
        """Return the error that says of `key` what must be else."""
        origin = self.origin(key)
        return InputError(f"'{key}' {what}", path=origin.path, line=origin.line, fix=fix or self.fix)


def front_of(item: NewsItem) -> Written:
    return Written(path=item.origin.path, fix="mend the front matter", values=item.front, lines=item.front_lines)


def first_with(written: Sequence[Written], key: str) -> Written | None:
    """Return the first that says something for `key`."""
    return next((one for one in written if one.values.get(key) not in (None, "")), None)


def parse_issue_file(text: str, shown: str) -> Written:
    """Return what an `issue.toml` says. Raises InputError with its line, and nothing else."""
    if len(text) > MAX_CHARS:
        raise InputError("the file is longer than 16 KB", path=shown, fix="move text into the items")
    values: dict[str, object] = {}
    table = _parse(text, shown)
    corrections = _corrections(table.pop(_ITEM, {}), text, shown)
    for key, value in table.items():
        if key not in ISSUE_KEYS:
            close = get_close_matches(key.lower(), [*ISSUE_KEYS, _ITEM], n=1)
            fix = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(ISSUE_KEYS)}"
            raise InputError(f"issue.toml knows no key {key[:60]!r}", path=shown, line=line_of(text, (key,)), fix=fix)
        try:
            plain_value = _plain(value)
            if plain_value != "":  # as in front matter: it says nothing
                values[key] = ISSUE_KEYS[key](plain_value)
        except WrongValueError as error:
            line = line_of(text, (key,))
            raise InputError(f"{key!r} {error}", path=shown, line=line, fix=_TO_DOCS) from error
    lines = {name: line for (name,), line in lines_of(text, [(key,) for key in table]).items()}
    order = values.pop("order", ())
    intro = str(values.pop("intro", ""))
    return Written(
        path=shown,
        fix=_TO_DOCS,
        values=values,
        lines=lines,
        intro=_intro(intro, text, lines.get("intro", 1), shown) if intro.strip() else (),
        order=order if isinstance(order, tuple) else (),
        items=corrections,
    )


def _corrections(tables: object, text: str, shown: str) -> dict[str, Correction]:
    """Return what `[item."порт.docx"]` tables say, by file. Raises InputError."""
    example = '[item."name.docx"]'
    if not isinstance(tables, dict):
        line = line_of(text, (_ITEM,))
        raise InputError("'item' is a table of one file", path=shown, line=line, fix=f"write {example}")
    found: dict[str, Correction] = {}
    for name, table in tables.items():
        line = line_of(text, (_ITEM, name))
        # Without quotes TOML reads the dot in a file's name as a table inside a table.
        if not isinstance(table, dict) or ("." not in name and all(isinstance(one, dict) for one in table.values())):
            what = f"'item' is followed by {name[:60]!r}, which is no file"
            raise InputError(what, path=shown, line=line, fix=f"put the file's whole name in quotes: {example}")
        found[name] = _correction(name, table, text, shown, line)
    return found


def _correction(name: str, table: Mapping[str, object], text: str, shown: str, line: int) -> Correction:
    places = lines_of(text, [(_ITEM, name, key) for key in table])
    lines = {key: places.get((_ITEM, name, key), line) for key in table}
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in ITEM_KEYS:
            close = get_close_matches(key.lower(), ITEM_KEYS, n=1)
            fix = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(ITEM_KEYS)}"
            what = f"the table of an item knows no key {key[:60]!r}"
            raise InputError(what, path=shown, line=lines[key], fix=fix)
        try:
            plain_value = _plain(value)
            if plain_value != "":
                values[key] = KEYS[key](plain_value)
            elif key in EMPTY:
                values[key] = EMPTY[key]
        except WrongValueError as error:
            raise InputError(f"{key!r} {error}", path=shown, line=lines[key], fix=_TO_DOCS) from error
    return Correction(path=shown, line=line, values=values, lines={key: lines[key] for key in values})


def _parse(text: str, shown: str) -> dict[str, object]:
    try:
        return parse_toml(text)
    except ConfigError as error:
        if "overwrite" in error.message or "mutate" in error.message or "twice" in error.message:
            raise InputError("this name stands twice", path=shown, line=error.line, fix="keep one") from error
        slip = find_mistake(text, error.line)
        raise InputError(slip.what, path=shown, line=slip.line, fix=slip.fix) from error
    except (RecursionError, ValueError) as error:  # brackets without end; a number of 5,000 digits
        raise InputError("not a list of plain values", path=shown, fix='write key = "value" lines') from error


def _plain(value: object) -> Value:
    """Return a TOML value as front matter has it: texts, lists and mappings of texts."""
    if isinstance(value, str):
        return value
    if isinstance(value, date | datetime):  # written without quotes, as TOML allows
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    raise WrongValueError('must be text in straight quotes, as in "…"')


def _order(value: Value) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise WrongValueError('must be a list of file names, as in ["first.md", "second.md"]')
    names = [KEYS["key"](entry) for entry in value]
    found: list[str] = []
    for name in map(str, names):
        if name != Path(name).name or name in (".", ".."):
            raise WrongValueError(f"names files of this folder; {name[:60]!r} leads out of it")
        if name in found:
            raise WrongValueError(f"names {name[:60]!r} twice")
        found.append(name)
    return tuple(found)


def _paragraphs(value: Value) -> str:
    KEYS["lead"](value)  # text, without control characters; its line breaks are kept here
    return str(value)


# What issue.toml may say. Values of the first group mean what they mean in a letter's front matter.
ISSUE_KEYS: Mapping[str, Callable[[Value], object]] = {
    **{
        key: KEYS[key]
        for key in (
            *("key", "title", "subject", "preheader", "date", "lang", "template", "list"),
            *("author", "embargo_until", "variants", "waive"),
        )
    },
    "intro": _paragraphs,
    "order": _order,
}


def _intro(words: str, source: str, line: int, shown: str) -> Text:
    """Return the introduction's Markdown: paragraphs, which become one text with a blank line between them."""
    opening = source.split("\n")[line - 1].rstrip()
    first_line = line + opening.endswith(('"""', "'''"))
    from newsletter.content.markdown import parse_markdown  # the parser is not needed to hold an issue

    draft = parse_markdown(words, shown=shown, first_line=first_line, item=Path(FILE), root=Path())
    parts: list[Text] = []
    for block in draft.blocks:
        if not isinstance(block, Paragraph | Link):
            raise _no_paragraph(f"a {block.kind}", block.origin.line, shown, "put it into an item")
        text = block.text if isinstance(block, Paragraph) else (Span(text=block.text, href=block.href),)
        parts += [text_of("\n\n"), text] if parts else [text]
    if draft.title:
        raise _no_paragraph("a heading", draft.title_line, shown, "give the issue its title with title =")
    return join(*parts)


def _no_paragraph(what: str, line: int, shown: str, fix: str) -> InputError:
    return InputError(f"'intro' must be paragraphs of text, this is {what}", path=shown, line=line, fix=fix)
