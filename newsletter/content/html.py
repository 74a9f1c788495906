"""The sanitised tree of an HTML text as blocks: what a page, a Word export or a feed holds, without the page around it.

Lenient where a text stays whole: an image inside a sentence, a table inside a list become blocks behind it, a link
that no mail can carry becomes plain words. What would be lost (a picture that has no address) is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from newsletter.content.html_text import Piece, tidy
from newsletter.content.item import (
    Block,
    Heading,
    Image,
    Link,
    ListBlock,
    Origin,
    Paragraph,
    Quote,
    Span,
    Text,
    plain,
)
from newsletter.content.links import clean_href
from newsletter.content.markup import Element
from newsletter.content.signature import read_signature, split_signature
from newsletter.content.spans import join, squeeze, text_of, unquoted
from newsletter.content.table import is_layout, read_table, rows_of
from newsletter.errors import InputError

_MAX_LISTS = 8  # lists inside lists, as in Markdown
_CHROME = frozenset({"nav", "aside", "footer", "meta", "link", "base", "title", "del", "s", "strike"})
_CHROME_ROLES = frozenset({"navigation", "search", "complementary", "contentinfo"})
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 4, "h6": 4}
_BOLD = frozenset({"b", "strong"})
_ITALIC = frozenset({"i", "em", "cite"})
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_INLINE = _BOLD | _ITALIC | _CODE | {"a", "q", "sup", "sub", "span", "font", "time", "wbr", "picture"}
_RAISED = str.maketrans("0123456789+-–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_DESCRIBED = re.compile(
    r"(?P<what>.{3,}?)[.,;|/]?\s+"
    r"(?P<credit>(?:(?:автор )?фото|снимок|photo)\s*(?:[:–—©]|предоставлен|автора?\b).*|©.*)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[*_=~•·–—-]{3,}|[*_=~•·–—-](?:\s[*_=~•·–—-]){2,}")
_CREDIT = re.compile(r"(?:фото|снимок|photo)\b|©", re.IGNORECASE)
_MAX_CREDIT = 120  # characters
_NO_STYLE = Span(text="")

Picture = Callable[[str, Origin], str]  # an img's address → what Image.src may hold; raises InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What reading blocks needs to know of the file they stand in."""

    shown: str
    picture: Picture
    base: str = ""  # the page's own address: relative links lead from it
    is_russian: bool = True  # of the marks that a <q> gets


def read_blocks(root: Element, page: Page) -> tuple[Block, ...]:
    """Return the blocks below an element. A level-1 heading keeps its level: the caller finds the title."""
    reader = _Reader(page, line=max(root.line, 1))
    reader.walk(root, _NO_STYLE)
    reader.flush()
    return tuple(reader.blocks)


