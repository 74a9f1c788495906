"""Every English sentence that a covered module of the program can say, read from its source with `ast`.

A literal of English prose is a sentence for somebody unless it is named here as none: whatever a module may say is
found, in an argument, a table, a condition or a returned text, without knowing how it reaches a reader.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "newsletter"

HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for a value in a sentence that was read from the source
MOST_FORMS = 24  # of one literal, all its conditions taken both ways

# Folders and modules whose sentences the room does not show, and why.
NOT_COVERED = {
    "bench": "measurements, for who develops the program",
    "cli": "the command line, which is English",
    "delivery": "states and retries: what an operator reads",
    "sending": "a running send, which the operator starts on the command line",
    "specimen.py": "says nothing",
    "subscriber": "import of lists, on the command line",
    "tokens.py": "unsubscribe tokens, the operator's keys",
    **dict.fromkeys(
        ("message/dkim.py", "message/headers.py", "message/merge.py", "message/mime.py"),
        "hold the bytes of a message to its form: what fails there is a defect of the program",
    ),
    **dict.fromkeys(
        (
            *("store/account.py", "store/deliveries.py", "store/erasure.py", "store/evidence.py"),
            *("store/freezing.py", "store/imports.py"),
            *("store/issues.py", "store/ledger.py", "store/migrations", "store/runs.py", "store/schema.py"),
            *("store/staging.py", "store/suppression.py"),
        ),
        "lists and the ledger of sendings, which the operator keeps on the command line",
    ),
    "store/locks.py": "SQL; its refusals are those of sending",
    "transport/embedded.py": "a server of the program's own, for trying out",
    "translation.py": "finds sentences, says none",
    "web/app.py": "a line for the log",
    "web/download.py": "headers of HTTP",
    "web/frame.py": "headers of HTTP",
    "web/guard.py": "speaks before a language is known, in two of them",
    "web/posted.py": "what a page of the room never sends",
    "web/serving.py": "the command line, which is English",
}
# Literals of covered modules that look like sentences, and reach nobody as such.
NO_MESSAGES: dict[str, tuple[str, ...]] = {
    "check/active_content.py": (f"{HOLE}= of <{HOLE}>",),  # code, named as it is
    "check/finding.py": (
        "a finding needs an id and a message",
        f"no such severity: {HOLE}",
        f"a line is counted from 1: {HOLE}",
        f" (waived: {HOLE})",
    ),
    "check/html_features.py": (
        "article aside details figcaption figure footer header main mark nav section summary time",
    ),
    "decision.py": ("a comment is resolved by somebody at some time, or by nobody", "a decision's time is aware UTC"),
    "language/amounts.py": (  # words of a mail in English; and a template's author misusing a function
        "two thirds",
        "three quarters",
        f"one in {HOLE}",
        f"money knows {HOLE}, not {HOLE}",
        f'share has the forms "part", "by", "each" and "each-f", not {HOLE}',
        f"{HOLE} is no number that can be said",
    ),
    "language/digest.py": ("Also in this issue", "In this issue"),
    "language/plurals.py": ("plural takes three forms (новость, новости, новостей) or two (item, items)",),
    "render/hostile.py": ("{{ 7 * 7 }}{% include 'x' %}",),
    "render/slots.py": (  # names of Python's methods
        "str repr bytes fspath",
        "eq ne lt le gt ge contains",
        "iter next reversed",
        "len length_hint getitem",
        "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow",
        "neg pos invert abs round int float complex index",
    ),
    "web/waiving.py": (f"waive = {{ {HOLE} }}",),
    "review/changes.py": (f"newsletter {HOLE} → {HOLE}",),
    "review/gate.py": (f"{HOLE} of {HOLE}",),  # translated with its noun
    "review/record.py": (  # the record's own text
        f"{HOLE} decisions of one second lie there",
        "# A decision about a mail, written once by newsletter. The database keeps it too; send goes by that.",
        *(f"{key} = {HOLE}" for key in ("verdict", "who", "when", "note", "subject", "list", "issue", "digest")),
    ),
    "store/database.py": (f"newsletter {HOLE}",),  # the name under which a server lists us
    "store/failures.py": (  # what a server says, looked for
        *(
            "does not support SSL",
            "no password supplied",
            "password authentication failed",
            "authentication failed",
            "no pg_hba.conf entry",
        ),
        *('role "', 'database "', "too many clients", "starting up", "shutting down"),
        *("could not translate host name", "failed to resolve host"),
    ),
    "transport/envelope.py": ("a character in an SMTP command that must not stand there",),  # a defect
}
# Sentences that the catalogue holds only together with the words in their holes, and examples of them.
WITH_THEIR_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "check/control_characters.py": {
        f"{HOLE} holds {HOLE}": tuple(
            f"the {where} holds U+0007, a control character" for where in ("subject", "HTML", "text part")
        ),
        f"{HOLE} holds {HOLE} after «{HOLE}»": tuple(
            f"the {where} holds U+0007, a control character after «рост»" for where in ("subject", "HTML", "text part")
        ),
    },
    "check/typography.py": {
        name: (f"typography is mended in the mail in 3 places ({name} 3), first: рост",)
        for name in ("minus signs", "digit groups", "per cent")
    },
    "check/unsubscribe_link.py": {
        f"the HTML{HOLE} {HOLE}": (
            "the HTML has no unsubscribe link",
            "the HTML of variant ru hides its unsubscribe link (it has no text)",
        )
    },
    "render/printing.py": {f"this {HOLE}": ("this is a list", "this is nothing here", "this is a Tuple")},
    "render/template.py": {
        f"is {HOLE}": ("subscriber.name is filled in for each subscriber and cannot be used with is upper",),
        f"with {HOLE}": ("subscriber.name is filled in for each subscriber and cannot be used with |upper",),
        f"{HOLE} is applied to text that holds a per-subscriber value": (
            "|upper is applied to text that holds a per-subscriber value",
            "is upper is applied to text that holds a per-subscriber value",
        ),
    },
}
# Calls that take words for the program itself: patterns, programmers' errors, words that are sought.
_INTERNAL_CALLS = frozenset(
    {
        *("compile", "finditer", "fullmatch", "sub", "match", "search", "startswith", "endswith", "removeprefix"),
        *("replace", "getattr", "simplefilter", "cast", "TypeError", "AttributeError", "KeyError", "RuntimeError"),
    }
)
_PROSE = re.compile(rf"(?<![\w.-])[a-z]{{2,}}[,:;]? [\S]|[a-z] {HOLE}|{HOLE} [a-z]{{2}}", re.ASCII)
_TAG = re.compile(r"<style>.*</style>|<[A-Za-z/!][^>]*>")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the program with HOLE for each value, and where it stands."""

    module: str
    line: int
    text: str


