"""`newsletter preview --export`: the page to mail to the boss, written whole or not at all, and never over an item."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from newsletter.cli.compiling import compile_items, office_now, workspace_keys
from newsletter.cli.context import CommandContext
from newsletter.cli.opening import open_store
from newsletter.errors import DiskError, UsageError
from newsletter.issue import ContentOptions
from newsletter.review.deciding import standing_of
from newsletter.specimen import report_on, specimen_of
from newsletter.store.database import reading
from newsletter.web.export import MARK, Exported, export_page
from newsletter.web.languages import choose_language

SUFFIXES = (".html", ".htm")


def export(context: CommandContext, items: Sequence[str], options: ContentOptions, target: Path) -> None:
    """Write the page of an issue to `target`. Raises NewsletterError."""
    if not items:
        raise UsageError("--export writes the page of one issue", fix="name the item: newsletter preview ITEM --export")
    _refuse_other_files(target)
    result = compile_items(context, items, options)
    specimen = specimen_of(result.compilation.compiled, keys=workspace_keys(context), now=office_now(context))
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            standing = standing_of(conn, result, context.settings, list_name=result.issue.list_name)
    finally:
        engine.dispose()
    page = export_page(
        Exported(
            result=result,
            settings=context.settings,
            specimen=specimen,
            report=report_on(result, specimen),
            standing=standing,
            now=office_now(context),
            language=choose_language(context.settings.review.language, ""),
        )
    )
    _write(target, page.encode())


def _refuse_other_files(target: Path) -> None:
    """Raise UsageError where the name is more likely a slip: `--export content/item.md` must not cost an item."""
    if target.suffix.lower() not in SUFFIXES:
        fix = "give it a name of its own: --export review.html"
        raise UsageError(f"--export writes a page for a browser, and {target} is no name of one", fix=fix)
    try:
        with target.open("rb") as file:
            is_ours = file.read(len(MARK)) == MARK.encode()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _disk_error(error, target) from error
    if not is_ours:
        raise UsageError(
            f"{target} is there already, and is no page that --export wrote", fix="give another name with --export"
        )


def _write(target: Path, page: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:60]}-", dir=target.parent)
    except OSError as error:
        raise _disk_error(error, target) from error
    try:
        with open(handle, "wb") as file:
            file.write(page)
            os.fchmod(handle, 0o644)  # meant to be read by others
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _disk_error(error, target) from error


def _disk_error(error: OSError, target: Path) -> DiskError:
    return DiskError(
        f"cannot write here: {error.strerror or error}", path=str(target), fix="check the folder and the free space"
    )
