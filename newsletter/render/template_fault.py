"""Whatever a render raised → one TemplateError with template, line and the way out, in the words of templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import TracebackType

from jinja2 import Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError, TemplateRuntimeError

from newsletter.errors import TemplateError
from newsletter.render.cards import Card
from newsletter.render.printing import CONCAT, UnprintableError, name_of
from newsletter.render.view import Bar, Bars, IssueView, ItemView, LineView, attributes
from newsletter.settings import Brand, Office

_ALL_NAMES = "templates/README.md lists all names"
_RUNAWAYS: dict[type[Exception], tuple[str, str]] = {
    RecursionError: ("this template includes itself, directly or through another", "take one include out"),
    MemoryError: ("this template makes more text than a mail can hold", "look for a string that is repeated"),
}
# The records that templates see, by the name that templates call them.
_VIEWS = {
    "ItemView": ("item", ItemView),
    "IssueView": ("issue", IssueView),
    "Card": ("a card", Card),
    "Bars": ("item.series", Bars),
    "Bar": ("a point", Bar),
    "LineView": ("a line", LineView),
    "Office": ("office", Office),
    "Brand": ("brand", Brand),
}


class Unknown(StrictUndefined):
    """An unknown name; that of a dict says its nearest key, which the error alone no longer knows."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        message = str(super()._undefined_message)
        if isinstance(self._undefined_obj, Mapping):
            near = get_close_matches(str(self._undefined_name), [str(key) for key in self._undefined_obj], 1)
            return f"{message}; did you mean {near[0]!r}" if near else message
        return message


def translated(
    error: Exception, name: str, context: Mapping[str, object], sources: Mapping[str, str], environment: Environment
) -> TemplateError:
    """Turn whatever the render of template `name` raised into one line; `sources` holds the templates it read."""
    place = _template_place(error.__traceback__, sources)
    path, line = place or (name, 0)
    if isinstance(error, TemplateSyntaxError):
        path, line = error.name or name, error.lineno
    if isinstance(error, TemplateError):
        message = error.message
        if isinstance(error, UnprintableError) and (said := name_of(error.value, sources.get(path, ""), line, context)):
            message = f"{said} {message.removeprefix('this ')}"
        return TemplateError(message, path=error.path or shown(path), line=error.line or line, fix=error.fix)
    if isinstance(error, UndefinedError) and (lost := _lost_key(str(error), path, line, sources)):
        message, fix = lost
    else:
        message, fix = _sentence(error, path, context, environment)
    return TemplateError(message, path=shown(path), line=line, fix=fix)


def shown(name: str) -> str:
    return f"templates/{name}"


def _template_place(trace: TracebackType | None, sources: Mapping[str, str]) -> tuple[str, int] | None:
    """Return template and line of the innermost template frame (Jinja rewrites tracebacks to them)."""
    place = None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in sources:
            place = (name, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _sentence(error: Exception, path: str, context: Mapping[str, object], environment: Environment) -> tuple[str, str]:
    """Return what is wrong, and the way out."""
    if isinstance(error, OSError) and not isinstance(error, TemplateNotFound):
        return f"this template cannot be read: {error.strerror}", "check its owner and rights"
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name!r}", _near_template(str(error.name), path, environment)
    if said := next((said for kind, said in _RUNAWAYS.items() if isinstance(error, kind)), None):
        return said
    message = str(error.message if isinstance(error, TemplateSyntaxError) else error).rstrip(".")
    if isinstance(error, UndefinedError):
        return _undefined(message, context)
    is_jinjas = isinstance(error, TemplateSyntaxError | SecurityError | TemplateRuntimeError)
    return _of_jinja(message, environment) if is_jinjas else (f"{type(error).__name__}: {message}", "")


def _of_jinja(message: str, environment: Environment) -> tuple[str, str]:
    if unknown := re.search(r"No (filter|test) named '(\w+)'", message):
        known = environment.filters if unknown[1] == "filter" else environment.tests
        return message, _near(unknown[2], [one for one in known if one != CONCAT])
    if message in ("unexpected '}'", "unexpected end of template"):
        return message, "a {{ … }} or {% … %} that begins here is not closed: write }} or %} behind it"
    return message, ""


def _near_template(name: str, path: str, environment: Environment) -> str:
    if ".." in name.split("/"):
        theme = next((part for part in name.split("/") if part != ".."), "")
        return f'"./…" is the folder of this template, "{theme}/…" that of theme {theme}; ".." leads nowhere'
    folder = path.rpartition("/")[0]
    near = get_close_matches(name, environment.list_templates(), 1)
    if near and near[0].startswith(f"{folder}/"):
        return f'did you mean "./{near[0].removeprefix(folder + "/")}"?'
    return f'did you mean "{near[0]}"?' if near else "check the name and the folders of templates/"


def _undefined(message: str, context: Mapping[str, object]) -> tuple[str, str]:
    """Say an undefined name in the words of templates, with the nearest known one."""
    wrong = re.search(r"'(\w+)' is undefined", message)
    if wrong:
        return message, _near(wrong[1], context)
    lacking = re.search(r"'[\w.]*?(\w+) object' has no attribute '(\w+)'", message)
    if not lacking:
        return message, _ALL_NAMES
    said, record = _VIEWS.get(lacking[1], (f"a {lacking[1].removesuffix('View').lower()}", None))
    return f"{said} has no {lacking[2]!r}", _near(lacking[2], attributes(record) if record else ())


def _lost_key(message: str, path: str, line: int, sources: Mapping[str, str]) -> tuple[str, str] | None:
    """Say which dict lacks a key: by the name that the line gives it, and by the file that holds a theme's words."""
    lost = re.search(r"'dict object' has no attribute '(\w+)'(?:; (did you mean '[^']*'))?", message)
    if lost is None:
        return None
    key = lost[1]
    lines = sources.get(path, "").split("\n")
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    named = re.search(rf"""(\w+)(?:\.{key}\b|\[["']{key}["']\])""", written)
    near = f"{lost[2]}?" if lost[2] else ""
    if named is None:
        return f"a dict has no {key!r}", near or _ALL_NAMES
    source = "\n".join(sources.values())
    if named[1] == "words" or re.search(rf"\bset\s+{named[1]}\s*=\s*words\b", source):
        files = [shown(one) for one in sources if one.endswith("words.jinja")]
        return f"there is no word {named[0]} in {files[0] if files else 'words'}", near or "add it there"
    return f"{named[1]} has no {key!r}", near or _ALL_NAMES


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]}? {_ALL_NAMES}" if near else _ALL_NAMES