class _Reader:
    """Walks the tree; words gather until a block element begins or ends, then become a paragraph."""

    def __init__(self, page: Page, *, line: int, lists: int = 0) -> None:
        self.page = page
        self.line = line
        self.lists = lists  # lists around
        self.blocks: list[Block] = []
        self._pieces: list[Piece] = []
        self._images: list[Image] = []

    def origin(self) -> Origin:
        return Origin(path=self.page.shown, line=self.line)

    def walk(self, element: Element, style: Span) -> None:
        for child in element.children:
            if isinstance(child, str):
                self.words(child, style)
            else:
                self.line = child.line or self.line
                self.element(child, style)

    def words(self, words: str, style: Span) -> None:
        lead = len(words) - len(words.lstrip())
        line = self.line + words.count("\n", 0, lead)
        self._pieces.append(Piece(replace(style, text=re.sub(r"[ \t\n\r\f\u2028\u2029]+", " ", words)), line))
        self.line += words.count("\n")

    def element(self, element: Element, style: Span) -> None:
        tag = element.tag
        if tag in _CHROME or "hidden" in element.attributes or element.get("role") in _CHROME_ROLES:
            return
        if tag == "br":
            self.line_break(style)
        elif tag == "img" and _is_sign(alt := element.get("alt").strip()):
            self._pieces.append(Piece(replace(style, text=alt), self.line))
        elif tag == "img":
            self.image(element)
        elif tag in _INLINE:
            self.inline(element, style)
        elif tag != "header" or any(found.tag in _HEADINGS for found in element):  # else a page's, without a title
            self.flush()
            self.block(element, style)
            self.flush()

    def line_break(self, style: Span) -> None:
        last = next((piece for piece in reversed(self._pieces) if piece.span.text.strip(" \u00a0")), None)
        if last is not None and last.span.text == "\n":
            self.flush()  # two of them are how some editors begin a paragraph
        else:
            self._pieces.append(Piece(replace(style, text="\n"), self.line))

    def inline(self, element: Element, style: Span) -> None:
        tag = element.tag
        if tag == "a":
            self.walk(element, replace(style, href=self.href(element.get("href")) or style.href))
        elif tag == "q":
            opens, closes = "«»" if self.page.is_russian else "“”"
            self._pieces.append(Piece(replace(style, text=opens), self.line))
            self.walk(element, style)
            self._pieces.append(Piece(replace(style, text=closes), self.line))
        elif tag in {"sup", "sub"} and (digits := _small(element, _RAISED if tag == "sup" else _LOWERED)):
            self._pieces.append(Piece(replace(style, text=digits), self.line))
        else:
            self.walk(
                element,
                replace(
                    style,
                    bold=style.bold or tag in _BOLD,
                    italic=style.italic or tag in _ITALIC,
                    code=style.code or tag in _CODE,
                ),
            )

    def block(self, element: Element, style: Span) -> None:
        tag = element.tag
        if tag in _HEADINGS:
            self.heading(element, style)
        elif tag in {"ul", "ol"}:
            self.list(element)
        elif tag == "table":
            self.table(element, style)
        elif tag == "blockquote" or (tag == "figure" and any(found.tag == "blockquote" for found in element)):
            self.quote(element)
        elif tag == "figure":
            self.figure(element, style)
        elif tag == "figcaption":
            self.caption(element, style)
        elif tag == "pre":
            self.preformatted(element)
        else:  # p, div, section, hr and what else only begins on a new line
            self.walk(element, replace(style, bold=style.bold or tag == "dt"))

    def flush(self) -> None:
        """Make paragraphs of the words gathered, then blocks of the images that stood among them."""
        if not self._pieces and not self._images:
            return
        pieces, self._pieces = self._pieces, []
        images, self._images = self._images, []
        if text := tidy(tuple(piece.span for piece in pieces)):
            line = next(piece.line for piece in pieces if piece.span.text.strip())
            self.paragraph(text, Origin(path=self.page.shown, line=line))
        self.blocks += images

    def paragraph(self, text: Text, origin: Origin) -> None:
        words = plain(text)
        if _RULE.fullmatch(words):
            return  # a line of stars, as Markdown's ***
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Image) and not last.credit and _CREDIT.match(words) and len(words) <= _MAX_CREDIT:
            self.blocks[-1] = replace(last, credit=squeeze(words))
        else:
            self.blocks.append(_paragraph(text, origin))

    def within(self, element: Element, style: Span = _NO_STYLE, *, lists: int | None = None) -> tuple[Block, ...]:
        """Return the blocks below an element, apart from those around it."""
        inner = _Reader(self.page, line=self.line, lists=self.lists if lists is None else lists)
        inner.walk(element, style)
        inner.flush()
        self.line = inner.line
        return tuple(inner.blocks)

    def heading(self, element: Element, style: Span) -> None:
        texts, rest = split_texts(self.within(element, style))
        if texts:
            text = tidy(join(*_spaced(texts)))
            origin = texts[0].origin
            self.blocks.append(Heading(level=_HEADINGS[element.tag], text=text, origin=origin))
        self.blocks += rest

    def list(self, element: Element) -> None:
        if self.lists >= _MAX_LISTS:
            raise InputError(
                f"lists are nested more than {_MAX_LISTS} deep",
                path=self.page.shown,
                line=self.line,
                fix="use fewer levels",
            )
        items: list[Text] = []
        rest: list[Block] = []
        first = 0
        for entry in _entries(element):
            own: list[Text] = []
            inner: list[Text] = []
            for block in self.within(entry, lists=self.lists + 1):
                if isinstance(block, ListBlock):
                    inner += [join(text_of("– "), text) for text in block.items]
                elif isinstance(block, Paragraph | Heading | Quote | Link):
                    own.append(text_in(block))
                else:
                    rest.append(block)
                first = first or block.origin.line
            items += [text for text in (lined(own), *inner) if text]
        if items:
            origin = Origin(path=self.page.shown, line=first or self.line)
            self.blocks.append(ListBlock(ordered=element.tag == "ol", items=tuple(items), origin=origin))
        self.blocks += rest

    def table(self, element: Element, style: Span) -> None:
        # HTML made from a Word file has lines in its paragraphs only.
        self.line = element.line or next((found.line for found in element if found.line), self.line)
        origin = self.origin()
        rows = rows_of(element, origin)
        if is_layout(element, rows):
            for row in rows:
                for cell in row:
                    self.line = cell.element.line or self.line
                    self.walk(cell.element, style)
                    self.flush()
            return
        rest: list[Block] = []

        def text(cell: Element) -> Text:
            self.line = cell.line or self.line
            texts, others = split_texts(self.within(cell))
            rest.extend(others)
            return lined([text_in(block) for block in texts])

        self.blocks += read_table(element, rows, text, origin)
        self.blocks += rest

    def quote(self, element: Element) -> None:
        origin = self.origin()
        signature = _signature_element(element)
        said = self.within(_without(element, signature) if signature is not None else element)
        texts, rest = split_texts(said)
        is_quoted_already = signature is None and len(said) == 1 and isinstance(said[0], Quote)
        # Editors indent with blockquote too: then there is more in it than words.
        if rest or is_quoted_already or any(isinstance(block, Heading) for block in texts):
            self.blocks += said
            if signature is not None:
                self.walk(signature, _NO_STYLE)
            return
        origin = texts[0].origin if texts else origin
        signed = squeeze(signature.words()) if signature is not None else ""
        body = lined([text_in(block) for block in texts])
        if not signed:
            body, signed = split_signature(body)
        if not body:
            self.blocks += [Paragraph(text=text_of(signed), origin=origin)] if signed else []
            return
        speaker, role = read_signature(signed)
        self.blocks.append(Quote(text=unquoted(body), speaker=speaker, role=role, origin=origin))

    def figure(self, element: Element, style: Span) -> None:
        caption = next((found for found in element if found.tag == "figcaption"), None)
        blocks = self.within(element if caption is None else _without(element, caption), style)
        words = caption.words() if caption is not None else ""
        images = [block for block in blocks if isinstance(block, Image)]
        if images and words:
            credited = _captioned(images[-1], words)
            blocks = tuple(credited if block is images[-1] else block for block in blocks)
        self.blocks += blocks
        if caption is not None and words and not images:
            self.line = caption.line or self.line
            self.walk(caption, style)

    def caption(self, element: Element, style: Span) -> None:
        """Read a caption outside a figure: of the image just before it, where there is one."""
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Image) and not last.credit and (words := element.words()):
            self.blocks[-1] = _captioned(last, words)
        else:
            self.walk(element, style)

    def preformatted(self, element: Element) -> None:
        origin = self.origin()
        words = _verbatim(element).strip("\n").replace("\t", "    ").rstrip()
        self.line += words.count("\n")
        if words.strip():
            self.blocks.append(Paragraph(text=(Span(text=words, code=True),), origin=origin))

    def image(self, element: Element) -> None:
        if any(re.fullmatch(r"[0-2](px)?", element.get(side).strip()) for side in ("width", "height")):
            return  # it counts visitors
        origin = self.origin()
        alt = squeeze(element.get("alt") or element.get("title"))
        address = (element.get("data-src") or element.get("src")).strip()
        if not address:
            raise InputError(
                "a picture has no address that a mail can carry (it may be written into the HTML)",
                path=origin.path,
                line=origin.line,
                fix="save the picture as a file beside the item, or delete it",
            )
        src = self.page.picture(address, origin)
        found = Image(src=src, alt=alt, origin=origin)
        if not any(piece.span.text.strip() for piece in self._pieces):
            self._pieces.clear()
            self.blocks.append(found)  # nothing stands before it on its line
        elif all(image.src != src for image in self._images):
            self._images.append(found)

    def href(self, raw: str) -> str:
        """Return a link's address, empty for one that leads nowhere from a mail: its words stay."""
        address = raw.strip()
        if not address or address.startswith("#"):
            return ""
        try:
            return clean_href(urljoin(self.page.base, address) if self.page.base else address, self.origin())
        except (InputError, ValueError):
            return ""


