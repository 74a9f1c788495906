"""What a template may print: text, a number, a date. Anything else would go out as Python writes it.

Jinja prints a record, a list or a function without a word (`(Span(text='…'),)`), and no reader's program says so.
So what is printed, joined with `~` or given to a filter that makes text of anything is looked at first.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from typing import Any

from jinja2 import Undefined, nodes

from newsletter.content.item import Span
from newsletter.errors import TemplateError
from newsletter.render.slots import Namespace, Slot

CONCAT = "~"  # the name of the filter that operands of `~` pass; no template can write it

_PLAIN = (str, int, float, Decimal, datetime.date, datetime.time)
# Undefined, slots and namespaces say for themselves what is wrong with them, or how they are printed.
_SPEAKING = (Undefined, Slot, Namespace)
# Filters that make text of whatever they are given.
_TO_TEXT = frozenset(
    {
        "capitalize", "center", "e", "escape", "forceescape", "format", "indent", "lower", "replace", "safe", "string",
        "striptags", "title", "trim", "truncate", "upper", "urlencode", "wordcount", "wordwrap",
    }
)  # fmt: skip
_TEXT_WAY = "print it with |inline in .mjml, with |notes or |plain in .txt"


class UnprintableError(TemplateError):
    """A value that is no text was printed; the message begins with "this" until its name is known."""

    value: object = None


def assert_printable(value: object) -> None:
    """Raise UnprintableError for what is neither text nor number nor date."""
    if isinstance(value, _SPEAKING) or (isinstance(value, _PLAIN) and not isinstance(value, bool)):
        return
    if hasattr(value, "__html__"):
        return
    what, fix = _described(value)
    error = UnprintableError(f"this {what}", fix=fix)
    error.value = value
    raise error


def _described(value: object) -> tuple[str, str]:
    """Return what a value is, and how to print it: by the first line of the table that fits."""
    is_text = isinstance(value, tuple) and all(isinstance(part, Span) for part in value)
    table = (
        (value is None, "is nothing here", "ask for it first: {% if … %}"),
        (isinstance(value, bool), "is yes or no", "ask for it: {% if … %}"),
        (is_text and bool(value), "is formatted text", _TEXT_WAY),
        (is_text, "is an empty list or formatted text", _TEXT_WAY),
        (isinstance(value, Mapping), "is a dict", 'print one of its entries: …["key"]'),
        (is_dataclass(value) or type(value).__name__.endswith("View"), "is a record", "print one of its fields"),
        (callable(value), "is a function", "call it: …(…)"),
        (isinstance(value, Iterable), "is a list", "go through it with {% for … %}, or use |join"),
    )
    return next(((what, fix) for fits, what, fix in table if fits), (f"is a {type(value).__name__}", "print text"))


def watch_output(tree: nodes.Template) -> None:
    """Lead through the filter `CONCAT` what Jinja prints without asking `finalize`: operands of `~`, and literals."""
    for concat in tree.find_all(nodes.Concat):
        concat.nodes = [_led(part) for part in concat.nodes]
    for output in tree.find_all(nodes.Output):
        output.nodes = [_led(part) if isinstance(part, nodes.Literal) else part for part in output.nodes]


def _led(part: nodes.Expr) -> nodes.Expr:
    if isinstance(part, nodes.TemplateData):
        return part
    return nodes.Filter(part, CONCAT, [], [], None, None, lineno=part.lineno, environment=part.environment)


def operand(value: object) -> object:
    """The filter `CONCAT`."""
    assert_printable(value)
    return value


def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses what it would write as Python does; most filters come back as they are."""
    if name == "join":
        return _watched_join(function)
    if name not in _TO_TEXT:
        return function

    @functools.wraps(function)  # keeps Jinja's pass_environment mark
    def watch(*args: Any, **kwargs: Any) -> Any:
        first = 1 if hasattr(function, "jinja_pass_arg") else 0
        for value in args[first:] if name == "format" else args[first : first + 1]:
            assert_printable(value)
        return function(*args, **kwargs)

    return watch


def _watched_join(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watch(eval_ctx: Any, value: Any, d: str = "", attribute: str | int | None = None) -> Any:
        parts = value if isinstance(value, str | Undefined) else list(value)
        if attribute is None:
            for part in parts:
                assert_printable(part)
        return function(eval_ctx, parts, d, attribute)

    return watch


def refuse_markup(*_: object) -> str:
    """What |inline is in the text part."""
    raise TemplateError("|inline makes HTML, which the text part would show as it is", fix="use |notes or |plain")


def name_of(value: object, source: str, line: int, context: Mapping[str, object]) -> str:
    """Return what a template calls `value` in a line, or "" where that cannot be told apart."""
    from jinja2 import Environment

    names: dict[str, bool] = {}
    for node in Environment(autoescape=True).parse(source).find_all((nodes.Name, nodes.Getattr)):
        name = _path(node)
        if name and node.lineno == line and getattr(node, "ctx", "load") == "load":
            found, known = _look_up(name, context)
            is_it = known is value or (callable(value) and known == value)  # a method is a new object at each look-up
            if found and is_it and value is not None:
                return name
            if not found or is_it:
                names[name] = True
    longest = [name for name in names if not any(other.startswith(f"{name}.") for other in names)]
    return longest[0] if len(longest) == 1 else ""


def _path(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and (before := _path(node.node)):
        return f"{before}.{node.attr}"
    return ""


def _look_up(name: str, context: Mapping[str, object]) -> tuple[bool, object]:
    """Return whether the context has it, and what it is; names that a template set itself it does not have."""
    first, *rest = name.split(".")
    if first not in context:
        return False, None
    value = context[first]
    for attribute in rest:
        if isinstance(value, _SPEAKING):
            return True, value
        if isinstance(value, Mapping) and attribute in value:
            value = value[attribute]
        elif not attribute.startswith("_") and hasattr(value, attribute):
            value = getattr(value, attribute)
        else:
            return False, None
    return True, value
