"""A Word file (.docx) as blocks: mammoth makes HTML of it, which is then read like any other.

Paragraphs are counted from 1, empty ones too, and their number stands for the line. Inserted text is kept, deleted text
and comments are not; footnotes become a list at the end; headers and footers of the page are not read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath

import mammoth  # type: ignore[import-untyped]
from mammoth import documents

from newsletter.content.draft import Draft
from newsletter.content.front import Front
from newsletter.content.html import Page, read_blocks
from newsletter.content.item import Origin
from newsletter.content.markup import MARK, parse_marked
from newsletter.content.opening import read_opening
from newsletter.content.word_file import MAX_BYTES, check_word_file
from newsletter.errors import InputError

__all__ = ["MAX_BYTES", "read_docx"]

# Word's built-in styles have English names in every language; LibreOffice and home-made templates have their own.
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Название'] => h1:fresh
p[style-name='Заголовок'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Подзаголовок'] => p:fresh
p[style-name='Заголовок 1'] => h1:fresh
p[style-name='Заголовок 2'] => h2:fresh
p[style-name='Заголовок 3'] => h3:fresh
p[style-name='Заголовок 4'] => h4:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Quotations'] => blockquote > p:fresh
p[style-name='Цитата'] => blockquote > p:fresh
p[style-name='Выделенная цитата'] => blockquote > p:fresh
p[style-name='List Bullet'] => ul > li:fresh
p[style-name='List Number'] => ol > li:fresh
p[style-name='List Bullet 2'] => ul|ol > li > ul > li:fresh
p[style-name='List Number 2'] => ul|ol > li > ol > li:fresh
p[style-name='caption'] => figcaption:fresh
p[style-name='Название объекта'] => figcaption:fresh
r[style-name='Emphasis'] => em
r[style-name='Intense Emphasis'] => em
"""
# Around a paragraph's number on its way through mammoth, which has no place for one: private characters.
_NUMBER = re.compile("\ue0f0([0-9]+)\ue0f1")
_BACK_TO_THE_TEXT = re.compile(r' ?<a href="#(?:foot|end)note-ref-[^"]*">↑</a>')
_NOT_IN_THE_FILE = "not-in-the-file"
_SHOWN_KINDS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"})


def read_docx(data: bytes, *, shown: str, place: str) -> tuple[Draft, Front]:
    """Return the draft and, as front matter, the date and rubric that stand above its title. Raises InputError.

    `place` is the file's path from the workspace, which begins the `src` of its pictures: `place!word/media/a.png`.
    """
    check_word_file(data, shown)
    source = _BACK_TO_THE_TEXT.sub("", _html(data, shown))
    tree = parse_marked(_NUMBER.sub(rf"<wbr {MARK}=\1>", source), shown=shown)
    page = Page(shown=shown, picture=lambda address, origin: _picture(address, place, origin))
    opening = read_opening(read_blocks(tree, page))
    first = dict.fromkeys(opening.values, opening.draft.first_line)
    return opening.draft, Front(values=opening.values, lines=first, body="", body_line=1)


def _html(data: bytes, shown: str) -> str:
    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data),
            style_map=_STYLES,
            include_embedded_style_map=False,  # the document's own map could make any HTML
            transform_document=mammoth.transforms.paragraph(_numbered()),
            convert_image=mammoth.images.img_element(lambda image: {"src": _part_of(image)}),
        )
    except InputError:
        raise
    except Exception as exc:
        raise InputError(
            "cannot be read as a Word document", path=shown, fix="open it in a word processor and save it again"
        ) from exc
    return str(result.value)


def _numbered() -> Callable[[documents.Paragraph], documents.Paragraph]:
    count = 0

    def number(paragraph: documents.Paragraph) -> documents.Paragraph:
        nonlocal count
        count += 1
        return paragraph.copy(children=[documents.Text(f"\ue0f0{count}\ue0f1"), *paragraph.children])

    return number


def _part_of(image: documents.Image) -> str:
    """Return the name of the part that holds an image."""
    try:
        with image.open() as stream:
            return str(stream.name) if isinstance(stream, zipfile.ZipExtFile) else _NOT_IN_THE_FILE
    except Exception:  # noqa: BLE001  a linked file, a part that is not there: an error with its line, in _picture
        return _NOT_IN_THE_FILE


def _picture(address: str, place: str, origin: Origin) -> str:
    if address == _NOT_IN_THE_FILE:
        raise InputError(
            "a picture here is only linked, not in the document",
            path=origin.path,
            line=origin.line,
            fix="insert the picture itself",
        )
    if (suffix := PurePosixPath(address).suffix.lower()) not in _SHOWN_KINDS:
        raise InputError(
            f"a picture here is of the kind {suffix or 'unknown'}, which no mail shows",
            path=origin.path,
            line=origin.line,
            fix="replace it by a PNG or JPEG",
        )
    return f"{place}!{address}"