def split_texts(blocks: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """Return the blocks that are lines of text (of lists, each item) and those that can be none."""
    texts: list[Block] = []
    rest: list[Block] = []
    for block in blocks:
        if isinstance(block, ListBlock):
            texts += [Paragraph(text=join(text_of("– "), item), origin=block.origin) for item in block.items]
        elif isinstance(block, Paragraph | Heading | Quote | Link):
            texts.append(block)
        else:
            rest.append(block)
    return texts, rest


def text_in(block: Block) -> Text:
    """Return the text of a block that is a line of text."""
    if isinstance(block, Link):
        return (Span(text=block.text, href=block.href),)
    if isinstance(block, Quote):
        said = ", ".join(filter(None, (block.speaker, block.role)))
        return join(block.text, text_of(f"\n– {said}")) if said else block.text
    return block.text if isinstance(block, Paragraph | Heading) else ()


def lined(texts: Sequence[Text]) -> Text:
    """Return paragraphs as one text, a line break between them."""
    parts: list[Text] = []
    for text in texts:
        if text:
            parts += [text_of("\n"), text] if parts else [text]
    return join(*parts)


def _captioned(image: Image, words: str) -> Image:
    """Return an image with its caption: "Цех. Фото: Мария Луговая" says what it shows, and then who took it.

    Where it says already what it shows, the caption stays whole: no word is lost.
    """
    found = _DESCRIBED.fullmatch(words) if not image.alt else None
    if found is not None:
        return replace(image, alt=found["what"], credit=found["credit"])
    return replace(image, alt=image.alt or words, credit=words)


def _spaced(texts: Sequence[Block]) -> Iterator[Text]:
    for block in texts:
        yield text_of(" ")
        yield tuple(replace(span, bold=False, text=span.text.replace("\n", " ")) for span in text_in(block))


def _paragraph(text: Text, origin: Origin) -> Block:
    href = text[0].href
    if href and all(span.href == href or not span.text.strip() for span in text):
        return Link(text=squeeze(plain(text)), href=href, origin=origin)
    return Paragraph(text=text, origin=origin)


def _small(element: Element, table: dict[int, int]) -> str:
    """Return a raised or lowered number in the signs that Unicode has for it: м², CO₂; empty for anything else."""
    words = element.words()
    is_note = any(found.tag == "a" for found in element)
    return words.translate(table) if words and not is_note and all(ord(char) in table for char in words) else ""


def _is_sign(alt: str) -> bool:
    """Claim that a picture stands for one sign, as sites draw emoji: then the sign itself is text."""
    return 0 < len(alt) <= 4 and all(ord(char) > 0x2000 and not char.isspace() for char in alt)


def _entries(element: Element) -> Iterator[Element]:
    """Yield the items of a list; what stands between them, against the rules of HTML, is an item too."""
    for child in element.children:
        if isinstance(child, Element) and child.tag == "li":
            yield child
        elif isinstance(child, Element) or child.strip():
            yield Element(tag="li", children=[child])


def _signature_element(quote: Element) -> Element | None:
    """Return the element at the end that says whose words these are: a cite, footer or figcaption of its own line."""
    inside = [child for child in quote.children if isinstance(child, Element) and child.tag == "blockquote"]
    for holder in (quote, *inside[-1:]):
        last = next((child for child in reversed(holder.children) if isinstance(child, Element) or child.strip()), "")
        if not isinstance(last, Element):
            continue
        if last.tag in {"cite", "footer", "figcaption"}:
            return last if last.words() else None
        cite = next((below for below in last if below.tag == "cite"), None)
        if last.tag == "p" and cite is not None and cite.words() == last.words():
            return cite
    return None


def _without(element: Element, left_out: Element) -> Element:
    children = [
        _without(child, left_out) if isinstance(child, Element) else child
        for child in element.children
        if child is not left_out
    ]
    return replace(element, children=children)


def _verbatim(element: Element) -> str:
    return "".join(
        child if isinstance(child, str) else "\n" if child.tag == "br" else _verbatim(child)
        for child in element.children
    )
