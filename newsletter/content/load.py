"""From a file to a NewsItem: decode, split off the front matter, read the blocks, look for facts, let front win."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from newsletter.content.decode import read_text
from newsletter.content.draft import Draft
from newsletter.content.front import Front, split_front
from newsletter.content.item import NewsItem
from newsletter.content.text import parse_text
from newsletter.content.understand import understand
from newsletter.errors import InputError

_MARKDOWN = frozenset({".md", ".markdown"})


def load_item(path: Path, *, root: Path, title: str = "") -> NewsItem:
    """Return the news item in a file. `root` is the workspace: paths are shown from it, images looked for in it.

    `title` overrides the front matter's and the text's own. Raises InputError and nothing else.
    """
    shown = _shown(path, root)
    if path.suffix.lower() not in {".txt", *_MARKDOWN}:
        kind = path.suffix or "without a suffix"
        raise InputError(f"a news item is a .txt or .md file, this one is {kind}", path=shown, fix="save it as .txt")
    front = split_front(read_text(path, shown), shown)
    if not front.body.strip():
        raise InputError(
            "there is no text after the front matter", path=shown, line=front.body_line, fix="write the news item"
        )
    draft = _parse(front, path, root, shown)
    if not draft.blocks and not draft.title:
        raise InputError("there are no words in this file", path=shown, fix="write the news item")
    return understand(draft, front, shown=shown, title=title)


def load_items(paths: Sequence[Path], *, root: Path) -> tuple[NewsItem, ...]:
    """Return the news items in files, in the order given."""
    return tuple(load_item(path, root=root) for path in paths)


def _parse(front: Front, path: Path, root: Path, shown: str) -> Draft:
    if path.suffix.lower() not in _MARKDOWN:
        return parse_text(front.body, shown=shown, first_line=front.body_line)
    from newsletter.content.markdown import parse_markdown

    return parse_markdown(front.body, shown=shown, first_line=front.body_line, item=path, root=root)


def _shown(path: Path, root: Path) -> str:
    """Return the path as a person knows it: from the workspace when it lies inside, else as it was given."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        return str(path)
