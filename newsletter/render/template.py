"""Jinja2, sandboxed and strict: a theme's templates and an issue's context become MJML and plain text.

Autoescape is always on for MJML (`select_autoescape` would pass over `.mjml`), off for text and subject. Every
stock filter and test refuses slots and text that holds a slot's token; see `slots.py`. An error names the template
and the line; for errors found later, in MJML, `rendered_line_map` renders again with a marker on each line.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any, cast

from jinja2 import FileSystemLoader, Undefined, nodes
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.environment import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from newsletter.errors import TemplateError
from newsletter.language.amounts import money, number_text, share, times
from newsletter.language.plurals import plural
from newsletter.render.captures import refuse_branches
from newsletter.render.compiled import Step
from newsletter.render.plaintext import TEXT_FILTERS, Notes
from newsletter.render.printing import CONCAT, assert_printable, operand, refuse_markup, watch_output, watched
from newsletter.render.richtext import inline
from newsletter.render.slots import ALLOWED_FILTERS, Namespace, Slot, Tokens, refuse
from newsletter.render.template_fault import Unknown, shown, translated

# The names a template may use; templates/README.md documents each, and a test compares.
VARIABLES = ("issue", "item", "office", "brand", "variant", "archive", "subscriber", "links", "notes")
SAYING: dict[str, Callable[..., object]] = {
    "plural": plural,
    "number": number_text,
    "money": money,
    "share": share,
    "times": times,
}
FILTERS: dict[str, Callable[..., object]] = {"inline": inline, **TEXT_FILTERS, "notes": Notes().mark, **SAYING}
SUBSCRIBER_BUILT_INS = ("email", "name")
LINKS = ("unsubscribe", "view", "preferences")

_STOCK_FILTERS_LEFT_OUT = ("random", "pprint", "xmlattr", "urlize")  # not pure, or make markup of their own
_MARK_OPEN, _MARK_SHUT = "\ue000", "\ue001"  # private use: no template has them


class _Loader(FileSystemLoader):
    """Loads templates from the theme folders, first match wins, and remembers what it read."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__([str(folder) for folder in folders], encoding="utf-8")
        self.sources: dict[str, str] = {}
        self._roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)
        self._real_folders: dict[str, str] = {}

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, fresh = super().get_source(environment, template)
        if not self._real(path).startswith(self._roots):
            # A symbolic link: Jinja's own guard looks at the name alone.
            raise TemplateError(f"templates/{template} leads out of templates/", fix="put the file itself there")
        self.sources[template] = source
        # The name, not the path: errors and the manifest must not depend on where the workspace lies.
        return source, template, fresh

    def _real(self, path: str) -> str:
        """Return the path with all links followed; each folder is asked for once, not once for each of its files."""
        if os.path.islink(path):
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        return os.path.join(self._real_folders[folder], name)


class _CodeCache(BytecodeCache):
    """Templates as compiled code, for as long as this process lives; Jinja names them by name and source, hashed."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if len(self._code) >= _MAX_CODE:  # a long day of editing templates
            self._code.clear()
        if bucket.code is not None:
            self._code[bucket.key + bucket.checksum] = bucket.code


# One for each way of compiling: autoescape and line markers change the code, not the source.
_CODE: dict[tuple[bool, bool], _CodeCache] = {}
_MAX_CODE = 1024  # templates; a theme has some twenty


class _LineMarkers(Extension):
    """Puts a marker with template name and line before each line of template text."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type != "data":
                yield token
                continue
            name = stream.name or ""
            lines = token.value.split("\n")
            marked = [f"{_mark(name, token.lineno + n)}{line}" for n, line in enumerate(lines)]
            yield Token(token.lineno, "data", "\n".join(marked))


def _mark(name: str, line: int) -> str:
    return f"{_MARK_OPEN}{name}:{line}{_MARK_SHUT}"


class _Sandbox(ImmutableSandboxedEnvironment):
    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Jinja's own seam between parsing and compiling: the one place where the tree can be looked through."""
        tree = super()._parse(source, name, filename)
        refuse_branches(tree, shown(name or ""))
        watch_output(tree)
        return tree

    def join_path(self, template: str, parent: str) -> str:
        """`./parts.mjml` is beside the template that names it, so that a copied theme keeps working."""
        if template.startswith("./"):
            return f"{parent.rpartition('/')[0]}/{template[2:]}".lstrip("/")
        return template


