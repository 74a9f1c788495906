"""An issue folder: `issue.toml`, and which of the files beside it are mailed, in what order.

No name leads out of the folder, by dots or by a symbolic link: a folder that somebody sent is not to mail a file
of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from newsletter.content.decode import read_text
from newsletter.content.load import FEEDS, SUFFIXES
from newsletter.errors import InputError
from newsletter.issue_file import FILE, Written, parse_issue_file

_ITEMS = SUFFIXES | FEEDS
REVIEWS = ".reviews"  # how the name of a folder of decisions ends (review/record.py)
MAX_ITEMS = 100  # far beyond what anybody reads in one mail; a folder of thousands is a mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFolder:
    written: Written
    items: tuple[Path, ...]
    left_out: tuple[str, ...]  # names of items in the folder that `order` does not list


def open_folder(folder: Path, *, root: Path) -> IssueFolder:
    """Read a folder's `issue.toml` and find its items. `root` is the workspace. Raises InputError."""
    if folder.resolve().name.endswith(REVIEWS):
        what = "this folder holds what was decided about an item, and is no issue"
        raise InputError(what, path=issue_key((folder,), root), fix="name the item beside it")
    file = folder / FILE
    if not file.is_file():
        raise InputError(
            f"this folder holds no {FILE}, which makes it an issue",
            path=issue_key((folder,), root),
            fix='put one there, it may be empty (docs/items.md, "A digest"), or name the files to mail',
        )
    _refuse_way_out(file, folder, root)
    shown = issue_key((file,), root)
    try:
        written = parse_issue_file(_text(file, shown), shown)
        there = sorted(path.name for path in folder.iterdir() if _is_item(path))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=shown, fix="check the folder's rights") from error
    names = written.order or tuple(there)
    for name in names:
        if name not in there:
            raise _no_such(name, folder, there, written)
    for name, correction in written.items.items():
        if name not in there:
            raise _no_such(name, folder, there, written, line=correction.line)
    if not names:
        raise InputError("this folder holds no news item", path=issue_key((folder,), root), fix="put one there")
    if len(names) > MAX_ITEMS:
        raise InputError(
            f"this folder holds {len(names)} items, at most {MAX_ITEMS} make an issue",
            path=shown,
            fix="list those to mail in order",
        )
    items = tuple(folder / name for name in names)
    for path in items:
        _refuse_way_out(path, folder, root)
        issue_key((path,), root)  # a name that nothing can hold
    return IssueFolder(written=written, items=items, left_out=tuple(name for name in there if name not in names))


def issue_key(paths: Sequence[Path], root: Path) -> str:
    """Return what names an issue that has no `key`: its paths in the workspace, outside it absolute ones.

    Of several they are sorted, so that the same files in another order are the same issue, and no second mail.
    Raises InputError for a name that is no UTF-8, as an archive of another system may leave: no store, page or header
    can hold it.
    """
    return " + ".join(sorted(_in_workspace(path, root) for path in paths))


def _in_workspace(path: Path, root: Path) -> str:
    full, top = path.resolve(), root.resolve()
    shown = full.relative_to(top).as_posix() if full.is_relative_to(top) else full.as_posix()
    readable = shown.encode(errors="replace").decode()
    if shown != readable:
        raise InputError("the file's name is not UTF-8", path=readable, fix="rename the file")
    return shown


def _text(file: Path, shown: str) -> str:
    """Return the file's text; one that holds nothing is right too, and says nothing."""
    return read_text(file, shown) if file.stat().st_size else ""


def _is_item(path: Path) -> bool:
    # "~$порт.docx" is Word's note that somebody has the file open; names with a dot in front are the system's.
    return path.suffix.lower() in _ITEMS and not path.name.startswith((".", "~$")) and path.is_file()


def _refuse_way_out(path: Path, folder: Path, root: Path) -> None:
    if path.resolve().parent != folder.resolve():
        raise InputError(
            "this is a symbolic link that leads out of the issue's folder",
            path=f"{issue_key((folder,), root)}/{path.name}",
            fix="put the file itself there",
        )


def _no_such(name: str, folder: Path, there: Sequence[str], written: Written, *, line: int = 0) -> InputError:
    """Return the error of a name in `order`, or of a table [item."…"] that begins in `line`."""
    if (folder / name).is_file():
        what, fix = f"names {name!r}, which is no news item", f"items are {', '.join(sorted(_ITEMS))} files"
    else:
        close = get_close_matches(name, there, n=1)
        what = f"names {name!r}, which is not in the folder"
        fix = f"did you mean {close[0]!r}?" if close else f"the folder holds {', '.join(there) or 'no item'}"
    if line:
        return InputError(f"'item' {what}", path=written.path, line=line, fix=fix)
    return written.wrong("order", what, fix=fix)
