"""Text that a template captured (`{% set x %}…{% endset %}`, a macro's result) with a slot's token in it.

While a template renders, such text is an ordinary string: a branch on it would be taken once, for everybody. So the
syntax tree is looked through before it is compiled: a name that holds captured slots may be printed and nothing else.
A macro of another template that prints a slot by itself is not seen here; printing its result is all it is good for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from jinja2 import nodes

from newsletter.errors import TemplateError

_Kind = TypeVar("_Kind", bound=nodes.Node)
_ROOTS = frozenset({"subscriber", "links"})


def refuse_branches(tree: nodes.Template, path: str) -> None:
    """Raise TemplateError with its line for a condition, comparison, loop or look-up on captured slots."""
    captured = _captured_names(tree)
    for node, line in _deciding(tree):
        name = _holds(node, captured)
        if name:
            raise TemplateError(
                f"{name} holds text with a per-subscriber value, and a branch on it would be taken once for everybody",
                path=path,
                line=line,
                fix='only print it; for a fallback use {{ subscriber.name|phrase("…, {}!", "…!") }}',
            )


def _captured_names(tree: nodes.Template) -> frozenset[str]:
    """Return the names that are bound, directly or through others, to text that a slot was printed into."""
    captured: frozenset[str] = frozenset()
    while True:
        found = {name for name, value in _bindings(tree) if _holds(value, captured) or _prints_root(value)}
        if found <= captured:
            return captured
        captured |= found


def _bindings(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node]]:
    for block in tree.find_all(nodes.AssignBlock):
        for body in block.body:
            yield from ((name.name, body) for name in _names(block.target))
    for macro in tree.find_all(nodes.Macro):
        yield from ((macro.name, body) for body in macro.body)
    for assign in tree.find_all(nodes.Assign):
        if any(True for _ in _calls(assign.node)) or not _prints_root(assign.node):
            yield from ((name.name, assign.node) for name in _names(assign.target))


def _deciding(tree: nodes.Template) -> Iterator[tuple[nodes.Node, int]]:
    """Yield what the template decides by, with its line."""
    yield from ((node.test, node.lineno) for node in tree.find_all(nodes.If))
    yield from ((node.test, node.lineno) for node in tree.find_all(nodes.CondExpr))
    for loop in tree.find_all(nodes.For):
        yield from ((part, loop.lineno) for part in (loop.iter, loop.test) if part is not None)
    looking = (nodes.Compare, nodes.And, nodes.Or, nodes.Not, nodes.Test, nodes.Getattr, nodes.Getitem)
    yield from ((node, node.lineno) for node in tree.find_all(looking))


def _holds(node: nodes.Node, captured: frozenset[str]) -> str:
    """Return the captured name or the call with a slot that stands in `node`, or ""."""
    for call in _calls(node):
        if any(_prints_root(argument) or _holds(argument, captured) for argument in _arguments(call)):
            return _called(call)
    return next((name.name for name in _names(node) if name.ctx == "load" and name.name in captured), "")


def _prints_root(node: nodes.Node) -> bool:
    return any(name.name in _ROOTS for name in _names(node)) or any(
        look.attr == "recipient_number" for look in _all(node, nodes.Getattr)
    )


def _arguments(call: nodes.Call) -> Iterator[nodes.Node]:
    yield from call.args
    yield from (keyword.value for keyword in call.kwargs)


def _called(call: nodes.Call) -> str:
    return f"{call.node.name}(…)" if isinstance(call.node, nodes.Name) else "the result of this call"


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    yield from _all(node, nodes.Name)


def _calls(node: nodes.Node) -> Iterator[nodes.Call]:
    yield from _all(node, nodes.Call)


def _all(node: nodes.Node, kind: type[_Kind]) -> Iterator[_Kind]:
    if isinstance(node, kind):
        yield node
    yield from node.find_all(kind)
