"""The docs are true: every command, option and setting stands in docs/usage.md, and nothing else does."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer

from docs.make_room_pictures import PICTURES
from newsletter.cli.main import COMMANDS, GROUPS, load_command
from newsletter.config import known_settings

ROOT = Path(__file__).resolve().parents[1]
USAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
# Options that the page explains once, under "Words of the commands".
CONTENT = ("--title", "--subject", "--preheader", "--lang", "--date", "--template")
MAX_PICTURE = 150_000  # bytes: a repository keeps every version of one
EVERYWHERE = frozenset({"--help", "-h"})


def documents() -> list[Path]:
    """Every Markdown file that git knows or would take: not what lies in .venv or var/."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def section(command: str) -> str:
    found = re.search(rf"^### newsletter {re.escape(command)}\n(.*?)(?=^##|\Z)", USAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/usage.md has no section for newsletter {command}"
    return found[1]


def options_of(command: str) -> set[str]:
    app = typer.Typer(add_completion=False)
    app.command()(load_command(COMMANDS[command]))
    names = {name for param in typer.main.get_command(app).params for name in (*param.opts, *param.secondary_opts)}
    return {name for name in names if name.startswith("--")} - EVERYWHERE


def test_every_command_has_its_section_in_the_order_of_the_help() -> None:
    assert re.findall(r"^### newsletter (.+)$", USAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_s_options_are_those_that_the_docs_name(command: str) -> None:
    text = section(command)
    content = set(CONTENT) if "[CONTENT]" in text else set()
    told = set(re.findall(r"^\| `(--[a-z0-9-]+)", text, re.MULTILINE)) | content
    assert told == options_of(command)


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9_.]+)` \| *([^|]*?) *\|", USAGE.partition("## Settings")[2], re.MULTILINE))
    fields = rows.pop("subscriber.fields")
    assert fields == "`name`, `city`, `language`"
    shown = {name: "" if default == "" else f"`{_written(default)}`" for name, default in known_settings().items()}
    assert rows == shown


def _written(default: object) -> str:
    if isinstance(default, tuple):
        return str(list(default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def commands_shown() -> list[tuple[str, str]]:
    """Return (document, command line) of every `newsletter …` and `make …` in code, inline or fenced."""
    found = []
    for path in documents():
        text = path.read_text(encoding="utf-8")
        fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        lines = [line.strip().removeprefix("$ ") for block in fenced for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", text)
        found += [
            (path.relative_to(ROOT).as_posix(), re.sub(r"^\S*/newsletter ", "newsletter ", line))
            for line in lines
            if re.match(r"(\S*/)?newsletter [a-z-]|make [a-z]", line)
        ]
    return found


def test_every_command_that_the_docs_show_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wrong = []
    for document, line in commands_shown():
        program, name, *rest = shlex.split(line.replace("'", " "), comments=True)
        if program == "make":
            good = name in targets
        elif name in GROUPS:
            good = not rest or f"{name} {rest[0]}" in COMMANDS or not rest[0].islower()
        else:
            good = name in COMMANDS or name in {"--help", "--version"}
        if not good:
            wrong.append(f"{document}: {line}")
    # Commands of later releases are named in the architecture, as such.
    assert [line for line in wrong if not line.startswith("docs/architecture.md")] == []


def test_every_picture_of_the_room_is_there_and_small() -> None:
    sizes = {picture.name: ROOT / "docs" / "pictures" / f"{picture.name}.png" for picture in PICTURES}
    assert {name: path.stat().st_size for name, path in sizes.items() if path.stat().st_size > MAX_PICTURE} == {}


def test_no_relative_link_is_dead() -> None:
    dead = []
    for path in documents():
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8"))):
            name, _, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            file = (path.parent / name).resolve() if name else path
            if not file.exists() or (anchor and anchor not in anchors(file)):
                dead.append(f"{path.relative_to(ROOT)}: {target}")
    assert dead == []


def anchors(path: Path) -> set[str]:
    """Return the anchors of a Markdown file's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
