"""The order of modules: a line imports only from lines above it, and each outside library has its place.

Read with `ast`, so that an import inside a function counts like one at the top.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "newsletter"

# Each line may import from itself and from the lines above; the names of one line may import each other,
# except those of APART.
LAYERS = (
    ("errors", "own_process"),
    ("toml_mistakes",),
    ("settings_source", "settings_rules", "relay"),
    ("settings",),
    ("config",),
    ("workspace",),
    ("address",),
    ("tokens",),
    ("language",),
    ("translation",),
    ("content",),
    ("subscriber",),
    ("segment",),
    ("issue_file",),
    ("issue_folder",),
    ("issue",),
    ("render",),
    ("message",),
    ("delivery", "decision"),
    ("store", "transport"),
    ("sending",),
    ("check",),
    ("specimen",),
    ("review",),
    ("web",),
    ("bench", "cli"),
    ("__main__",),
)
APART = ({"store", "transport"}, {"settings_source", "settings_rules", "relay"}, {"bench"})
FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "common", "models", "manager", "managers", "misc"})

# Outside library → modules that may import it: a path in the package, or a folder with all below it.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "PIL": ("content/recoding.py",),
    "aiosmtpd": ("transport/embedded.py",),
    "aiosmtplib": ("transport/", "bench/plain.py"),
    "alembic": ("store/",),
    "cryptography": ("message/dkim_keys.py",),
    "cssselect": ("check/selectors.py",),
    "cssutils": ("render/inline.py",),
    "dkim": ("bench/plain.py",),
    "dns": ("cli/sender_dns.py",),
    "email_validator": ("address.py",),
    "feedparser": ("content/feed.py",),
    "frontmatter": ("content/front.py",),
    "idna": ("address.py",),
    "jinja2": ("render/", "web/"),
    "lxml": ("render/", "check/"),
    "mammoth": ("content/docx.py",),
    "markdown_it": ("content/",),
    "markupsafe": ("render/", "web/"),
    "mjml": ("render/mjml.py",),
    "navec": ("language/recogniser.py",),
    "numpy": ("language/recogniser.py",),
    "nh3": ("content/markup.py",),
    "playwright": ("bench/preview.py",),
    "premailer": ("render/inline.py", "bench/plain.py"),
    "psycopg": ("store/postgresql.py",),
    "pymorphy3": ("language/recogniser.py",),
    "rich": ("cli/",),
    "slovnet": ("language/recogniser.py",),
    "sqlalchemy": ("store/",),
    "uvloop": ("cli/delivering.py",),
    "sse_starlette": ("web/",),
    "starlette": ("web/",),
    "tinycss2": ("check/",),
    "typer": ("cli/",),
    "uvicorn": ("web/",),
    "watchfiles": ("web/",),
    "yaml": ("content/front.py",),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and absolute dotted name of everything that `path` imports."""
    package = (PACKAGE.name, *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (
                (node.lineno, a.value) for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
            )


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer(unit: str) -> int:
    return next((n for n, line in enumerate(LAYERS) if unit in line), -1)


def complaint(importer: str, imported: str) -> str:
    """Return why module or folder `importer` may not import `imported`, or ""."""
    if layer(imported) < 0:
        return f"{imported} stands in no line of LAYERS"
    if layer(imported) > layer(importer):
        return f"{importer} imports {imported}, which stands below it"
    if any(
        imported in group and importer != imported and {importer, imported} & group == {importer, imported}
        for group in APART
    ):
        return f"{importer} and {imported} must not know each other"
    return ""


def test_every_module_imports_only_from_lines_above_its_own() -> None:
    wrong = []
    for path in modules():
        unit = unit_of(path)
        for line, name in imports_of(path):
            parts = name.split(".")
            if parts[0] != PACKAGE.name or len(parts) < 2 or parts[1] == "__version__" or unit == "__init__":
                continue
            if found := complaint(unit, parts[1]):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {found}")
    assert wrong == []


def test_every_module_stands_in_a_line() -> None:
    assert [str(p) for p in modules() if layer(unit_of(p)) < 0 and unit_of(p) != "__init__"] == []


@pytest.mark.parametrize(
    ("importer", "imported", "is_wrong"),
    [
        ("store", "transport", True),
        ("transport", "store", True),
        ("transport", "transport", False),
        ("errors", "config", True),
        ("sending", "store", False),
        ("content", "issue", True),
        ("cli", "bench", False),
    ],
)
def test_the_order_refuses_what_it_should(importer: str, imported: str, is_wrong: bool) -> None:
    assert bool(complaint(importer, imported)) is is_wrong


def test_each_outside_library_is_imported_only_in_its_place() -> None:
    wrong = []
    for path in modules():
        place = path.relative_to(PACKAGE).as_posix()
        for line, name in imports_of(path):
            library = name.split(".")[0]
            if library == PACKAGE.name or library in sys.stdlib_module_names:
                continue
            allowed = LIBRARIES.get(library, ())
            if not any(place == a or (a.endswith("/") and place.startswith(a)) for a in allowed):
                wrong.append(f"newsletter/{place}:{line}: {library}")
    assert wrong == []


def test_nothing_hides_an_import_from_the_running_program() -> None:
    hidden = [p for p in modules() if "TYPE_CHECKING" in p.read_text(encoding="utf-8")]
    assert hidden == []


def test_a_module_is_named_by_what_it_is_about() -> None:
    named = [p for p in modules() if p.stem in FORBIDDEN_NAMES or p.stem.startswith("base_")]
    assert named == []


def test_every_module_says_what_it_is_in_at_most_fifteen_lines() -> None:
    wrong = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text)) or ""
        if text.strip() and not 1 <= len(docstring.splitlines()) <= 15:
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_annotations_are_never_evaluated_at_import() -> None:
    wrong = []
    for path in [*modules(), *sorted((ROOT / "tests").rglob("*.py"))]:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        imports = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in body)
        if (
            len(body) > 1
            and not imports
            and any(isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.AnnAssign)) for n in body)
        ):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []
