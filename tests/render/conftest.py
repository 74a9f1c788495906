"""A small theme, an item and a compile, made as needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.content.item import NewsItem, Origin, Paragraph, Span
from newsletter.issue import ContentOptions, build_issue
from newsletter.render.compile import Compilation, compile_issue
from newsletter.settings import Settings

LETTER = """<mjml lang="{{ issue.lang }}" dir="{{ issue.dir }}">
<mj-head><mj-title>{{ issue.title }}</mj-title></mj-head>
<mj-body><mj-section><mj-column>
%s
<mj-text><a href="{{ links.unsubscribe }}">Отписаться</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""

Compile = Callable[..., Compilation]


def an_item(*paragraphs: str, **changes: object) -> NewsItem:
    origin = Origin(path="content/a.md", line=3)
    values: dict[str, object] = {
        "title": "Заголовок",
        "title_proposed": False,
        "lead": (Span(text="Вводка."),),
        "date": None,
        "source": "",
        "blocks": tuple(Paragraph(text=(Span(text=text),), origin=origin) for text in paragraphs or ("Абзац.",)),
        "origin": origin,
        "front": {},
    }
    return NewsItem(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def news_item() -> Callable[..., NewsItem]:
    """Return a function that makes an item of the given paragraphs and changed fields."""
    return an_item


@pytest.fixture
def theme(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes theme `t` with the given body (and further files) and returns templates/."""

    def write(body: str, *, text: str = "{{ links.unsubscribe }}\n", **files: str) -> Path:
        folder = tmp_path / "templates" / "t"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "letter.mjml").write_text(body if "<mjml" in body else LETTER % body, encoding="utf-8")
        (folder / "letter.txt").write_text(text, encoding="utf-8")
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
        return folder.parent

    return write


@pytest.fixture
def compiled(theme: Callable[..., Path]) -> Compile:
    """Return a function that compiles an item with theme `t` made of the given body."""

    def run(
        body: str = "<mj-text>{{ item.title }}</mj-text>",
        *,
        item: NewsItem | None = None,
        settings: Settings | None = None,
        options: ContentOptions | None = None,
        **files: str,
    ) -> Compilation:
        folder = theme(body, **files)
        sendable, _ = (settings or Settings()).with_placeholders()
        used = options or ContentOptions(template="t")
        issue = build_issue([item or an_item()], options=used, settings=sendable, key="content/a.md")
        return compile_issue(issue, settings=sendable, template_dirs=[folder])

    return run