def forms(node: ast.expr) -> list[str] | None:  # noqa: PLR0911 - a table of kinds
    """Return what an expression of text can say; None if it is no literal text at all."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return joined([forms_of_value(value) for value in values])
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            parts = [forms(left), forms(right)]
            return joined([part or [HOLE] for part in parts]) if any(parts) else None
        case ast.IfExp(body=body, orelse=orelse):
            found = [forms(body), forms(orelse)]
            return [*(found[0] or [HOLE]), *(found[1] or [HOLE])] if any(found) else None
        case ast.BinOp(op=ast.Mult(), left=ast.Constant(value=str(text))):
            return [text, ""]
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(text))):
            return [re.sub(r"%[sdr]", HOLE, text)]
    return None


def forms_of_value(node: ast.expr) -> list[str]:
    if isinstance(node, ast.FormattedValue):
        return (forms(node.value) if not isinstance(node.value, ast.Constant) else None) or [HOLE]
    return forms(node) or [HOLE]


def joined(parts: list[list[str]]) -> list[str]:
    combined = itertools.islice(itertools.product(*parts), MOST_FORMS)
    return [re.sub(f"{HOLE}+", HOLE, "".join(one)) for one in combined]


@cache
def said_in(path: Path) -> tuple[Said, ...]:
    """Return every literal of a module, prose or not."""
    module = path.relative_to(PACKAGE).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(Said(module, node.lineno, text) for node, texts in literals(tree) for text in dict.fromkeys(texts))


def literals(node: ast.AST) -> Iterator[tuple[ast.expr, list[str]]]:
    """Yield the largest expressions of text below a node, with what they can say."""
    for child in ast.iter_child_nodes(node):
        if (
            is_docstring(child)
            or isinstance(child, ast.Subscript | ast.Compare)
            or (isinstance(child, ast.AnnAssign) and child.value is None)
        ):
            continue
        if isinstance(child, ast.Call) and called(child.func) in _INTERNAL_CALLS:
            continue
        if isinstance(child, ast.expr) and (texts := forms(child)) is not None:
            yield child, texts
            yield from inner(child)
        else:
            yield from literals(child)


def called(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def inner(node: ast.expr) -> Iterator[tuple[ast.expr, list[str]]]:
    """Yield the literals inside the values of an f-string, such as f"{' or '.join(…)}"."""
    for child in ast.walk(node):
        if isinstance(child, ast.FormattedValue) and forms(child.value) is None:
            yield from literals(child)


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_prose(text: str) -> bool:
    return bool(_PROSE.search(_TAG.sub("", text))) and "\n" not in text.strip()


def covered_modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not is_left_out(path.relative_to(PACKAGE))]


def is_left_out(module: Path) -> bool:
    return any(one.as_posix() in NOT_COVERED for one in (module, *module.parents))


def sentences() -> list[Said]:
    said = [one for path in covered_modules() for one in said_in(path) if is_prose(one.text)]
    return [one for one in said if one.text not in NO_MESSAGES.get(one.module, ())]
