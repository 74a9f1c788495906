"""MJML → HTML through mjml-python, behind guards for what its library (mrml) does with bad input.

Measured (libraries.md section 1): a bare `>` after a Cyrillic letter panics, an include cycle or 20,000 nested tags
end the process, mismatched tags and unknown elements pass in silence. So the source is read here first: bare `>` is
escaped, depth and nesting are checked, includes are resolved and confined. Whatever slips through ends only the
child process this runs in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from newsletter.errors import CompileError, TemplateError
from newsletter.render.mjml_style import Locate, check_css, check_styles
from newsletter.render.slots import without_marks

__all__ = ["Locate", "to_html"]

MAX_DEPTH = 200  # elements; mrml's recursion dies somewhere between 1,000 and 20,000
MAX_INCLUDE_DEPTH = 10

_MARKUP = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[!?][^>]*>"""
    r"""|<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*)(?P<attrs>(?:\s+[\w:@.-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*(?P<self>/?)>""",
    re.DOTALL,
)
_VALUE = re.compile(r""""[^"]*"|'[^']*'""")
_PLAIN_TAG = re.compile(r"</?[\w:.-]+(?: [ -\[\]-~]*)?>", re.ASCII)  # nothing in it needs a reference
_BREAK = re.compile(r"[\t\r\n]+")
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters that show nothing
_RAW = re.compile(r"</mj-style\s*>", re.IGNORECASE)
_HEAD = re.compile(r"<mj-head\b", re.IGNORECASE)
_INCLUDE = re.compile(r"""<mj-include\b[^>]*?\bpath\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.DOTALL)
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_POSITION = re.compile(r"at position (\d+):(\d+)")
_HEAD_TEXTS = frozenset({"mj-raw", "mj-title", "mj-preview", "mj-style"})  # elements of the head that hold text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tag:
    name: str
    offset: int
    closes: bool
    empty: bool


def to_html(source: str, *, folders: Sequence[Path], locate: Locate) -> str:
    """Compile MJML. Raises TemplateError with template and line where they can be known, CompileError for a panic."""
    import mjml  # 3 ms, but a native library: only in the compiling process

    prepared = settle_head(escape_bare_brackets(source, locate))
    check_nesting(source, locate)
    check_styles(source, locate)
    includes = _Includes(folders)
    includes.check(source, locate)
    try:
        return str(mjml.mjml2html(prepared, fonts={}, include_loader=includes.load))
    except ValueError as error:
        raise _mjml_error(str(error), prepared, source, includes, locate) from error
    except BaseException as error:
        # pyo3's PanicException is a BaseException of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise CompileError(
            f"the MJML library gave up: {error}", fix="send us the template; meanwhile undo the last change to it"
        ) from error


def escape_bare_brackets(source: str, locate: Locate) -> str:
    """Write `>` in text as `&gt;`; tags, comments and mj-style keep theirs. A bare `<` is an error with its line."""
    pieces: list[str] = []
    at = 0
    for match, end in _marked(source):
        start = match.start()
        text = _escaped_text(source, at, start, locate)
        title = source.endswith("<mj-title>", 0, at)
        pieces += [_referenced(text) if title else text, _referenced_values(source[start:end])]
        at = end
    pieces.append(_escaped_text(source, at, len(source), locate))
    return "".join(pieces)


def _referenced_values(tag: str) -> str:
    """Return a tag with its values as `_referenced`, on as many lines; a comment or a style sheet as it is."""
    if _PLAIN_TAG.fullmatch(tag):
        return tag
    match = _MARKUP.match(tag)
    if not match or not match["attrs"]:
        return tag
    attrs = _VALUE.sub(lambda value: _referenced(_BREAK.sub(" ", value.group())), match["attrs"])
    lost = "\n" * (match["attrs"].count("\n") - attrs.count("\n"))
    return tag[: match.start("attrs")] + attrs + lost + tag[match.end("attrs") :]


def _referenced(words: str) -> str:
    """Return words with a character reference for each character that the library would print as Rust debugs it.

    Measured: it writes a no-break space in a value, and in the mj-title that it repeats as one, as `\\u{a0}`, a `\\` as
    two, and likewise whatever is not printable or joins the letter before it.
    """
    return "".join(char if _is_printed(char) else f"&#{ord(char)};" for char in words)


def _is_printed(char: str) -> bool:
    if char <= "~":
        return char != "\\"
    return unicodedata.category(char)[0] in "LNPS" and char not in _FILLERS


def _escaped_text(source: str, start: int, end: int, locate: Locate) -> str:
    text = source[start:end]
    if (bare := text.find("<")) >= 0:
        name, line = locate(start + bare)
        near = " ".join(without_marks(source[start + bare : start + bare + 200]).split("\n")[0].split())[:40]
        raise TemplateError(
            f"this is no complete tag: {near}", path=name, line=line, fix="write &lt; in text; put attributes in quotes"
        )
    return text.replace(">", "&gt;")


def settle_head(source: str) -> str:
    """Take the blanks before a line break out of mj-head: the library refuses a blank between two elements there.

    No line is lost or won, so that places stay right.
    """
    pieces: list[str] = []
    at = 0
    inside: list[str] = []  # mj-head, and one of _HEAD_TEXTS in it
    for match, end in _scan(source):
        gap = source[at : match.start()]
        pieces += [_settled(gap) if inside == ["mj-head"] else gap, source[match.start() : end]]
        at = end
        name = (match["name"] or "").lower()
        if match["close"] and inside[-1:] == [name]:
            inside.pop()
            if not inside and not _HEAD.search(source, end):
                break
        elif not match["close"] and not match["self"] and (name == "mj-head" or (inside and name in _HEAD_TEXTS)):
            inside.append(name)
    return "".join([*pieces, source[at:]])


def _settled(gap: str) -> str:
    """Return blanks from their first line break on; anything else as it is."""
    return gap if gap.strip() else gap[gap.index("\n") :] if "\n" in gap else ""


@lru_cache(maxsize=4)  # several passes of one compile read the same source
def _marked(source: str) -> tuple[tuple[re.Match[str], int], ...]:
    return tuple(_scan(source))


def _scan(source: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each tag and comment with its end, that of an mj-style behind its content."""
    at = 0
    while match := _MARKUP.search(source, at):
        at = match.end()
        if match["name"] and match["name"].lower() == "mj-style" and not match["close"] and not match["self"]:
            close = _RAW.search(source, at)
            at = close.start() if close else len(source)
        yield match, at


def _tags(source: str) -> Iterator[_Tag]:
    for match, _ in _marked(source):
        if match["name"]:
            name = match["name"].lower()
            empty = bool(match["self"]) or (name in _VOID and not match["close"])
            yield _Tag(name=name, offset=match.start(), closes=bool(match["close"]), empty=empty)


def check_nesting(source: str, locate: Locate) -> None:
    """Raise TemplateError for a tag that is never closed, closes another, or lies deeper than MAX_DEPTH."""
    open_tags: list[_Tag] = []
    for tag in _tags(source):
        if tag.empty or (tag.closes and tag.name in _VOID):
            continue
        if not tag.closes:
            open_tags.append(tag)
            if len(open_tags) > MAX_DEPTH:
                name, line = locate(tag.offset)
                raise TemplateError(f"elements are nested more than {MAX_DEPTH} deep", path=name, line=line)
            continue
        if not open_tags or open_tags[-1].name != tag.name:
            name, line = locate(tag.offset)
            raise TemplateError(_mismatch(tag, open_tags, locate), path=name, line=line, fix="close tags in order")
        open_tags.pop()
    if open_tags:
        name, line = locate(open_tags[-1].offset)
        raise TemplateError(f"<{open_tags[-1].name}> is never closed", path=name, line=line)


def _mismatch(tag: _Tag, open_tags: list[_Tag], locate: Locate) -> str:
    if not open_tags:
        return f"</{tag.name}> closes nothing"
    here, (name, line) = locate(tag.offset)[0], locate(open_tags[-1].offset)
    where = f"in line {line}" if name == here else f"at {name}:{line}"
    return f"</{tag.name}> stands where </{open_tags[-1].name}> is due (opened {where})"


class _Includes:
    """The files that `mj-include` names: plain MJML or CSS below the template folders, no cycle, limited depth."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [folder.resolve() for folder in folders]
        self.sources: dict[str, str] = {}

    def check(self, source: str, locate: Locate, chain: tuple[str, ...] = ()) -> None:
        """Read every include below `source`. Raises TemplateError before the library can run into it."""
        for match in _INCLUDE.finditer(source):
            path = match[1] if match[1] is not None else match[2]
            name, line = locate(match.start())
            if path in chain:
                way = " → ".join((*chain, path))
                raise TemplateError(f"mj-include goes in a circle: {way}", path=name, line=line)
            if len(chain) >= MAX_INCLUDE_DEPTH:
                raise TemplateError(f"mj-include is nested more than {MAX_INCLUDE_DEPTH} deep", path=name, line=line)
            try:
                text = self._read(path)
            except (OSError, UnicodeDecodeError, ValueError) as error:
                raise TemplateError(f"mj-include cannot read {path!r}: {error}", path=name, line=line) from error
            inner = _locate_in(path, text)
            is_css = path.endswith(".css")
            self.sources[path] = text if is_css else escape_bare_brackets(text, inner)
            if is_css:
                check_css(text, inner)
            else:
                check_nesting(text, inner)
                check_styles(text, inner)
            self.check(text, inner, (*chain, path))

    def load(self, path: str) -> str:
        # The library swallows what a loader raises; `check` has read and refused everything before.
        return self.sources[path]

    def _read(self, path: str) -> str:
        for folder in self._folders:
            found = (folder / path).resolve()
            if not found.is_relative_to(folder):
                raise ValueError("it lies outside templates/")
            if found.is_file():
                return found.read_text(encoding="utf-8")
        raise ValueError("there is no such file below templates/")


def _locate_in(path: str, text: str) -> Locate:
    return lambda offset: (f"templates/{path}", text.count("\n", 0, offset) + 1)


def _mjml_error(message: str, prepared: str, source: str, includes: _Includes, locate: Locate) -> TemplateError:
    """Turn the library's byte offsets into template and line; its other messages carry no place at all."""
    match = _POSITION.search(message)
    words = _POSITION.sub("", message).replace(" in root template", "").strip(" :")
    if match is None:
        return TemplateError(f"MJML: {words}", path=locate(0)[0], fix="look at the last change to the template")
    included = next((path for path in includes.sources if f'"{path}"' in message), "")
    text = includes.sources[included] if included else prepared
    offset = len(text.encode()[: int(match[1])].decode(errors="replace"))
    if included:
        name, line = _locate_in(included, text)(offset)
    else:
        # Only `>` grew to `&gt;`, so the lines of `prepared` and `source` are the same.
        number = prepared.count("\n", 0, offset)
        name, line = locate(sum(len(part) + 1 for part in source.split("\n")[:number]))
    return TemplateError(f"MJML: {words}", path=name, line=line)