@dataclass(slots=True)
class TemplateSet:
    """The templates that one compile can use, and what was read of them."""

    folders: Sequence[Path]
    tokens: Tokens
    read: dict[str, str] = field(default_factory=dict)  # template name → source

    def render(self, name: str, context: Mapping[str, object], *, escaped: bool, marked: bool = False) -> str:
        """Render template `name`. `escaped` for MJML. Raises TemplateError with template and line."""
        loader = _Loader(self.folders)
        environment = _environment(loader, self.tokens, escaped=escaped, marked=marked)
        if isinstance(notes := context.get("notes"), Notes):  # the register belongs to this render alone
            environment.filters["notes"] = _guarded(notes.mark, "|notes", self.tokens)
        try:
            return environment.get_template(name).render(context)
        except Exception as error:
            raise translated(error, name, context, loader.sources, environment) from error
        finally:
            self.read |= loader.sources

    def has(self, name: str) -> bool:
        return any((folder / name).is_file() for folder in self.folders)

    def manifest(self) -> dict[str, str]:
        """Return the SHA-256 of each template read, by name."""
        return {f"template:{name}": hashlib.sha256(s.encode()).hexdigest() for name, s in sorted(self.read.items())}


def split_markers(marked: str) -> tuple[str, list[tuple[int, str, int]]]:
    """Return the text without markers and (offset, template, line) of each marker, by rising offset."""
    text: list[str] = []
    places: list[tuple[int, str, int]] = []
    length = 0
    for piece in re.split(f"({_MARK_OPEN}[^{_MARK_SHUT}]*{_MARK_SHUT})", marked):
        if piece.startswith(_MARK_OPEN):
            name, _, line = piece[1:-1].rpartition(":")
            places.append((length, name, int(line)))
        else:
            text.append(piece)
            length += len(piece)
    return "".join(text), places


def _environment(loader: _Loader, tokens: Tokens, *, escaped: bool, marked: bool) -> _Sandbox:
    environment = _Sandbox(
        loader=loader,
        autoescape=escaped,
        undefined=Unknown,
        finalize=functools.partial(_printed, tokens, escaped),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        extensions=[_LineMarkers] if marked else [],
        auto_reload=False,
        bytecode_cache=_CODE.setdefault((escaped, marked), _CodeCache()),
    )
    environment.globals.pop("lipsum", None)  # random
    for name in _STOCK_FILTERS_LEFT_OUT:
        environment.filters.pop(name, None)
    environment.filters |= FILTERS
    filters: dict[str, Callable[..., Any]] = environment.filters
    for name, function in list(filters.items()):
        environment.filters[name] = _guarded(watched(name, function), f"|{name}", tokens)
    for name, test in list(environment.tests.items()):
        environment.tests[name] = _guarded(cast(Callable[..., Any], test), f"is {name}", tokens)
    stock_default = environment.filters["default"]
    for name in ALLOWED_FILTERS:
        environment.filters[name] = _slot_filter(name, stock_default)
    environment.filters["d"] = environment.filters["default"]
    environment.filters[CONCAT] = operand
    if not escaped:
        environment.filters["inline"] = refuse_markup
    return environment


def _printed(tokens: Tokens, escaped: bool, value: object) -> object:
    """Jinja's finalize: the only place where a slot becomes text."""
    if isinstance(value, Slot):
        token = tokens.token_for(value)
        return Markup(token) if escaped else token  # noqa: S704 - ASCII letters and digits
    if isinstance(value, Namespace):
        str(value)
    assert_printable(value)
    return value


def _guarded(function: Callable[..., Any], what: str, tokens: Tokens) -> Callable[..., Any]:
    """Wrap a filter or test so that it refuses slots, and captured text that holds a token."""

    def guard(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, Slot):
                refuse(value._name, f"with {what}")
            if isinstance(value, Namespace):
                str(value)
            if isinstance(value, str) and tokens.nonce in value:
                raise TemplateError(
                    f"{what} is applied to text that holds a per-subscriber value",
                    fix="print subscriber.… and links.… directly, outside captured or filtered text",
                )
        return function(*args, **kwargs)

    # Keeps Jinja's pass_environment mark. A hundred of these are made for each render, and functools.wraps is slow.
    guard.__dict__.update(getattr(function, "__dict__", {}))
    return guard


def _slot_filter(name: str, stock_default: Callable[..., Any]) -> Callable[..., Any]:
    """An allowed filter: adds a step to a slot, does the same at once to a plain value."""

    def apply(value: Any, *args: Any) -> Any:
        if not isinstance(value, Slot):
            if name == "default":
                return stock_default(value, *args)
            return _step(name, args).apply("" if value is None else str(value))
        return value._with_step(_step(name, args))

    return apply


def _step(name: str, args: tuple[object, ...]) -> Step:
    wanted = 2 if name == "phrase" else 1
    for arg in args:
        if isinstance(arg, Undefined):
            str(arg)  # says which name is unknown
    texts = tuple(arg for arg in args if isinstance(arg, str))
    if len(args) != wanted or len(texts) != wanted:
        raise TemplateError(f"|{name} takes {wanted} text{'s' if wanted > 1 else ''} in quotes")
    if name == "phrase" and texts[0].count("{}") != 1:
        raise TemplateError('|phrase needs one {} in its first text, such as "Здравствуйте, {}!"')
    return Step(name=name, args=tuple(str(text) for text in texts))  # type: ignore[arg-type]
